"""Attention belongs to the piece of work that fails, stays while it fails, and ends with it (X7, X17)."""

import asyncio
from datetime import datetime, timedelta

import pytest

from cancellation.messages.letters import Delivery, Letter
from tests.durable.customers import address_of, new_customer
from tests.durable.house import CaseDriver, House, until
from tests.durable.test_opening import open_or_join
from tests.durable.test_outcomes import everything_is_told

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MAIL = "send_letters"


async def whose_mailbox_puts_off(house: House) -> CaseDriver:
    """A case of a customer whose mail server answers 451 for ever; letters are given up after a day."""
    seed = new_customer()
    house.mailer.adapter.delay(address_of(seed.customer.customer_id))
    case = await house.open(seed, policy={"letter_gives_up_days": 1})
    await case.quiet_but(MAIL)
    return case


# -------------------------------------------------------------------- one address that puts mail off


async def test_attention_to_one_address_outlives_letters_that_arrive_elsewhere_X17(house: House) -> None:
    case = await whose_mailbox_puts_off(house)
    await case.forward(2 * HOUR)
    failing = await case.until(lambda status: status.attention)
    assert failing.attention == (MAIL,)
    await case.formalize()  # Commercial hears at once of a formalization that comes early
    await until(lambda: case.letters("formalized_early_to_commercial"))
    await case.forward(3 * HOUR)

    status = await case.quiet_but(MAIL)
    assert status.attention == (MAIL,)
    assert await case.attributes_of_attention() == [MAIL]
    assert "attention_cleared" not in await case.kinds()
    first, second = status.pending
    assert (first.attention, second.attention) == (True, False)
    assert first.failing_since == failing.pending[0].failing_since
    assert "attention:send_letters:customer" in await case.tasks(open_only=True)
    await house.replays()


@pytest.mark.rest
async def test_a_letter_put_off_for_the_policys_days_becomes_commercials_task_X17(house: House) -> None:
    case = await whose_mailbox_puts_off(house)
    owed_since = (await case.status()).pending[0].since
    await case.forward(DAY + HOUR)
    (lost,) = await case.trailed("letter_undelivered")
    assert_about(lost.at, owed_since + DAY)
    status = await case.quiet()
    assert status.attention == ()
    assert status.pending == ()
    tasks = await case.tasks(open_only=True)
    assert "undelivered:request_received:customer:" in tasks
    assert "attention:send_letters:customer" not in tasks
    assert len(case.letters("undelivered")) == 1

    house.mailer.adapter.recover()
    await case.decline()
    await until(lambda: case.letters("script"))  # the lane is not given up with the letter
    await house.replays()


def assert_about(instant: datetime, expected: datetime) -> None:
    assert abs(instant - expected) < HOUR


async def test_an_address_that_takes_mail_again_gets_what_waited_and_attention_ends_X17(house: House) -> None:
    case = await whose_mailbox_puts_off(house)
    await case.forward(3 * HOUR)
    await case.until(lambda status: status.attention)
    house.mailer.adapter.recover()
    await case.forward(HOUR)
    await case.trailed("attention_cleared")
    status = await case.quiet()
    assert status.attention == ()
    assert len(case.letters("request_received")) == 1
    assert "attention:send_letters:customer" not in await case.tasks(open_only=True)
    await house.replays()


# -------------------------------------------------------------------- the end


@pytest.mark.rest
async def test_a_discarded_case_does_not_run_on_for_a_letter_that_is_put_off_X17(house: House) -> None:
    case = await whose_mailbox_puts_off(house)
    await case.forward(2 * HOUR)
    await case.check("discard", reason="Engano", actor="ana")
    discarded = await case.now()
    await case.forward(2 * DAY)
    result = await case.result()
    assert result.outcome == "discarded"
    assert result.ended_at - discarded <= DAY + HOUR
    lasting = set(await case.tasks(open_only=True))
    assert lasting == {"undelivered:request_received:customer:", "undelivered:discarded:customer:"}
    await everything_is_told(case)
    await house.replays()


async def test_a_new_request_does_not_wait_for_the_old_cases_mail_X17_X1(house: House) -> None:
    case = await whose_mailbox_puts_off(house)
    await case.forward(2 * HOUR)
    before = await case.status()
    await case.check("discard", reason="Engano", actor="ana")
    asked = asyncio.create_task(open_or_join(house, case.customer_id, "de-novo"))
    answer = await asked
    assert answer.opened
    assert answer.protocol != before.protocol
    assert "undelivered:request_received:customer:" in await case.tasks(open_only=True)
    await house.replays()


