"""The outbox of outgoing letters in PostgreSQL, schema `notification`."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import asyncpg

from cancellation.adapters.mailing import Answer, Draft, Entry, Fate, MailNotTaken
from cancellation.adapters.postgres.pool import Connection, Pool, storable
from cancellation.adapters.postgres.queries import queries
from cancellation.messages.letter_contents import EndPreview
from cancellation.messages.letters import KeptLetter

MOST_AT_ONCE: Final = 4
"""Letters on their way at a time: each holds a connection, and a server that hangs must not take them all."""
WAIT_SECONDS: Final = 4.0
"""How long an attempt waits for its turn before it gives up until the caller's next one."""

SQL: Final = queries("outbox")
_LEAVE_SECONDS: Final = 2.0


class PostgresOutbox:
    """Keeps every letter, whatever becomes of it. One for each process."""

    def __init__(self, pool: Pool) -> None:
        """Keep letters through the process's pool."""
        self._pool = pool
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)

    async def contents_to(self, addresses: Sequence[str], most: int) -> Sequence[bytes]:
        """The messages that were sent to these addresses of customers, the newest first."""
        rows = await self._pool.fetch(SQL["contents_to"], list(addresses), most)
        return [row["content"] for row in rows]

    async def sent_letter(self, message_ids: Sequence[str], subject: str) -> KeptLetter | None:
        """The first of these Message-IDs that is a letter of ours, else the newest one with that subject."""
        known = list(map(storable, message_ids))
        row = await self._pool.fetchrow(SQL["sent_letter"], known, storable(subject))
        return KeptLetter.model_validate(dict(row)) if row else None

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
                turn = PostgresTurn(connection, key)
                try:
                    yield turn
                finally:
                    await turn.leave()
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
        """Work on the letter `key` through `connection`, which holds its lock from `open` on."""
        self._connection = connection
        self._key = key
        self._place = _place(key)
        self._holds_lock = False
        self._entry: Entry | None = None

    async def open(self, draft: Draft) -> Entry:
        """Keep the letter if it is new and count the attempt; what was kept first stays.

        Raises:
            MailNotTaken: another attempt at it is under way.
        """
        # A statement that fails after it has taken the lock keeps it.
        self._holds_lock = True
        try:
            row = await self._connection.fetchrow(
                SQL["take_turn"],
                self._place,
                draft.key,
                draft.case_id,
                draft.kind,
                draft.audience,
                draft.message_id,
                draft.subject,
                draft.content,
                draft.content_is_whole,
                draft.written_at,
                list(map(storable, draft.recipients)),
                draft.told.model_dump(mode="json") if draft.told else None,
            )
        except asyncpg.LockNotAvailableError:
            self._holds_lock = False
            raise MailNotTaken("outra tentativa de enviar esta mensagem está em andamento") from None
        if row is None:
            row = await self._connection.fetchrow(SQL["letter"], self._key)
            assert row is not None
            self._entry = await self._held(row)
        elif row["is_new"]:
            pending = dict.fromkeys(draft.recipients, Answer(Fate.PENDING))
            self._entry = Entry(draft.message_id, draft.content, draft.content_is_whole, pending, draft.told)
        else:
            self._entry = await self._held(row)
        return self._entry

    async def settle(self, answers: Mapping[str, Answer], error: str | None) -> Entry:
        """Write down what the server said, and give the turn up."""
        assert self._entry is not None
        self._entry = self._entry.answered(answers)
        settled = [(address, a) for address, a in answers.items() if a.fate is not Fate.PENDING]
        await self._connection.execute(
            SQL["settle_turn"],
            self._place,
            self._key,
            self._entry.fate.value,
            error,
            [storable(address) for address, _ in settled],
            [answer.fate.value for _, answer in settled],
            [storable(answer.reply) or None for _, answer in settled],
        )
        self._holds_lock = False
        return self._entry

    async def leave(self) -> None:
        """Give the turn up, if it is held; a connection that cannot say so is closed, and its locks with it."""
        if not self._holds_lock:
            return
        try:
            await self._connection.execute(SQL["leave_turn"], self._place, timeout=_LEAVE_SECONDS)
        except BaseException as error:
            # One that has ended already is out of our hands, and has given its locks up.
            with suppress(asyncpg.InterfaceError):
                self._connection.terminate()
            if not isinstance(error, Exception):
                raise

    async def _held(self, row: asyncpg.Record) -> Entry:
        recipients = await self._connection.fetch(SQL["recipients"], self._key)
        return Entry(
            message_id=row["message_id"],
            content=row["content"],
            content_is_whole=row["content_is_whole"],
            answers={r["address"]: Answer(Fate(r["status"]), r["reply"] or "") for r in recipients},
            told=EndPreview.model_validate(row["told"]) if row["told"] else None,
        )


def _place(key: str) -> int:
    """The advisory lock of a key: 64 bits, apart from the migrations' lock."""
    return int.from_bytes(hashlib.sha256(f"letter:{key}".encode()).digest()[:8], "big", signed=True)
