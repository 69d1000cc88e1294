"""A house whose records lie in PostgreSQL, in the same process and in virtual time."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.testing import WorkflowEnvironment

from cancellation.adapters.memory.recordings import MemoryRecordings
from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.telephony import PostgresTelephony
from tests.durable.house import House
from tests.durable.outage import Fragile


class RecordsHouse(House):
    """CRM, billing and telephony in PostgreSQL; recordings and mail in memory."""

    def __init__(self, environment: WorkflowEnvironment, pool: Pool) -> None:
        super().__init__(environment)
        self.crm = Fragile(PostgresCrm(pool))
        self.billing = Fragile(PostgresBilling(pool))
        self.telephony = Fragile(PostgresTelephony(pool))
        self.recordings = Fragile(MemoryRecordings(self.crm.adapter.formalization))


@asynccontextmanager
async def records_house(environment: WorkflowEnvironment, database: str) -> AsyncIterator[RecordsHouse]:
    """Such a house on a database of its own."""
    pool = await open_pool(database)
    try:
        yield RecordsHouse(environment, pool)
    finally:
        await pool.close()


def later(days: int) -> dt.date:
    """A day in so many days."""
    return (dt.datetime.now(dt.UTC) + dt.timedelta(days=days)).date()
