"""Processes killed in the middle of closing: nothing lost, nothing twice."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from signal import SIGKILL, SIGSTOP

import pytest

from cancellation.contract import TASK_TIMEOUT
from embedded import EmbeddedPostgres, EmbeddedTemporal
from tests.contract.reconciled import spoil
from tests.durable.customers import EXTENSIONS, LICENCES, TRUNKS
from tests.durable.house import CaseDriver, until
from tests.durable.premises import Premises, die, premises, pull_the_plug

Everything = tuple[Premises, EmbeddedTemporal, EmbeddedPostgres]
HOUR = timedelta(hours=1)
SETTLED = 120.0
"""Real seconds: what a killed process was doing waits out its time-outs, one after the other."""


@pytest.fixture(scope="module")
async def everything(open_folder: Path) -> AsyncIterator[Everything]:
    folder = open_folder / "kills"
    folder.mkdir(mode=0o711)
    async with premises(folder) as all_of_it:
        yield all_of_it


async def at_the_last_minute(house: Premises) -> CaseDriver:
    """A case half a minute before the end of its notice."""
    case = await house.open()
    await case.quiet()
    status = await case.to_notice()
    assert status.notice is not None
    await case.forward_to(status.notice.ends_at - timedelta(seconds=30))
    return case


async def closed_exactly_once(house: Premises, case: CaseDriver) -> None:
    result = await case.result(patience=SETTLED)
    assert result.outcome == "closed"
    assert result.released.model_dump() == {
        "extensions": EXTENSIONS,
        "trunks": TRUNKS,
        "licences": LICENCES,
        "numbers": len(case.seed.numbers),
    }
    assert await house.left(case) == {"resources": 0, "numbers": 0}
    invoices = "select count(*) from billing.invoices where case_id = $1"
    assert await house.pool.fetchval(invoices, result.case_id) == 1
    assert result.voided_charges == 2
    trail = await house.crm.adapter.trail(result.case_id)
    assert [entry.seq for entry in trail] == list(range(1, result.trail_entries + 1))
    assert (await house.crm.adapter.verify_trail(result.case_id)).intact
    assert await case.crm_status() == "Cancelado"
    mine = [mail.message for mail in house.sink.mails if result.protocol in str(mail.message["Subject"])]
    sent = [str(message["Message-ID"]) for message in mine]
    assert len(sent) == len(set(sent)) >= 8


@pytest.mark.rest
async def test_a_worker_killed_in_the_middle_of_closing_loses_nothing_and_doubles_nothing_X7(
    everything: Everything,
) -> None:
    house, _, _ = everything
    async with house.worker_process() as first:
        billing, releasing = await at_the_last_minute(house), await at_the_last_minute(house)
        async with house.halted("subscriptions", "stopped_on"):
            await billing.forward(timedelta(seconds=31))
            await house.waiting(1)
            async with house.halted("resources", "released_at"):
                await releasing.forward(timedelta(seconds=31))
                await house.waiting(2)
                await die(first)
    async with house.worker_process():
        await closed_exactly_once(house, billing)
        await closed_exactly_once(house, releasing)
    await house.replays()


@pytest.mark.drill
@pytest.mark.timeout(400)
async def test_a_worker_killed_in_the_middle_of_reconciliation_is_gone_on_for_X11(
    everything: Everything,
) -> None:
    house, _, _ = everything
    await spoil(
        house.pool,
        "insert into crm.customers (customer_id, name, status, status_at) "
        "values ('lost', 'Acme', 'Em retenção', now() - interval '1 day'); "
        "insert into reconciliation.findings (rule, subject, crm, other, first_seen, last_seen) "
        "values ('status_unexplained', 'gone', '{}', '{}', now() - interval '9 days', now() - interval '1 day')",
    )
    async with house.worker_process() as first, house.halted("findings", "resolved_at"):
        run = await house.reconcile()
        await house.waiting(1)
        await die(first)
    async with house.worker_process():
        result = await run.result()
    assert result.failed == ()
    # The statement of the one that was killed went on without it, and counts as much as the next one's.
    gone = "select resolved_at from reconciliation.findings where subject = 'gone'"
    assert await house.pool.fetchval(gone) == result.at
    held = await house.pool.fetch(
        "select subject, first_seen = last_seen as new, told_at is not null as told from reconciliation.findings "
        "where rule = 'status_unexplained' and resolved_at is null"
    )
    assert [tuple(row) for row in held] == [("lost", True, True)]
    letters = [mail for mail in house.sink.mails if "Conferência" in str(mail.message["Subject"])]
    assert len({str(mail.message["Message-ID"]) for mail in letters}) == len(letters)
    await house.replays()


async def missed_for(case: CaseDriver) -> timedelta:
    """How long the server waited for workers that were dead, each task from when it was given out."""
    events = (await case.history()).events
    return sum(
        (
            given_up.event_time.ToDatetime() - given.event_time.ToDatetime()
            for given, given_up in pairwise(events)
            if given_up.HasField("workflow_task_timed_out_event_attributes")
        ),
        timedelta(0),
    )


async def is_given_to_a_worker(case: CaseDriver) -> None:
    """Wait until a worker has the case's workflow task."""

    async def given() -> bool:
        raw = (await case.handle.describe()).raw_description
        return raw.pending_workflow_task.HasField("started_time")

    await until(given)


