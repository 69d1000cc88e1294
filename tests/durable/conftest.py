"""One house a test: systems that start empty and whole, and a worker on a queue of its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.durable.house import House
from tests.durable.records import records_house


@pytest.fixture(autouse=True)
def _quiet(failures_are_no_news: None) -> None:
    """Most of these tests make something fail."""


@pytest.fixture
async def house(temporal_env: WorkflowEnvironment) -> AsyncIterator[House]:
    """The provider's systems with a running worker."""
    house = House(temporal_env)
    async with house.worker():
        yield house
        await house.close()


@pytest.fixture
async def telling(temporal_env: WorkflowEnvironment) -> AsyncIterator[House]:
    """The same, and its letters tell what the records add."""
    house = House(temporal_env)
    house.tell_figures()
    async with house.worker():
        yield house
        await house.close()


@pytest.fixture(params=[pytest.param("memory", marks=pytest.mark.long), "postgres"])
async def any_house(
    request: pytest.FixtureRequest, temporal_env: WorkflowEnvironment, database: str
) -> AsyncIterator[House]:
    """The same with records in memory, and with records in PostgreSQL."""
    async with AsyncExitStack() as stack:
        house = House(temporal_env)
        if request.param == "postgres":
            house = await stack.enter_async_context(records_house(temporal_env, database))
        async with house.worker():
            yield house
            await house.close()
