"""A system that fails holds up nothing that does not need it, and what fell due meanwhile is accounted for (X17)."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from cancellation.domain.notice import last_safe_port_day, next_business_moment, notice_from
from cancellation.domain.policy import CancellationPolicy
from cancellation.messages.letter_contents import RecordingsReady, RemindPortability
from tests.durable.customers import ZONE, address_of, new_customer, own_numbers
from tests.durable.house import CaseDriver, House, until
from tests.durable.test_outcomes import everything_is_told
from tests.durable.test_reminders import at_opening

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


async def before_the_notice(house: House, **policy: Any) -> tuple[CaseDriver, datetime, date]:
    """A case that waits for the formalization.

    Also an instant of receipt from which the reminder of the portability comes soon, and its day.
    """
    case = await house.open(policy={"holidays": [], "letter_gives_up_days": 30} | policy)
    await case.quiet()
    await case.decline()
    await case.quiet()
    now = await case.now()
    days = [received_days_ago(now, ago) for ago in range(12, 20)]
    return case, *min((day for day in days if day[1] > now.date()), key=lambda day: day[1])


def received_days_ago(now: datetime, ago: int) -> tuple[datetime, date]:
    """An instant of receipt, and the business day on which the reminder falls due that follows from it."""
    policy = CancellationPolicy()
    received = now - ago * DAY
    day = (
        last_safe_port_day(notice_from(received, policy), policy, ()) - policy.port_reminder_days_before * DAY
    )
    return received, next_business_moment(policy.day_start(day), policy, ()).astimezone(ZONE).date()


# -------------------------------------------------------------------- down for days of the notice


@pytest.mark.some(1)
@pytest.mark.parametrize(("system", "activity"), [("billing", "plan_billing_end"), ("crm", "record_case")])
async def test_letters_reminders_exports_and_ports_go_on_while_a_system_is_down_X17(
    house: House, system: str, activity: str
) -> None:
    case, received, reminded_on = await before_the_notice(house)
    house.broken[system].goes_down()
    await case.formalize(received_at=received)
    await case.quiet_but(activity)
    await case.check("recordings_request", actor="ana", deliver_to=address_of(case.customer_id))
    number = own_numbers(case.seed)[0]
    await case.check("portability", number=number, status="requested", operator="Vivo", actor="ana")
    await until(lambda: house.telephony.count("record_port"))
    await until(lambda: case.letters("recordings_ready"))
    await case.forward_to(at_opening(reminded_on) + HOUR)
    status = await case.until(lambda status: status.attention)
    assert status.stage.value == "notice"
    assert status.attention == (activity,)
    for kind in ("notice_started", "final_billing", "shutdown_plan"):
        assert len(case.letters(kind)) == 1, kind
    (reminder,) = case.said(RemindPortability)
    assert reminder.numbers == own_numbers(case.seed)[1:]  # the first one was asked for
    assert (await case.check("request", channel="phone", text="Como está?"))["accepted"]

    house.broken[system].recovers()
    await case.forward(HOUR)
    status = await case.quiet()
    assert (status.attention, status.pending) == ((), ())
    assert house.billing.count("plan_end") == 1
    assert "d30" in await case.tasks(open_only=True)
    assert await case.crm_status() == "Cancelamento em andamento"
    await case.check("portability", number=number, status="completed", actor="ana")
    await case.pass_notice()
    assert (await case.result()).outcome == "closed"
    assert len(case.letters("remind_link")) == 1
    await everything_is_told(case)
    await house.replays()


# -------------------------------------------------------------------- what fell due meanwhile


@pytest.mark.rest
async def test_a_reminder_that_waited_is_said_with_the_time_that_is_left_X17_X18(house: House) -> None:
    case, received, reminded_on = await before_the_notice(house)
    await case.formalize(received_at=received)
    await case.quiet()
    house.mailer.goes_down()
    await case.forward_to(at_opening(reminded_on) + DAY)
    assert "reminded" in await case.kinds()
    assert case.letters("remind_portability") == []
    house.mailer.recovers()
    await case.forward(HOUR)
    (letter,) = case.letters("remind_portability")
    (said,) = case.said(RemindPortability)
    assert said.port_until > letter.at.astimezone(ZONE).date() > reminded_on
    await house.replays()


@pytest.mark.rest
@pytest.mark.parametrize("late", [pytest.param(2 * HOUR, marks=pytest.mark.long), 30 * HOUR])
async def test_a_reminder_that_waited_until_it_helps_nobody_is_left_out_and_the_trail_says_so_X17_X18(
    house: House, late: timedelta
) -> None:
    case, received, _ = await before_the_notice(house, port_reminder_days_before=1)
    await case.formalize(received_at=received)
    status = await case.quiet()
    assert status.notice is not None
    last_safe = last_safe_port_day(status.notice, CancellationPolicy(), ())
    # Not on the very minute: the clock must not jump while the reminder's timer rings.
    await case.forward_to(at_opening(last_safe) - DAY - HOUR)
    house.mailer.goes_down()
    await case.forward_to(at_opening(last_safe) + 15 * HOUR + late)  # after midnight
    assert "reminded" in await case.kinds()
    house.mailer.recovers()
    await case.forward(HOUR)
    (omitted,) = await case.trailed("letter_omitted")
    assert "portabilidade" in omitted.detail
    await case.pass_notice()
    assert (await case.result()).outcome == "closed"
    assert case.letters("remind_portability") == []
    assert len(case.letters("closed")) == 1
    await everything_is_told(case)
    await house.replays()


async def test_a_closing_waits_for_billing_alone_where_billing_alone_is_down_X17_P15_P17(
    house: House,
) -> None:
    case = await house.open()
    await case.to_notice()
    house.billing.goes_down()
    await case.pass_notice()
    await until(lambda: house.telephony.count("release"))
    await until(lambda: house.recordings.count("purge"))
    inventory = await house.telephony.adapter.inventory(case.customer_id)
    assert not inventory.resources
    assert case.letters("closed") == []  # not before billing was read back
    await case.forward(2 * HOUR)
    assert (await case.until(lambda status: status.attention)).attention == ("close_billing",)
    house.billing.recovers()
    await case.forward(HOUR)
    assert (await case.result()).outcome == "closed"
    await everything_is_told(case)
    await house.replays()


async def test_what_is_undone_comes_after_what_was_under_way_when_the_customer_stays_X3_X17(
    house: House,
) -> None:
    billing_goes_on = house.billing.pauses("plan_end")
    case = await house.open()
    await case.quiet()
    await case.decline()
    await case.quiet()
    await case.formalize()
    await case.quiet_but("plan_billing_end")
    await case.check("withdrawal", reason="Fica", actor="ana")
    await case.quiet_but("plan_billing_end")
    billing_goes_on.set()
    assert (await case.result()).outcome == "withdrawn"
    assert [name for name, _ in house.billing.done] == ["plan_end", "lift_end"]
    assert not any(plan.in_force for plan in house.billing.adapter._plans.values())
    kinds = await case.kinds()
    assert kinds.index("billing_end_planned") < kinds.index("billing_end_lifted")
    await everything_is_told(case)
    await house.replays()


# -------------------------------------------------------------------- the CRM down at the opening


async def test_a_crm_that_is_down_at_the_opening_gets_everything_in_order_P2_X7(house: House) -> None:
    house.crm.goes_down()
    case = await house.open()
    await until(lambda: case.letters("request_to_commercial"))
    await case.check("retention_offer", offer_id="o1", kind="training", description="x", status="made")
    await case.forward(3 * HOUR)
    status = await case.until(lambda status: status.attention)
    assert status.attention == ("open_case",)
    assert house.crm.attempts["record"] == 0  # nothing of a case that the CRM does not know

    house.crm.recovers()
    await case.forward(15 * MINUTE)
    await until(lambda: house.crm.count("record"))
    opened = next(entry for entry in await case.trail() if entry.kind == "attention_cleared")
    assert await case.now() - opened.at < 15 * MINUTE
    assert house.crm.attempts["record"] == house.crm.count("record")  # none was refused, none failed
    status = await case.quiet()
    assert (status.attention, status.pending) == ((), ())
    kinds = await case.kinds()
    assert kinds.count("attention_raised") == kinds.count("attention_cleared") == 1
    assert "step_refused" not in kinds
    held = await case.crm_trail()
    assert "offer_made" in [entry.kind for entry in held]
    assert list(held) == (await case.trail())[: len(held)]
    assert await case.crm_status() == "Em retenção"
    await house.replays()


async def test_commercials_mailbox_refuses_before_the_crm_knows_the_case_P2_X7(house: House) -> None:
    house.mailer.adapter.refuse("comercial@nuvemjti.com.br")
    house.crm.goes_down()
    case = await house.open()
    await case.trailed("letter_undelivered")
    await case.quiet_but("open_case")
    assert house.crm.attempts["record"] == 0
    house.crm.recovers()
    await case.forward(15 * MINUTE)
    status = await case.quiet()
    assert (status.attention, status.pending) == ((), ())
    assert set(await case.tasks(open_only=True)) == {
        "commercial",
        "undelivered:request_to_commercial:commercial:",
    }
    assert "attention_raised" not in await case.kinds()
    await house.replays()


async def test_a_case_that_ends_before_the_crm_ever_answered_is_recorded_whole_P2_P20(house: House) -> None:
    house.crm.goes_down()
    case = await house.open(new_customer())
    await until(lambda: house.crm.attempts["open_case"])
    await case.check("retention_outcome", outcome="retained", reason={"category": "price", "text": "x"})
    await case.forward(3 * HOUR)
    house.crm.recovers()
    await case.forward(15 * MINUTE)
    assert (await case.result()).outcome == "retained"
    assert house.crm.count("open_case") == 1
    (held,) = await house.crm.adapter.list_cases(customer_id=case.customer_id)
    assert held.outcome == "retained"
    assert await case.crm_status() == "Ativo"
    await everything_is_told(case)
    await house.replays()


# -------------------------------------------------------------------- the recordings' store


@pytest.mark.rest
async def test_a_store_that_is_down_delays_the_link_alone_X17_P10(house: House) -> None:
    house.recordings.goes_down()
    case = await house.open()
    await case.check("recordings_request", actor="ana")
    await case.quiet()
    await case.decline()
    await case.formalize()
    await case.quiet_but("export_recordings")
    await case.forward(DAY)
    status = await case.until(lambda status: status.attention)
    assert status.attention == ("export_recordings",)
    for kind in ("notice_started", "final_billing", "shutdown_plan"):
        assert len(case.letters(kind)) == 1, kind
    assert house.billing.count("plan_end") == 1
    assert await case.crm_status() == "Cancelamento em andamento"
    house.recordings.recovers()
    await case.forward(HOUR)
    await until(lambda: case.said(RecordingsReady))
    assert (await case.quiet()).attention == ()
    await house.replays()
