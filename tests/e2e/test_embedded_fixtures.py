"""What every other suite stands on."""

import uuid

import asyncpg
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from tests.e2e.thirty_days import ThirtyDays


async def test_thirty_days_pass_at_once(temporal_env: WorkflowEnvironment) -> None:
    queue = str(uuid.uuid4())
    async with Worker(temporal_env.client, task_queue=queue, workflows=[ThirtyDays]):
        days = await temporal_env.client.execute_workflow(ThirtyDays.run, id=queue, task_queue=queue)
    assert days == 30


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
