"""The database is brought back to some minutes ago while Temporal has gone on (docs/backup.md)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.durable.copies import Copies
from tests.durable.house import CaseDriver
from tests.durable.premises import premises
from tests.durable.test_upgrade import to_the_end
from tests.durable.versions import CHECKOUT, command

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]


@asynccontextmanager
async def talking(*cases: CaseDriver) -> AsyncIterator[None]:
    """Customers who go on talking meanwhile."""

    async def talk(case: CaseDriver) -> None:
        for number in range(10_000):
            message = f"talk-{number}"
            await case.signal("request", channel="phone", text=f"Alô {number}", message_id=message)
            await asyncio.sleep(0.3)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(talk(case)) for case in cases]
        yield
        for task in tasks:
            task.cancel()


async def test_a_database_restored_under_load_is_told_case_by_case_and_every_case_ends_P20_X11(
    open_folder: Path,
) -> None:
    folder = open_folder / "backup"
    folder.mkdir(mode=0o711)
    async with premises(folder) as (house, _, postgres):
        copies = Copies(postgres)
        await copies.begin()
        await house.answers()
        async with house.worker_process():
            still, closing, formal, talker = [await house.open() for _ in range(4)]
            for case in (still, closing, formal, talker):
                await case.quiet()
            for case in (closing, formal):
                await case.decline()
                await case.quiet()
            await closing.formalize()
            await closing.quiet()
            async with talking(talker):
                await copies.whole()
                await asyncio.sleep(1)
                when = await house.pool.fetchval("select clock_timestamp()")
                await asyncio.sleep(1)
                await closing.pass_notice()
                await closing.result(patience=120)
                await formal.formalize()
                await formal.quiet()
                late = await house.open()
                await late.quiet()
            await talker.quiet()
            before = {
                case.customer_id: await case.crm_trail() for case in (still, closing, formal, talker, late)
            }

            await copies.bring_back(when)
            await house.answers()
            assert await house.pool.fetchval("select not pg_is_in_recovery()")
            assert await house.crm.adapter.trail(await late.case_id()) == []

            code, said = await command(CHECKOUT, house.settings, "recover", "--json")
            assert code == 1, said
            lost = {one["customer_id"]: one for one in json.loads(said[: said.rindex("]") + 1])}
            assert lost.keys() == {case.customer_id for case in (closing, formal, talker, late)}
            for customer_id, one in lost.items():
                assert one["held"] < one["remembered"] == len(before[customer_id])
            assert lost[late.customer_id]["held"] == 0

            # By hand what has ended; the others by themselves, with what comes next.
            code, said = await command(CHECKOUT, house.settings, "recover", closing.customer_id, "--apply")
            assert code == 0, said
            assert list(await closing.crm_trail()) == list(before[closing.customer_id])
            assert await closing.crm_status() == "Cancelado"
            assert await house.left(closing) == {"resources": 0, "numbers": 0}
            for case in (still, formal, talker, late):
                await case.signal("request", channel="phone", text="E agora?", message_id="after")
                await case.quiet()
                held = await case.crm_trail()
                assert list(held[: len(before[case.customer_id])]) == list(before[case.customer_id])
            for case in (still, formal, talker, late):
                await to_the_end(case)
            code, said = await command(CHECKOUT, house.settings, "recover")
            assert code == 0, said
            for case in (closing, still, formal, talker, late):
                case_id = (await case.result()).case_id
                assert (await house.crm.adapter.verify_trail(case_id)).intact
        await house.replays()
