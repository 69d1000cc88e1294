"""The CRM whose records lie in PostgreSQL (P2, P11, P12, P14, P19, P20, X1, X9, X12)."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import asyncpg

from cancellation.adapters.crm_views import CaseTask, bare_address, bare_cnpj
from cancellation.adapters.postgres.crm_opening import open_case
from cancellation.adapters.postgres.crm_records import write
from cancellation.adapters.postgres.pool import Executor, Pool
from cancellation.adapters.postgres.queries import queries
from cancellation.adapters.trailchain import ChainedEntry, TrailCheck, check_chain
from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import Team
from cancellation.messages.crm import (
    CaseOpening,
    CaseRecord,
    CaseSummary,
    Customer,
    FormalizationState,
    OpenedCase,
    Original,
    TaskOrder,
    TrailReceipt,
)
from cancellation.messages.seed import CustomerSeed
from cancellation.ports import PermanentRefusal

SQL: Final = queries("crm")


class PostgresCrm:
    """Implements `cancellation.ports.Crm` over the schema `crm`, and reads more of it for people."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    # ------------------------------------------------------------------ the port

    async def open_case(self, opening: CaseOpening) -> OpenedCase:
        """Record the case, Commercial's task and the first trail entries together, once (P2).

        An open case of an earlier execution of the same workflow id ends here, or is handed on: see the port.

        Raises:
            PermanentRefusal: another case of this customer is still open (X1).
        """
        async with self._pool.acquire() as connection:
            with _permanent():
                async with connection.transaction():
                    start = await open_case(connection, opening)
                    customer = await _customer(connection, opening.customer_id)
        return OpenedCase(
            customer=customer and customer.model_copy(update={"status": start.status_before}),
            status_before=start.status_before,
            mails_count_after=start.mails_count_after,
            forsaken=start.forsaken,
            went_on=start.went_on,
            outcome=start.outcome,
        )

    async def record(self, record: CaseRecord) -> TrailReceipt:
        """Write one transaction of the case, counted once however often it runs (P11, P12, P14, P20).

        Raises:
            PermanentRefusal: the case is another customer's, the formalization is not complete or differs from
                the one held, or a revoked one has been acted upon.
        """
        async with self._pool.acquire() as connection:
            with _permanent():
                async with connection.transaction():
                    return await write(connection, record)

    async def customer(self, customer_id: str) -> Customer | None:
        """The customer with contacts and status, or None."""
        return await _customer(self._pool, customer_id)

    async def formalization(self, case_id: str) -> FormalizationState | None:
        """The case's complete formalization, in force or not, or None (P19)."""
        row = await self._pool.fetchrow(SQL["formalization_state"], case_id)
        return FormalizationState.model_validate(dict(row)) if row else None

    async def keep_original(self, raw: bytes, at: datetime) -> Original:
        """Keep an e-mail byte for byte under its SHA-256, once for each content (P11)."""
        sha256 = hashlib.sha256(raw).hexdigest()
        await self._pool.execute(SQL["keep_original"], sha256, raw, at)
        return Original(sha256=sha256, ref=f"crm:original/{sha256}", size=len(raw))

    async def original(self, sha256: str) -> bytes | None:
        """The bytes of a kept e-mail, or None."""
        raw: bytes | None = await self._pool.fetchval(SQL["original"], sha256)
        return raw

    async def case_by_protocol(self, protocol: str) -> CaseSummary | None:
        """The case with that protocol number, or None (X12)."""
        row = await self._pool.fetchrow(SQL["case_by_protocol"], protocol.strip().upper())
        return CaseSummary.model_validate(dict(row)) if row else None

    async def case_by_id(self, case_id: str) -> CaseSummary | None:
        """The case with that id, or None (X16)."""
        row = await self._pool.fetchrow(SQL["case_by_id"], case_id)
        return CaseSummary.model_validate(dict(row)) if row else None

    async def customers_by_email(self, address: str) -> Sequence[Customer]:
        """Customers of whom the address is an authorised contact (X9)."""
        return await self._customers(SQL["customers_by_email"], bare_address(address))

    async def customers_by_cnpj(self, cnpj: str) -> Sequence[Customer]:
        """Customers with that CNPJ, with or without its punctuation."""
        return await self._customers(SQL["customers_by_cnpj"], bare_cnpj(cnpj))

    # ------------------------------------------------------------------ for people

    async def list_cases(
        self, *, customer_id: str | None = None, open_only: bool = False, most: int = 1000
    ) -> list[CaseSummary]:
        """Cases, the latest opened first; of one customer, or only those that have not ended."""
        rows = await self._pool.fetch(SQL["list_cases"], customer_id, open_only, most)
        return [CaseSummary.model_validate(dict(row)) for row in rows]

    async def trail(self, case_id: str) -> list[TrailEntry]:
        """The case's trail in order; empty for an unknown case (P20)."""
        return [link.entry for link in await _chain(self._pool, case_id)]

    async def chained_trail(self, case_id: str) -> list[ChainedEntry]:
        """The case's trail in order, each entry with its hash (X13)."""
        return await _chain(self._pool, case_id)

    async def verify_trail(self, case_id: str) -> TrailCheck:
        """Compute the case's hash chain anew from what is held; a change, gap or missing end shows (X13)."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            head: str | None = await connection.fetchval(SQL["trail_head"], case_id)
            return check_chain(case_id, await _chain(connection, case_id), head)

    async def tasks(
        self, *, case_id: str | None = None, customer_id: str | None = None, open_only: bool = False
    ) -> list[CaseTask]:
        """Tasks of a case or customer, or everybody's, by day due and then as they were ordered (P14)."""
        rows = await self._pool.fetch(SQL["tasks"], case_id, customer_id, open_only)
        return [_task(row) for row in rows]

    async def provision(self, seed: CustomerSeed) -> None:
        """Put in or bring up to date a customer's master data; leaves the status of one already known."""
        customer = seed.customer
        await self._pool.execute(
            SQL["put_customer"],
            customer.customer_id,
            customer.name,
            bare_cnpj(customer.cnpj) if customer.cnpj else None,
            customer.status,
            [
                {**contact.model_dump(), "email": bare_address(contact.email), "place": place}
                for place, contact in enumerate(customer.contacts)
            ],
            customer.contract or None,
        )

    async def _customers(self, query: str, value: str) -> list[Customer]:
        rows = await self._pool.fetch(query, value)
        return [Customer.model_validate(dict(row)) for row in rows]


