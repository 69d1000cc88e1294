"""A whole case by a worker that logs in as its own role of the database, with nothing but that role's rights."""

from pathlib import Path

import pytest

from cancellation.adapters.postgres.roles import Role
from tests.durable.premises import premises
from tests.durable.test_kills import HOUR, at_the_last_minute, closed_exactly_once


@pytest.mark.rest
async def test_a_whole_case_needs_no_more_than_the_workers_role_P19(open_folder: Path) -> None:
    folder = open_folder / "least"
    folder.mkdir(mode=0o711)
    async with premises(folder) as (house, _, postgres):
        own = postgres.database_url.replace("postgres@", f"{Role.WORKER}@")
        house.settings["DATABASE_URL"] = own
        async with house.worker_process():
            case = await at_the_last_minute(house)
            await case.forward(HOUR)
            await closed_exactly_once(house, case)
            whose = "select distinct usename from pg_stat_activity where application_name = 'cancelamento'"
            names = {row["usename"] for row in await house.pool.fetch(whose)}
        assert Role.WORKER in names
        await house.replays()
