"""The same customer once more: after an end, and after an execution that was terminated (X20, P19, P12, X11)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cancellation.domain.values import Replaced, Team
from cancellation.messages.letter_contents import RecordingsReady, RequestReceived
from tests.durable.customers import EXTENSIONS, LICENCES, TRUNKS, new_customer, own_numbers
from tests.durable.house import CaseDriver, House, until

DAY = timedelta(days=1)
STAYS = {"outcome": "retained", "reason": {"category": "price", "text": "Fica"}}


async def again(case: CaseDriver, **request: Any) -> CaseDriver:
    """The customer asks once more, by telephone."""
    request = {"channel": "phone", "text": "Quero cancelar de novo", "message_id": "w2"} | request
    return await case.house.open(case.seed, known=False, **request)


async def cases_of(case: CaseDriver) -> Any:
    """The customer's cases as the CRM holds them, the latest first."""
    return await case.house.crm.adapter.list_cases(customer_id=case.customer_id)


async def charges_in(case: CaseDriver, days: int) -> int:
    """How many charges billing makes in the month of that day."""
    later = datetime.now(UTC) + days * DAY
    found: int = await case.house.billing.adapter.charge_month(later.year, later.month)
    return found


async def told_whole(case: CaseDriver) -> None:
    """P20: the CRM holds the whole trail, unbroken."""
    result = await case.result()
    held = await case.house.crm.adapter.trail(result.case_id)
    assert [entry.seq for entry in held] == list(range(1, result.trail_entries + 1))
    assert (await case.house.crm.adapter.verify_trail(result.case_id)).intact


# -------------------------------------------------------------------- mail of an earlier case


@pytest.mark.some(2)
@pytest.mark.parametrize("ending", ["withdrawn", "stopped", "terminated"])
@pytest.mark.parametrize("vouched", [None, "Ana"])
async def test_a_copy_of_an_earlier_cases_mail_never_counts_in_a_later_one_X20_P19(
    any_house: House, ending: str, vouched: str | None
) -> None:
    house = any_house
    first = await house.open()
    received = await first.now() - 12 * DAY
    await first.to_notice(received_at=received)
    if ending == "withdrawn":
        await first.check("withdrawal", reason="Fica", actor="ana")
        await first.result()
    elif ending == "stopped":
        await first.handle.cancel()
        await first.result()
    else:
        await first.handle.terminate("wrong button")

    second = await again(first)
    await second.quiet()
    copy = {"received_at": received, "confirmed_by": vouched}
    await second.formalize(message_id="<copia@cliente>", recipients=["comercial@nuvemjti.com.br"], **copy)
    await second.formalize(**copy)
    await second.decline()
    await second.formalize(message_id="<outra@cliente>", **copy)
    status = await second.quiet()
    assert (status.stage.value, status.notice, status.formalization) == ("awaiting_formalization", None, None)
    assert "explicit_request" in status.missing
    assert (await second.kinds()).count("mail_of_earlier_case") == 3
    assert house.telephony.attempts["deactivate"] == 0
    assert second.letters("formalized_early") == []

    await second.formalize(message_id="<de-novo@cliente>")
    status = await second.quiet()
    assert status.notice is not None
    assert status.notice.starts_at > received + 11 * DAY
    await house.replays()


# -------------------------------------------------------------------- the status of before


async def test_a_customer_with_nothing_left_is_a_task_and_no_case_X20_P12(any_house: House) -> None:
    house = any_house
    first = await house.open()
    await first.quiet()
    await first.decline()
    await first.formalize(received_at=await first.now() - 40 * DAY)
    assert (await first.result()).outcome == "closed"
    assert await first.crm_status() == "Cancelado"

    second = await again(first, contact={"name": "Rita", "phone": "+5511999990000"})
    result = await second.result()
    assert result.outcome == "discarded"
    assert await second.crm_status() == "Cancelado"
    tasks = await second.tasks(open_only=True)
    assert set(tasks) == {
        "nothing_to_close",
        "refund",
    }  # Finance owes what the first case had paid beyond its end
    assert tasks["nothing_to_close"].order.team is Team.COMMERCIAL
    assert "Quero cancelar de novo" in tasks["nothing_to_close"].order.text
    assert [one.kind.value for one in second.letters()][-2:] == ["request_to_commercial", "nothing_to_close"]
    await told_whole(second)
    await house.replays()


