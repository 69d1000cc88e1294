"""One child process: started under the right user, stopped politely, dead with its parent."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import BinaryIO

_LAUNCH = str(Path(__file__).with_name("launch.py"))
_LOG_LIMIT_BYTES = 20_000_000


@dataclass(frozen=True)
class User:
    """A system user by number; -1 for the one that runs this process."""

    uid: int = -1
    gid: int = -1


MYSELF = User()


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to run and how to end it."""

    argv: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(repr=False)
    """The whole environment; it may hold secrets."""
    user: User = MYSELF
    folder: Path = Path("/")
    stop_signal: Signals = SIGTERM
    stop_seconds: float = 20.0
    """How long it may take to end after `stop_signal` before it is killed."""
    death_signal: Signals = SIGKILL
    """What the kernel sends it when this process is gone."""


class RunningProcess:
    """A child process in a session of its own, so that the terminal's Ctrl-C reaches the parent alone."""

    def __init__(self, command: Command, process: asyncio.subprocess.Process) -> None:
        self.command = command
        self._process = process

    @classmethod
    async def start(cls, command: Command) -> "RunningProcess":
        """Start the command; its output is appended to its log.

        Must be called in a thread that lives as long as the child may: the kernel ties the child to it.
        """
        launch = [os.getpid(), int(command.death_signal), command.user.uid, command.user.gid]
        with _open_log(command.log) as log:
            process = await asyncio.create_subprocess_exec(
                *_launcher(), *map(str, launch), *command.argv,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(command.environment), cwd=command.folder, start_new_session=True,
            )  # fmt: skip
        return cls(command, process)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

    async def wait(self) -> int:
        """Wait for its end; the exit code, negative for a signal."""
        return await self._process.wait()

    async def stop(self) -> int:
        """Ask it to end, then make it end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(self.command.stop_signal)
        try:
            return await asyncio.wait_for(self._process.wait(), self.command.stop_seconds)
        except TimeoutError:
            return await self.kill()

    async def kill(self) -> int:
        """End it at once, with everything that it has started in its session."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, SIGKILL)
        return await self._process.wait()


async def reaches(user: User, paths: Iterable[Path], mode: int) -> bool:
    """Whether that user can get to every path and use it so (`os.R_OK`, `os.X_OK`). Needs root."""
    check = await asyncio.create_subprocess_exec(
        *_launcher(), "--access", str(user.uid), str(user.gid), str(mode), *map(str, paths), cwd="/"
    )
    return await check.wait() == 0


def _launcher() -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", _LAUNCH)


def _open_log(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > _LOG_LIMIT_BYTES:
            path.replace(path.with_suffix(".log.1"))
    # What servers write of themselves may name customers: for the owner alone.
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")
