"""The case that the CRM suites begin with."""

from collections.abc import Awaitable, Callable

import pytest

from cancellation.adapters.crm_views import ReadableCrm
from cancellation.messages.crm import OpenedCase
from cancellation.messages.seed import CustomerSeed
from cancellation.messages.warrant import Warrant
from tests.contract import cases
from tests.contract.cases import opening

Destroy = Callable[[Warrant], Awaitable[None]]
"""Orders a destructive act under a warrant, before anything is touched (P19)."""


class WithOpenCase:
    """Give it a fixture `crm` that yields an empty `ReadableCrm`, and a fixture `destroy` over the same records."""

    @pytest.fixture
    async def opened(self, crm: ReadableCrm) -> OpenedCase:
        """Customer 1042 with the open case `case-a`."""
        await crm.provision(CustomerSeed(customer=cases.customer()))
        return await crm.open_case(opening())
