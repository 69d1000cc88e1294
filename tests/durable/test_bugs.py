"""A bug of ours is seen, loses nothing and heals after the fix: the workflow task fails (P20)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.durable.house import CaseDriver, House, until
from tests.durable.test_outcomes import everything_is_told

PLACES = {
    "the trail's entry of a letter": "cancellation.application.casefile.said",
    "a message": "workflows.cancellation.take",
    "a system's answer": "workflows.dispatcher.take_answer",
    "a record for the CRM": "cancellation.application.tasks.order",
    "a letter": "cancellation.application.payloads.write",
    "what operators see": "workflows.publishing.current_details",
    "reminders": "workflows.cancellation.overdue_reminders",
}
"""What a pass does, and the function that does it."""

SOON = timedelta(seconds=1)
"""A second failure of one task is not reported but timed out."""


class Bug(Exception):
    """Raised where nobody expects it."""


@dataclass
class Fault:
    """A function that fails until it is mended."""

    works: Callable[..., Any]
    calls: int = 0
    mended: bool = False

    def __call__(self, *args: Any, **named: Any) -> Any:
        if not self.mended:
            self.calls += 1
            raise Bug
        return self.works(*args, **named)


def break_(patch: pytest.MonkeyPatch, target: str) -> Fault:
    """Put a fault into a function, by its dotted name."""
    module, _, name = target.rpartition(".")
    imported = __import__(module, fromlist=[name])
    fault = Fault(getattr(imported, name))
    patch.setattr(imported, name, fault)
    return fault


async def fails(case: CaseDriver, times: int = 2) -> None:
    """Wait until the case's workflow task has failed so often."""

    async def seen() -> bool:
        raw = (await case.handle.describe()).raw_description
        return raw.pending_workflow_task.attempt > times

    await until(seen)


@pytest.mark.parametrize("place", PLACES)
async def test_an_error_in_the_pass_fails_the_task_and_heals_after_the_fix_P20(
    house: House, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    house.task_timeout = SOON
    case = await house.open()
    await case.quiet()
    fault = break_(monkeypatch, PLACES[place])
    declined = asyncio.create_task(case.decline(message_id="d1"))
    await fails(case)
    assert fault.calls > 1

    fault.mended = True
    assert (await declined)["accepted"]
    status = await case.quiet()
    assert status.stage.value == "awaiting_formalization"
    assert len(case.letters("script")) == 1
    kinds = await case.kinds()
    assert kinds.count("declined") == kinds.count("letter_sent") - 2 == 1
    await case.check("discard", reason="Engano", actor="ana")
    assert (await case.result()).outcome == "discarded"
    await everything_is_told(case)
    await house.replays()


async def test_an_error_when_a_deadline_is_met_holds_the_case_and_heals_P20_X5(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.task_timeout = SOON
    case = await house.open()
    await case.quiet()
    await case.decline()
    await case.quiet()
    fault = break_(monkeypatch, "cancellation.domain.due._reminders")
    asked = asyncio.create_task(case.forward(timedelta(days=33)))
    await fails(case)
    fault.mended = True
    await asked
    assert (await case.result()).outcome == "lapsed"
    await everything_is_told(case)
    await house.replays()
