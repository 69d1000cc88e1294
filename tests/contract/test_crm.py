"""The CRM suites against memory and PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from cancellation.adapters.crm_views import ReadableCrm
from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.warrants import order_act
from cancellation.messages.warrant import Warrant
from tests.contract.crm_base import Destroy
from tests.contract.crm_formalization_suite import CrmFormalizationContract
from tests.contract.crm_succession_suite import CrmSuccessionContract
from tests.contract.crm_suite import CrmContract
from tests.contract.crm_trail_suite import CrmTrailContract


class WholeContract(CrmContract, CrmTrailContract, CrmFormalizationContract, CrmSuccessionContract):
    """All that a CRM adapter must do."""


class TestMemoryCrm(WholeContract):
    @pytest.fixture
    def crm(self) -> MemoryCrm:
        return MemoryCrm()

    @pytest.fixture
    def destroy(self, crm: MemoryCrm) -> Destroy:
        async def destroy(warrant: Warrant) -> None:
            crm.order_act(warrant, "telephony.deactivate")

        return destroy


class TestPostgresCrm(WholeContract):
    @pytest.fixture
    async def pool(self, database: str) -> AsyncIterator[Pool]:
        pool = await open_pool(database, max_size=8)
        yield pool
        await pool.close()

    @pytest.fixture
    def crm(self, pool: Pool) -> ReadableCrm:
        return PostgresCrm(pool)

    @pytest.fixture
    def destroy(self, pool: Pool) -> Destroy:
        async def destroy(warrant: Warrant) -> None:
            await order_act(pool, warrant, "telephony.deactivate")

        return destroy
