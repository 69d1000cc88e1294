"""`make reader`: learn the weights of the reader of e-mails from the labelled corpus, and choose its thresholds.

Every figure that a threshold is chosen by comes from weights that had not seen the writer (leave one writer out).
Needs scikit-learn, a development dependency; the reader itself does not.
"""

from __future__ import annotations

import argparse
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, diags
from sklearn.exceptions import ConvergenceWarning
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
from cancellation.understanding.judge import DOUBTED, heard_of
from cancellation.understanding.model import HEADS, WEIGHTS, Head, Model, packed
from cancellation.understanding.normalise import plain_text
from cancellation.understanding.reasons import best_candidate, candidates, labelled_reason, reason_support
from cancellation.understanding.rules import Effect
from cancellation.understanding.signs import rules_of, signs, together, weigh
from training.corpus import FOLDS, WRITERS, digest, hand, sentences, tables

STRENGTH = 100.0
"""Inverse of the regularisation of every head, chosen leaving writers out."""
WHOLE_STRENGTH = 0.01
"""The same for the signs of a whole text, which are brought to one scale."""
REASON_STRENGTH = 0.3
"""The same for the signs of a reason."""
TYPICAL = 3.0
"""How much a text of the tables counts: they are what most people write, and the corpus is what is hard."""
FALSE_BOUND = 0.01
"""What the share of false requests must stay under, as its upper 95 % bound, judged by what was not seen."""
LEAST = {"plain": 0.0, "both": 0.5}
"""Thresholds are at least these: no rule makes a request of what the weights speak against."""
DENIED_SHARE = 0.11
"""At most this share of the requests may be called none; the rest of the doubtful ones goes to a person."""
INVENTED = 0.011
"""At most this share of the texts may be given a reason, beside the labelled ones, that is none."""


_FOLDS = (*FOLDS, ("tables",))
"""The tables of the tests are the typical mails; they are judged by the hands, and learned from with them."""


class Row:
    """One labelled e-mail with its features and what each sentence does."""

    def __init__(self, labelled: Labelled, weight: float = 1.0) -> None:
        self.labelled = labelled
        self.weight = weight
        self.seen = labelled.look()
        self.asks = labelled.request is True
        whole = (self.seen.subject, *self.seen.said)
        plain = [plain_text(labelled.subject), *(s.sentence.text for s in self.seen.said if s.sentence)]
        self.sentences = [of_sentence(self.seen, place) for place in range(-1, len(self.seen.said))]
        self.clauses = [
            [(of_clause(said, *span), _carries(said, span, labelled)) for span in clauses(said)]
            for said in whole
        ]
        self.text = of_text(self.seen)
        self.asking = [_shared(plain_text(text), labelled.asking) for text in plain]
        self.heard = [rules_of(said) for said in whole]
        self.reasons = _of_reasons(self)


def _carries(said: Said, span: tuple[int, int], labelled: Labelled) -> bool:
    """Whether a clause is part of the words that ask, and not of the reason that may stand among them."""
    words = re.findall(r"\w+", " ".join(said.tokens[slice(*span)]))
    line = " ".join(words)
    reason = " ".join(re.findall(r"\w+", plain_text(labelled.reason or "")))
    if not line or line in reason:
        return False
    for piece in (" ".join(re.findall(r"\w+", each)) for each in labelled.asking):
        shared = len(set(words) & set(piece.split()))
        if line in piece or piece in line or (len(set(words)) >= 3 and shared >= 0.7 * len(set(words))):
            return True
    return False


class Single(NamedTuple):
    """One sentence that stands alone.

    Attributes:
        sentence: Its features.
        clauses: Those of its clauses.
        text: Those of a text that has no more.
        asks: Whether it asks for the cancellation.
        doubtful: Whether it asks or may ask.
        weight: How much it counts as a text; most stand for a sentence of a longer one.
    """

    sentence: list[int]
    clauses: list[list[int]]
    text: list[int]
    asks: bool
    doubtful: bool
    weight: float


def _shared(text: str, pieces: Iterable[str]) -> bool:
    return len(text) > 1 and any(piece and (piece in text or text in piece) for piece in pieces)


def _matrix(places: Sequence[Sequence[int]]) -> Any:
    columns = np.concatenate([np.array(each, dtype=np.int32) for each in places])
    ends = np.cumsum([0, *(len(each) for each in places)])
    values = np.concatenate([np.full(len(each), len(each) ** -0.5) for each in places])
    return csr_matrix((values, columns, ends), shape=(len(places), PLACES))


Sample = tuple[Any, bool, float]
"""The places of features, the answer, and how much it counts."""


def _telling(matrix: Any, frequent: Any, yes: Any, counts: Any) -> Any:
    """How much a feature may say before anything is fitted: more if it is rare, more if it stands on one side.

    It becomes part of the weights, so reading needs none of it.
    """
    present = (matrix > 0).astype(float).T
    share = [(present @ (counts * side) + 1) / ((counts * side).sum() + 1) for side in (yes, ~yes)]
    found = np.log(1 + matrix.shape[0] / (1 + frequent)) * np.sqrt(np.abs(np.log(share[0] / share[1])))
    return found / found.mean()


