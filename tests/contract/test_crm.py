"""The CRM suite against memory and PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from cancellation.adapters.crm_views import ReadableCrm
from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.pool import open_pool
from tests.contract.crm_suite import CrmContract


class TestMemoryCrm(CrmContract):
    @pytest.fixture
    def crm(self) -> ReadableCrm:
        return MemoryCrm()


class TestPostgresCrm(CrmContract):
    @pytest.fixture
    async def crm(self, database: str) -> AsyncIterator[ReadableCrm]:
        pool = await open_pool(database, max_size=8)
        yield PostgresCrm(pool)
        await pool.close()