@pytest.mark.some(2)
@pytest.mark.parametrize("ending", ["retained", "withdrawn", "lapsed", "discarded", "stopped"])
async def test_an_end_without_closing_gives_the_status_of_before_back_X20_P12(
    any_house: House, ending: str
) -> None:
    house = any_house
    seed = new_customer()
    suspended = seed.customer.model_copy(update={"status": "Suspenso"})
    case = await house.open(seed.model_copy(update={"customer": suspended}))
    await case.quiet()
    assert await case.crm_status() == "Em retenção"
    match ending:
        case "retained":
            await case.check("retention_outcome", **STAYS)
        case "withdrawn":
            await case.to_notice()
            await case.check("withdrawal", reason="Fica", actor="ana")
        case "lapsed":
            await case.decline()
            await case.forward(33 * DAY)
        case "discarded":
            await case.check("discard", reason="Engano")
        case _:
            await case.handle.cancel()
    await case.result()
    assert await case.crm_status() == "Suspenso"
    assert (await case.status()).crm_status == "Suspenso"
    await told_whole(case)
    await house.replays()


# -------------------------------------------------------------------- terminated in the notice


@pytest.mark.some(1)
@pytest.mark.parametrize("ending", ["retained", "discarded", "closed"])
async def test_what_an_execution_terminated_in_its_notice_left_is_undone_X20_X11(
    any_house: House, ending: str
) -> None:
    house = any_house
    forsaken = await house.open()
    await forsaken.check("recordings_request", actor="ana")
    await forsaken.to_notice()
    await forsaken.trailed("recordings_ready")
    before = await forsaken.quiet()
    archive = forsaken.said(RecordingsReady)[0].archive
    await forsaken.handle.terminate("wrong button")

    successor = await again(forsaken)
    status = await successor.quiet()
    assert (status.stage.value, status.pending) == ("retention", ())
    (taken,) = await successor.trailed("took_over")
    assert before.protocol in taken.detail
    link = await house.recordings.adapter.ledger.link(archive.link_id)
    assert link.revoked_at is not None
    state = await house.crm.adapter.formalization(before.case_id)
    assert not state.in_force
    assert await charges_in(successor, 200) == 1
    assert set(await successor.tasks(open_only=True)) == {"commercial"}
    assert before.notice is not None
    (received,) = [one for one in successor.said(RequestReceived) if one.replaces]
    assert received.replaces == Replaced(protocol=before.protocol, last_day=before.notice.last_day)
    told = {one.team for one in successor.letters("discarded_to_team")}
    assert told == {Team.FINANCE, Team.SUPPORT}  # who had been told of a last day (X18)

    if ending == "retained":
        await successor.check("retention_outcome", **STAYS)
    elif ending == "discarded":
        await successor.check("discard", reason="Engano")
    else:
        await successor.decline()
        # Received after the earlier case ended, handled when its notice is over.
        await successor.formalize(message_id="<de-novo@cliente>")
        await successor.pass_notice()
    assert (await successor.result()).outcome == ending
    assert await successor.crm_status() == ("Cancelado" if ending == "closed" else "Ativo")
    assert [one.outcome for one in await cases_of(successor)] == [ending, "discarded"]
    assert await successor.tasks(open_only=True) == {}
    await told_whole(successor)
    await house.replays()


# -------------------------------------------------------------------- terminated while closing

CUT_SHORT = [
    ("telephony", "release"),
    ("billing", "close"),
    ("billing", "read_back"),
    ("recordings", "purge"),
    ("mailer", "send"),
]
"""What was down when the execution was terminated: everything before it had been done."""