def _fitted(samples: Sequence[Sample]) -> Head:
    samples = [sample for sample in samples if len(sample[0])]
    matrix = _matrix([sample[0] for sample in samples])
    frequent = matrix.getnnz(axis=0)
    # A feature of a single text tells nothing; leaving it out also makes the fit several times faster.
    common = np.flatnonzero(frequent >= 2)
    yes = np.array([sample[1] for sample in samples])
    counts = np.array([sample[2] for sample in samples])
    telling = _telling(matrix[:, common], frequent[common], yes, counts)
    fit = LogisticRegression(
        C=STRENGTH, max_iter=400, tol=2e-2, solver="liblinear", dual=True, random_state=0
    )
    fit.fit(matrix[:, common] @ diags(telling), yes, sample_weight=counts)
    found = fit.coef_[0] * telling
    scale = float(np.abs(found).max()) / 127
    weights = np.zeros(PLACES, dtype=int)
    weights[common] = np.rint(found / scale).astype(int)
    return Head(weights.tolist(), scale, float(fit.intercept_[0]))


def _of_sentences(rows: Sequence[Row], *, parts: bool) -> Iterator[Sample]:
    for row in rows:
        if row.asks and not any(row.asking):
            continue  # which sentence asks is not labelled
        weight = row.weight * (0.5 if row.labelled.request == "unsure" else 1.0)
        for place, (sentence, each, asking) in enumerate(
            zip(row.sentences, row.clauses, row.asking, strict=True)
        ):
            if row.asks and place == 0 and not asking:
                continue  # a subject like "cancelamento" says neither
            if parts:
                yield from ((places, row.asks and asking and carries, weight) for places, carries in each)
            else:
                yield sentence, row.asks and asking, weight


def _of_reasons(row: Row) -> list[Sample]:
    asking = [3.0 if asks and row.asks else -3.0 for asks in row.asking[1:]]
    reason = plain_text(row.labelled.reason or "")
    found: list[Sample] = []
    for one in candidates(row.seen, asking):
        said = row.seen.said[one.index].sentence
        assert said is not None
        piece = said.text[one.start : one.end]
        holds = bool(reason) and reason in piece and asking[one.index] < 0
        alike = 1.0 if holds else _alike(reason, piece)
        if not 0.2 < alike < 0.6:  # neither one nor the other
            found.append((np.array(one.places, dtype=np.int32), alike >= 0.6, row.weight))
    return found


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
                *((row.text, row.asks, row.weight) for row in rows),
                *((each.text, each.asks, each.weight) for each in single),
            ]
        ),
        "doubt": _fitted(
            [
                *((row.text, row.labelled.request is not False, row.weight) for row in rows),
                *((each.text, each.doubtful, each.weight) for each in single),
            ]
        ),
        "reason": _fitted([sample for row in rows for sample in row.reasons]),
    }
    return Model({name: heads[name] for name in HEADS}, {}, {}, {}, {}, learned_from, {})


