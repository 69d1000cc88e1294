"""A command that does not fit the case as it stands is answered with the one that does (X8)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cancellation.application.views import status_of
from cancellation.domain.refusal import RuleBroken
from cancellation.domain.stage import Stage
from cancellation.domain.values import Outcome, Reason, ReasonCategory
from cancellation.messages.envelope import Message
from cancellation.messages.facts import DiscardMessage, RetentionOutcomeMessage, WithdrawalMessage
from starters.cli.instead import instead
from tests.unit.domain.build import OPENED, at_stage

NOW = OPENED + timedelta(hours=4)
SAID: dict[str, Any] = {
    "message_id": "m-1",
    "actor": "ana",
    "occurred_at": datetime(2026, 11, 20, tzinfo=UTC),
}
REASON = Reason(category=ReasonCategory.PRICE, text="o preço\nsubiu")
FACTS: dict[str, Message] = {
    "withdraw": WithdrawalMessage(reason=REASON.text, **SAID),
    "outcome retained": RetentionOutcomeMessage(outcome=Outcome.RETAINED, reason=REASON, **SAID),
    "outcome declined": RetentionOutcomeMessage(outcome=Outcome.DECLINED, reason=REASON, **SAID),
    "discard": DiscardMessage(reason=REASON.text, **SAID),
}


def fits(command: str, stage: Stage) -> bool:
    """Whether a case in that stage takes it."""
    case = at_stage(stage)
    try:
        match command:
            case "withdraw":
                case.withdraw("x", "ana", NOW)
            case "discard":
                case.discard("x", "ana", NOW)
            case "outcome retained":
                case.record_outcome(Outcome.RETAINED, REASON, None, "ana", NOW)
            case _:
                case.record_outcome(Outcome.DECLINED, REASON, None, "ana", NOW)
    except RuleBroken:
        return False
    return True


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("typed", FACTS)
def test_the_command_that_is_named_fits_where_the_typed_one_does_not_X8(typed: str, stage: Stage) -> None:
    told = instead(status_of(at_stage(stage), NOW), "1042", FACTS[typed])
    if told is None:
        return
    assert not fits(typed, stage)
    if told.startswith("cancelamento resend 1042 "):
        assert stage is Stage.AWAITING_FORMALIZATION
        return
    named = next(name for name in FACTS if told.startswith(f"cancelamento {name.replace(' ', ' 1042 ')}"))
    assert fits(named, stage)
    assert "'o preço subiu'" in told


@pytest.mark.parametrize(
    ("typed", "stage", "right"),
    [
        (
            "withdraw",
            Stage.RETENTION,
            "cancelamento outcome 1042 retained --reason CATEGORIA --text 'o preço subiu'",
        ),
        ("outcome retained", Stage.NOTICE, "cancelamento withdraw 1042 --reason 'o preço subiu'"),
        ("discard", Stage.NOTICE, "cancelamento withdraw 1042 --reason 'o preço subiu'"),
        ("outcome declined", Stage.AWAITING_FORMALIZATION, "cancelamento resend 1042 script"),
    ],
)
def test_what_people_mix_up_is_put_right_X8(typed: str, stage: Stage, right: str) -> None:
    assert instead(status_of(at_stage(stage), NOW), "1042", FACTS[typed]) == right
