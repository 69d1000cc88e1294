"""An embedded PostgreSQL: its real programs under our own supervision, on a Unix socket only."""

import asyncio
import contextlib
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from signal import SIGINT
from urllib.parse import quote

import asyncpg
import psutil
from filelock import FileLock, Timeout

from embedded.errors import EmbeddedError, FolderInUse
from embedded.location import PORT, Location, give, locate, private_directory
from embedded.managed import NotStarted, ProcessServer
from embedded.process import Command, RunningProcess

logger = logging.getLogger(__name__)

SUPERUSER = "postgres"
_STOP_SECONDS = 30.0
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # For the processes of one machine: each connection has a process of its own, so it is small and alone.
    "max_connections": "60",
    "shared_buffers": "32MB",
    "wal_buffers": "1MB",
    "io_method": "sync",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "autovacuum_max_workers": "1",
    "autovacuum_worker_slots": "1",
    "max_logical_replication_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres(ProcessServer):
    """A PostgreSQL server whose data lies in a folder and stays there over restarts.

    As root it runs as `nobody`, as anybody else as that user. Whoever cannot enter its socket's folder cannot
    connect, and who can needs no password.

    Args:
        folder: Where everything lies; made if it is missing.
        database: The database to have; made if it is missing.
        durable: False leaves out every write barrier. For tests: a machine that crashes loses the data.
        log: The server's log file; `postgres.log` in the folder by default.
    """

    name = "PostgreSQL"
    # After a crash it answers only when it has gone through its log.
    start_seconds = 300.0
    # Parts of a killed server may hold its memory for a moment.
    relaunch_seconds = 30.0

    def __init__(
        self,
        folder: Path,
        *,
        database: str = "cancelamento",
        durable: bool = True,
        log: Path | None = None,
    ) -> None:
        self._folder = Path(os.path.abspath(folder))
        super().__init__(log or self._folder / "postgres.log")
        self._database = database
        self._durable = durable
        self._lock = FileLock(self._folder / "lock")
        self._location: Location | None = None

    @property
    def database_url(self) -> str:
        """URL of the database, for asyncpg and psql alike. Known once started, the same after a restart."""
        return self.url_of(self._database)

    def url_of(self, database: str) -> str:
        """URL of another database of this server."""
        sockets = quote(str(self._place.sockets))
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={sockets}&port={PORT}"

    @property
    def kept_in(self) -> Path:
        """Where the data really lies; elsewhere when the folder is closed to the server's user."""
        return self._place.base

    async def stop(self) -> None:
        """Stop it with a fast, clean shutdown and give the folder free."""
        await super().stop()
        self._lock.release(force=True)

    def discard(self) -> None:
        """Remove everything that is kept for the folder, inside and outside of it. Only when stopped."""
        outside = private_directory(self._folder)
        for path in (self._folder, outside):
            if path is not None:
                shutil.rmtree(path, ignore_errors=True)

    @property
    def _place(self) -> Location:
        if self._location is None:
            raise NotStarted
        return self._location

    async def _prepare(self) -> None:
        if self._location is None:
            self._location = await self._take_folder()
        self._hold_lock()
        await self._initialise(self._location)
        await self._end_predecessor(self._location)

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self.url_of("postgres"), timeout=5)
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        try:
            with contextlib.suppress(asyncpg.DuplicateDatabaseError):
                await connection.execute(f'CREATE DATABASE "{self._database}"')
        except asyncpg.ReadOnlySQLTransactionError:
            return False  # restored from a copy, and still going through its log
        finally:
            await connection.close()
        return True

    def _command(self) -> Command:
        settings = _SETTINGS | ({} if self._durable else _UNSAFE_BUT_FAST)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        place = self._place
        return self._program(
            "postgres", "-D", str(place.data), "-k", str(place.sockets), "-p", str(PORT), *options
        )

    async def _take_folder(self) -> Location:
        location = await locate(self._folder)
        if location.moved:
            logger.warning(
                "folder closed to the database's user, data kept elsewhere",
                extra={"folder": str(self._folder), "kept_in": str(location.base)},
            )
        return location

    def _hold_lock(self) -> None:
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            msg = f"outro processo já usa o banco da pasta {self._folder}"
            raise FolderInUse(msg) from None
        except PermissionError:
            msg = f"a pasta {self._folder} pertence a outro usuário; use outra (CANCELAMENTO_HOME)"
            raise EmbeddedError(msg) from None

    async def _initialise(self, location: Location) -> None:
        if location.data.exists():
            return
        # Made beside its place and moved there whole: an interrupted start leaves no half database.
        fresh = location.base / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        give(fresh, location.user)
        initdb = await RunningProcess.start(
            self._program(
                "initdb", "-D", str(fresh), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8",
                "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions",
            )
        )  # fmt: skip
        try:
            made = await initdb.wait() == 0
        finally:
            await initdb.stop()
        if not made:
            msg = f"não foi possível criar o banco embutido:\n{self.log_tail()}"
            raise EmbeddedError(msg)
        fresh.replace(location.data)

    async def _end_predecessor(self, location: Location) -> None:
        """End a server that our predecessor left behind; forget a pid that now belongs to another program.

        We hold the folder's lock, so whatever still runs on this data has lost its supervisor.
        """
        pid_file = location.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split(maxsplit=1)[0])
            predecessor = psutil.Process(pid)
            theirs = _same_file(predecessor.cwd(), location.data)
        except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
            return
        except psutil.AccessDenied:
            theirs = False
        if not theirs:
            # After a restart of the machine any program may have that number; PostgreSQL would not start.
            pid_file.unlink(missing_ok=True)
            return
        await asyncio.to_thread(_end, predecessor)

    def _program(self, program: str, *arguments: str) -> Command:
        """What runs one of PostgreSQL's programs as the server's user."""
        return Command(
            argv=[self._place.program(program), *arguments],
            log=self.log,
            # Nothing of ours: it may hold secrets, and the server's user is not us.
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            user=self._place.user,
            folder=self._place.base,
            stop_signal=SIGINT,
            stop_seconds=_STOP_SECONDS,
            # A fast shutdown even when we are killed: the next start needs no recovery.
            death_signal=SIGINT,
        )


def _same_file(one: str, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _end(process: psutil.Process) -> None:
    steps: list[Callable[[], None]] = [lambda: process.send_signal(SIGINT), process.kill]
    for step in steps:
        with contextlib.suppress(psutil.NoSuchProcess):
            step()
            with contextlib.suppress(psutil.TimeoutExpired):
                process.wait(timeout=_STOP_SECONDS)
                return