def single_sentences() -> list[Single]:
    """Return every single sentence, and the one-line texts of the tests."""
    return [
        Single(
            of_sentence(seen, place),
            [of_clause(said, *span) for span in clauses(said)],
            of_text(seen),
            role == "ask",
            role in ("ask", "condition", "plan"),
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
        self.reason, self.reason_signs = "", {"": 1.0}
        if best:
            sentence = row.seen.said[best[0].index].sentence
            assert sentence is not None
            self.reason, self.reason_signs = sentence.text[best[0].start : best[0].end], best[1]
        self.right_reason = touches(row.labelled.reason, self.reason)


def _worth(
    found: Sequence[dict[str, float]], answers: Sequence[bool], strength: float = WHOLE_STRENGTH
) -> dict[str, float]:
    """Learn what each of a few named signs is worth; "" is the bias."""
    names = sorted({name for each in found for name in each} - {""})
    matrix = np.array([[each.get(name, 0.0) for name in names] for each in found])
    mean, spread = matrix.mean(0), matrix.std(0) + 1e-6
    fit = LogisticRegression(C=strength, max_iter=2000, random_state=0)
    fit.fit((matrix - mean) / spread, answers)
    weights = fit.coef_[0] / spread
    worth = {name: round(float(weight), 5) for name, weight in zip(names, weights, strict=True)}
    return {"": round(float(fit.intercept_[0] - (weights * mean).sum()), 5), **worth}


def learn_whole(unseen: Sequence[Unseen], learned: Model) -> None:
    """Learn what each sign is worth, and the thresholds, from how unknown writers were weighed."""
    worth = _worths(unseen)
    learned.whole.update(worth[0])
    learned.doubtful.update(worth[1])
    learned.reasoned.update(worth[2])
    # Thresholds come from worths that had not seen the writer either.
    logits = [(0.0, 0.0, 0.0)] * len(unseen)
    for fold in _FOLDS:
        others = _worths([each for each in unseen if each.writer not in fold])
        for place, each in enumerate(unseen):
            if each.writer in fold:
                logits[place] = (
                    together(each.signs, others[0]),
                    together(each.signs, others[1]),
                    together(each.reason_signs, others[2]),
                )
    asking = [
        (each.supported, logit[0], each.row.asks)
        for logit, each in zip(logits, unseen, strict=True)
        if each.open and not each.automatic and each.supported != "alone"
    ]
    asked = sum(each.row.asks for each in unseen)
    doubtful = sorted(
        logit[1]
        for logit, each in zip(logits, unseen, strict=True)
        if each.row.asks and not each.automatic and each.signs["doubt"] < DOUBTED
    )
    doubt = doubtful[min(len(doubtful) - 1, int(DENIED_SHARE * asked))]
    # A text that is read as none is told no reason; any other is.
    reasons = [
        (reason_support(each.reason_signs), logit[2], each.right_reason)
        for logit, each in zip(logits, unseen, strict=True)
        if (each.row.labelled.request is not False or each.signs["doubt"] >= DOUBTED or logit[1] >= doubt)
        and not each.labelled_reason
        and each.reason
    ]
    others, allowed = sum(not each.row.asks for each in unseen), 0
    while upper_bound(allowed + 1, others) < FALSE_BOUND:
        allowed += 1
    learned.thresholds.update(
        {
            **_levels(asking, allowed, LEAST),
            "doubt": doubt,
            **_levels(reasons, int(INVENTED * len(unseen)), {}),
        }
    )


def _levels(
    found: Sequence[tuple[str, float, bool]], allowed: int, least: dict[str, float]
) -> dict[str, float]:
    """Choose a threshold for each kind: as many right ones as possible within the wrong ones that are allowed.

    Args:
        found: Kind, logit, and whether it is right.
        allowed: Wrong ones above their threshold, all kinds together.
        least: A kind's threshold is at least this.
    """
    best: list[tuple[int, dict[str, float]]] = [(0, {})] * (allowed + 1)
    for kind in sorted({each[0] for each in found}):
        wrong = sorted((logit for name, logit, right in found if name == kind and not right), reverse=True)
        levels = [
            max(least.get(kind, -30.0), wrong[share] + 0.05 if share < len(wrong) else -30.0)
            for share in range(allowed + 1)
        ]
        right = [sum(ok and name == kind and logit >= level for name, logit, ok in found) for level in levels]
        best = [
            max(
                (
                    (best[total - share][0] + right[share], {**best[total - share][1], kind: levels[share]})
                    for share in range(total + 1)
                ),
                key=lambda each: each[0],
            )
            for total in range(allowed + 1)
        ]
    return best[allowed][1]


def _worths(unseen: Sequence[Unseen]) -> list[dict[str, float]]:
    moot = [each for each in unseen if each.row.labelled.request is not False]
    return [
        _worth([each.signs for each in unseen], [each.row.asks for each in unseen]),
        _worth([each.signs for each in unseen], [each.row.labelled.request is not False for each in unseen]),
        _worth([each.reason_signs for each in moot], [each.right_reason for each in moot], REASON_STRENGTH),
    ]


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
        print(fold, flush=True)
    figures: dict[str, dict[str, int]] = {}
    for fold, learned in zip(_FOLDS, models, strict=True):
        others = [each for each in unseen if each.writer not in fold]
        learn_whole(others, learned)
        for writer in fold:
            figures[writer] = asdict(score([row.labelled for row in hands[writer]], learned))
            print(writer, figures[writer], flush=True)
    return unseen, {
        name: {k: v for k, v in each.items() if k != "milliseconds"} for name, each in figures.items()
    }


def main() -> None:
    """Learn, choose, write; print how unknown writers were read."""
    # The last digits of a fit decide nothing: how unknown writers are read does.
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--also", type=Path, action="append", default=[], help="labelled e-mails of a provider (JSONL)"
    )
    given = parser.parse_args()
    hands = {name: [Row(labelled) for labelled in hand(name)] for name in WRITERS}
    hands["tables"] = [Row(labelled, TYPICAL) for labelled in [*tables(), *hand("plain"), *hand("samples")]]
    for path in given.also:
        hands[path.stem] = [Row(labelled) for labelled in read(path.read_text("utf-8").splitlines())]
    single = single_sentences()
    unseen, figures = judged_by_others(hands, single)
    learned = learn([row for rows in hands.values() for row in rows], single, digest(given.also))
    learned.figures.update(figures)
    learn_whole(unseen, learned)
    target = Path(understanding.__file__).parent / WEIGHTS
    target.write_bytes(packed(learned))
    print(f"{target.name}: {target.stat().st_size / 1024:.0f} KiB", learned.thresholds)


if __name__ == "__main__":
    main()
