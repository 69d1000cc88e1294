"""The ledger of incoming mail in PostgreSQL, schema `inbox`, and Commercial's mail tasks in the CRM."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cancellation.adapters.postgres.crm_records import keep_decisions
from cancellation.adapters.postgres.pool import Connection, Pool, storable
from cancellation.adapters.postgres.queries import queries
from cancellation.messages.crm import MailDecision
from cancellation.messages.dkim import SigningKey
from cancellation.messages.mail_in import (
    Copies,
    KeptMail,
    MailEntry,
    MailFate,
    MailOutcome,
    MailTask,
    Registered,
    first_reported_as,
)

SQL: Final = queries("inbox")
_MOST_MAILS: Final = 100
_MOST_LABELS: Final = 1_000_000


class PostgresInbox:
    """Implements `cancellation.ports.MailLedger`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def register(self, entry: MailEntry) -> Registered:
        """Note a delivery, once; copies of one e-mail that arrive at once are told apart by a lock."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(SQL["lock_message"], _place(entry.message_id))
            row = await connection.fetchrow(SQL["delivery"], entry.id)
            if row is None:
                await _insert(connection, entry)
                row = await connection.fetchrow(SQL["delivery"], entry.id)
        assert row is not None
        handled = row["fate"] is not None
        return Registered(
            reported_as=row["reported_as"],
            outcome=MailOutcome(
                fate=MailFate(row["fate"]), action=row["action"], customer_id=row["customer_id"]
            )
            if handled
            else None,
            acted_before=row["acted_before"],
            pending_before=row["pending_before"],
        )

    async def settle(self, delivery_id: str, outcome: MailOutcome, why: Sequence[str], at: datetime) -> None:
        """Note what became of a delivery; the first word stays."""
        await self._pool.execute(
            SQL["settle"],
            delivery_id,
            outcome.action,
            outcome.fate.value,
            outcome.customer_id,
            list(why),
            at,
        )

    async def keep_keys(self, sha256: str, keys: Sequence[SigningKey]) -> None:
        """Keep keys of an e-mail's signatures; the first word about each stays."""
        await self._pool.executemany(
            SQL["keep_key"],
            [
                (sha256, one.domain, one.selector, one.record and storable(one.record), one.looked_up_at)
                for one in keys
            ],
        )

    async def keys_of(self, sha256: str) -> list[SigningKey]:
        """The keys that are kept of an e-mail's signatures."""
        return [
            SigningKey.model_validate(dict(row)) for row in await self._pool.fetch(SQL["keys_of"], sha256)
        ]

    async def copies(self, sha256: str) -> Copies | None:
        """What all deliveries of an e-mail say together."""
        rows = await self._pool.fetch(SQL["copies"], sha256)
        if not rows:
            return None
        return Copies(
            reported_as=rows[0]["reported_as"],
            received_at=rows[0]["received_at"],
            envelope=tuple(dict.fromkeys(address for row in rows for address in row["envelope"])),
            customer_id=next((row["customer_id"] for row in rows if row["customer_id"]), None),
        )

    async def mails_of(self, customer_id: str) -> list[KeptMail]:
        """The newest e-mails of a customer, the newest first."""
        rows = await self._pool.fetch(SQL["mails_of"], customer_id, _MOST_MAILS)
        return [KeptMail.model_validate(dict(row)) for row in rows]

    async def keep_decision(self, decision: MailDecision) -> None:
        """Keep what a person decided about an e-mail of no case."""
        await keep_decisions(self._pool, [decision])

    async def decisions(self) -> list[MailDecision]:
        """What people decided about e-mails, the oldest first: labels for the reader (X14)."""
        return [
            MailDecision.model_validate(dict(row))
            for row in await self._pool.fetch(SQL["decisions"], _MOST_LABELS)
        ]

    async def task(self, sha256: str) -> MailTask | None:
        """Commercial's task about an e-mail, found by any of its copies."""
        row = await self._pool.fetchrow(SQL["task"], sha256)
        return MailTask.model_validate(dict(row)) if row else None

    async def open_task(self, task: MailTask) -> None:
        """Give Commercial an e-mail to read, once."""
        await self._pool.execute(
            SQL["open_task"],
            task.sha256,
            task.reported_as,
            task.customer_id,
            task.title,
            task.text,
            task.opened_at,
            task.quiet,
        )

    async def close_task(self, sha256: str, closed_by: str, at: datetime) -> bool:
        """Close the task of an e-mail, found by any of its copies."""
        closed = await self._pool.fetchval(SQL["close_task"], sha256, closed_by, at)
        return bool(closed)

    async def mail_tasks(self, *, open_only: bool = True) -> list[MailTask]:
        """E-mails that wait for a person, the oldest first."""
        rows = await self._pool.fetch(SQL["mail_tasks"], open_only)
        return [MailTask.model_validate(dict(row)) for row in rows]


async def _insert(connection: Connection, entry: MailEntry) -> None:
    message_id = storable(entry.message_id)
    others = await connection.fetch(SQL["contents_of_message_id"], message_id)
    known = [(row["content_sha256"], row["reported_as"]) for row in others]
    await connection.execute(
        SQL["insert_delivery"],
        entry.id,
        entry.sha256,
        message_id,
        entry.content_sha256,
        first_reported_as(message_id, entry.content_sha256, known),
        entry.received_at,
        [storable(address) for address in entry.envelope],
        entry.source,
    )


def _place(message_id: str) -> int:
    """The advisory lock of a Message-ID, apart from those of letters and migrations."""
    digest = hashlib.sha256(f"mail-in:{message_id}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
