"""Reading mail in a process of its own, within limits of time and memory (X9).

Anybody can send us bytes. The reader is bounded, but whatever a bound misses must cost one child process and never
the worker's event loop or its memory. One child reads one mail at a time; over a limit it is killed and the next
mail gets a new one. The child knows no setting and no secret, and can write no file.
"""

import asyncio
import contextlib
import logging
import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from cancellation.understanding import MailReading, Provider, ResolvedDirectory, Understanding

# What reads is loaded by the child alone.

logger = logging.getLogger(__name__)

_READY: Final = b"ready"
_READ: Final = b"r"
_UNDERSTAND: Final = b"u"
_DONE: Final = b"+"
_FAILED: Final = b"-"
_OUT_OF_MEMORY: Final = "MemoryError"
_START_SECONDS: Final = 60.0
_MOST_MAILS: Final = 2_000
"""After so many the child is replaced: its memory does not grow for ever."""
_IDLE_SECONDS: Final = 60.0
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_ROOT: Final = Path(__file__).parents[1]
_Answer = TypeVar("_Answer", bound=BaseModel)


class ReadingFailed(Exception):
    """The reader itself failed on a mail: a person has to read it. Says the kind of failure, no content."""


class ReadingTooCostly(ReadingFailed):
    """Reading a mail took more time or memory than any genuine mail takes."""


@dataclass(frozen=True)
class Limits:
    """What one mail may cost."""

    seconds: float = 10.0
    """By the clock on the wall; the machine may be busy."""
    cpu_seconds: int = 4
    memory_bytes: int = 300_000_000
    """On top of what the idle reader has; the largest mail that is taken lies in it twice."""


