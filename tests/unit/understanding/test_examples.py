"""The tables of example texts: what a careful reader would have of them, and what is left to a person."""

import json
from pathlib import Path
from typing import Any

import pytest

from cancellation.understanding import Action, understand_text
from cancellation.understanding.normalise import plain_text

FOLDER = Path(__file__).parent


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


EXAMPLES = rows("examples.jsonl")
# Written after the rules and unseen by them at first; what they showed has been mended since, so they guard
# now.
HELD_OUT = [row for name in ("", "_second", "_third") for row in rows(f"held_out{name}.jsonl")]


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row["id"])
def test_example_is_understood_as_expected_P7(row: dict[str, Any]) -> None:
    understood = understand_text(row["subject"], row["body"])
    assert understood.explicit_request == row["explicit_request"], understood.why
    if row["explicit_request"] is not True and row["reason"] is None:
        return
    if row["reason"] is None:
        assert understood.reason is None
        return
    assert understood.reason is not None
    assert plain_text(row["reason"]) in plain_text(understood.reason)
    assert understood.reason_category == row["reason_category"]


@pytest.mark.parametrize("row", HELD_OUT, ids=lambda row: row["id"])
def test_no_held_out_text_is_wrongly_taken_for_a_request_P7(row: dict[str, Any]) -> None:
    understood = understand_text(row["subject"], row["body"])
    if understood.explicit_request is True:
        assert row["explicit_request"] is True, understood.why


def test_few_held_out_texts_are_misread_P7() -> None:
    understood = [understand_text(row["subject"], row["body"]).explicit_request for row in HELD_OUT]
    asked = [got for got, row in zip(understood, HELD_OUT, strict=True) if row["explicit_request"] is True]
    assert asked.count(True) / len(asked) >= 0.9


def test_share_left_to_a_person_is_small_and_told(record_property: Any) -> None:
    share = {
        name: sum(understand_text(r["subject"], r["body"]).explicit_request == "unsure" for r in table)
        / len(table)
        for name, table in (("examples", EXAMPLES), ("held_out", HELD_OUT))
    }
    for name, value in share.items():
        record_property(f"left_to_a_person_{name}", f"{value:.1%}")
    assert max(share.values()) < 0.20, share


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
