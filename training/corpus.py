"""The labelled e-mails and sentences, read with what every use of them needs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cancellation import understanding
from cancellation.understanding.evaluation import Labelled, read
from cancellation.understanding.normalise import plain_text

FOLDER = Path(__file__).parent
CORPUS = FOLDER / "corpus"
EXAMPLES = FOLDER.parent / "tests" / "unit" / "understanding"

FOLDS = (
    ("w1",),
    ("w2",),
    ("w3",),
    ("w7", "w8"),
    ("w9", "w10"),
    ("w11", "w12", "w13"),
    ("w14", "w15", "w16", "w17"),
    ("w18", "w19", "w20", "w21", "w22", "w23", "w24", "w25", "w26", "w27", "w28", "w29"),
)
"""Hands that the reader learns from; those of one person or kind are left out together when the others are judged."""
WRITERS = tuple(name for fold in FOLDS for name in fold)
"""Hands that the reader learns from."""
HELD_OUT = ("w4", "w5", "w6")
"""Hands that neither weights, thresholds nor rules have seen: only figures are made with them."""
STRANGERS = ("w30", "w31", "w32", "w33", "w34", "w35", "w36", "w37")
"""Hands of eight programs that know neither rules nor weights, in twins that differ in one point; figures are made with
them, and nothing is learned from them yet."""
TABLES = ("examples", "held_out", "held_out_second", "held_out_third")
"""Tables of the tests, one more hand to learn from; the words that ask in them are in `asking.txt`."""


def hand(name: str) -> list[Labelled]:
    """Return one writer's e-mails."""
    return read((CORPUS / f"{name}.jsonl").read_text("utf-8").splitlines())


def tables() -> list[Labelled]:
    """Return the e-mails that the tests hold, with the words that ask."""
    lines = [plain_text(line) for line in (FOLDER / "asking.txt").read_text("utf-8").splitlines()]
    return [
        replace(row, asking=tuple(line for line in lines if line in plain_text(f"{row.subject} {row.body}")))
        if row.request is True
        else row
        for name in TABLES
        for row in read((EXAMPLES / f"{name}.jsonl").read_text("utf-8").splitlines())
    ]


def sentences() -> list[tuple[str, str, float]]:
    """Return single sentences: what each does, the sentence, and how much it counts as a whole text.

    What they do: ask, deny, condition, question, plan, part, other, report, none. The one-line texts of the tests come
    with them, as whole texts.
    """
    lines = (FOLDER / "sentences.tsv").read_text("utf-8").splitlines()
    found = [(role, text, 0.3) for role, _, text in (line.partition("\t") for line in lines)]
    for role, name in (("other", "never_a_request.txt"), ("ask", "plain_requests.txt")):
        texts = (EXAMPLES / name).read_text("utf-8").splitlines()
        found += [(role, text, 1.0) for text in texts]
    return found


def digest(extra: Sequence[Path] = ()) -> str:
    """Return a digest over everything that the weights are learned from and that decides what they mean."""
    found = hashlib.sha256()
    code = Path(understanding.__file__).parent
    for path in [
        *(CORPUS / f"{name}.jsonl" for name in (*WRITERS, "plain", "samples")),
        *(EXAMPLES / f"{name}.jsonl" for name in TABLES),
        FOLDER / "sentences.tsv",
        FOLDER / "asking.txt",
        *(code / name for name in ("features.py", "signs.py", "lexicon.toml", "rules.toml")),
        *extra,
    ]:
        found.update(path.read_bytes())
    return found.hexdigest()
