"""Which steps of a customer's cases may not be held any more (P20, X11)."""

from types import SimpleNamespace
from typing import Any

from activities.restoring import Step, lost_steps
from cancellation.ports.histories import DoneStep


def step(name: str, asked_at: int, done_at: int, *, case: str = "a", seq: int = 0) -> Step:
    payload: Any = SimpleNamespace()
    return Step(DoneStep(name, b"", None, asked_at, done_at), payload, case, seq)


OPENING = step("open_case", 1, 2, seq=3)
PLAN = step("plan_billing_end", 4, 7)
RECORD = step("record_case", 5, 6, seq=6)
LATER = step("record_case", 8, 9, seq=8)
DEACTIVATION = step("deactivate_services", 10, 12)
ALL = [OPENING, RECORD, PLAN, LATER, DEACTIVATION]


def test_of_what_is_held_nothing_is_lost_but_what_no_record_has_told_yet_P20() -> None:
    assert lost_steps(ALL, {"a": 8}) == [DEACTIVATION]
    assert lost_steps(ALL[:-1], {"a": 8}) == []


def test_what_was_done_while_the_last_record_that_is_held_was_given_may_be_lost_P20() -> None:
    assert lost_steps(ALL, {"a": 6}) == [PLAN, LATER, DEACTIVATION]


def test_where_nothing_is_held_everything_is_lost_in_its_order_P20() -> None:
    assert lost_steps(ALL, {"a": 0}) == ALL


def test_what_is_held_of_one_case_says_nothing_of_another_X20() -> None:
    other = step("plan_billing_end", 20, 21, case="b")
    assert lost_steps([*ALL[:-1], other], {"a": 8, "b": 0}) == [other]
