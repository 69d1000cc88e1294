"""What letters say beside the case's own knowledge, from PostgreSQL."""

import asyncio
from dataclasses import dataclass
from datetime import date
from time import monotonic
from typing import Final

from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.desk import PostgresDesk
from cancellation.adapters.postgres.pool import Pool
from cancellation.adapters.postgres.queries import queries
from cancellation.messages.billing import BillingPreview, FinalInvoice
from cancellation.messages.desk import Account
from cancellation.messages.letter_contents import EndPreview

OUTBOX: Final = queries("outbox")
_FRESH: Final = 5.0
"""Seconds in which what is read for Commercial's task serves its letter, once."""


@dataclass(frozen=True)
class _Reading:
    """A look at a customer's records, under way or done."""

    customer_id: str
    begun: float
    found: "asyncio.Future[Account | None]"

    def serves(self, customer_id: str) -> bool:
        """Whether it is what is asked for, and has not failed."""
        fresh = self.customer_id == customer_id and monotonic() - self.begun < _FRESH
        return fresh and not (self.found.done() and self.found.exception())


class PostgresLetterFacts:
    """Implements `cancellation.ports.letter_facts.LetterFacts`."""

    def __init__(self, pool: Pool, billing: PostgresBilling) -> None:
        self._pool = pool
        self._reading: _Reading | None = None
        self._desk = PostgresDesk(pool)
        self._billing = billing

    async def account(self, customer_id: str) -> Account | None:
        """The customer with contacts, plan, value and cases.

        The task and its letter ask for it together, or one right after the other: it is read once.
        """
        reading, self._reading = self._reading, None
        if reading is None or not reading.serves(customer_id):
            found = asyncio.ensure_future(self._desk.account(customer_id))
            self._reading = reading = _Reading(customer_id, monotonic(), found)
        return await asyncio.shield(reading.found)

    async def preview(self, customer_id: str, last_day: date) -> BillingPreview:
        """What the final invoice would be for that last day (X25)."""
        return await self._billing.preview(customer_id, last_day)

    async def told_end(self, case_id: str, sha256: str) -> EndPreview | None:
        """The end in figures of that hash, as a letter of the case told it (X25)."""
        told = [
            EndPreview.model_validate(row["told"])
            for row in await self._pool.fetch(OUTBOX["told_ends"], case_id)
        ]
        return next((end for end in told if end.told.sha256 == sha256), None)

    async def issued_invoice(self, case_id: str) -> FinalInvoice | None:
        """The case's final invoice as billing holds it."""
        return await self._billing.final_invoice(case_id)
