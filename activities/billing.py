"""What cases do in billing."""

from dataclasses import dataclass
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.failures import refusals_are_final
from activities.guard import Guard
from cancellation.messages.billing import BillingClosed, BillingClosure, BillingEndPlan
from cancellation.ports import Billing

MOST_LINES: Final = 200
"""How many lines of an invoice the answer to a case carries."""


@dataclass(frozen=True)
class BillingActivities:
    """Billing's part of a case (P16)."""

    billing: Billing
    guard: Guard

    @activity.defn
    async def plan_billing_end(self, plan: BillingEndPlan) -> None:
        """Let nothing recur after the last day of the notice; can be lifted."""
        with refusals_are_final():
            await self.billing.plan_end(plan)

    @activity.defn
    async def lift_billing_end(self, case_id: str) -> None:
        """The customer stays: charge on as before (X3)."""
        with refusals_are_final():
            await self.billing.lift_end(case_id)

    @activity.defn
    async def close_billing(self, closure: BillingClosure) -> BillingClosed:
        """Stop charging, invoice the days due, void the rest, and read it all back.

        Raises:
            ApplicationError: type `UndueBilling`, retryable, while the reading is not clean.
        """
        with refusals_are_final():
            await self.guard.check(closure.warrant)
            closed = await self.billing.close(closure)
        reading = await self.billing.read_back(closure)
        if not reading.is_clean:
            raise ApplicationError(
                f"billing is not clean: {len(reading.recurring_active)} recurring, "
                f"{len(reading.charges_after_end)} charges after the end, "
                f"{reading.days_invoiced} of {reading.days_due} days invoiced",
                type="UndueBilling",
            )
        # Nobody reads thousands of lines in the engine, and they could be more than it carries; billing has them.
        return closed.model_copy(
            update={"invoice": closed.invoice.model_copy(update={"lines": closed.invoice.lines[:MOST_LINES]})}
        )
