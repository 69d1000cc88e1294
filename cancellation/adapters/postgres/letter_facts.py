"""What letters say beside the case's own knowledge, from PostgreSQL."""

from datetime import date

from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.desk import PostgresDesk
from cancellation.adapters.postgres.pool import Pool
from cancellation.messages.billing import BillingPreview, FinalInvoice
from cancellation.messages.desk import Account


class PostgresLetterFacts:
    """Implements `cancellation.ports.letter_facts.LetterFacts`."""

    def __init__(self, pool: Pool, billing: PostgresBilling) -> None:
        self._desk = PostgresDesk(pool)
        self._billing = billing

    async def account(self, customer_id: str) -> Account | None:
        """The customer with contacts, plan, value and cases."""
        return await self._desk.account(customer_id)

    async def preview(self, customer_id: str, last_day: date) -> BillingPreview:
        """What the final invoice would be for that last day (X25)."""
        return await self._billing.preview(customer_id, last_day)

    async def issued_invoice(self, case_id: str) -> FinalInvoice | None:
        """The case's final invoice as billing holds it."""
        return await self._billing.final_invoice(case_id)
