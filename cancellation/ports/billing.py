"""Subscriptions, charges and invoices (P16)."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from cancellation.messages.billing import (
    Aftermath,
    BillingClosed,
    BillingClosure,
    BillingEndPlan,
    BillingPreview,
    BillingReading,
    BillingWatch,
    TakeBack,
    UndueCharge,
)


class Billing(Protocol):
    """Subscriptions, charges and invoices (P16)."""

    async def plan_end(self, plan: BillingEndPlan) -> None:
        """Nothing recurs after the last day; can be lifted."""

    async def lift_end(self, case_id: str) -> None:
        """Undo the plan completely, also one that arrives only now: the customer stays (X3)."""

    async def close(self, closure: BillingClosure) -> BillingClosed:
        """Stop charging, issue the one final invoice, void what is dated after the end.

        Run again it voids and stops what has come since; the invoice stays as it was issued.

        Raises:
            DestructionForbidden: no complete formalization in force, or a notice that has not ended (P19).
            PermanentRefusal: the case was closed with another last day.
        """

    async def read_back(self, closure: BillingClosure) -> BillingReading:
        """Read what billing holds, independently of what `close` believes it did."""

    async def undue(self, customer_id: str, since: date) -> Sequence[UndueCharge]:
        """Charges for days after `since` of what was contracted until then, neither void nor credited (X10).

        A contract that the customer has signed after it is none of them.
        """

    async def void_undue(self, watch: BillingWatch) -> Sequence[UndueCharge]:
        """Void the undue charges that no invoice holds; answer the same again for the same watch (X10)."""


class BillingAfterwards(Protocol):
    """What is left in billing of customers who have left (X10). A contract signed afterwards is no part of it."""

    async def aftermath(self, case_id: str, customer_id: str, last_day: date) -> Aftermath:
        """What is undue, what was taken back already, and what is still to be paid.

        Args:
            case_id: whose final invoice, and whose voided charges.
            customer_id: whose contracts.
            last_day: the last day that was due.
        """

    async def void_undue(self, watch: BillingWatch) -> Sequence[UndueCharge]:
        """As `Billing.void_undue`."""

    async def take_back(self, order: TakeBack) -> bool:
        """Void an undue charge of an invoice, and end its fiscal document in the way ordered; once.

        False, and nothing happens, where it is none that this case may take back: it was paid meanwhile, is due, or
        another took it back.

        Raises:
            PermanentRefusal: its fiscal document cannot be ended in that way.
        """


class BillingPreviews(Protocol):
    """The end in figures, before anything ends (X25)."""

    async def preview(self, customer_id: str, last_day: date) -> BillingPreview:
        """What `Billing.close` would invoice for that last day, by the same arithmetic; writes nothing.

        Beside it stands what is still to be paid of earlier invoices, as far as billing knows.
        """