async def test_a_letter_let_go_of_while_it_goes_out_is_in_the_trail_when_the_case_ends_P20_X17(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await whose_mailbox_puts_off(house)
    await case.forward(2 * HOUR)
    await case.until(lambda status: status.attention)
    await case.check("discard", reason="Engano", actor="ana")
    await until(lambda: case.letters("discarded_to_commercial"))
    case_id = await case.case_id()
    house.mailer.adapter.recover()
    send, begun, goes_out = house.mailer.adapter.send, asyncio.Event(), asyncio.Event()

    async def slow_to_the_customer(letter: Letter) -> Delivery:
        if letter.team is None:
            begun.set()
            await goes_out.wait()
        delivery: Delivery = await send(letter)
        return delivery

    monkeypatch.setattr(house.mailer.adapter, "send", slow_to_the_customer)
    moved = asyncio.create_task(case.forward(HOUR))
    await begun.wait()
    asked = asyncio.create_task(open_or_join(house, case.customer_id, "de-novo"))
    await until(lambda: len(case.letters("undelivered")) == 2)
    await case.quiet_but(MAIL)
    goes_out.set()
    assert (await asked).opened
    await moved

    def went_out() -> list[Letter]:
        return [one for name, one in house.mailer.done if name == "send" and one.case_id == case_id]

    await until(lambda: any(one.team is None for one in went_out()))
    held = [one for one in await house.crm.adapter.trail(case_id) if one.kind == "letter_sent"]
    assert len(held) == len(went_out())
    await house.replays()


# -------------------------------------------------------------------- one system of several


@pytest.mark.rest
async def test_a_system_that_recovers_takes_no_attention_from_another_one_X17(house: House) -> None:
    case = await house.open()
    await case.to_notice()
    house.telephony.goes_down()
    house.billing.goes_down()
    number = (await case.status()).numbers[0].number
    await case.check("portability", number=number, status="requested", actor="ana")
    await case.check("withdrawal", reason="Fica", actor="ana")  # billing's end has to be lifted
    await case.forward(2 * HOUR)
    status = await case.until(lambda status: len(status.attention) == 2)
    assert set(status.attention) == {"record_port", "lift_billing_end"}

    house.telephony.recovers()
    await case.forward(HOUR)
    (cleared,) = await case.trailed("attention_cleared")
    assert "portabilidade" in cleared.detail
    status = await case.quiet_but("lift_billing_end")
    assert status.attention == ("lift_billing_end",)
    open_tasks = await case.tasks(open_only=True)
    assert "attention:lift_billing_end" in open_tasks
    assert "attention:record_port" not in open_tasks

    house.billing.recovers()
    await case.forward(HOUR)
    assert (await case.result()).outcome == "withdrawn"
    assert (await case.status()).attention == ()
    await everything_is_told(case)
    await house.replays()


# -------------------------------------------------------------------- refused for good


@pytest.mark.long
async def test_sixty_days_of_refusals_stay_few_and_heal_X7(house: House) -> None:
    """Every refusal costs events, and the engine ends an execution that has too many."""
    case = await house.open()
    await case.to_notice()
    await case.forward_to(await end_of_notice(case) - MINUTE)
    before = len((await case.history()).events)
    house.telephony.refuses("deactivate")
    await case.forward(60 * DAY)
    status = await case.until(lambda status: status.attention)
    assert status.attention == ("deactivate_services",)
    assert house.telephony.attempts["deactivate"] < 80  # one a day, after the first day's
    history = await case.history()
    assert len(history.events) - before < 1_500
    (raised,) = await case.trailed("attention_raised")
    assert "recusada pelo outro sistema" in raised.detail
    task = (await case.tasks(open_only=True))["attention:deactivate_services"]
    assert task.order.team.value == "support"
    assert "out of order" in task.order.text  # the system's own words
    assert len(case.letters("attention")) == 1

    asked = house.telephony.attempts["deactivate"]
    await case.forward(3 * DAY)
    assert 2 <= house.telephony.attempts["deactivate"] - asked <= 4
    house.telephony.recovers()
    await case.forward(DAY + HOUR)
    assert (await case.result()).outcome == "closed"
    await everything_is_told(case)
    await house.replays()


async def end_of_notice(case: CaseDriver) -> datetime:
    notice = (await case.status()).notice
    assert notice is not None
    return notice.ends_at
