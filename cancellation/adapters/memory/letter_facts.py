"""What letters say beside the case's own knowledge, from the memory systems."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cancellation.adapters.mailing import Draft
from cancellation.adapters.memory.billing import MemoryBilling
from cancellation.adapters.memory.desk import MemoryDesk
from cancellation.messages.billing import BillingPreview, FinalInvoice
from cancellation.messages.desk import Account
from cancellation.messages.letter_contents import EndPreview


@dataclass(frozen=True)
class MemoryLetterFacts:
    """Implements `cancellation.ports.letter_facts.LetterFacts`."""

    desk: MemoryDesk
    billing: MemoryBilling
    letters: Mapping[str, Draft]
    """The outbox's."""

    async def account(self, customer_id: str) -> Account | None:
        """The customer with contacts, plan, value and cases."""
        return await self.desk.account(customer_id)

    async def preview(self, customer_id: str, last_day: date) -> BillingPreview:
        """What the final invoice would be for that last day (X25)."""
        return await self.billing.preview(customer_id, last_day)

    async def told_end(self, case_id: str, sha256: str) -> EndPreview | None:
        """The end in figures of that hash, as a letter of the case told it (X25)."""
        told = [draft.told for draft in self.letters.values() if draft.case_id == case_id and draft.told]
        return next((end for end in told if end.told.sha256 == sha256), None)

    async def issued_invoice(self, case_id: str) -> FinalInvoice | None:
        """The case's final invoice as billing holds it."""
        return self.billing.final_invoice(case_id)
