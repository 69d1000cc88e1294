"""`make reader`: learn the weights of the reader of e-mails from the labelled corpus, and choose its thresholds.

Every figure that a threshold is chosen by comes from weights that had not seen the writer (leave one writer out).
Needs scikit-learn, a development dependency; the reader itself does not.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from cancellation import understanding
from cancellation.understanding.evaluation import Labelled, read, touches, upper_bound
from cancellation.understanding.features import PLACES, look_at, of_piece, of_sentence, of_text
from cancellation.understanding.judge import heard, sentence_weights
from cancellation.understanding.model import HEADS, WEIGHTS, Head, Model, packed
from cancellation.understanding.normalise import plain_text
from cancellation.understanding.reasons import find_reason
from training.corpus import FOLDER, WRITERS, hand, sentences, tables

STRENGTH = 20.0
"""Inverse of the regularisation of every head, chosen leaving one writer out."""
FALSE_BOUND = 0.005
"""The upper 95 % bound that the share of false requests among non-requests must stay under: half of the aim, for the
rules were written with these hands in view."""
INVENTED = 0.005
"""At most this share of the texts may be given a reason, beside the labelled ones, that is none."""
LEFT = 0.25
"""At most this share of the texts may be left to a person, so far as thresholds can say."""

NO_THRESHOLDS = {"reason": 0.0, "reason_sentence": -2.0, "reason_connected": -1.0}


class Row:
    """One labelled e-mail with its features and what each sentence does."""

    def __init__(self, labelled: Labelled) -> None:
        self.labelled = labelled
        self.seen = labelled.look()
        self.asks = labelled.request is True
        said = [said.sentence.text for said in self.seen.said if said.sentence is not None]
        reason = plain_text(labelled.reason or "")
        title = plain_text(labelled.subject)
        self.sentences = [of_sentence(self.seen, place) for place in range(-1, len(said))]
        self.text = of_text(self.seen)
        self.asking = [_shared(text, labelled.asking) for text in (title, *map(plain_text, said))]
        self.giving = [_shared(plain_text(text), [reason]) for text in said]
        self.reason = of_piece(reason) if reason else None
        self.pieces = [of_piece(piece) for piece in labelled.asking]


class Single(NamedTuple):
    """One sentence that stands alone.

    Attributes:
        features: As a sentence.
        text: As a whole text.
        asks: Whether it asks for the cancellation.
        weight: How much it counts as a text; most stand for a sentence of a longer one.
    """

    features: list[int]
    text: list[int]
    asks: bool
    weight: float


def _shared(text: str, pieces: Iterable[str]) -> bool:
    return len(text) > 1 and any(piece and (piece in text or text in piece) for piece in pieces)


def _matrix(places: Sequence[Sequence[int]]) -> Any:
    columns = np.concatenate([np.array(each, dtype=np.int32) for each in places])
    ends = np.cumsum([0, *(len(each) for each in places)])
    values = np.concatenate([np.full(len(each), len(each) ** -0.5) for each in places])
    return csr_matrix((values, columns, ends), shape=(len(places), PLACES))


def _fitted(samples: Sequence[tuple[Sequence[int], bool, float]]) -> Head:
    samples = [sample for sample in samples if sample[0]]
    matrix = _matrix([sample[0] for sample in samples])
    # A feature of a single text tells nothing; leaving it out also makes the fit several times faster.
    common = np.flatnonzero(matrix.getnnz(axis=0) >= 2)
    fit = LogisticRegression(C=STRENGTH, max_iter=1000, random_state=0)
    fit.fit(matrix[:, common], [s[1] for s in samples], sample_weight=[s[2] for s in samples])
    scale = float(np.abs(fit.coef_[0]).max()) / 127
    weights = np.zeros(PLACES, dtype=int)
    weights[common] = np.rint(fit.coef_[0] / scale).astype(int)
    return Head(weights.tolist(), scale, float(fit.intercept_[0]))


def _of_sentences(rows: Sequence[Row]) -> Iterator[tuple[list[int], bool, float]]:
    for row in rows:
        if row.asks and not any(row.asking):
            continue  # which sentence asks is not labelled
        weight = 0.5 if row.labelled.request == "unsure" else 1.0
        for place, (features, asking) in enumerate(zip(row.sentences, row.asking, strict=True)):
            if row.asks and place == 0 and not asking:
                continue  # a subject like "cancelamento" says neither
            yield features, asking and row.asks, weight


def _of_reasons(rows: Sequence[Row]) -> Iterator[tuple[list[int], bool, float]]:
    for row in rows:
        yield from (
            (features, giving, 1.0) for features, giving in zip(row.sentences[1:], row.giving, strict=True)
        )
        if row.reason is not None:
            yield row.reason, True, 1.0
        yield from ((piece, False, 1.0) for piece in row.pieces)


def learn(rows: Sequence[Row], single: Sequence[Single], learned_from: str = "") -> Model:
    """Learn the three heads."""
    heads = {
        "asks": _fitted([*_of_sentences(rows), *((each.features, each.asks, 1.0) for each in single)]),
        "text": _fitted(
            [
                *((row.text, row.asks, 1.0) for row in rows),
                *((each.text, each.asks, each.weight) for each in single),
            ]
        ),
        "reason": _fitted(list(_of_reasons(rows))),
    }
    return Model({name: heads[name] for name in HEADS}, dict(NO_THRESHOLDS), learned_from)


def single_sentences() -> list[Single]:
    """Return every single sentence, and the one-line texts of the tests."""
    return [
        Single(of_sentence(seen, place), of_text(seen), role == "ask", weight)
        for role, text, weight in sentences()
        for seen in (look_at("", text),)
        for place in range(len(seen.said))
    ]


class Unseen:
    """How the judges see a text whose writer the weights do not know."""

    def __init__(self, row: Row, learned: Model) -> None:
        weights = sentence_weights(row.seen, learned)
        self.row = row
        self.logit = max(weights) + learned.heads["text"].logit(row.text)
        self.supported, self.objections, self.automatic = heard(row.seen, weights)
        self.open = not self.objections and not self.automatic
        self.reason = find_reason(row.seen, weights[1:], learned)


def thresholds(unseen: Sequence[Unseen]) -> dict[str, float]:
    """Choose from how unknown writers were read; see `FALSE_BOUND`, `LEFT` and `INVENTED`."""
    others = sum(not u.row.asks for u in unseen)
    allowed = 0
    while upper_bound(allowed + 1, others) < FALSE_BOUND:
        allowed += 1
    best = (-1, 0.0, 0.0, 0.0)
    for plainly in range(allowed + 1):
        for with_rule in range(allowed + 1 - plainly):
            chosen = (
                _above(unseen, "plain", plainly),
                _above(unseen, "both", with_rule),
                _above(unseen, "alone", allowed - plainly - with_rule),
            )
            levels = dict(zip(("plain", "both", "alone"), chosen, strict=True))
            found = sum(u.row.asks and u.open and u.logit >= levels[u.supported] for u in unseen)
            best = max(best, (found, *chosen))
    levels = dict(zip(("plain", "both", "alone"), best[1:], strict=True))
    undecided = [u for u in unseen if not (u.open and u.logit >= levels[u.supported])]
    undecided = sorted((u for u in undecided if not u.automatic), key=lambda u: -u.logit)
    doubt = undecided[min(len(undecided) - 1, int(LEFT * len(unseen)))].logit
    wrong = sorted(
        (
            u.reason.weight
            for u in unseen
            if u.row.asks
            and u.reason
            and not u.reason.labelled
            and not touches(u.row.labelled.reason, u.reason.text)
        ),
        reverse=True,
    )
    share = wrong[min(len(wrong) - 1, int(INVENTED * len(unseen)))] + 1e-6
    return {
        **levels,
        "doubt": doubt,
        "reason": float(np.log(share / (1 - share))),
        "reason_sentence": NO_THRESHOLDS["reason_sentence"],
        "reason_connected": NO_THRESHOLDS["reason_connected"],
    }


def _above(unseen: Sequence[Unseen], supported: str, allowed: int) -> float:
    wrong = sorted(
        (u.logit for u in unseen if u.open and not u.row.asks and u.supported == supported), reverse=True
    )
    # No rule makes a request of what the weights speak against.
    return max(0.0, wrong[allowed] + 0.05) if allowed < len(wrong) else 0.0


def unseen_by_writer(hands: dict[str, list[Row]], single: Sequence[Single]) -> list[Unseen]:
    """Read every writer with weights learned from the others; the tables of the tests are only learned from."""
    found = []
    for writer in WRITERS:
        learned = learn([row for name, rows in hands.items() if name != writer for row in rows], single)
        found += [Unseen(row, learned) for row in hands[writer]]
    return found


def corpus_digest(extra: Sequence[Path] = ()) -> str:
    """Return a digest over everything that the weights are learned from."""
    digest = hashlib.sha256()
    folder = Path(understanding.__file__).parent
    for path in [
        *(FOLDER / "corpus" / f"{name}.jsonl" for name in (*WRITERS, "samples")),
        FOLDER / "sentences.tsv",
        folder / "features.py",
        folder / "lexicon.toml",
        *extra,
    ]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def main() -> None:
    """Learn, choose, write; print how unknown writers were read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--also", type=Path, action="append", default=[], help="labelled e-mails of a provider (JSONL)"
    )
    given = parser.parse_args()
    hands = {name: [Row(labelled) for labelled in hand(name)] for name in WRITERS}
    hands["tables"] = [Row(labelled) for labelled in [*tables(), *hand("samples")]]
    for path in given.also:
        hands[path.stem] = [Row(labelled) for labelled in read(path.read_text("utf-8").splitlines())]
    single = single_sentences()
    unseen = unseen_by_writer(hands, single)
    learned = learn([row for rows in hands.values() for row in rows], single, corpus_digest(given.also))
    learned.thresholds.update(thresholds(unseen))
    target = Path(understanding.__file__).parent / WEIGHTS
    target.write_bytes(packed(learned))
    print(f"{target.name}: {target.stat().st_size / 1024:.0f} KiB", learned.thresholds)


if __name__ == "__main__":
    main()
