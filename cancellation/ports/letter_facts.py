"""What letters say beside the case's own knowledge, looked up when they are sent."""

from datetime import date
from typing import Protocol

from cancellation.messages.billing import BillingPreview, FinalInvoice
from cancellation.messages.desk import Account
from cancellation.messages.letter_contents import EndPreview


class LetterFacts(Protocol):
    """The records as letters need them."""

    async def account(self, customer_id: str) -> Account | None:
        """The customer with contacts, plan, value and cases; None for one whom the CRM does not know."""

    async def preview(self, customer_id: str, last_day: date) -> BillingPreview:
        """What the final invoice would be for that last day (X25)."""

    async def told_end(self, case_id: str, sha256: str) -> EndPreview | None:
        """The end in figures of that hash, as a letter of the case told it (X25)."""

    async def issued_invoice(self, case_id: str) -> FinalInvoice | None:
        """The case's final invoice as billing holds it; None before it was issued."""
