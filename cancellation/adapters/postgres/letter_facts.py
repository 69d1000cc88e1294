"""What letters say beside the case's own knowledge, from PostgreSQL."""

from datetime import date
from decimal import Decimal
from typing import Final

from cancellation.adapters.final_invoice import invoice_id
from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.desk import PostgresDesk
from cancellation.adapters.postgres.pool import Pool
from cancellation.adapters.postgres.queries import queries
from cancellation.messages.billing import BillingPreview, FinalInvoice, InvoiceLine
from cancellation.messages.desk import Account

SQL: Final = queries("billing")


class PostgresLetterFacts:
    """Implements `cancellation.ports.letter_facts.LetterFacts`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._desk = PostgresDesk(pool)
        self._billing = PostgresBilling(pool)

    async def account(self, customer_id: str) -> Account | None:
        """The customer with contacts, plan, value and cases."""
        return await self._desk.account(customer_id)

    async def preview(self, customer_id: str, last_day: date) -> BillingPreview:
        """What the final invoice would be for that last day (X25)."""
        return await self._billing.preview(customer_id, last_day)

    async def issued_invoice(self, case_id: str) -> FinalInvoice | None:
        """The case's final invoice as billing holds it."""
        rows = await self._pool.fetch(SQL["issued_invoice"], case_id)
        if not rows:
            return None
        lines = tuple(
            InvoiceLine.model_validate({name: row[name] for name in InvoiceLine.model_fields})
            for row in rows
            if row["subscription_id"] is not None
        )
        total = sum((line.amount for line in lines), Decimal("0.00"))
        return FinalInvoice(invoice_id=invoice_id(case_id), lines=lines, total=total)
