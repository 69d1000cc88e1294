"""Numbers and their portability, to the end of the notice and beyond (P9, P17, X4, X6)."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError

from cancellation.domain.values import PortStatus
from cancellation.messages.letter_contents import Closed
from tests.durable.customers import EXTENSIONS, own_numbers
from tests.durable.house import CaseDriver, House, until

DAY = timedelta(days=1)


async def in_notice_with_port(house: House) -> tuple[CaseDriver, str, str]:
    """A case in its notice, with the port of the first number under way."""
    case = await house.open()
    await case.to_notice()
    first, second = own_numbers(case.seed)
    await case.check("portability", number=first, status="requested", operator="Vivo", actor="ana")
    return case, first, second


async def test_a_number_in_flight_is_held_with_what_it_needs_until_it_is_ported_X6(house: House) -> None:
    case, first, second = await in_notice_with_port(house)
    await case.pass_notice()
    status = await case.quiet()
    assert status.stage.value == "closing"
    inventory = await house.telephony.adapter.inventory(case.customer_id)
    assert [(n.number, n.active) for n in inventory.numbers] == [(first, True)]
    assert [(r.kind.value, r.active) for r in inventory.resources] == [("trunk", True)]
    closed = case.said(Closed)
    assert len(closed) == 1
    assert [held.number for held in closed[0].held] == [first]
    assert house.billing.count("close") == 1

    await case.forward(3 * DAY)
    await case.check("portability", number=first, status="completed", actor="ana")
    result = await case.result()
    assert [(h.number, h.ended) for h in result.held_numbers] == [(first, "completed")]
    assert result.released.numbers == len(case.seed.numbers) - 1
    assert result.released.trunks == 1
    ports = [port for name, port in house.telephony.done if name == "record_port"]
    assert [port.status for port in ports] == [PortStatus.REQUESTED, PortStatus.COMPLETED]
    inventory = await house.telephony.adapter.inventory(case.customer_id)
    assert not inventory.resources
    assert not inventory.numbers
    assert len(case.letters("hold_ended")) == 1
    assert len(case.letters("closed")) == 1
    assert second not in str(result.held_numbers)


async def test_a_hold_ends_with_the_policys_grace_and_the_number_is_released_X6(house: House) -> None:
    case, first, _ = await in_notice_with_port(house)
    await case.pass_notice()
    status = await case.quiet()
    assert status.notice is not None
    until_instant = next(due.at for due in status.due if due.what == "hold_end")
    assert until_instant == status.notice.ends_at + 15 * DAY
    await case.forward_to(until_instant - timedelta(seconds=5))
    assert (await case.quiet()).stage.value == "closing"
    await case.forward(timedelta(seconds=10))
    result = await case.result()
    assert [(h.number, h.ended) for h in result.held_numbers] == [(first, "expired")]
    assert result.released.numbers == len(case.seed.numbers)
    assert "hold_expired" in await case.kinds()


@pytest.mark.rest
async def test_a_port_that_completes_while_closing_is_stuck_leaves_nothing_unreleased_P17_X6(
    house: House,
) -> None:
    case, first, _ = await in_notice_with_port(house)
    house.billing.goes_down("close")
    await case.pass_notice()
    await until(lambda: house.billing.attempts["close"])
    await case.check("portability", number=first, status="completed", actor="ana")
    house.billing.recovers()
    result = await case.result()
    assert result.released.trunks == 1
    assert result.released.extensions == EXTENSIONS
    inventory = await house.telephony.adapter.inventory(case.customer_id)
    assert not inventory.resources
    assert not inventory.numbers
    ports = [port.status for name, port in house.telephony.done if name == "record_port"]
    assert ports[-1] is PortStatus.COMPLETED


async def test_a_number_ported_in_the_last_moment_is_told_before_the_release_P9_X6(house: House) -> None:
    case, first, _ = await in_notice_with_port(house)
    notice = (await case.status()).notice
    assert notice is not None
    await case.forward_to(notice.ends_at - timedelta(minutes=10))
    house.telephony.goes_down()
    await case.check("portability", number=first, status="completed", actor="ana")
    await case.pass_notice()
    await case.stage("closing")
    house.telephony.recovers()
    await case.forward(timedelta(minutes=10))
    result = await case.result()
    order = [name for name, _ in house.telephony.done]
    assert order.index("deactivate") > len(order) - 1 - order[::-1].index("record_port")
    assert result.released.numbers == len(case.seed.numbers) - 1
    assert result.held_numbers == ()


async def test_two_numbers_held_end_one_after_the_other_X6(house: House) -> None:
    case, first, second = await in_notice_with_port(house)
    await case.check("portability", number=second, status="requested", actor="ana")
    await case.pass_notice()
    await case.quiet()
    await case.check("portability", number=second, status="rejected", actor="ana")
    await case.quiet()
    inventory = await house.telephony.adapter.inventory(case.customer_id)
    assert [n.number for n in inventory.numbers] == [first]
    await case.check("portability", number=first, status="completed", actor="ana")
    result = await case.result()
    assert {h.number: h.ended for h in result.held_numbers} == {first: "completed", second: "expired"}
    assert len(case.letters("hold_ended")) == 2


async def test_the_port_of_a_number_of_somebody_else_is_refused_P9(house: House) -> None:
    case = await house.open()
    await case.to_notice()
    with pytest.raises(WorkflowUpdateFailedError):
        await case.check("portability", number="+551133334444", status="requested")
    assert (await case.status()).numbers[0].port is None


async def test_a_strange_number_reported_before_telephony_answered_is_never_held_P9_X6(house: House) -> None:
    house.telephony.goes_down("inventory")
    case = await house.open()
    await case.trailed("letter_sent")
    await case.check("portability", number="+551133334444", status="requested")
    house.telephony.recovers()
    await case.forward(timedelta(minutes=5))
    await case.trailed("step_refused")
    await case.to_notice()
    await case.pass_notice()
    result = await case.result()
    assert result.held_numbers == ()


async def test_a_port_recorded_while_telephony_is_down_holds_up_nothing_else_P6_X7(house: House) -> None:
    case = await house.open()
    await case.quiet()
    house.telephony.goes_down()
    await case.check("portability", number=own_numbers(case.seed)[0], status="requested")
    await until(lambda: house.telephony.attempts["record_port"])
    await case.decline()
    await until(lambda: case.letters("script"))
    await case.forward(timedelta(minutes=70))
    assert (await case.status()).attention == ("record_port",)
    house.telephony.recovers()
    await case.forward(timedelta(minutes=10))
    status = await case.until(lambda status: not status.attention)
    assert status.numbers[0].port is PortStatus.REQUESTED
    assert house.telephony.count("record_port") == 1


async def test_customer_owned_numbers_stay_active_for_the_whole_notice_P9(house: House) -> None:
    case = await house.open()
    status = await case.to_notice()
    assert status.notice is not None
    for days in (1, 15, 29):
        await case.forward_to(status.notice.starts_at + days * DAY)
        inventory = await house.telephony.adapter.inventory(case.customer_id)
        assert {n.number for n in inventory.numbers if n.active} == {n.number for n in case.seed.numbers}
