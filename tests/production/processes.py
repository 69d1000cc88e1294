"""What runs in the set: each container's process, and what its image does before."""

import asyncio
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals
from typing import Final

from embedded.managed import ProcessServer
from embedded.ports import LOOPBACK
from embedded.process import Command, RunningProcess, User
from tests.production.translation import Container

WITHOUT_NEW_PRIVILEGES: Final = (shutil.which("setpriv") or "/usr/bin/setpriv", "--no-new-privs")
"""A whole path: who becomes another user may no longer reach what it takes to look for one."""
_CHECK_SECONDS: Final = 20.0
_ONE_SHOT_SECONDS: Final = 300.0


@dataclass(frozen=True, kw_only=True)
class Here:
    """How a container's process is run on this machine, beside what the compose file says."""

    user: User
    program: tuple[str, ...]
    """What comes before the container's arguments."""
    environment: Mapping[str, str] = field(repr=False)
    """Of its image, and where its ports are."""
    folder: Path
    log: Path
    check: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What stands in for a program of a health check."""
    stop_signal: Signals = SIGTERM

    def command(self, container: Container) -> Command:
        """To run it. It can gain no privileges, whatever program it finds."""
        return Command(
            argv=(*WITHOUT_NEW_PRIVILEGES, *self.program, *container.argv),
            log=self.log,
            environment={**self.environment, **container.environment},
            user=self.user,
            folder=self.folder,
            stop_signal=self.stop_signal,
            stop_seconds=container.stop_seconds,
        )


class ContainerProcess(ProcessServer):
    """A server of the set: up when its own health check says so."""

    start_seconds = 180.0
    ask_seconds = 0.5
    relaunch_seconds = 30.0

    def __init__(self, container: Container, here: Here) -> None:
        super().__init__(here.log)
        self.name = container.name
        self.container = container
        self.here = here

    def _command(self) -> Command:
        return self.here.command(self.container)

    async def _answers(self) -> bool:
        return await self.healthy()

    async def healthy(self) -> bool:
        """What its health check says."""
        if self.container.check is None:
            return True
        program, *arguments = self.container.check
        argv = (*self.here.check.get(program, (program,)), *arguments)
        return await ended_well(argv, {**self.here.environment, **self.container.environment})


async def run_once(container: Container, here: Here, tries: int) -> None:
    """Run a container that has to end well, again as often as its restart policy allows."""
    for attempt in range(tries):
        process = await RunningProcess.start(here.command(container))
        try:
            if await asyncio.wait_for(process.wait(), _ONE_SHOT_SECONDS) == 0:
                return
        finally:
            await process.stop()
        await asyncio.sleep(0.2 * 2**attempt)
    raise AssertionError(f"{container.name} failed {tries} times:\n{here.log.read_text()[-4_000:]}")


async def ended_well(argv: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether a command ends with 0 in time; what it says is nobody's business."""
    process = await asyncio.create_subprocess_exec(
        *argv, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        return await asyncio.wait_for(process.wait(), _CHECK_SECONDS) == 0
    except TimeoutError:
        process.kill()
        await process.wait()
        return False


class PostgresProcess(ContainerProcess):
    """PostgreSQL; before its first start what its image does then: data, rules of entry, the mounted scripts.

    Args:
        container: of the compose file.
        here: as for every process.
        programs: the folder with PostgreSQL's programs.
        data: where the data lies.
        port: where it listens.
    """

    def __init__(self, container: Container, here: Here, *, programs: Path, data: Path, port: int) -> None:
        super().__init__(container, here)
        self._programs = programs
        self._data = data
        self._port = port
        self._sockets = container.mounts["/var/run/postgresql"]

    async def _prepare(self) -> None:
        if self._data.exists():
            return
        self._data.parent.mkdir(parents=True, exist_ok=True)
        if self.here.user.uid >= 0:
            os.chown(self._data.parent, self.here.user.uid, self.here.user.gid)
        environment = self.container.environment
        initdb = ("initdb", "--username=postgres", f"--pwfile={environment['POSTGRES_PASSWORD_FILE']}")
        await self._run(*initdb, *shlex.split(environment["POSTGRES_INITDB_ARGS"]), "-D", str(self._data))
        with (self._data / "pg_hba.conf").open("a") as rules:
            rules.write("\nhost all all all scram-sha-256\n")
        first = await RunningProcess.start(
            self._program("postgres", *self._where(), "-c", "listen_addresses=")
        )
        try:
            async with asyncio.timeout(60):
                while not await ended_well((str(self._programs / "pg_isready"),), self._client()):
                    await asyncio.sleep(0.1)
            for target, script in self.container.mounts.items():
                if target.startswith("/docker-entrypoint-initdb.d/"):
                    await asyncio.to_thread(self._script, script)
        finally:
            await first.stop()

    def _script(self, script: Path) -> None:
        done = subprocess.run(
            ["sh", str(script)], env=self._client(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def _command(self) -> Command:
        program, *arguments = self.container.argv
        return self._program(program, *arguments, *self._where(), "-c", f"listen_addresses={LOOPBACK}")

    def _where(self) -> tuple[str, ...]:
        return ("-D", str(self._data), "-k", str(self._sockets), "-p", str(self._port))

    def _client(self) -> dict[str, str]:
        return {
            "PATH": f"{self._programs}:{os.environ['PATH']}",
            "PGHOST": str(self._sockets),
            "PGPORT": str(self._port),
            "POSTGRES_USER": "postgres",
        }

    async def _run(self, program: str, *arguments: str) -> None:
        process = await RunningProcess.start(self._program(program, *arguments))
        assert await process.wait() == 0, self.log_tail()

    def _program(self, program: str, *arguments: str) -> Command:
        return Command(
            argv=(*WITHOUT_NEW_PRIVILEGES, str(self._programs / program), *arguments),
            log=self.log,
            environment=self.here.environment,
            user=self.here.user,
            folder=self._data.parent,
            stop_signal=SIGINT,
            stop_seconds=self.container.stop_seconds,
        )


def give_away(tree: Path, user: User) -> None:
    """Make everything below belong to a user, readable by nobody else."""
    for path in (tree, *tree.rglob("*")):
        if user.uid >= 0:
            os.chown(path, user.uid, user.gid, follow_symlinks=False)
        path.chmod(0o700 if path.is_dir() else 0o500 if path.suffix == ".sh" else 0o400)
