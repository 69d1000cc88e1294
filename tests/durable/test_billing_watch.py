"""A case closes on the real server, and what is slipped in afterwards is found by the activity (X10)."""

import dataclasses
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

from temporalio.testing import ActivityEnvironment

from activities.billing_watch import BillingWatchActivities
from activities.guard import Guard
from cancellation.billing_watch import BillingWatcher
from cancellation.messages.reconciliation import ReconciliationResult
from cancellation.messages.seed import ChargeSeed, CustomerSeed, PaymentSeed
from cancellation.messages.watch import WatchBatch, WatchBatchResult
from tests.durable.house import POLICY, CaseDriver, House
from workers.schedule import daily_schedule


async def look(house: House, at: datetime) -> WatchBatchResult:
    """A run, as the worker wires it."""
    systems = house.systems
    assert systems.aftermath is not None
    assert systems.watches is not None
    watcher = BillingWatcher(systems.watches, systems.aftermath, systems.telephony, systems.mailer, POLICY)
    guard = Guard(systems.crm, None)
    return await ActivityEnvironment().run(
        BillingWatchActivities(watcher, guard).watch_billing, WatchBatch.model_validate({"at": at})
    )


async def slip_in(house: House, case: CaseDriver, first: date) -> None:
    """A charge of the month after the end, and the payment of the final invoice."""
    seed = CustomerSeed(
        customer=case.seed.customer,
        charges=(
            ChargeSeed(
                charge_id=f"stray-{case.customer_id}",
                subscription_id=case.seed.subscriptions[0].subscription_id,
                first_day=first,
                last_day=first + timedelta(days=27),
                amount=Decimal("99.90"),
            ),
        ),
        payments=(
            PaymentSeed(
                invoice_id=f"final-{(await case.result()).case_id}",
                paid_on=first,
                amount=Decimal("100000.00"),
            ),
        ),
    )
    await house.billing.adapter.provision(seed)


async def test_a_charge_slipped_in_after_a_case_closed_is_voided_reported_and_the_customer_cleared_X10(
    any_house: House,
) -> None:
    case = await any_house.open(policy={"billing_watch_cycles": 1})
    await case.to_notice()
    await case.pass_notice()
    result = await case.result()
    assert result.outcome == "closed"
    assert result.notice is not None
    last_day, ended_at = result.notice.last_day, result.ended_at
    assert (await look(any_house, ended_at)).voided == 0
    await slip_in(any_house, case, last_day + timedelta(days=1))
    found = await look(any_house, ended_at + timedelta(hours=6))
    assert (found.looked, found.voided, found.failed) == (1, 1, 0)
    assert (await look(any_house, ended_at + timedelta(hours=7))).voided == 0
    over = await look(any_house, ended_at + timedelta(days=63))
    assert (over.voided, over.settled, over.failed) == (0, 1, 0)
    assert (await look(any_house, ended_at + timedelta(days=64))).looked == 0
    subjects = [str(mail.message["Subject"]) for mail in any_house.mailer.adapter.sent]
    assert sum("Cobrança indevida" in one for one in subjects) == 1
    assert sum("Declaração de quitação" in one for one in subjects) == 1
    assert await any_house.replays() == 1


async def test_the_schedule_finds_what_was_slipped_in_under_its_virtual_clock_X10(house: House) -> None:
    case = await house.open()
    await case.to_notice()
    await case.pass_notice()
    result = await case.result()
    assert result.notice is not None
    assert result.ended_at is not None
    await slip_in(house, case, result.notice.last_day + timedelta(days=1))
    client, name = house.environment.client, f"daily-{case.customer_id}"
    daily = daily_schedule()
    action = dataclasses.replace(cast(Any, daily.action), id=name, task_queue=house.task_queue)
    with house.environment.with_time_skipping_disabled():
        schedule = await client.create_schedule(name, dataclasses.replace(daily, action=action))
    try:
        handle = await house.time.run_after(schedule, result.ended_at)
        house.runs.append(handle.id)
        run = ReconciliationResult.model_validate(await handle.result())
    finally:
        await schedule.delete()
    assert run.failed == ()
    assert timedelta(0) < run.at - result.ended_at <= timedelta(days=1)
    assert run.at.astimezone(ZoneInfo("America/Sao_Paulo")).time() == time(5)
    assert (run.counts["watch_billing"]["looked"], run.counts["watch_billing"]["voided"]) == (1, 1)
    subjects = [str(mail.message["Subject"]) for mail in house.mailer.adapter.sent]
    assert sum("Cobrança indevida" in one for one in subjects) == 1
    await house.replays()
