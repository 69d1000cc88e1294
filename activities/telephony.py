"""What cases do on the telephony platform."""

from dataclasses import dataclass

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.failures import refusals_are_final
from activities.guard import Guard
from cancellation.messages.telephony import (
    Inventory,
    InventoryQuery,
    PortRecord,
    ReleaseReport,
    Shutdown,
)
from cancellation.ports import Telephony


@dataclass(frozen=True)
class TelephonyActivities:
    """Telephony's part of a case (P9, P15, P17, X6)."""

    telephony: Telephony
    guard: Guard

    @activity.defn
    async def read_inventory(self, query: InventoryQuery) -> Inventory:
        """Read what the customer occupies: all of it counted, the first of each kind by name."""
        with refusals_are_final():
            return (await self.telephony.inventory(query.customer_id)).told()

    @activity.defn
    async def record_port(self, port: PortRecord) -> None:
        """Record a number's portability (P9)."""
        with refusals_are_final():
            await self.telephony.record_port(port)

    @activity.defn
    async def deactivate_services(self, shutdown: Shutdown) -> None:
        """Make everything dead except what held numbers need (P15)."""
        with refusals_are_final():
            await self.guard.check(shutdown.warrant)
            await self.telephony.deactivate(shutdown)

    @activity.defn
    async def release_resources(self, shutdown: Shutdown) -> ReleaseReport:
        """Give everything back except what held numbers need, and read the inventory back (P17).

        Raises:
            ApplicationError: type `NotReleased`, retryable, while something is left that should not be.
        """
        with refusals_are_final():
            await self.guard.check(shutdown.warrant)
            report = await self.telephony.release(shutdown)
        left = [number for number in report.remaining.numbers if number.number not in shutdown.hold]
        needed = {rid for number in report.remaining.numbers for rid in number.routes_to}
        stray = [resource for resource in report.remaining.resources if resource.resource_id not in needed]
        if left or stray:
            raise ApplicationError(
                f"not released: {len(left)} numbers, {len(stray)} resources", type="NotReleased"
            )
        return report.model_copy(update={"remaining": report.remaining.told()})
