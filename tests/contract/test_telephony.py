"""The telephony suite against memory and PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.memory.telephony import MemoryTelephony
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.pool import open_pool
from cancellation.adapters.postgres.telephony import PostgresTelephony
from cancellation.messages.seed import CustomerSeed
from tests.contract.telephony_suite import OddNumbersContract, TelephonyContract, TelephonyRig


@dataclass(frozen=True)
class Rig:
    telephony: MemoryTelephony | PostgresTelephony
    crm: MemoryCrm | PostgresCrm

    async def provision(self, seed: CustomerSeed) -> None:
        await self.telephony.provision(seed)


class TestMemoryTelephony(TelephonyContract, OddNumbersContract):
    @pytest.fixture
    def rig(self) -> TelephonyRig:
        crm = MemoryCrm()
        return Rig(MemoryTelephony(crm), crm)


class TestPostgresTelephony(TelephonyContract, OddNumbersContract):
    @pytest.fixture
    async def rig(self, database: str) -> AsyncIterator[TelephonyRig]:
        pool = await open_pool(database, max_size=4)
        yield Rig(PostgresTelephony(pool), PostgresCrm(pool))
        await pool.close()
