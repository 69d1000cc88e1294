"""Recordings: delivered through a link, dead with the notice, removed as the policy says (P10)."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from cancellation.adapters.memory.recordings import MemoryRecordings
from cancellation.adapters.objectstore.opening import open_store
from cancellation.messages.letter_contents import RecordingsReady
from tests.durable.customers import address_of
from tests.durable.house import CaseDriver, House, until

DAY = timedelta(days=1)


async def test_recordings_are_delivered_with_a_link_that_dies_with_the_notice_P10(house: House) -> None:
    case = await house.open()
    status = await case.to_notice()
    assert status.notice is not None
    await case.check("recordings_request", deliver_to=address_of(case.customer_id), actor="ana")
    await case.trailed("recordings_ready")
    status = await case.quiet()
    assert status.recordings is not None
    assert status.notice is not None
    assert (status.recordings.files, status.recordings.delivered) == (3, True)
    assert status.recordings.expires_at == status.notice.ends_at
    ready = case.letters("recordings_ready")
    assert [letter.to for letter in ready] == [(address_of(case.customer_id),)]
    archive = case.said(RecordingsReady)[0].archive
    assert archive is not None
    ledger = house.recordings.adapter.ledger
    assert (await ledger.link(archive.link_id)).revoked_at is None
    await case.pass_notice()
    await case.result()
    assert len(case.letters("remind_link")) == 1
    assert (await ledger.link(archive.link_id)).revoked_at is not None
    assert await house.recordings.adapter.store.list().collect_async() == []
    removed = await ledger.removed(status.case_id)
    assert (removed.recordings, removed.archives) == (3, 1)


async def test_recordings_asked_for_early_come_when_the_notice_starts_P10(house: House) -> None:
    case = await house.open()
    await case.quiet()
    await case.check("recordings_request", actor="ana")
    await case.quiet()
    assert house.recordings.attempts["export"] == 0
    await case.to_notice()
    await case.trailed("recordings_ready")


async def test_nothing_in_the_period_is_told_P10(house: House) -> None:
    case = await house.open()
    await case.to_notice()
    await case.check("recordings_request", from_date="2001-01-01", to_date="2001-12-31", actor="ana")
    await case.trailed("no_recordings")
    await until(lambda: case.letters("no_recordings"))


async def test_a_second_request_replaces_the_first_P10(house: House) -> None:
    case = await house.open()
    await case.to_notice()
    await case.check("recordings_request", actor="ana", message_id="r1")
    await case.trailed("recordings_ready")
    yesterday = date.today() - DAY  # noqa: DTZ011
    await case.check("recordings_request", actor="ana", message_id="r2", from_date=str(yesterday))
    await case.trailed("no_recordings")
    assert house.recordings.count("export") == 2


async def test_a_policy_that_keeps_recordings_only_kills_the_links_P10(house: House) -> None:
    case = await house.open(policy={"purge_recordings": False})
    await case.check("recordings_request", actor="ana")
    await case.to_notice()
    await case.trailed("recordings_ready")
    await case.pass_notice()
    assert (await case.result()).outcome == "closed"
    assert len(await house.recordings.adapter.store.list("recordings").collect_async()) == 3
    assert house.recordings.count("purge") == 0
    assert house.recordings.count("revoke_links") == 1


@pytest.mark.rest
async def test_a_store_that_is_down_at_the_end_delays_nothing_and_leaves_no_alarm_P10_X7(
    house: House,
) -> None:
    case = await house.open()
    status = await case.to_notice()
    assert status.notice is not None
    await case.forward_to(status.notice.ends_at - timedelta(hours=3))
    house.recordings.goes_down("export")
    await case.check("recordings_request", actor="ana")
    await case.forward(timedelta(hours=2))
    assert (await case.status()).attention == ("export_recordings",)
    await case.forward(timedelta(hours=2))
    result = await case.result()
    assert result.outcome == "closed"
    assert (await case.status()).attention == ()
    assert await case.tasks(open_only=True) == {}


async def test_one_bad_object_delays_nothing_and_stays_as_a_task_P10_P18(
    house: House, tmp_path: Path
) -> None:
    house.recordings.adapter = MemoryRecordings(
        house.crm.adapter.formalization, store=open_store(tmp_path.as_uri())
    )
    case = await house.open()
    (next(tmp_path.glob("recordings/*/*")) / "4\x07.wav").write_bytes(b"RIFF")
    await case.to_notice()
    await case.check("recordings_request", actor="ana")
    await until(lambda: case.letters("recordings_ready"))
    archive = case.said(RecordingsReady)[0].archive
    assert (archive.files, archive.left_out_count) == (3, 1)
    await case.trailed("recordings_left_out")
    await until(lambda: _is_open(case, "not_delivered"))
    await case.pass_notice()
    result = await case.result()
    assert result.outcome == "closed"
    assert len(case.letters("closed")) == 1
    assert (await case.status()).attention == ()
    told = [entry.detail for entry in await case.trail() if entry.kind == "recordings_left_out"]
    assert [r"\x07.wav" in detail for detail in told] == [True, True]
    assert set(await case.tasks(open_only=True)) == {"not_removed"}


async def _is_open(case: CaseDriver, task: str) -> bool:
    return task in await case.tasks(open_only=True)


async def test_recordings_never_go_to_a_stranger_P10_X9(house: House) -> None:
    house.crm.goes_down()
    case = await house.open()
    await until(lambda: house.crm.attempts["open_case"])
    await case.check("recordings_request", deliver_to="intruso@mal.com", actor="bot")
    house.crm.recovers()
    await case.stage("retention")
    await case.quiet()
    await case.to_notice()
    await case.trailed("recordings_ready")
    await case.quiet()
    assert [one.to for one in case.letters("recordings_ready")] == [(address_of(case.customer_id),)]
