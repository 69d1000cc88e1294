"""One life for every server: launched, asked until it answers, watched, stopped."""

import asyncio
import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

from embedded.errors import EmbeddedError
from embedded.process import Command, RunningProcess

_RELAUNCH_PAUSE_SECONDS = 0.3
_TAIL_BYTES = 8_192


class UpWhileEntered(ABC):
    """Up inside an `async with`, down after it."""

    @abstractmethod
    async def start(self) -> None:
        """Start it; return when it can be used. What cannot start whole leaves nothing running."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop it, however far it has come; nothing of it runs afterwards. Harmless when it is not running."""

    async def __aenter__(self) -> Self:
        """Start it."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop it."""
        await self.stop()


class ManagedServer(UpWhileEntered):
    """A server on loopback, whatever it is made of; a `Supervisor` can keep it running.

    A kind of server says how it is launched and when it can be used. Waiting, giving up, cleaning up and the
    error for the person who started it are the same for all.
    """

    name: str
    """What people call it."""
    start_seconds: ClassVar[float] = 30.0
    """How long it may take until it can be used."""
    relaunch_seconds: ClassVar[float] = 0.0
    """How long after its start an early end is taken for bad luck, and it is launched again."""
    ask_seconds: ClassVar[float] = 0.02
    """Between two questions whether it can be used."""

    @property
    @abstractmethod
    def running(self) -> bool:
        """Whether it has been launched and has not ended."""

    @abstractmethod
    async def wait(self) -> None:
        """Return when it has ended; at once when it is not running."""

    def log_tail(self) -> str:
        """The last lines that it has written of itself, for an error message; empty when it writes none."""
        return ""

    async def start(self) -> None:
        """Start it; return when it can be used.

        Raises:
            EmbeddedError: It does not come up; the message ends with its log, and nothing of it runs.
        """
        try:
            await self._prepare()
            await self._come_up()
        except BaseException:
            await self.stop()
            raise

    async def _prepare(self) -> None:
        """Do what has to be done before it is launched."""

    @abstractmethod
    async def _launch(self) -> None:
        """Have it run; whether it can be used is asked afterwards."""

    async def _answers(self) -> bool:
        """Whether it can be used; asked again and again while it runs."""
        return True

    async def _come_up(self) -> None:
        clock = asyncio.get_running_loop().time
        bad_luck_until = clock() + self.relaunch_seconds
        limit = asyncio.timeout(self.start_seconds)
        try:
            async with limit:
                await self._launch()
                while not (self.running and await self._answers()):
                    if self.running:
                        await asyncio.sleep(self.ask_seconds)
                    elif clock() < bad_luck_until:
                        await asyncio.sleep(_RELAUNCH_PAUSE_SECONDS)
                        await self._launch()
                    else:
                        raise self._start_error("terminou ao subir")
        except TimeoutError:
            if not limit.expired():
                raise
            raise self._start_error(f"não ficou pronto em {self.start_seconds:g} s") from None

    def _start_error(self, what: str) -> EmbeddedError:
        told = f"{self.name} {what}"
        tail = self.log_tail()
        return EmbeddedError(f"{told}:\n{tail}" if tail else told)


class ProcessServer(ManagedServer):
    """A server that is a process of its own.

    Args:
        log: Where its output goes.
    """

    log_lines: ClassVar[int] = 8
    """How much of its log an error message shows."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._process: RunningProcess | None = None

    @abstractmethod
    def _command(self) -> Command:
        """What to run."""

    @property
    def pid(self) -> int:
        """Its process id.

        Raises:
            RuntimeError: It has not been started.
        """
        if self._process is None:
            raise NotStarted
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.running

    async def wait(self) -> None:
        """Return when the process has ended."""
        if self._process is not None:
            await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, then make it end."""
        if self._process is not None:
            await self._process.stop()
            self._process = None

    async def kill(self) -> None:
        """Have it die with all its processes at once, as by a machine that loses its power."""
        if self._process is not None:
            await self._process.kill()
            self._process = None

    def log_tail(self) -> str:
        """The last lines of its log."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
                return "\n".join(log.read().decode(errors="replace").splitlines()[-self.log_lines :])
        except OSError:
            return ""

    async def _launch(self) -> None:
        self._process = await RunningProcess.start(self._command())


class NotStarted(RuntimeError):
    """Asked for what is known only once the server has been started."""

    def __init__(self) -> None:
        super().__init__("the server has not been started")
