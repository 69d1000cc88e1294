"""What a customer occupies: extensions, trunks, licences, numbers (P9, P13, P17)."""

from enum import StrEnum
from typing import Final

from cancellation.domain.values import Brief, KeptNumber, Label, PortStatus, Released, Value, readable

MOST_TOLD: Final = 500
"""How many things of a kind a case carries by name; the rest is a count."""
MOST_TARGETS: Final = 10
"""Of how many resources it is said that a number leads there."""
_MOST_TOLD_CHARACTERS: Final = 300_000
"""Longer only with names that nobody reads; the engine carries 2 MB, and a character takes up to four bytes."""


class ResourceKind(StrEnum):
    """What closing must release (P17)."""

    EXTENSION = "extension"
    TRUNK = "trunk"
    LICENCE = "licence"


class Resource(Value):
    """An extension, trunk or licence of a customer that is not released yet."""

    kind: ResourceKind
    resource_id: str
    label: Label
    active: bool


class Number(Value):
    """A number that routes to a customer and is neither released nor ported away."""

    number: KeptNumber
    customer_owned: bool
    routes_to: tuple[str, ...] = ()
    """Ids of the resources that the number needs to work."""
    active: bool = True
    port: PortStatus | None = None


class Inventory(Brief):
    """Everything that a customer still occupies; empty in every part when all is released."""

    customer_id: str
    extensions: tuple[Resource, ...] = ()
    trunks: tuple[Resource, ...] = ()
    licences: tuple[Resource, ...] = ()
    numbers: tuple[Number, ...] = ()
    more: Released | None = None
    """How much there is beyond the things that are listed; None where all of them are."""

    @property
    def resources(self) -> tuple[Resource, ...]:
        """Extensions, trunks and licences together."""
        return self.extensions + self.trunks + self.licences

    def told(self) -> "Inventory":
        """As much of it as a case can carry: the first of each kind, the customer's own numbers before ours."""
        told = self._first(MOST_TOLD)
        if len(told.model_dump_json()) > _MOST_TOLD_CHARACTERS:
            told = self._first(MOST_TOLD // 10)
        return told

    def _first(self, most: int) -> "Inventory":
        own_first = sorted(self.numbers, key=lambda number: not number.customer_owned)
        more = Released(
            extensions=len(self.extensions[most:]),
            trunks=len(self.trunks[most:]),
            licences=len(self.licences[most:]),
            numbers=len(own_first[most:]),
        )
        return Inventory(
            customer_id=self.customer_id,
            extensions=tuple(map(_brief, self.extensions[:most])),
            trunks=tuple(map(_brief, self.trunks[:most])),
            licences=tuple(map(_brief, self.licences[:most])),
            numbers=tuple(map(_brief_number, own_first[:most])),
            more=None if more == Released() else more,
        )


def _brief(resource: Resource) -> Resource:
    return resource.model_copy(update={"resource_id": readable(resource.resource_id)})


def _brief_number(number: Number) -> Number:
    return number.model_copy(update={"routes_to": tuple(map(readable, number.routes_to[:MOST_TARGETS]))})
