"""The outbox of outgoing letters in PostgreSQL, schema `notification`."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from cancellation.adapters.mailing import Answer, Draft, Entry, Fate, MailNotTaken
from cancellation.adapters.postgres.pool import Connection, Executor, Pool

MOST_AT_ONCE: Final = 4
"""Letters on their way at a time: each holds a connection, and a server that hangs must not take them all."""
WAIT_SECONDS: Final = 4.0
"""How long an attempt waits for its turn before it gives up until the caller's next one."""

_KEEP: Final = """
insert into notification.outbox
    (key, case_id, kind, audience, message_id, subject, content, content_is_whole, written_at, status,
     settled_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, case when $10 <> 'pending' then now() end)
on conflict (key) do nothing
returning key
"""
_KEEP_RECIPIENT: Final = "insert into notification.recipients (key, place, address) values ($1, $2, $3)"
_FIND: Final = "select message_id, content, content_is_whole from notification.outbox where key = $1"
_RECIPIENTS: Final = (
    "select address, status, reply from notification.recipients where key = $1 order by place"
)
_CONTENTS_TO: Final = """
select o.content from notification.outbox o
where o.audience = 'customer' and o.key in (select key from notification.recipients where lower(address) = any($1))
order by o.written_at desc, o.key limit $2
"""
_BEGIN: Final = """
update notification.outbox set attempts = attempts + 1, last_attempt_at = now() where key = $1
"""
_SETTLE_RECIPIENT: Final = """
update notification.recipients set status = $3, reply = $4, settled_at = now()
where key = $1 and address = $2 and status = 'pending'
"""
_SETTLE: Final = """
update notification.outbox
set status = $2, last_error = $3, settled_at = case when $2 <> 'pending' then now() end
where key = $1 and status = 'pending'
"""


class PostgresOutbox:
    """Keeps every letter, whatever becomes of it. One for each process."""

    def __init__(self, pool: Pool) -> None:
        """Keep letters through the process's pool."""
        self._pool = pool
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)

    async def find(self, key: str) -> Entry | None:
        """What is kept under a key."""
        return await _find(self._pool, key)

    async def contents_to(self, addresses: Sequence[str], most: int) -> Sequence[bytes]:
        """The messages that were sent to these addresses of customers, the newest first."""
        rows = await self._pool.fetch(_CONTENTS_TO, list(addresses), most)
        return [row["content"] for row in rows]

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator["PostgresTurn"]:
        """Be alone with a letter, over all processes; a process that dies gives it up at once.

        No transaction is open while the letter is sent: an advisory lock of the connection holds its place.

        Raises:
            MailNotTaken: another attempt at it, or too many other letters, are under way.
        """
        await self._take_slot()
        try:
            async with self._pool.acquire() as connection:
                try:
                    await connection.execute("select pg_advisory_lock($1)", _place(key))
                except asyncpg.LockNotAvailableError:
                    raise MailNotTaken("outra tentativa de enviar esta mensagem está em andamento") from None
                # Going back to the pool, or dying, the connection gives up its advisory locks.
                yield PostgresTurn(connection, key)
        finally:
            self._slots.release()

    async def _take_slot(self) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            raise MailNotTaken("há mensagens demais sendo enviadas ao mesmo tempo") from None


class PostgresTurn:
    """One attempt at one letter."""

    def __init__(self, connection: Connection, key: str) -> None:
        """Work on the letter `key`, whose lock `connection` holds."""
        self._connection = connection
        self._key = key

    async def open(self, draft: Draft) -> Entry:
        """Keep the letter if it is new; what was kept first stays."""
        async with self._connection.transaction():
            new = await self._connection.fetchval(
                _KEEP,
                draft.key,
                draft.case_id,
                draft.kind,
                draft.audience,
                draft.message_id,
                draft.subject,
                draft.content,
                draft.content_is_whole,
                draft.written_at,
                (Fate.PENDING if draft.recipients else Fate.REFUSED).value,
            )
            if new is not None:
                rows = [(draft.key, place, address) for place, address in enumerate(draft.recipients)]
                await self._connection.executemany(_KEEP_RECIPIENT, rows)
        return await self._entry()

    async def begin(self) -> None:
        """Count the attempt."""
        await self._connection.execute(_BEGIN, self._key)

    async def settle(self, answers: Mapping[str, Answer], error: str | None) -> Entry:
        """Write down what the server said."""
        rows = [
            (self._key, address, answer.fate.value, answer.reply or None)
            for address, answer in answers.items()
            if answer.fate is not Fate.PENDING
        ]
        async with self._connection.transaction():
            await self._connection.executemany(_SETTLE_RECIPIENT, rows)
            entry = await self._entry()
            await self._connection.execute(_SETTLE, self._key, entry.fate.value, error)
        return entry

    async def _entry(self) -> Entry:
        entry = await _find(self._connection, self._key)
        assert entry is not None
        return entry


async def _find(executor: Executor, key: str) -> Entry | None:
    row = await executor.fetchrow(_FIND, key)
    if row is None:
        return None
    recipients = await executor.fetch(_RECIPIENTS, key)
    return Entry(
        message_id=row["message_id"],
        content=row["content"],
        content_is_whole=row["content_is_whole"],
        answers={r["address"]: Answer(Fate(r["status"]), r["reply"] or "") for r in recipients},
    )


def _place(key: str) -> int:
    """The advisory lock of a key: 64 bits, apart from the migrations' lock."""
    return int.from_bytes(hashlib.sha256(f"letter:{key}".encode()).digest()[:8], "big", signed=True)
