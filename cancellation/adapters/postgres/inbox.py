"""The ledger of incoming mail in PostgreSQL, schema `inbox`, and Commercial's mail tasks in the CRM."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from cancellation.adapters.postgres.pool import Connection, Pool, storable
from cancellation.messages.mail_in import (
    Copies,
    MailEntry,
    MailFate,
    MailOutcome,
    MailTask,
    Registered,
    first_reported_as,
)


class PostgresInbox:
    """Implements `cancellation.ports.MailLedger`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def register(self, entry: MailEntry) -> Registered:
        """Note a delivery, once; copies of one e-mail that arrive at once are told apart by a lock."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", _place(entry.message_id))
            known = await connection.fetchrow("select * from inbox.messages where id = $1", entry.id)
            if known is None:
                await _insert(connection, entry)
            row = await connection.fetchrow(
                """
                select reported_as, action, fate, customer_id,
                    exists (select from inbox.messages e where e.reported_as = m.reported_as
                        and e.seq < m.seq and e.fate in ('opened', 'reported')) as acted_before,
                    exists (select from inbox.messages e where e.reported_as = m.reported_as
                        and e.seq < m.seq and e.handled_at is null) as pending_before
                from inbox.messages m where id = $1
                """,
                entry.id,
            )
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
            """
            update inbox.messages set action = $2, fate = $3, customer_id = $4, why = $5, handled_at = $6
            where id = $1 and handled_at is null
            """,
            delivery_id,
            outcome.action,
            outcome.fate.value,
            outcome.customer_id,
            list(why),
            at,
        )

    async def copies(self, sha256: str) -> Copies | None:
        """What all deliveries of an e-mail say together."""
        rows = await self._pool.fetch(
            """
            select reported_as, received_at, envelope from inbox.messages
            where reported_as = (select reported_as from inbox.messages where sha256 = $1 order by seq limit 1)
            order by received_at, seq
            """,
            sha256,
        )
        if not rows:
            return None
        return Copies(
            reported_as=rows[0]["reported_as"],
            received_at=rows[0]["received_at"],
            envelope=tuple(dict.fromkeys(address for row in rows for address in row["envelope"])),
        )

    async def open_task(self, task: MailTask) -> None:
        """Give Commercial an e-mail to read, once."""
        await self._pool.execute(
            """
            insert into crm.mail_tasks (sha256, reported_as, customer_id, title, text, opened_at)
            values ($1, $2, $3, $4, $5, $6) on conflict do nothing
            """,
            task.sha256,
            task.reported_as,
            task.customer_id,
            task.title,
            task.text,
            task.opened_at,
        )

    async def close_task(self, sha256: str, closed_by: str, at: datetime) -> bool:
        """Close the task of an e-mail, found by any of its copies."""
        closed = await self._pool.fetchval(
            """
            update crm.mail_tasks t set closed_at = $3, closed_by = $2
            where closed_at is null and (t.sha256 = $1 or t.reported_as in
                (select reported_as from inbox.messages where sha256 = $1))
            returning true
            """,
            sha256,
            closed_by,
            at,
        )
        return bool(closed)

    async def mail_tasks(self, *, open_only: bool = True) -> list[MailTask]:
        """E-mails that wait for a person, the oldest first."""
        rows = await self._pool.fetch(
            """
            select sha256, reported_as, customer_id, title, text, opened_at, closed_at, closed_by
            from crm.mail_tasks where closed_at is null or not $1 order by opened_at, sha256 limit 10000
            """,
            open_only,
        )
        return [MailTask.model_validate(dict(row)) for row in rows]


async def _insert(connection: Connection, entry: MailEntry) -> None:
    message_id = storable(entry.message_id)
    others = await connection.fetch(
        "select content_sha256, reported_as from inbox.messages where message_id = $1 order by seq",
        message_id,
    )
    known = [(row["content_sha256"], row["reported_as"]) for row in others]
    await connection.execute(
        """
        insert into inbox.messages
            (id, sha256, message_id, content_sha256, reported_as, received_at, envelope, source)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
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
