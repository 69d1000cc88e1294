"""`make reader`: learn the weights of the reader of e-mails from the labelled corpus, and choose its thresholds.

Every figure that a threshold is chosen by comes from weights that had not seen the writer (leave one writer out).
Needs scikit-learn, a development dependency; the reader itself does not.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from cancellation import understanding
from cancellation.understanding.evaluation import Labelled, read, score, touches, upper_bound
from cancellation.understanding.features import (
    PLACES,
    Said,
    clauses,
    look_at,
    of_clause,
    of_sentence,
    of_text,
)
from cancellation.understanding.judge import heard_of
from cancellation.understanding.model import HEADS, WEIGHTS, Head, Model, packed
from cancellation.understanding.normalise import plain_text
from cancellation.understanding.reasons import best_candidate, candidates, labelled_reason
from cancellation.understanding.rules import Effect
from cancellation.understanding.signs import rules_of, signs, weigh
from training.corpus import FOLDS, WRITERS, digest, hand, sentences, tables

STRENGTH = 20.0
"""Inverse of the regularisation of every head, chosen leaving writers out."""
WHOLE_STRENGTH = 0.01
"""The same for the signs of a whole text, which are brought to one scale."""
FALSE_BOUND = 0.012
"""What the share of false requests must stay under, as its upper 95 % bound, judged by what was not seen."""
LEAST = {"plain": 0.0, "both": 0.5, "alone": 1.5}
"""Thresholds are at least these; that of "plain" is this: the simplest form is what most people write."""
DENIED_SHARE = 0.1
"""At most this share of the requests may be called none; the rest of the doubtful ones goes to a person."""
INVENTED = 0.01
"""At most this share of the texts may be given a reason, beside the labelled ones, that is none."""


_FOLDS = (*FOLDS, ("tables",))
"""The tables of the tests are the typical mails; they are judged by the hands, and learned from with them."""


class Row:
    """One labelled e-mail with its features and what each sentence does."""

    def __init__(self, labelled: Labelled) -> None:
        self.labelled = labelled
        self.seen = labelled.look()
        self.asks = labelled.request is True
        whole = (self.seen.subject, *self.seen.said)
        plain = [plain_text(labelled.subject), *(s.sentence.text for s in self.seen.said if s.sentence)]
        self.sentences = [of_sentence(self.seen, place) for place in range(-1, len(self.seen.said))]
        self.clauses = [
            [(of_clause(said, *span), _carries(said, span, labelled.asking)) for span in clauses(said)]
            for said in whole
        ]
        self.text = of_text(self.seen)
        self.asking = [_shared(plain_text(text), labelled.asking) for text in plain]
        self.heard = [rules_of(said) for said in whole]


def _carries(said: Said, span: tuple[int, int], asking: Iterable[str]) -> bool:
    words = re.findall(r"\w+", " ".join(said.tokens[slice(*span)]))
    line = " ".join(words)
    for piece in (" ".join(re.findall(r"\w+", each)) for each in asking):
        shared = len(set(words) & set(piece.split()))
        if line and (
            line in piece or piece in line or (len(set(words)) >= 3 and shared >= 0.7 * len(set(words)))
        ):
            return True
    return False


class Single(NamedTuple):
    """One sentence that stands alone.

    Attributes:
        sentence: Its features.
        clauses: Those of its clauses.
        text: Those of a text that has no more.
        asks: Whether it asks for the cancellation.
        weight: How much it counts as a text; most stand for a sentence of a longer one.
    """

    sentence: list[int]
    clauses: list[list[int]]
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


Sample = tuple[Sequence[int], bool, float]


def _fitted(samples: Sequence[Sample]) -> Head:
    samples = [sample for sample in samples if sample[0]]
    matrix = _matrix([sample[0] for sample in samples])
    # A feature of a single text tells nothing; leaving it out also makes the fit several times faster.
    common = np.flatnonzero(matrix.getnnz(axis=0) >= 2)
    fit = LogisticRegression(C=STRENGTH, max_iter=400, tol=1e-3, solver="liblinear", random_state=0)
    fit.fit(matrix[:, common], [s[1] for s in samples], sample_weight=[s[2] for s in samples])
    scale = float(np.abs(fit.coef_[0]).max()) / 127
    weights = np.zeros(PLACES, dtype=int)
    weights[common] = np.rint(fit.coef_[0] / scale).astype(int)
    return Head(weights.tolist(), scale, float(fit.intercept_[0]))


def _of_sentences(rows: Sequence[Row], *, parts: bool) -> Iterator[Sample]:
    for row in rows:
        if row.asks and not any(row.asking):
            continue  # which sentence asks is not labelled
        weight = 0.5 if row.labelled.request == "unsure" else 1.0
        for place, (sentence, each, asking) in enumerate(
            zip(row.sentences, row.clauses, row.asking, strict=True)
        ):
            if row.asks and place == 0 and not asking:
                continue  # a subject like "cancelamento" says neither
            if parts:
                yield from ((places, row.asks and asking and carries, weight) for places, carries in each)
            else:
                yield sentence, row.asks and asking, weight


def _of_reasons(rows: Sequence[Row]) -> Iterator[Sample]:
    for row in rows:
        asking = [3.0 if asks and row.asks else -3.0 for asks in row.asking[1:]]
        for one in candidates(row.seen, asking):
            said = row.seen.said[one.index].sentence
            assert said is not None
            piece = said.text[one.start : one.end]
            alike = _alike(plain_text(row.labelled.reason or ""), piece)
            if not 0.2 < alike < 0.6:  # neither one nor the other
                yield one.places, alike >= 0.6, 1.0


def _alike(one: str, other: str) -> float:
    words, others = set(re.findall(r"\w+", one)), set(re.findall(r"\w+", other))
    return 2 * len(words & others) / max(1, len(words) + len(others))


def learn(rows: Sequence[Row], single: Sequence[Single], learned_from: str = "") -> Model:
    """Learn the heads; the weights of the whole come from `learn_whole`."""
    heads = {
        "asks": _fitted(
            [*_of_sentences(rows, parts=False), *((each.sentence, each.asks, 1.0) for each in single)]
        ),
        "clause": _fitted(
            [
                *_of_sentences(rows, parts=True),
                *((places, each.asks, 0.7) for each in single for places in each.clauses),
            ]
        ),
        "text": _fitted(
            [
                *((row.text, row.asks, 1.0) for row in rows),
                *((each.text, each.asks, each.weight) for each in single),
            ]
        ),
        "reason": _fitted(list(_of_reasons(rows))),
    }
    return Model({name: heads[name] for name in HEADS}, {}, {"reason": 0.0}, learned_from, {})


def single_sentences() -> list[Single]:
    """Return every single sentence, and the one-line texts of the tests."""
    return [
        Single(
            of_sentence(seen, place),
            [of_clause(said, *span) for span in clauses(said)],
            of_text(seen),
            role == "ask",
            weight,
        )
        for role, text, weight in sentences()
        for seen in (look_at("", text),)
        for place, said in enumerate(seen.said)
    ]


class Unseen:
    """How a text is weighed whose writer the weights do not know."""

    def __init__(self, writer: str, row: Row, learned: Model) -> None:
        weights = weigh(row.seen, learned)
        self.writer = writer
        self.row = row
        self.signs = signs(row.seen, weights, row.heard)
        self.supported, objections = heard_of(weights, row.heard)
        self.open = not objections
        self.automatic = any(rule.effect is Effect.AUTOMATIC for rules in row.heard for rule in rules)
        self.labelled_reason = labelled_reason(row.seen)
        best = best_candidate(row.seen, weights.sentences[1:], learned)
        self.reason_weight = best[0] if best else -30.0
        self.reason = ""
        if best:
            sentence = row.seen.said[best[1].index].sentence
            assert sentence is not None
            self.reason = sentence.text[best[1].start : best[1].end]


def learn_whole(unseen: Sequence[Unseen]) -> dict[str, float]:
    """Learn what each sign is worth from how unknown writers were weighed."""
    names = sorted({name for each in unseen for name in each.signs} - {""})
    matrix = np.array([[each.signs.get(name, 0.0) for name in names] for each in unseen])
    mean, spread = matrix.mean(0), matrix.std(0) + 1e-6
    fit = LogisticRegression(C=WHOLE_STRENGTH, max_iter=2000, random_state=0)
    fit.fit((matrix - mean) / spread, [each.row.asks for each in unseen])
    weights = fit.coef_[0] / spread
    found = {name: round(float(weight), 5) for name, weight in zip(names, weights, strict=True)}
    return {"": round(float(fit.intercept_[0] - (weights * mean).sum()), 5), **found}


def thresholds(unseen: Sequence[Unseen]) -> dict[str, float]:
    """Choose from how unknown writers are judged; see `FALSE_BOUND`, `DENIED_SHARE` and `INVENTED`."""
    logits: dict[int, float] = {}
    for fold in _FOLDS:
        whole = learn_whole([each for each in unseen if each.writer not in fold])
        for place, each in enumerate(unseen):
            if each.writer in fold:
                logits[place] = sum(value * whole.get(name, 0.0) for name, value in each.signs.items())
    may = [(logits[i], u) for i, u in enumerate(unseen) if u.open and not u.automatic]
    levels = _levels(may, sum(not u.row.asks for u in unseen))
    asked = sorted(logits[i] for i, u in enumerate(unseen) if u.row.asks)
    wrong = sorted(
        (
            u.reason_weight
            for u in unseen
            if u.row.labelled.request is not False
            and not u.labelled_reason
            and not touches(u.row.labelled.reason, u.reason)
        ),
        reverse=True,
    )
    return {
        **levels,
        "doubt": asked[int(DENIED_SHARE * len(asked))],
        "reason": wrong[min(len(wrong) - 1, int(INVENTED * len(unseen)))] + 1e-3,
    }


def _levels(may: Sequence[tuple[float, Unseen]], others: int) -> dict[str, float]:
    """Choose a threshold for each support: as many requests as possible within the false ones that are allowed."""
    allowed = 0
    while upper_bound(allowed + 1, others) < FALSE_BOUND:
        allowed += 1
    kinds = ("both", "alone")
    wrong = {
        kind: sorted((w for w, u in may if u.supported == kind and not u.row.asks), reverse=True)
        for kind in kinds
    }
    found = {kind: [w for w, u in may if u.supported == kind and u.row.asks] for kind in kinds}

    def level(kind: str, false: int) -> float:
        # No rule makes a request of what the weights speak against.
        return max(LEAST[kind], wrong[kind][false] + 0.05) if false < len(wrong[kind]) else LEAST[kind]

    best: tuple[int, tuple[int, ...]] = (-1, (0, 0))
    for shares in product(range(allowed + 1), repeat=2):
        if sum(shares) <= allowed:
            many = sum(
                w >= level(kind, false)
                for kind, false in zip(kinds, shares, strict=True)
                for w in found[kind]
            )
            best = max(best, (many, shares))
    chosen = {kind: level(kind, false) for kind, false in zip(kinds, best[1], strict=True)}
    return {"plain": LEAST["plain"], **chosen}


def judged_by_others(
    hands: dict[str, list[Row]], single: Sequence[Single]
) -> tuple[list[Unseen], dict[str, dict[str, int]]]:
    """Judge every writer by weights and thresholds that have not seen him.

    Returns:
        How each text was weighed, and the figures of each hand.
    """
    models: list[Model] = []
    unseen: list[Unseen] = []
    for fold in _FOLDS:
        learned = learn([row for name, rows in hands.items() if name not in fold for row in rows], single)
        unseen += [Unseen(writer, row, learned) for writer in fold for row in hands[writer]]
        models.append(learned)
    figures: dict[str, dict[str, int]] = {}
    for fold, learned in zip(_FOLDS, models, strict=True):
        others = [each for each in unseen if each.writer not in fold]
        learned.whole.update(learn_whole(others))
        learned.thresholds.update(thresholds(others))
        for writer in fold:
            figures[writer] = asdict(score([row.labelled for row in hands[writer]], learned))
            print(writer, figures[writer], flush=True)
    return unseen, {
        name: {k: v for k, v in each.items() if k != "milliseconds"} for name, each in figures.items()
    }


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
    unseen, figures = judged_by_others(hands, single)
    learned = learn([row for rows in hands.values() for row in rows], single, digest(given.also))
    learned.whole.update(learn_whole(unseen))
    learned.figures.update(figures)
    learned.thresholds.update(thresholds(unseen))
    target = Path(understanding.__file__).parent / WEIGHTS
    target.write_bytes(packed(learned))
    print(f"{target.name}: {target.stat().st_size / 1024:.0f} KiB", learned.thresholds)


if __name__ == "__main__":
    main()
