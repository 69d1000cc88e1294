"""What the case tells the telephony platform, and what it reads back (P9, P15, P17, X6)."""

from enum import StrEnum

from pydantic import AwareDatetime

from cancellation.domain.values import PhoneNumber, PortStatus, Released, Value
from cancellation.messages.warrant import Warrant


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


class InventoryQuery(Value):
    """Whose inventory to read."""

    customer_id: str


class PortRecord(Value):
    """A number's portability changed (P9). Completed: the number is gone to the other operator."""

    case_id: str
    customer_id: str
    number: PhoneNumber
    status: PortStatus
    operator: str | None = None
    at: AwareDatetime


class Shutdown(Value):
    """Deactivate, or release, everything of a customer except what held numbers need (X6)."""

    warrant: Warrant
    hold: tuple[PhoneNumber, ...] = ()


class ReleaseReport(Value):
    """What this case has released in all, the same however often it ran, and what is left."""

    released: Released
    remaining: Inventory
    """Read back from the platform after the release: only what `hold` asked for may be here."""
