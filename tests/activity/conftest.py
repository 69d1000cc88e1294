"""The provider's systems in memory, one formalised customer in them, and what a warrant needs."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import obstore
import pytest
from temporalio.testing import ActivityEnvironment

from activities.guard import Guard
from cancellation.adapters.memory.billing import MemoryBilling
from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.memory.mailer import MemoryMailer
from cancellation.adapters.memory.recordings import MemoryRecordings
from cancellation.adapters.memory.telephony import MemoryTelephony
from cancellation.messages.crm import FormalizationState
from cancellation.messages.seed import CustomerSeed
from cancellation.messages.telephony import Shutdown
from cancellation.messages.warrant import Warrant
from tests.contract import cases
from tests.durable.customers import new_customer
from tests.durable.outage import Fragile

RECEIVED = datetime.now(UTC).replace(microsecond=0) - timedelta(days=40)
"""So long ago that the notice has ended by the machine's own clock too."""


@dataclass
class Rig:
    """Systems, customer, and activities' guard."""

    crm: Fragile = field(default_factory=lambda: Fragile(MemoryCrm()))
    seed: CustomerSeed = field(default_factory=new_customer)

    def __post_init__(self) -> None:
        held = self.crm.adapter.formalization
        self.billing = Fragile(MemoryBilling(held))
        self.telephony = Fragile(MemoryTelephony(self.crm.adapter))
        self.recordings = Fragile(MemoryRecordings(held))
        self.mailer = Fragile(MemoryMailer())
        self.environment = ActivityEnvironment()

    @property
    def customer_id(self) -> str:
        return self.seed.customer.customer_id

    @property
    def guard(self) -> Guard:
        """As in production: the machine's clock counts."""
        return Guard(cast(Any, self.crm))

    async def run(self, activity: Any, *arguments: Any) -> Any:
        """One attempt at an activity."""
        return await self.environment.run(activity, *arguments)

    async def formalized(self, received_at: datetime = RECEIVED) -> Warrant:
        """The customer's case is formalised; the warrant for what follows its notice."""
        return self.warrant(await cases.formalize(self.crm.adapter, self.customer_id, "case-1", received_at))

    def warrant(self, state: FormalizationState, **changes: Any) -> Warrant:
        return cases.warrant(state, **changes)

    async def untouched(self) -> bool:
        """Whether nothing at all was done to the customer's service."""
        inventory = await self.telephony.adapter.inventory(self.customer_id)
        store = self.recordings.adapter.store
        paths = [meta["path"] for meta in await store.list("recordings").collect_async()]
        return (
            all(one.active for one in (*inventory.resources, *inventory.numbers))
            and len(inventory.resources) == len(self.seed.resources)
            and len(inventory.numbers) == len(self.seed.numbers)
            and len(paths) == 2
            and not self.crm.adapter._cases["case-1"].acts
        )


@pytest.fixture
async def rig() -> Rig:
    """A customer in service with two recordings."""
    rig = Rig()
    for system in (rig.crm, rig.billing, rig.telephony):
        await system.adapter.provision(rig.seed)
    for name in ("a", "b"):
        path = f"recordings/{rig.customer_id}/{date(2026, 11, 1)}/{name}.wav"
        await obstore.put_async(rig.recordings.adapter.store, path, b"RIFF" * 25)
    return rig


def shutdown(warrant: Warrant, *hold: str) -> Shutdown:
    """The order to deactivate or release."""
    return Shutdown(warrant=warrant, hold=hold)
