"""What every other suite stands on."""

import uuid
from datetime import timedelta

import asyncpg
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from embedded.virtual_time import VirtualTime
from tests.e2e.thirty_days import ThirtyDays


async def test_thirty_days_pass_at_once(temporal_env: WorkflowEnvironment) -> None:
    queue = str(uuid.uuid4())
    client = temporal_env.client
    async with Worker(client, task_queue=queue, workflows=[ThirtyDays]):
        with temporal_env.with_time_skipping_disabled():
            handle = await client.start_workflow(ThirtyDays.run, id=queue, task_queue=queue)
        assert not await VirtualTime(client).pass_by(handle, timedelta(days=31))  # it has ended by then
        assert await handle.result() == 30


async def test_a_database_is_migrated_and_nobody_elses(database: str) -> None:
    connection = await asyncpg.connect(database)
    schemas = await connection.fetch("SELECT nspname FROM pg_namespace")
    assert "crm" in {row["nspname"] for row in schemas}
    await connection.execute("CREATE TABLE mine ()")
    await connection.close()


async def test_the_next_database_has_nothing_of_the_last(database: str) -> None:
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT to_regclass('mine')") is None
    await connection.close()


async def test_an_empty_database_is_empty(empty_database: str) -> None:
    connection = await asyncpg.connect(empty_database)
    assert await connection.fetchval("SELECT to_regnamespace('crm')") is None
    await connection.close()
