"""What a customer occupies: extensions, trunks, licences, numbers (P9, P13, P17)."""

from enum import StrEnum

from cancellation.domain.values import PhoneNumber, PortStatus, Value


class ResourceKind(StrEnum):
    """What closing must release (P17)."""

    EXTENSION = "extension"
    TRUNK = "trunk"
    LICENCE = "licence"


class Resource(Value):
    """An extension, trunk or licence of a customer that is not released yet."""

    kind: ResourceKind
    resource_id: str
    label: str
    active: bool


class Number(Value):
    """A number that routes to a customer and is neither released nor ported away."""

    number: PhoneNumber
    customer_owned: bool
    routes_to: tuple[str, ...] = ()
    """Ids of the resources that the number needs to work."""
    active: bool = True
    port: PortStatus | None = None


class Inventory(Value):
    """Everything that a customer still occupies; empty in every part when all is released."""

    customer_id: str
    extensions: tuple[Resource, ...] = ()
    trunks: tuple[Resource, ...] = ()
    licences: tuple[Resource, ...] = ()
    numbers: tuple[Number, ...] = ()

    @property
    def resources(self) -> tuple[Resource, ...]:
        """Extensions, trunks and licences together."""
        return self.extensions + self.trunks + self.licences
