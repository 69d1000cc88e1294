"""What the case tells the telephony platform, and what it reads back (P9, P15, P17, X6)."""

from pydantic import AwareDatetime

from cancellation.domain.inventory import Inventory as Inventory
from cancellation.domain.inventory import Number as Number
from cancellation.domain.inventory import Resource as Resource
from cancellation.domain.inventory import ResourceKind as ResourceKind
from cancellation.domain.values import KeptNumber, PhoneNumber, PortStatus, Released, Value
from cancellation.messages.warrant import Warrant


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
    hold: tuple[KeptNumber, ...] = ()


class ReleaseReport(Value):
    """What this case has released in all, the same however often it ran, and what is left."""

    released: Released
    remaining: Inventory
    """Read back from the platform after the release: only what `hold` asked for may be here."""
