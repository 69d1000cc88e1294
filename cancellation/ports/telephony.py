"""The telephony platform, and the licences that may stand apart from it (P9, P15, P17, X6)."""

from collections.abc import Collection
from typing import Protocol

from cancellation.messages.telephony import Inventory, PortRecord, ReleaseReport, Resource, Shutdown
from cancellation.messages.warrant import Warrant


class Telephony(Protocol):
    """Extensions, trunks, licences, numbers and their portability (P9, P15, P17, X6)."""

    async def inventory(self, customer_id: str) -> Inventory:
        """Everything that the customer still occupies."""

    async def record_port(self, port: PortRecord) -> None:
        """Record a number's portability; a completed one takes the number out of the inventory."""

    async def deactivate(self, shutdown: Shutdown) -> None:
        """Make everything dead except what held numbers need; resumable in the middle."""

    async def release(self, shutdown: Shutdown) -> ReleaseReport:
        """Give everything back except what held numbers need; resumable in the middle; reads back."""


class Licences(Protocol):
    """Licences, where the platform of extensions and trunks does not hold them itself."""

    async def of(self, customer_id: str) -> tuple[Resource, ...]:
        """What the customer still occupies, deactivated or not, in the order of its ids."""

    async def deactivate(self, warrant: Warrant, keep: Collection[str] = ()) -> None:
        """Make every licence of the customer dead but those with the ids to keep (P15).

        Raises:
            DestructionForbidden: the warrant is not good (P19).
        """

    async def release(self, warrant: Warrant, keep: Collection[str] = ()) -> None:
        """Give every licence of the customer back but those with the ids to keep (P17).

        Raises:
            DestructionForbidden: the warrant is not good (P19).
        """

    async def released_by(self, case_id: str) -> int:
        """How many the case has released in all."""
