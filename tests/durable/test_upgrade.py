"""A new version comes into service over open cases, and a bad one is taken back (docs/implantacao.md)."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.durable.customers import own_numbers
from tests.durable.house import CaseDriver, until
from tests.durable.premises import Premises, premises
from tests.durable.versions import (
    ADDITIVE_MIGRATION,
    BROKEN,
    CHECKOUT,
    GUARDED,
    MIGRATION_AFTERWARDS,
    UNGUARDED,
    add,
    command,
    version,
    worker,
)

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]

DAY = timedelta(days=1)


@pytest.fixture
async def house(open_folder: Path) -> AsyncIterator[Premises]:
    folder = open_folder / f"upgrade-{uuid.uuid4().hex[:8]}"
    folder.mkdir(mode=0o711)
    async with premises(folder) as (house, _, _):
        yield house


async def a_case_in_every_stage(house: Premises) -> dict[str, CaseDriver]:
    """Open ones, each with all done that is owed; in closing a number is held."""
    cases = {
        stage: await house.open() for stage in ("retention", "awaiting_formalization", "notice", "closing")
    }
    for stage, case in cases.items():
        await case.quiet()
        if stage != "retention":
            await case.decline()
            await case.quiet()
        if stage in ("notice", "closing"):
            await case.formalize()
            await case.quiet()
    closing = cases["closing"]
    first, _ = own_numbers(closing.seed)
    await closing.check("portability", number=first, status="requested", operator="Vivo", actor="ana")
    await closing.pass_notice()
    for stage, case in cases.items():
        assert (await case.quiet()).stage.value == stage
    return cases


async def to_the_end(case: CaseDriver) -> None:
    """From wherever it stands the case closes, with everything told."""
    status = await case.quiet()
    if status.stage.value == "retention":
        await case.decline()
        status = await case.quiet()
    if status.stage.value == "awaiting_formalization":
        await case.formalize(message_id="<fim@cliente>")
        status = await case.quiet()
    if status.stage.value == "notice":
        await case.pass_notice()
    if status.stage.value == "closing":
        first, _ = own_numbers(case.seed)
        await case.check("portability", number=first, status="completed", actor="ana")
    result = await case.result(patience=120)
    assert result.outcome == "closed"
    trail = await case.house.crm.adapter.trail(result.case_id)
    assert [entry.seq for entry in trail] == list(range(1, result.trail_entries + 1))
    assert (await case.house.crm.adapter.verify_trail(result.case_id)).intact


async def in_service(house: Premises, code: Path) -> str | None:
    """Which version is, as the command tells."""
    ended, said = await command(code, house.settings, "deploy", "--json")
    assert ended == 0, said
    current: str | None = json.loads(said)["current"]
    return current


async def talk(case: CaseDriver, message_id: str) -> None:
    """A contact of the customer's: a workflow task, whoever takes it."""
    await case.signal("request", channel="phone", text="Alô", message_id=message_id)


async def done(code: Path, house: Premises, *typed: str) -> str:
    """What a command says that does what it is told."""
    ended, said = await command(code, house.settings, *typed)
    assert ended == 0, said
    return said


async def refused(code: Path, house: Premises, *typed: str) -> str:
    """What a command says that does not."""
    ended, said = await command(code, house.settings, *typed)
    assert ended == 1, said
    return said


async def test_open_cases_of_every_stage_go_over_to_a_new_version_and_end_X22(
    house: Premises, tmp_path: Path
) -> None:
    old, new = CHECKOUT, version(tmp_path / "new", GUARDED, added=ADDITIVE_MIGRATION)
    unguarded = version(tmp_path / "unguarded", UNGUARDED)
    async with worker(old, house.settings, "1"):
        await done(old, house, "deploy", "serve", "1", "--watch", "0")
        cases = await a_case_in_every_stage(house)

        # What would wedge them is refused before anything is changed.
        async with worker(unguarded, house.settings, "bad"):
            said = await refused(unguarded, house, "deploy", "serve", "bad")
        assert "nada foi mudado" in said
        assert {stage for stage, case in cases.items() if case.handle.id in said} == {"notice", "closing"}
        assert await in_service(house, old) == "1"

        # The database first, while the old version works; then a part of the cases, then all.
        await done(new, house, "setup")
        await talk(cases["notice"], "while-both")
        await cases["notice"].quiet()
        async with worker(new, house.settings, "2"):
            await done(new, house, "deploy", "serve", "2", "--ramp", "50", "--watch", "1")
            for case in cases.values():
                await talk(case, "ramp")
                await case.quiet()
            await done(new, house, "deploy", "serve", "2", "--watch", "1")
            assert await in_service(house, new) == "2"
            # And once more when all have gone over, while the old version is still there.
            add(new, MIGRATION_AFTERWARDS)
            await done(new, house, "setup")
            held = "select convalidated from pg_constraint where conname = 'region_known'"
            assert await house.pool.fetchval(held)
            await talk(cases["notice"], "after-both")
            await cases["notice"].quiet()
    async with worker(new, house.settings, "2"):
        for case in cases.values():
            await to_the_end(case)
        await done(new, house, "worker", "--verify")


async def test_a_version_on_which_cases_fail_is_taken_back_by_itself_X7(
    house: Premises, tmp_path: Path
) -> None:
    good, broken = CHECKOUT, version(tmp_path / "broken", BROKEN)
    async with worker(good, house.settings, "1"):
        await done(good, house, "deploy", "serve", "1", "--watch", "0")
        case = await house.open()
        await case.to_notice()
        async with worker(broken, house.settings, "2"):
            typed = ("deploy", "serve", "2", "--no-verify", "--watch", "120")
            serving = asyncio.create_task(refused(broken, house, *typed))

            async def is_served() -> bool:
                return await in_service(house, good) == "2"

            await until(is_served, pause=0.5)
            await talk(case, "broken")
            assert case.handle.id in await serving
        assert await in_service(house, good) == "1"
        await case.quiet()
        await to_the_end(case)
        await done(good, house, "worker", "--verify")


async def test_cases_that_a_version_has_spoilt_unnoticed_are_mended_by_a_reset_X22_X7(
    house: Premises, tmp_path: Path
) -> None:
    good, bad = CHECKOUT, version(tmp_path / "bad", UNGUARDED)
    async with worker(good, house.settings, "1"):
        await done(good, house, "deploy", "serve", "1", "--watch", "0")
        case = await house.open()
        await case.quiet()
        await case.decline()
        await case.quiet()
        async with worker(bad, house.settings, "2"):
            await done(bad, house, "deploy", "serve", "2", "--watch", "0")
            await case.formalize()
            await case.quiet()
            await done(good, house, "deploy", "back", "1")
        said = await refused(good, house, "worker", "--verify", "--closed", "0")
        assert case.handle.id in said
        assert case.handle.id in await done(good, house, "deploy", "mend", "2")
        await case.trailed("execution_reset")
        await case.quiet()
        await done(good, house, "worker", "--verify", "--closed", "0")
        await to_the_end(case)
        letters = [str(mail.message["Message-ID"]) for mail in house.sink.mails]
        assert len(letters) == len(set(letters))