class _Order(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReadOrder(_Order):
    """What is asked about a message beside its bytes; see `read_message`."""

    envelope_recipients: tuple[str, ...] = ()
    delivered_at: datetime | None = None
    known_letters: tuple[str, ...] = ()


class UnderstandOrder(_Order):
    """What is asked about a reading; see `understand`."""

    reading: MailReading
    directory: ResolvedDirectory
    mailboxes: tuple[str, ...]
    trusted_servers: tuple[str, ...]
    now: datetime | None = None
    provider: Provider = Provider()
    mail_age_days: int | None = 5
    known_letters: tuple[str, ...] = ()


class MailReader(Protocol):
    """Reads and understands mail, wherever that is done."""

    async def read(self, raw: bytes, order: ReadOrder) -> MailReading:
        """What is written in a message.

        Raises:
            ReadingTooCostly: it took too much time or memory.
            ReadingFailed: the reader failed.
        """

    async def understand(self, order: UnderstandOrder) -> Understanding:
        """What is to be done with a message.

        Raises:
            ReadingTooCostly: it took too much time or memory.
            ReadingFailed: the reader failed.
        """


class ConfinedReader:
    """A `MailReader` in one child process that is started when it is needed; of no event loop in particular."""

    def __init__(self, limits: Limits | None = None, *, idle_seconds: float = _IDLE_SECONDS) -> None:
        """Reads within `limits`; a child that nobody asks for so long ends, and gives its thirty megabytes back."""
        self._limits = limits or Limits()
        self._idle_seconds = idle_seconds
        self._rest: threading.Timer | None = None
        self._child: _Child | None = None
        # One thread: mails wait here for the child, and no thread that others need waits with them.
        self._turns = ThreadPoolExecutor(max_workers=1, thread_name_prefix="confined-reader")

    async def read(self, raw: bytes, order: ReadOrder) -> MailReading:
        """What is written in a message; never blocks the event loop.

        Raises:
            ReadingTooCostly: it took too much time or memory.
            ReadingFailed: the reader failed.
        """
        return await self._asked(MailReading, _READ, order, raw)

    async def understand(self, order: UnderstandOrder) -> Understanding:
        """What is to be done with a message; never blocks the event loop.

        Raises:
            ReadingTooCostly: it took too much time or memory.
            ReadingFailed: the reader failed.
        """
        return await self._asked(Understanding, _UNDERSTAND, order, b"")

    def close(self) -> None:
        """End the child; the next mail would start another one."""
        self._turns.submit(self._replace).result()

    async def _asked(self, kind: type[_Answer], what: bytes, order: _Order, raw: bytes) -> _Answer:
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(
            self._turns, self._ask, what, order.model_dump_json().encode(), raw
        )
        return kind.model_validate_json(answer)

    def _ask(self, what: bytes, order: bytes, raw: bytes) -> bytes:
        if self._rest is not None:
            self._rest.cancel()
        try:
            return self._answer_of_child(what, order, raw)
        finally:
            self._rest = threading.Timer(self._idle_seconds, self._end_when_idle)
            self._rest.daemon = True
            self._rest.start()

    def _end_when_idle(self) -> None:
        with contextlib.suppress(RuntimeError):  # the process itself is ending, and its child with it
            self._turns.submit(self._replace)

    def _answer_of_child(self, what: bytes, order: bytes, raw: bytes) -> bytes:
        for last in (False, True):
            child = self._child or _Child(self._limits)
            self._child = child
            try:
                answer = child.ask(what, order, raw)
            except _Ended as ended:
                self._replace()
                if ended.over_a_limit or last:
                    raise ReadingTooCostly from None
                # Nobody knows why it ended: an operator or the machine's memory may have done it.
                logger.warning("the mail reader's process ended by itself")
                continue
            if child.asked >= _MOST_MAILS:
                self._replace()
            if answer[:1] == _DONE:
                return answer[1:]
            failure = answer[1:].decode()
            if failure == _OUT_OF_MEMORY:
                self._replace()
                raise ReadingTooCostly
            raise ReadingFailed(failure)
        raise AssertionError

    def _replace(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


_shared = ConfinedReader()


def shared_reader() -> ConfinedReader:
    """The one reader of this process."""
    return _shared


async def read_confined(
    raw: bytes,
    *,
    envelope_recipients: Sequence[str] = (),
    delivered_at: datetime | None = None,
    known_letters: Sequence[str] = (),
) -> MailReading:
    """`read_message` in the process's own reader.

    Raises:
        ReadingTooCostly: it took too much time or memory.
        ReadingFailed: the reader failed.
    """
    order = ReadOrder(
        envelope_recipients=tuple(envelope_recipients),
        delivered_at=delivered_at,
        known_letters=tuple(known_letters),
    )
    return await _shared.read(raw, order)


# --- the child, seen from outside ---------------------------------------------------------------------


class _Ended(Exception):
    """The child is no more."""

    def __init__(self, *, over_a_limit: bool) -> None:
        super().__init__()
        self.over_a_limit = over_a_limit


class _Child:
    def __init__(self, limits: Limits) -> None:
        self.asked = 0
        self._limits = limits
        ours, theirs = socket.socketpair()
        with theirs:
            argv = [sys.executable, "-m", __name__, str(theirs.fileno()), str(limits.cpu_seconds)]
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                [*argv, str(limits.memory_bytes)],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for us; the child ends with the connection
            )
        self._connection = Connection(ours.detach())
        try:
            started = self._connection.poll(_START_SECONDS) and self._connection.recv_bytes() == _READY
        except (EOFError, OSError):
            started = False
        if not started:
            self.end()
            raise ReadingFailed("the reader's process does not start")

    def ask(self, what: bytes, order: bytes, raw: bytes) -> bytes:
        late = threading.Event()

        def stop() -> None:
            late.set()
            self._process.kill()

        watch = threading.Timer(self._limits.seconds, stop)
        watch.daemon = True
        watch.start()
        self.asked += 1
        try:
            self._connection.send_bytes(what + order)
            self._connection.send_bytes(raw)
            return self._connection.recv_bytes()
        except (EOFError, OSError):
            code = self._process.wait()
            raise _Ended(over_a_limit=late.is_set() or code in _KILLED_BY_A_LIMIT) from None
        finally:
            watch.cancel()

    def end(self) -> None:
        self._connection.close()
        self._process.kill()
        self._process.wait()


_KILLED_BY_A_LIMIT: Final = frozenset({-24, -11, -6})
"""SIGXCPU; and what a library does when it gets no memory: SIGSEGV, SIGABRT."""


def _environment() -> dict[str, str]:
    """Only what an interpreter needs to find the code."""
    path = os.pathsep.join(part for part in (str(_ROOT), os.environ.get("PYTHONPATH", "")) if part)
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


# --- the child itself ---------------------------------------------------------------------------------


def _serve(connection: Connection, cpu_seconds: int, memory_bytes: int) -> None:
    """Answer until the other side is gone."""
    from cancellation.understanding import read_message, understand  # noqa: F401

    read_message(
        b"From: a@b.com\nContent-Type: text/html; charset=utf-8\n\n<p>Bom dia"
    )  # everything is loaded
    size = int(Path("/proc/self/statm").read_text().split()[0]) * _PAGE
    _limit(resource.RLIMIT_AS, size + memory_bytes)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    connection.send_bytes(_READY)
    while True:
        try:
            asked = connection.recv_bytes()
            raw = connection.recv_bytes()
        except EOFError:
            return
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, ceil(used.ru_utime + used.ru_stime) + cpu_seconds)
        try:
            answer = _DONE + _answer(asked[:1], asked[1:], raw)
        except Exception as error:  # told to the other side, by its kind alone
            answer = _FAILED + type(error).__name__.encode()
        connection.send_bytes(answer)


def _answer(what: bytes, order: bytes, raw: bytes) -> bytes:
    from cancellation.understanding import read_message, understand

    answer: BaseModel
    if what == _READ:
        read = ReadOrder.model_validate_json(order)
        answer = read_message(
            raw,
            envelope_recipients=read.envelope_recipients,
            delivered_at=read.delivered_at,
            known_letters=read.known_letters,
        )
    else:
        given = UnderstandOrder.model_validate_json(order)
        answer = understand(
            given.reading,
            given.directory,
            given.mailboxes,
            given.trusted_servers,
            now=given.now,
            provider=given.provider,
            mail_age_days=given.mail_age_days,
            known_letters=given.known_letters,
        )
    return answer.model_dump_json().encode()


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _main(arguments: Sequence[Any]) -> None:
    descriptor, cpu_seconds, memory_bytes = (int(argument) for argument in arguments)
    _serve(Connection(descriptor), cpu_seconds, memory_bytes)


if __name__ == "__main__":
    _main(sys.argv[1:])
