"""The Web UI's cancel button in every stage: undone before the point of no return, ignored after it."""

from datetime import timedelta

import pytest

from cancellation.messages.letter_contents import RecordingsReady
from tests.durable.customers import own_numbers
from tests.durable.house import CaseDriver, House, until
from tests.durable.test_outcomes import everything_is_told, is_untouched


async def ended_and_undone(case: CaseDriver) -> None:
    """CRM status back, billing stop lifted, tasks closed, Commercial told and asked why, service untouched."""
    result = await case.result()
    assert result.outcome == "discarded"
    assert await case.crm_status() == "Ativo"
    assert set(await case.tasks(open_only=True)) == {"reason_of_stop"}
    assert len(case.letters("discarded_to_commercial")) == 1
    state = await case.house.crm.adapter.formalization(result.case_id)
    assert state is None or not state.in_force
    await is_untouched(case)
    await everything_is_told(case)


async def test_stopped_in_its_first_moment(house: House) -> None:
    house.crm.goes_down()
    case = await house.open()
    await case.handle.cancel()
    await until(lambda: house.crm.attempts["open_case"])
    house.crm.recovers()
    await ended_and_undone(case)


@pytest.mark.parametrize("stage", ["retention", "awaiting_formalization", "notice"])
async def test_stopped_in_a_stage_before_closing_ends_discarded(house: House, stage: str) -> None:
    case = await house.open()
    await case.quiet()
    if stage != "retention":
        await case.decline()
    if stage == "notice":
        await case.formalize()
        await case.check("recordings_request", actor="ana")
        await case.trailed("recordings_ready")
    assert (await case.quiet()).stage.value == stage
    await case.handle.cancel()
    await ended_and_undone(case)
    told = {one.kind.value for one in case.letters() if one.team}
    assert ("discarded_to_team" in told) == (stage == "notice")
    assert len(case.letters("discarded")) == 1  # whoever holds a protocol or a date (X18)
    if stage == "notice":
        archive = case.said(RecordingsReady)[0].archive
        assert archive is not None
        assert (await house.recordings.adapter.ledger.link(archive.link_id)).revoked_at is not None


async def test_stopped_in_closing_before_the_point_of_no_return_ends_at_once(house: House) -> None:
    """Closing begins when telephony has told what there is; here it never did."""
    house.telephony.goes_down()
    case = await house.open()
    await case.quiet_but("read_inventory")
    await case.decline()
    await case.formalize(received_at=await case.now() - timedelta(days=40))
    await until(lambda: house.billing.count("plan_end"))
    await case.stage("closing")
    await case.handle.cancel()
    result = await case.result()
    assert result.outcome == "discarded"
    house.telephony.recovers()
    await ended_and_undone(case)
    assert (await case.status()).attention == ()


@pytest.mark.rest
async def test_closing_waits_until_telephony_has_told_what_there_is_P9_P15_X7(house: House) -> None:
    house.telephony.goes_down("inventory")
    case = await house.open()
    await case.quiet_but("read_inventory")
    await case.decline()
    await case.formalize(received_at=await case.now() - timedelta(days=40))
    await until(lambda: house.billing.count("plan_end"))
    await case.forward(timedelta(hours=2))
    status = await case.stage("closing")
    assert status.attention == ("read_inventory",)
    assert house.telephony.count("deactivate") == 0
    house.telephony.recovers()
    await case.forward(timedelta(minutes=30))
    assert (await case.result()).outcome == "closed"
    assert len(case.letters("shutdown_plan")) == 1


@pytest.mark.some(1)
@pytest.mark.parametrize("stuck", ["deactivate", "release"])
async def test_stopped_after_the_point_of_no_return_goes_forward(house: House, stuck: str) -> None:
    case = await house.open()
    await case.to_notice()
    house.telephony.goes_down(stuck)
    await case.pass_notice()
    await until(lambda: house.telephony.attempts[stuck])
    await case.handle.cancel()
    await case.trailed("stop_refused")
    house.telephony.recovers()
    result = await case.result()
    assert result.outcome == "closed"
    assert house.telephony.count("release") == 1


async def test_stopped_while_a_number_is_held_goes_forward_X6(house: House) -> None:
    case = await house.open()
    await case.to_notice()
    await case.check("portability", number=own_numbers(case.seed)[0], status="requested")
    await case.pass_notice()
    await case.quiet()
    await case.handle.cancel()
    await case.trailed("stop_refused")
    await case.forward(timedelta(days=16))
    assert (await case.result()).outcome == "closed"


async def test_stopped_while_it_finishes_changes_nothing(house: House) -> None:
    case = await house.open()
    await case.quiet()
    house.crm.goes_down("record")
    await case.check("retention_outcome", outcome="retained", reason={"category": "price", "text": "x"})
    await case.stage("retained")
    await case.handle.cancel()
    await case.trailed("stop_refused")
    house.crm.recovers()
    assert (await case.result()).outcome == "retained"


@pytest.mark.parametrize("ending", ["retained", "discarded", "stopped"])
async def test_an_end_does_not_wait_for_a_system_it_does_not_need(house: House, ending: str) -> None:
    house.telephony.goes_down()
    house.recordings.goes_down()
    case = await house.open()
    await until(lambda: house.telephony.attempts["inventory"])
    if ending == "retained":
        await case.check("retention_outcome", outcome="retained", reason={"category": "price", "text": "x"})
    elif ending == "discarded":
        await case.check("discard", reason="Engano")
    else:
        await case.handle.cancel()
    result = await case.result()
    assert result.outcome == ("retained" if ending == "retained" else "discarded")
