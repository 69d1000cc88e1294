"""Erasing what is known of a customer, once the database lets it (LGPD)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cancellation.adapters.postgres.pool import Pool, storable
from cancellation.adapters.postgres.queries import queries
from cancellation.messages.erasure import Erasable, Erased

SQL: Final = queries("erasure")


class PostgresErasure:
    """What may be erased, and erasing it; the terms and the guards are the database's own (migration 081)."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def now(self) -> tuple[datetime, bool]:
        """The server's clock, and whether time is skipped there."""
        row = await self._pool.fetchrow(SQL["now"])
        assert row is not None
        return row["now"], row["is_virtual"]

    async def of(self, customer_id: str) -> list[Erasable]:
        """What there is to erase of a customer, and from when; nothing for one who never had a case."""
        rows = await self._pool.fetch(SQL["erasable"], storable(customer_id))
        return [Erasable.model_validate(dict(row)) for row in rows]

    async def erase(self, customer_id: str, one: Erasable, at: datetime, actor: str) -> Erased:
        """Erase it in the records, in one transaction together with the record of the erasure.

        Raises:
            asyncpg.RestrictViolationError: its term is not over.
        """
        found = await self._pool.fetchval(SQL["erase"], one.kind.value, customer_id, one.case_id, at, actor)
        return Erased(of=one, rows=found["rows"], deliveries=tuple(found["deliveries"]))

    async def executions(self, customer_id: str, case_ids: Sequence[str]) -> list[str]:
        """The workflow ids under which those cases ran."""
        rows = await self._pool.fetch(SQL["executions"], customer_id, list(case_ids))
        return [row["workflow_id"] for row in rows]