async def _customer(connection: Executor, customer_id: str) -> Customer | None:
    row = await connection.fetchrow(SQL["customer"], customer_id)
    return Customer.model_validate(dict(row)) if row else None


async def _chain(connection: Executor, case_id: str) -> list[ChainedEntry]:
    rows = await connection.fetch(SQL["chained_trail"], case_id)
    return [
        ChainedEntry(
            salt=row["salt"],
            commitment=row["commitment"],
            hash=row["hash"],
            entry=TrailEntry.model_validate({name: row[name] for name in TrailEntry.model_fields}),
        )
        for row in rows
    ]


def _task(row: asyncpg.Record) -> CaseTask:
    return CaseTask(
        case_id=row["case_id"],
        customer_id=row["customer_id"],
        order=TaskOrder(
            key=row["key"],
            team=Team(row["team"]),
            title=row["title"],
            text=row["text"],
            due_on=row["due_on"],
        ),
        ordered_at=row["ordered_at"],
        closed_at=row["closed_at"],
    )


@contextmanager
def _permanent() -> Iterator[None]:
    """What PostgreSQL will refuse every time is a permanent refusal; the rest is worth another attempt."""
    try:
        yield
    except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
        reason = getattr(error, "constraint_name", None) or str(error)
        raise PermanentRefusal(f"refused by the database: {reason}") from error
