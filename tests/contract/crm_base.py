"""The case that the CRM suites begin with."""

import pytest

from cancellation.adapters.crm_views import ReadableCrm
from cancellation.messages.crm import OpenedCase
from cancellation.messages.seed import CustomerSeed
from tests.contract import cases
from tests.contract.cases import opening


class WithOpenCase:
    """Give it a fixture `crm` that yields an empty `ReadableCrm`."""

    @pytest.fixture
    async def opened(self, crm: ReadableCrm) -> OpenedCase:
        """Customer 1042 with the open case `case-a`."""
        await crm.provision(CustomerSeed(customer=cases.customer()))
        return await crm.open_case(opening())