@pytest.mark.some(2)
@pytest.mark.parametrize(("system", "method"), CUT_SHORT)
async def test_a_closing_that_was_cut_short_is_finished_by_the_successor_X20_P2(
    any_house: House, system: str, method: str
) -> None:
    house = any_house
    forsaken = await house.open()
    await forsaken.quiet()
    await forsaken.decline()
    await forsaken.quiet()
    house.broken[system].goes_down(method)
    await forsaken.formalize(received_at=await forsaken.now() - 40 * DAY)
    await until(lambda: house.broken[system].attempts[method] > 1)
    await until(lambda: house.telephony.count("deactivate"))
    before = await forsaken.status()
    # Where only letters are missing, everything else may be done by now.
    assert before.stage.value in (("closing", "closed") if system == "mailer" else ("closing",))
    await forsaken.handle.terminate("wrong button")
    house.broken[system].recovers()

    successor = await again(forsaken)
    result = await successor.result()
    assert (result.outcome, result.protocol, result.case_id) == ("closed", before.protocol, before.case_id)
    assert result.released.model_dump() == {
        "extensions": EXTENSIONS,
        "trunks": TRUNKS,
        "licences": LICENCES,
        "numbers": len(forsaken.seed.numbers),
    }
    inventory = await house.telephony.adapter.inventory(forsaken.customer_id)
    assert not inventory.resources
    assert not inventory.numbers
    assert await charges_in(successor, 200) == 0
    assert await successor.crm_status() == "Cancelado"
    (held,) = await cases_of(successor)
    assert held.outcome == "closed"
    tasks = await successor.tasks()
    (request,) = [task for key, task in tasks.items() if key.startswith("commercial:")]
    assert "Quero cancelar de novo" in request.order.text
    assert len({one.key for one in successor.letters("closed")}) == 1
    assert "took_over" in [entry.kind for entry in await house.crm.adapter.trail(result.case_id)]
    await told_whole(successor)
    await house.replays()


async def test_cut_short_before_anything_was_destroyed_the_customer_is_asked_anew_X20_P19(
    any_house: House,
) -> None:
    house = any_house
    forsaken = await house.open()
    await forsaken.quiet()
    await forsaken.decline()
    house.telephony.goes_down("deactivate")
    house.billing.goes_down("close")
    house.recordings.goes_down("purge")
    await forsaken.formalize(received_at=await forsaken.now() - 40 * DAY)
    await until(lambda: house.telephony.attempts["deactivate"])
    before = await forsaken.status()
    await forsaken.handle.terminate("wrong button")
    for system in (house.telephony, house.billing, house.recordings):
        system.recovers()

    successor = await again(forsaken)
    status = await successor.quiet()
    assert (status.stage.value, status.pending) == ("retention", ())
    assert status.case_id != before.case_id
    assert status.protocol != before.protocol
    assert "commercial" in await successor.tasks(open_only=True)
    state = await house.crm.adapter.formalization(before.case_id)
    assert not state.in_force
    inventory = await house.telephony.adapter.inventory(forsaken.customer_id)
    assert {number.active for number in inventory.numbers} == {True}
    assert await charges_in(successor, 200) == 1
    assert await successor.crm_status() == "Em retenção"
    await successor.check("retention_outcome", **STAYS)
    assert (await successor.result()).outcome == "retained"
    assert [one.outcome for one in await cases_of(successor)] == ["retained", "discarded"]
    assert house.telephony.count("deactivate") == house.billing.count("close") == 0
    await told_whole(successor)
    await house.replays()


async def test_a_number_in_flight_is_still_held_by_the_successor_X20_X6(any_house: House) -> None:
    house = any_house
    forsaken = await house.open()
    await forsaken.quiet()
    number = own_numbers(forsaken.seed)[0]
    await forsaken.check("portability", number=number, status="requested", actor="ana")
    await forsaken.quiet()
    house.billing.goes_down("close")
    await forsaken.decline()
    # The successor has a clock of its own, which must be past the end of the notice as well.
    await forsaken.formalize(received_at=await forsaken.now() - 40 * DAY)
    await until(lambda: house.telephony.count("release"))
    await forsaken.handle.terminate("wrong button")
    house.billing.recovers()

    successor = await again(forsaken)
    status = await successor.until(lambda status: status.stage.value == "closing" and not status.pending)
    assert [one.number for one in status.numbers if one.held_until] == [number]
    inventory = await house.telephony.adapter.inventory(forsaken.customer_id)
    assert [one.number for one in inventory.numbers] == [number]
    await successor.check("portability", number=number, status="completed", actor="ana")
    result = await successor.result()
    assert [held.ended for held in result.held_numbers] == ["completed"]
    await told_whole(successor)
    await house.replays()
