"""Customers and formalizations in a real database, for tests of what it refuses to anybody (P19)."""

import asyncio
from datetime import timedelta

from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.pool import Pool
from cancellation.adapters.postgres.telephony import PostgresTelephony
from tests.contract import cases
from tests.contract.telephony_suite import others_seed, seed


async def in_service(pool: Pool) -> None:
    for one in (seed(), others_seed()):
        await PostgresTelephony(pool).provision(one)


async def formalize_both(pool: Pool) -> None:
    await cases.formalize(PostgresCrm(pool))
    await cases.formalize(PostgresCrm(pool), "2001", "case-b", cases.RECEIVED - timedelta(days=2))


async def until_somebody_waits(pool: Pool) -> None:
    async with asyncio.timeout(4):
        while not await pool.fetchval(
            "select exists (select from pg_locks where not granted and pid <> pg_backend_pid())"
        ):
            await asyncio.sleep(0)
