"""The CRM suites against memory and PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from cancellation.adapters.crm_views import ReadableCrm
from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.pool import open_pool
from tests.contract.crm_formalization_suite import CrmFormalizationContract
from tests.contract.crm_succession_suite import CrmSuccessionContract
from tests.contract.crm_suite import CrmContract
from tests.contract.crm_trail_suite import CrmTrailContract


class WholeContract(CrmContract, CrmTrailContract, CrmFormalizationContract, CrmSuccessionContract):
    """All that a CRM adapter must do."""


class TestMemoryCrm(WholeContract):
    @pytest.fixture
    def crm(self) -> ReadableCrm:
        return MemoryCrm()


class TestPostgresCrm(WholeContract):
    @pytest.fixture
    async def crm(self, database: str) -> AsyncIterator[ReadableCrm]:
        pool = await open_pool(database, max_size=8)
        yield PostgresCrm(pool)
        await pool.close()
