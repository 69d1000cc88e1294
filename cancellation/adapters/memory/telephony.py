"""A telephony platform in memory that refuses what PostgreSQL's would refuse (P9, P15, P17, P19, X6)."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.domain.values import PortStatus, Released
from cancellation.messages.evidence import PortEvidence, ResourceEvidence
from cancellation.messages.seed import CustomerSeed
from cancellation.messages.telephony import (
    Inventory,
    Number,
    PortRecord,
    ReleaseReport,
    Resource,
    ResourceKind,
    Shutdown,
)
from cancellation.messages.warrant import Warrant
from cancellation.ports import PermanentRefusal

_COUNTED_AS: Final = {
    ResourceKind.EXTENSION: "extensions",
    ResourceKind.TRUNK: "trunks",
    ResourceKind.LICENCE: "licences",
}


@dataclass
class _Item:
    """A resource or number, whatever became of it."""

    customer_id: str
    thing: Resource | Number
    ordered_by: str | None = None
    """The case that had it deactivated or released first."""
    deactivated_at: datetime | None = None
    released_at: datetime | None = None
    ported: bool = False

    @property
    def name(self) -> str:
        return self.thing.number if isinstance(self.thing, Number) else self.thing.resource_id

    @property
    def in_use(self) -> bool:
        return self.released_at is None and not self.ported

    @property
    def kind(self) -> str:
        return "number" if isinstance(self.thing, Number) else self.thing.kind.value

    @property
    def status(self) -> str:
        if self.ported:
            return "ported"
        if self.released_at is not None:
            return "released"
        return "deactivated" if self.deactivated_at is not None else "active"

    def end(self, warrant: Warrant, *, release: bool) -> None:
        """Deactivate it, or give it back; what an earlier run noted stays."""
        self.ordered_by = self.ordered_by or warrant.case_id
        self.deactivated_at = self.deactivated_at or warrant.at
        if release:
            self.released_at = warrant.at
        else:
            self.thing = self.thing.model_copy(update={"active": False})


class MemoryTelephony:
    """Implements `cancellation.ports.Telephony`; the CRM is asked whether a warrant is good (P19)."""

    def __init__(self, crm: MemoryCrm) -> None:
        self._crm = crm
        self._items: list[_Item] = []
        self._ports: list[PortRecord] = []

    async def inventory(self, customer_id: str) -> Inventory:
        """Everything that the customer still occupies."""
        things = [item.thing for item in self._in_use(customer_id)]

        def resources(kind: ResourceKind) -> tuple[Resource, ...]:
            found = [t for t in things if isinstance(t, Resource) and t.kind is kind]
            return tuple(sorted(found, key=lambda r: r.resource_id))

        numbers = [t for t in things if isinstance(t, Number)]
        return Inventory(
            customer_id=customer_id,
            extensions=resources(ResourceKind.EXTENSION),
            trunks=resources(ResourceKind.TRUNK),
            licences=resources(ResourceKind.LICENCE),
            numbers=tuple(
                n.model_copy(update={"port": self._port(customer_id, n.number)})
                for n in sorted(numbers, key=lambda n: n.number)
            ),
        )

    async def record_port(self, port: PortRecord) -> None:
        """Append to the number's history; a completed port takes the number out of the inventory (P9).

        Raises:
            PermanentRefusal: the number never was this customer's own.
        """
        owned = [
            item
            for item in self._items
            if item.customer_id == port.customer_id
            and isinstance(item.thing, Number)
            and item.thing.number == port.number
            and item.thing.customer_owned
        ]
        if not owned:
            raise PermanentRefusal(f"{port.number} is not a number of the customer's own")
        if port not in self._ports:
            self._ports.append(port)
        if port.status is PortStatus.COMPLETED:
            for item in owned:
                item.ported = item.ported or item.in_use

    async def deactivate(self, shutdown: Shutdown) -> None:
        """Make everything dead except held numbers and what they need; resumable in the middle (P15, X6).

        Raises:
            DestructionForbidden: the warrant is not good (P19).
        """
        self._crm.order_act(shutdown.warrant, "telephony.deactivate")
        for item in self._not_held(shutdown):
            item.end(shutdown.warrant, release=False)
            await asyncio.sleep(0)  # one by one, as on a platform of switches: others see it half done

    async def release(self, shutdown: Shutdown) -> ReleaseReport:
        """Give everything back except held numbers and what they need; resumable; reads back (P17, X6).

        Raises:
            DestructionForbidden: the warrant is not good (P19).
        """
        self._crm.order_act(shutdown.warrant, "telephony.release")
        for item in self._not_held(shutdown):
            item.end(shutdown.warrant, release=True)
            await asyncio.sleep(0)
        return ReleaseReport(
            released=self._released_by(shutdown.warrant.case_id),
            remaining=await self.inventory(shutdown.warrant.customer_id),
        )

    async def provision(self, seed: CustomerSeed) -> None:
        """Put a customer's inventory into service; what was ever there is left as it is."""
        customer_id = seed.customer.customer_id
        known = {(item.customer_id, type(item.thing), item.name) for item in self._items}
        for resource in seed.resources:
            if (customer_id, Resource, resource.resource_id) not in known:
                self._items.append(_Item(customer_id, resource.model_copy(update={"active": True})))
        for number in seed.numbers:
            if (customer_id, Number, number.number) not in known:
                fresh = number.model_copy(update={"active": True, "port": None})
                self._items.append(_Item(customer_id, fresh))

    def resources_of(self, case_id: str) -> list[ResourceEvidence]:
        """What the case deactivated and released (X13)."""
        found = [
            ResourceEvidence(
                kind=item.kind,
                resource_id=item.name,
                status=item.status,
                deactivated_at=item.deactivated_at,
                released_at=item.released_at,
            )
            for item in self._items
            if item.ordered_by == case_id
        ]
        return sorted(found, key=lambda one: (one.kind, one.resource_id))

    def ports_of(self, case_id: str) -> list[PortEvidence]:
        """What the case recorded of its numbers' portability (X13)."""
        found = [
            PortEvidence(number=port.number, status=port.status.value, operator=port.operator, at=port.at)
            for port in self._ports
            if port.case_id == case_id
        ]
        return sorted(found, key=lambda one: one.at)

    def _in_use(self, customer_id: str) -> list[_Item]:
        return [item for item in self._items if item.customer_id == customer_id and item.in_use]

    def _not_held(self, shutdown: Shutdown) -> list[_Item]:
        """What goes: neither a held number, nor a resource that a held number in use routes to."""
        items = self._in_use(shutdown.warrant.customer_id)
        kept = set(shutdown.hold)
        for item in items:
            if isinstance(item.thing, Number) and item.thing.number in shutdown.hold and item.thing.active:
                kept.update(item.thing.routes_to)
        return [item for item in items if item.name not in kept]

    def _released_by(self, case_id: str) -> Released:
        released = Released()
        for item in self._items:
            if item.ordered_by == case_id and item.status == "released":
                kind = "numbers" if isinstance(item.thing, Number) else _COUNTED_AS[item.thing.kind]
                released += Released.model_validate({kind: 1})
        return released

    def _port(self, customer_id: str, number: str) -> PortStatus | None:
        history = [p for p in self._ports if (p.customer_id, p.number) == (customer_id, number)]
        return max(history, key=lambda p: p.at).status if history else None
