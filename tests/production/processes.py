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
from typing import Any, Final

from embedded.managed import ProcessServer
from embedded.ports import LOOPBACK, free_port
from embedded.process import MYSELF, Command, RunningProcess, User
from tests.compose import CHECKOUT
from tests.production.translation import Container

WITHOUT_NEW_PRIVILEGES: Final = (shutil.which("setpriv") or "/usr/bin/setpriv", "--no-new-privs")
"""A whole path: who becomes another user may no longer reach what it takes to look for one."""
ANOTHER_NAME: Final = "127.0.0.2"
"""Where the database is found too, under a name for which its certificate is not."""
_CHECK_SECONDS: Final = 20.0
_ONE_SHOT_SECONDS: Final = 300.0
_SCRIPT_SECONDS: Final = 300.0


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
        self._wanted = asyncio.Event()
        self._wanted.set()

    async def start(self) -> None:
        """Start it, unless it is held down; then when it no longer is."""
        await self._wanted.wait()
        await super().start()

    async def hold_down(self) -> None:
        """Stop it with order, for as long as nobody lets it up: `docker compose stop`."""
        self._wanted.clear()
        await self.stop()

    def become(self, container: Container, here: Here) -> None:
        """Be that container from the next start on."""
        self.container, self.here = container, here

    def let_up(self) -> None:
        """Have it started again, by whoever keeps it running: `docker compose start`."""
        self._wanted.set()

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
    """PostgreSQL; before its first start what its image does then: data, and the mounted scripts.

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
        self._copies: Path | None = None

    @property
    def data(self) -> Path:
        """Where its data lies."""
        return self._data

    async def keep_copies(self, folder: Path) -> None:
        """Have its log archived from its next start on, by the script of docs/backup.md, which lies in the folder."""
        folder.mkdir()
        script = Path(shutil.copy(CHECKOUT / "deploy" / "postgres" / "backup.sh", folder))
        give_away(folder, self.here.user)
        self._copies = folder
        await self.ask(
            "alter system set archive_mode = 'on'",
            "alter system set archive_timeout = '60s'",
            f'alter system set archive_command = \'BACKUP_FOLDER={folder} {script} archive "%p" "%f"\'',
        )

    async def backup(self, *typed: str) -> str:
        """`backup.sh …`, as the server's user; what it says."""
        assert self._copies is not None
        return await self._said(str(self._copies / "backup.sh"), *typed, BACKUP_FOLDER=str(self._copies))

    async def ask(self, *statements: str, database: str = "postgres") -> str:
        """What its superuser is answered, the bare values."""
        orders = [word for statement in statements for word in ("-c", statement)]
        options = ("--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1")
        return await self._said("psql", *options, "-d", database, *orders)

    async def program(self, name: str, *typed: str, **more: str) -> str:
        """One of its programs, as the server's user; what it says."""
        return await self._said(name, *typed, **more)

    async def restore_database(self, database: str, when: str, aside: Path) -> None:
        """Put one of its databases back to an instant, out of a whole copy that is restored aside; nobody may use it.

        Args:
            database: which.
            when: the instant, as PostgreSQL writes it.
            aside: a folder that is not there.
        """
        piece = await self.ask("select pg_walfile_name(pg_switch_wal())")
        assert self._copies is not None
        async with asyncio.timeout(_SCRIPT_SECONDS):
            while not (self._copies / "wal" / piece).exists():
                await asyncio.sleep(0.2)
        await self.backup("restore", str(aside), when)
        dump, port = aside.with_suffix(".dump"), free_port()
        other = await RunningProcess.start(
            self._program(
                # With as many connections at least as the server had whose log is read.
                *self.container.argv,
                *("-D", str(aside), "-k", str(self._sockets), "-p", str(port)),
                *("-c", "listen_addresses=", "-c", "archive_mode=off"),
            )
        )
        try:
            where = {"PGPORT": str(port)}
            async with asyncio.timeout(_SCRIPT_SECONDS):
                while not await self._recovered(where):
                    assert other.running, self.log_tail()
                    await asyncio.sleep(0.2)
            await self.program("pg_dump", "--format=custom", f"--file={dump}", database, **where)
        finally:
            await other.stop()
        await self.program(
            "pg_restore", "--clean", "--if-exists", "--create", "--exit-on-error", "-d", "postgres", str(dump)
        )

    async def _recovered(self, where: Mapping[str, str]) -> bool:
        argv = ("psql", "-Atqc", "select 1 / (not pg_is_in_recovery())::int", "-d", "postgres")
        return await ended_well(argv, {**self._client(), "PGUSER": "postgres", **where})

    async def _said(self, *argv: str, **more: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env={**self._client(), "PGUSER": "postgres", **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            **run_as(self.here.user),
        )
        out, err = await asyncio.wait_for(process.communicate(), _SCRIPT_SECONDS)
        assert process.returncode == 0, f"{argv}: {err.decode()}"
        return out.decode().strip()

    async def _prepare(self) -> None:
        if self._data.exists():
            return
        self._data.parent.mkdir(parents=True, exist_ok=True)
        if self.here.user.uid >= 0:
            os.chown(self._data.parent, self.here.user.uid, self.here.user.gid)
        environment = self.container.environment
        initdb = ("initdb", "--username=postgres", f"--pwfile={environment['POSTGRES_PASSWORD_FILE']}")
        await self._run(*initdb, *shlex.split(environment["POSTGRES_INITDB_ARGS"]), "-D", str(self._data))
        first = await RunningProcess.start(
            self._program(*self.container.argv, *self._where(), "-c", "listen_addresses=")
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
        return self._program(
            program, *arguments, *self._where(), "-c", f"listen_addresses={LOOPBACK},{ANOTHER_NAME}"
        )

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


def run_as(user: User) -> dict[str, Any]:
    """For whoever starts a process: as that user."""
    return {} if user == MYSELF else {"user": user.uid, "group": user.gid, "extra_groups": []}


def give_away(tree: Path, user: User) -> None:
    """Make everything below belong to a user, readable by nobody else."""
    for path in (tree, *tree.rglob("*")):
        if user.uid >= 0:
            os.chown(path, user.uid, user.gid, follow_symlinks=False)
        path.chmod(0o700 if path.is_dir() else 0o500 if path.suffix == ".sh" else 0o400)
