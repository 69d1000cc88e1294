"""The billing watch's part of billing, over memory and over a real PostgreSQL (X10)."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from cancellation.adapters.memory.billing import MemoryBilling
from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.pool import Pool, open_pool
from tests.contract.billing_suite import BillingRig, charge
from tests.contract.billing_watch_suite import (
    JANUARY,
    BillingWatchSuite,
    closed,
    document,
    knows,
    paid,
)
from tests.contract.formalized import MemoryFormalizations, PostgresFormalizations


class TestMemoryBillingWatch(BillingWatchSuite):
    @pytest.fixture
    def rig(self) -> BillingRig:
        formalizations = MemoryFormalizations()
        return BillingRig(MemoryBilling(formalizations.of), formalizations)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    opened = await open_pool(database)
    yield opened
    await opened.close()


@pytest.fixture
def postgres_rig(pool: Pool) -> BillingRig:
    return BillingRig(PostgresBilling(pool), PostgresFormalizations(pool))


class TestPostgresBillingWatch(BillingWatchSuite):
    @pytest.fixture
    def rig(self, postgres_rig: BillingRig) -> BillingRig:
        return postgres_rig


async def test_the_database_voids_nothing_that_was_paid_whoever_asks_X10(
    postgres_rig: BillingRig, pool: Pool
) -> None:
    await closed(postgres_rig)
    await postgres_rig.customer(charges=(charge("jan", "pabx", *JANUARY, invoiced=True),))
    await knows(postgres_rig, paid("jan"))
    with pytest.raises(asyncpg.RestrictViolationError):
        await pool.execute(
            "update billing.charges set status = 'void', void_reason = 'undue', void_case = 'case-1', "
            "voided_at = now() where charge_id = 'jan'"
        )


@pytest.mark.parametrize(
    "statement",
    [
        "delete from billing.receivables",
        "update billing.receivables set paid = 1",
        "delete from billing.fiscal_documents",
        "update billing.fiscal_documents set issued_at = now()",
        "update billing.fiscal_documents set status = 'cancelled'",
    ],
)
async def test_payments_and_documents_stay_as_they_came_X10(
    postgres_rig: BillingRig, pool: Pool, statement: str
) -> None:
    await closed(postgres_rig)
    await postgres_rig.customer(charges=(charge("jan", "pabx", *JANUARY, invoiced=True),))
    await knows(postgres_rig, paid("jan"), documents=(document("jan"),))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await pool.execute(statement)
