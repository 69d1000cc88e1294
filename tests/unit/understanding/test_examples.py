"""The tables of example texts: what a careful reader would have of them, and what is left to a person."""

import json
from pathlib import Path
from typing import Any

import pytest

from cancellation.understanding import Action, understand_text
from cancellation.understanding.evaluation import Score, score
from cancellation.understanding.normalise import plain_text
from training.corpus import tables

FOLDER = Path(__file__).parent
TABLES = ("examples", "held_out", "held_out_second", "held_out_third")


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


# The weights have learned from these tables, so they guard against going back and promise nothing for other texts.
EXAMPLES = [row for name in TABLES for row in rows(f"{name}.jsonl")]


@pytest.fixture(scope="module")
def seen() -> Score:
    return score(tables())


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row["id"])
def test_example_is_not_wrongly_taken_for_a_request_P7(row: dict[str, Any]) -> None:
    understood = understand_text(row["subject"], row["body"])
    if understood.explicit_request is True:
        assert row["explicit_request"] is True, understood.why


def test_most_examples_are_read_and_hardly_a_request_is_denied_P7(seen: Score) -> None:
    assert seen.found / seen.asked >= 0.74
    assert seen.denied / seen.asked <= 0.06
    assert seen.complete == 0


def test_most_reasons_of_the_examples_are_found_P7(seen: Score) -> None:
    assert seen.reasons_found / seen.reasons >= 0.8
    assert seen.invented / seen.texts <= 0.01


def test_reasons_are_sorted_as_a_person_would_P7() -> None:
    pairs = [
        (row["reason_category"], understood.reason_category)
        for row in EXAMPLES
        if row["reason"] and (understood := understand_text(row["subject"], row["body"])).reason
    ]
    assert sum(expected == got for expected, got in pairs) / len(pairs) >= 0.9


def test_share_left_to_a_person_is_small_and_told(seen: Score, record_property: Any) -> None:
    record_property("left_to_a_person", f"{seen.left / seen.texts:.1%}")
    assert seen.left / seen.texts < 0.20


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row["id"])
def test_why_is_told_and_the_action_follows_P7(row: dict[str, Any]) -> None:
    understood = understand_text(row["subject"], row["body"])
    assert len(understood.why) >= 2
    assert (understood.action is Action.ACCEPT) == (
        understood.explicit_request is True and understood.reason is not None
    )
    if understood.explicit_request == "unsure":
        assert understood.action in (Action.TRIAGE, Action.IGNORE)
    if understood.reason is not None:
        assert plain_text(understood.reason) in plain_text(row["body"] + " " + row["subject"])
