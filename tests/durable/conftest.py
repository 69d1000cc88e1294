"""One house a test: systems that start empty and whole, and a worker on a queue of its own."""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.durable.house import House


@pytest.fixture
async def house(temporal_env: WorkflowEnvironment) -> AsyncIterator[House]:
    """The provider's systems with a running worker."""
    house = House(temporal_env)
    async with house.worker():
        yield house
        await house.close()
