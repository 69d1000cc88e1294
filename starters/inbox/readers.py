"""Readers: one thread a mailbox, which hands every e-mail to reception and marks it once that has it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from threading import Event
from typing import Final

from cancellation.adapters.imap.mailbox import Found, ImapFolder, MailboxNotUsable
from cancellation.settings import ImapSettings
from starters.inbox.reception import Reception

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 16
_BYTES_AT_ONCE: Final = 4_000_000
"""How much is in memory at a time, unless a single e-mail is larger."""
_FAILURES_IN_A_ROW: Final = 3
_LOOK_AGAIN_SECONDS: Final = 60.0
"""A folder is looked at this often even when the server announces nothing."""
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 300.0
_GROUP_WITHIN: Final = 300.0


class NotTaken(Exception):
    """Some e-mails could not be handed over; they stay in the folder for the next try."""


@dataclass
class MailboxReader:
    """Reads one mailbox until it is told to stop.

    Args:
        settings: the mailbox.
        reception: takes the e-mails.
        loop: where reception lives.
        max_bytes: of a larger e-mail only the header is read; a person has to open it.
        place: of the mailbox in the settings, from 1.
    """

    settings: ImapSettings
    reception: Reception
    loop: asyncio.AbstractEventLoop
    max_bytes: int
    place: int = 1

    def __post_init__(self) -> None:
        self.stop = Event()
        self._broke: dict[str, int] = {}
        """How often the connection broke while an e-mail was read, by UID; a hint for the order, no more."""

    def run(self) -> None:
        """Read, wait, read again; reconnect after every trouble, at longer and longer intervals."""
        pause = _FIRST_PAUSE
        while not self.stop.is_set():
            try:
                with ImapFolder(self.settings) as folder:
                    logger.info("mailbox open", extra={"host": self.settings.host})
                    while not self.stop.is_set():
                        self._hand_over(folder)
                        self.reception.counts.looked(self.place)
                        pause = _FIRST_PAUSE
                        folder.wait(self.stop, _LOOK_AGAIN_SECONDS)
            except MailboxNotUsable as error:
                logger.error("mailbox not usable", extra={"error": str(error)})
                pause = _LONGEST_PAUSE
            except Exception as error:
                logger.warning("mailbox interrupted", extra={"error": _words(error), "pause": pause})
            self.stop.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _hand_over(self, folder: ImapFolder) -> None:
        """Hand over everything that waits.

        Raises:
            NotTaken: something was left.
        """
        left, failures = 0, 0
        for group in self._in_order(folder):
            if self.stop.is_set():
                return
            taken = self._take(folder, group)
            folder.done(taken)
            left += len(group) - len(taken)
            failures = 0 if taken else failures + 1
            if failures >= _FAILURES_IN_A_ROW:
                raise NotTaken
        if left:
            raise NotTaken

    def _in_order(self, folder: ImapFolder) -> Iterator[list[Found]]:
        """What waits, in groups; what broke the connection before comes last and alone."""
        doubtful: list[Found] = []
        for glanced in folder.waiting():
            doubtful += [found for found in glanced if found.uid in self._broke]
            yield from groups([found for found in glanced if found.uid not in self._broke])
        for found in sorted(doubtful, key=lambda one: self._broke.get(one.uid, 0)):
            yield [found]

    def _take(self, folder: ImapFolder, group: Sequence[Found]) -> list[str]:
        """Hand over a group; the UIDs of those that are safe now."""
        raws = self._read(folder, group)
        contents = [(found, raws[found.uid]) for found in group if found.uid in raws]
        gone = folder.gone([found.uid for found in group if found.uid not in raws])
        handing = asyncio.run_coroutine_threadsafe(self._take_all(folder.uidvalidity, contents), self.loop)
        results = handing.result(timeout=_GROUP_WITHIN)
        return gone + [uid for uid in results if uid is not None]

    def _read(self, folder: ImapFolder, group: Sequence[Found]) -> dict[str, bytes]:
        raws: dict[str, bytes] = {}
        try:
            for header_only in (False, True):
                uids = [found.uid for found in group if (found.size > self.max_bytes) is header_only]
                if uids:
                    raws |= folder.read(uids, header_only=header_only)
        except Exception:
            # A server may hang up over an e-mail that it cannot read, every time: the others must get past it.
            for found in group:
                self._broke[found.uid] = self._broke.get(found.uid, 0) + 1
            raise
        for found in group:
            self._broke.pop(found.uid, None)
        return raws

    async def _take_all(self, uidvalidity: str, contents: Sequence[tuple[Found, bytes]]) -> list[str | None]:
        return await asyncio.gather(*(self._take_one(uidvalidity, *content) for content in contents))

    async def _take_one(self, uidvalidity: str, found: Found, raw: bytes) -> str | None:
        settings = self.settings
        try:
            await self.reception.take(
                raw,
                found.received_at,
                (settings.delivered_to,),
                source=f"imap:{settings.host}/{settings.folder};UIDVALIDITY={uidvalidity};UID={found.uid}"[
                    :300
                ],
                whole=found.size <= self.max_bytes,
            )
        except Exception as error:
            logger.warning("mail not taken", extra={"error": type(error).__name__})
            return None
        return found.uid


def groups(glanced: Sequence[Found]) -> Iterator[list[Found]]:
    """E-mails a few at a time, so that memory stays bounded whatever their sizes."""
    group: list[Found] = []
    size = 0
    for found in glanced:
        if group and (len(group) == _AT_ONCE or size + found.size > _BYTES_AT_ONCE):
            yield group
            group, size = [], 0
        group.append(found)
        size += found.size
    if group:
        yield group


@asynccontextmanager
async def reading(
    mailboxes: Sequence[ImapSettings], reception: Reception, *, max_bytes: int
) -> AsyncIterator[None]:
    """Read these mailboxes meanwhile."""
    loop = asyncio.get_running_loop()
    readers = [
        MailboxReader(mailbox, reception, loop, max_bytes, place)
        for place, mailbox in enumerate(mailboxes, start=1)
    ]
    async with AsyncExitStack() as stack:
        if readers:
            threads = ThreadPoolExecutor(len(readers), thread_name_prefix="mailbox")
            running = [loop.run_in_executor(threads, reader.run) for reader in readers]
            stack.push_async_callback(_end, readers, running, threads)
        yield


async def _end(
    readers: Sequence[MailboxReader], running: Sequence["asyncio.Future[None]"], threads: ThreadPoolExecutor
) -> None:
    for reader in readers:
        reader.stop.set()
    await asyncio.wait(running, timeout=10)
    threads.shutdown(wait=False, cancel_futures=True)


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
