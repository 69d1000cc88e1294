"""P19's second place: the activities' own precondition, called directly."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.billing import BillingActivities
from activities.billing_watch import BillingWatchActivities
from activities.guard import Guard, NoticeStillRunning
from activities.reconciliation import ReconciliationActivities
from activities.recordings import RecordingActivities
from activities.telephony import TelephonyActivities
from cancellation.messages.billing import BillingClosure
from cancellation.messages.reconciliation import CheckBatch, CheckBatchResult
from cancellation.messages.recordings import PurgeOrder
from cancellation.messages.warrant import Warrant
from cancellation.messages.watch import WatchBatch
from tests.activity.conftest import Rig, shutdown
from tests.contract import cases

Destroy = Callable[[Rig, Warrant, Guard], Awaitable[Any]]


async def deactivate(rig: Rig, warrant: Warrant, guard: Guard) -> None:
    await rig.run(TelephonyActivities(rig.telephony, guard).deactivate_services, shutdown(warrant))


async def release(rig: Rig, warrant: Warrant, guard: Guard) -> None:
    await rig.run(TelephonyActivities(rig.telephony, guard).release_resources, shutdown(warrant))


async def close_billing(rig: Rig, warrant: Warrant, guard: Guard) -> None:
    last_day = (warrant.notice_ends_at - timedelta(hours=12)).date()
    closure = BillingClosure(warrant=warrant, last_day=last_day)
    await rig.run(BillingActivities(rig.billing, guard).close_billing, closure)


async def purge(rig: Rig, warrant: Warrant, guard: Guard) -> None:
    await rig.run(RecordingActivities(rig.recordings, guard).purge_recordings, PurgeOrder(warrant=warrant))


every_act = pytest.mark.parametrize("destroy", [deactivate, release, close_billing, purge])


async def forbidden(rig: Rig, destroy: Destroy, warrant: Warrant) -> None:
    """The act is refused for good before the system is even asked, and nothing was done."""
    with pytest.raises(ApplicationError) as caught:
        await destroy(rig, warrant, rig.guard)
    assert caught.value.type == "DestructionForbidden"
    assert caught.value.non_retryable
    assert not rig.telephony.attempts
    assert not rig.billing.attempts
    assert not rig.recordings.attempts


@every_act
async def test_allowed_after_complete_formalization_and_ended_notice_P19(rig: Rig, destroy: Destroy) -> None:
    await destroy(rig, await rig.formalized(), rig.guard)


@every_act
async def test_never_without_a_formalization_P19(rig: Rig, destroy: Destroy) -> None:
    await rig.crm.adapter.open_case(cases.opening(rig.customer_id, "case-1"))
    ended = datetime.now(UTC) - timedelta(days=1)
    warrant = Warrant(
        case_id="case-1", customer_id=rig.customer_id, notice_ends_at=ended, at=datetime.now(UTC)
    )
    await forbidden(rig, destroy, warrant)
    assert await rig.untouched()


@every_act
async def test_never_after_a_withdrawal_P19_X3(rig: Rig, destroy: Destroy) -> None:
    warrant = await rig.formalized()
    state = await rig.crm.adapter.formalization("case-1")
    await cases.withdraw(rig.crm.adapter, state)
    await forbidden(rig, destroy, warrant)
    assert await rig.untouched()


@every_act
async def test_never_with_another_customers_formalization_P19(rig: Rig, destroy: Destroy) -> None:
    await rig.formalized()
    other = await cases.formalize(
        rig.crm.adapter, "another", "case-2", datetime.now(UTC) - timedelta(days=40)
    )
    borrowed = rig.warrant(other, customer_id=rig.customer_id)
    await forbidden(rig, destroy, borrowed)
    assert await rig.untouched()


@every_act
async def test_never_with_a_warrant_that_moves_the_end_P19(rig: Rig, destroy: Destroy) -> None:
    warrant = await rig.formalized()
    moved = warrant.model_copy(update={"notice_ends_at": warrant.notice_ends_at - timedelta(days=1)})
    await forbidden(rig, destroy, moved)


@every_act
async def test_not_one_microsecond_before_the_end_by_the_warrant_P15_P19(rig: Rig, destroy: Destroy) -> None:
    warrant = await rig.formalized()
    early = warrant.model_copy(update={"at": warrant.notice_ends_at - timedelta(microseconds=1)})
    await forbidden(rig, destroy, early)
    assert await rig.untouched()


@every_act
async def test_not_before_the_end_by_the_machines_clock_P15_P19(rig: Rig, destroy: Destroy) -> None:
    warrant = await rig.formalized(datetime.now(UTC) - timedelta(days=3))
    assert warrant.at == warrant.notice_ends_at > datetime.now(UTC)
    with pytest.raises(NoticeStillRunning):  # not an ApplicationError: the engine tries again
        await destroy(rig, warrant, rig.guard)
    assert await rig.untouched()
    clock = warrant.notice_ends_at - timedelta(microseconds=1)
    with pytest.raises(NoticeStillRunning):
        await destroy(rig, warrant, Guard(rig.crm, lambda: clock))
    assert await rig.untouched()
    await destroy(rig, warrant, Guard(rig.crm, lambda: warrant.notice_ends_at))


@every_act
async def test_never_while_the_crm_cannot_be_asked_P19(rig: Rig, destroy: Destroy) -> None:
    warrant = await rig.formalized()
    rig.crm.goes_down()
    with pytest.raises(ConnectionError):
        await destroy(rig, warrant, rig.guard)
    assert await rig.untouched()


# ---------------------------------------------------------------------------------------- reconciliation


@pytest.mark.parametrize(
    "step", ["watch_billing", "read_executions", "compare_records", "repair_findings", "tell_findings"]
)
async def test_no_step_is_done_for_an_instant_that_has_not_come_X10_X11(rig: Rig, step: str) -> None:
    now = datetime(2026, 12, 1, tzinfo=UTC)
    guard = Guard(rig.crm, lambda: now)
    nothing: Any = None  # Nothing is asked.
    activities = (BillingWatchActivities(nothing, guard), ReconciliationActivities(nothing, guard))
    [done] = [getattr(one, step) for one in activities if hasattr(one, step)]
    with pytest.raises(ApplicationError) as caught:
        await rig.run(done, WatchBatch(at=now + timedelta(minutes=6)))
    assert (caught.value.type, caught.value.non_retryable) == ("RunAhead", True)


@pytest.mark.parametrize("step", ["read_executions", "compare_records", "repair_findings", "tell_findings"])
async def test_every_step_shows_that_it_lives_for_as_long_as_it_takes_X11(rig: Rig, step: str) -> None:
    lives = asyncio.Event()

    class Slow:
        async def read_executions(self, _: CheckBatch) -> CheckBatchResult:
            await lives.wait()
            return CheckBatchResult(looked=1)

        compare = repair = tell = read_executions

    slow: Any = Slow()
    rig.environment.on_heartbeat = lambda *_: lives.set()
    done = getattr(ReconciliationActivities(slow, Guard(rig.crm, None)), step)
    async with asyncio.timeout(5):
        assert (await rig.run(done, CheckBatch(at=datetime(2026, 12, 1, tzinfo=UTC)))).looked == 1


def test_the_engines_clock_may_be_a_little_ahead_and_virtual_time_is_any_X10(rig: Rig) -> None:
    now = datetime(2026, 12, 1, tzinfo=UTC)
    Guard(rig.crm, lambda: now).must_have_come(now + timedelta(minutes=5))
    Guard(rig.crm, None).must_have_come(now + timedelta(days=90))