@pytest.mark.rest
async def test_a_worker_killed_over_a_workflow_task_is_missed_for_seconds_only_X7(
    everything: Everything,
) -> None:
    house, _, _ = everything
    async with house.worker_process() as first:
        known, known_too = await house.open(), await house.open()
        await known.quiet()
        await known_too.quiet()
        os.kill(first.pid, SIGSTOP)
        new = await house.open()
        declined = asyncio.create_task(known.decline())
        for held in (new, known):
            await is_given_to_a_worker(held)
        await die(first)
    async with house.worker():
        declined_too = asyncio.create_task(known_too.decline())  # the worker that knew the case is gone
        await asyncio.gather(declined, declined_too, new.quiet())
        assert await missed_for(new) > timedelta(0)
        for case in (new, known, known_too):
            assert await missed_for(case) < TASK_TIMEOUT + timedelta(seconds=1.5), case.customer_id
            await case.check("discard", reason="Engano", actor="ana")
            assert (await case.result()).outcome == "discarded"
    assert await house.replays() >= 3


@pytest.mark.long
async def test_a_worker_that_is_stopped_politely_hands_over_X7(everything: Everything) -> None:
    house, _, _ = everything
    async with house.worker_process() as first:
        case = await at_the_last_minute(house)
        first.terminate()
        async with asyncio.timeout(60):
            assert await first.wait() == 0
    async with house.worker_process():
        await case.forward(timedelta(seconds=31))
        await closed_exactly_once(house, case)
    await house.replays()


@pytest.mark.long
async def test_temporal_and_postgresql_killed_in_the_notice_and_in_closing_X7(everything: Everything) -> None:
    house, temporal, postgres = everything
    async with house.worker_process():
        case = await house.open()
        await case.to_notice()
        await pull_the_plug(temporal, postgres)
        await house.answers()
        status = await case.status()
        assert status.stage.value == "notice"
        assert status.notice is not None
        await case.forward_to(status.notice.ends_at - timedelta(seconds=30))
        async with house.halted("resources", "released_at"):
            await case.forward(timedelta(seconds=31))
            await house.waiting(1)
            await pull_the_plug(temporal, postgres)
        await house.answers()
        await closed_exactly_once(house, case)
    await house.replays()


@pytest.mark.long
async def test_postgresql_down_for_a_day_in_the_middle_of_closing_heals_X7(everything: Everything) -> None:
    house, _, postgres = everything
    async with house.worker_process():
        case = await at_the_last_minute(house)
        async with house.halted("resources", "released_at"):
            await case.forward(timedelta(seconds=31))
            await house.waiting(1)
            os.kill(postgres.pid, SIGKILL)
            await postgres.wait()
        await case.forward(24 * HOUR)
        assert "release_resources" in (await case.status()).attention
        await postgres.start()
        await house.answers()
        await case.forward(2 * HOUR)
        await closed_exactly_once(house, case)
        assert (await case.status()).attention == ()
    await house.replays()
