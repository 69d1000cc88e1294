"""A house whose records lie in PostgreSQL, in the same process and in virtual time."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.testing import WorkflowEnvironment

from cancellation.adapters.memory.recordings import MemoryRecordings
from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.reconciliation import PostgresComparison, PostgresFindings
from cancellation.adapters.postgres.roles import Role
from cancellation.adapters.postgres.telephony import PostgresTelephony
from cancellation.adapters.postgres.watch import PostgresWatches
from tests.durable.house import House
from tests.durable.outage import Fragile


class RecordsHouse(House):
    """CRM, billing and telephony in PostgreSQL, with the worker's rights; recordings and mail in memory."""

    def __init__(self, environment: WorkflowEnvironment, owner: Pool, own: Pool) -> None:
        super().__init__(environment)
        self.owner = owner
        crm, billing, telephony = PostgresCrm(own), PostgresBilling(own), PostgresTelephony(own)
        # Customers are put in by whoever owns the records.
        crm.provision = PostgresCrm(owner).provision  # type: ignore[method-assign]
        billing.provision = PostgresBilling(owner).provision  # type: ignore[method-assign]
        telephony.provision = PostgresTelephony(owner).provision  # type: ignore[method-assign]
        self.crm = Fragile(crm)
        self.billing = Fragile(billing)
        self.telephony = Fragile(telephony)
        self.watches = PostgresWatches(own)
        self.recordings = Fragile(MemoryRecordings(self.crm.adapter.formalization))
        self.owner = owner
        self.comparison = PostgresComparison(own)
        self.findings = PostgresFindings(own)


@asynccontextmanager
async def records_house(environment: WorkflowEnvironment, database: str) -> AsyncIterator[RecordsHouse]:
    """Such a house on a database of its own."""
    owner, own = await open_pool(database), await open_pool(database, role=Role.WORKER)
    try:
        yield RecordsHouse(environment, owner, own)
    finally:
        await own.close()
        await owner.close()


def later(days: int) -> dt.date:
    """A day in so many days."""
    return (dt.datetime.now(dt.UTC) + dt.timedelta(days=days)).date()
