"""The labelled e-mails and sentences, read with what every use of them needs."""

from __future__ import annotations

from pathlib import Path

from cancellation.understanding.evaluation import Labelled, read

FOLDER = Path(__file__).parent
CORPUS = FOLDER / "corpus"
EXAMPLES = FOLDER.parent / "tests" / "unit" / "understanding"

WRITERS = ("w1", "w2", "w3", "w7", "w8", "w9", "w10")
"""Hands that the reader learns from."""
HELD_OUT = ("w4", "w5", "w6")
"""Hands that neither weights, thresholds nor rules have seen: only figures are made with them."""
TABLES = ("examples", "held_out", "held_out_second", "held_out_third")
"""Tables of the tests, one more hand to learn from; they name no sentence that asks."""


def hand(name: str) -> list[Labelled]:
    """Return one writer's e-mails."""
    return read((CORPUS / f"{name}.jsonl").read_text("utf-8").splitlines())


def tables() -> list[Labelled]:
    """Return the e-mails that the tests hold."""
    return [
        row for name in TABLES for row in read((EXAMPLES / f"{name}.jsonl").read_text("utf-8").splitlines())
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
