"""Everything embedded, as one: servers, what prepares them, our own processes; stopped in reverse."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from filelock import FileLock, Timeout
from temporalio.envconfig import ClientConfig

from cancellation.addresses import ADDRESSES_FILE, Addresses, write_addresses
from cancellation.settings import Clock, Settings
from embedded.child import Child, ChildProcess
from embedded.errors import EmbeddedError, FolderInUse, StartInterrupted
from embedded.location import make_folder
from embedded.mail import MailSink
from embedded.managed import UpWhileEntered
from embedded.ports import LOOPBACK, Ports
from embedded.postgres import EmbeddedPostgres
from embedded.supervisor import Progress, Supervisor, silent
from embedded.temporal import EmbeddedTemporal

logger = logging.getLogger(__name__)

SPARING = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "65536"}
"""Each thread of a library would otherwise keep memory of its own that it used once, and the rest what it let go of."""


class EmbeddedStack(UpWhileEntered):
    """PostgreSQL, Temporal, mail and our own processes, all in the settings' home.

    What is configured already (`DATABASE_URL`, `TEMPORAL_ADDRESS`, an SMTP server) is used and not started.

    Args:
        settings: `Settings()`, from the environment alone: where the home is, and what is already there.
        search_attributes: Name and type of what Temporal has to know.
        children: Our own processes, given the addresses; started together once `prepare` is done.
        prepare: What has to be done before the children start: migrations, a schedule.
        temporal_port: Where Temporal answers; the last time's port, else a free one, by default. The same
            for `ui_port`, `gateway_port`, `desk_port`, `smtp_in_port` and `smtp_out_port`.
        virtual_clock: Allows time skipping. Never for real cases.
        namespace: Temporal's namespace.
        durable: False does not wait for the disk. For tests.
        progress: Takes a line in Portuguese for the person who watches.
        handle_signals: SIGTERM and SIGINT end `wait()`, and an unfinished start with `StartInterrupted`.

    Example:
        async with EmbeddedStack(settings, ...) as stack:
            await stack.wait()
    """

    def __init__(
        self,
        settings: Settings,
        *,
        search_attributes: Mapping[str, str],
        children: Callable[[Addresses], Sequence[Child]] = lambda _: (),
        prepare: Callable[[Addresses], Awaitable[None]] | None = None,
        temporal_port: int | None = None,
        ui_port: int | None = None,
        gateway_port: int | None = None,
        desk_port: int | None = None,
        smtp_in_port: int | None = None,
        smtp_out_port: int | None = None,
        virtual_clock: bool = False,
        namespace: str = "default",
        durable: bool = True,
        progress: Progress = silent,
        handle_signals: bool = True,
    ) -> None:
        self._settings = settings
        self._home = settings.home
        self._search_attributes = search_attributes
        self._children = children
        self._prepare = prepare
        self._wanted = {
            "temporal": temporal_port,
            "web_ui": ui_port,
            "gateway": gateway_port,
            "desk": desk_port,
            "smtp_in": smtp_in_port,
            "smtp_out": smtp_out_port,
        }
        self._virtual_clock = virtual_clock
        self._namespace = namespace
        self._durable = durable
        self._progress = progress
        self._handle_signals = handle_signals
        self._supervisor = Supervisor(progress)
        self._lock = FileLock(self._home / "lock")
        self._held = Ports(self._home / "ports.json")
        self._ports: dict[str, int] = {}
        self._addresses: Addresses | None = None
        self._stop_wanted = asyncio.Event()
        self._real_temporal = ClientConfig.load_client_connect_config().get("target_host")
        self.postgres: EmbeddedPostgres | None = None
        self.temporal: EmbeddedTemporal | None = None
        self.mail: MailSink | None = None

    @property
    def addresses(self) -> Addresses:
        """Where everything listens; known once the servers are up."""
        if self._addresses is None:
            msg = "the servers have not been started"
            raise RuntimeError(msg)
        return self._addresses

    def port(self, name: str) -> int:
        """A port by its name: `temporal`, `web_ui`, `gateway`, `desk`, `smtp_in`, `smtp_out`."""
        return self._ports[name]

    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to use these servers, whatever this process was given."""
        addresses = self.addresses
        environment = (
            SPARING
            | dict(os.environ)
            | {
                "CANCELAMENTO_HOME": str(self._home),
                "DATABASE_URL": addresses.database_url,
                "CANCELAMENTO_GATEWAY_PUBLIC_URL": addresses.gateway,
                "CANCELAMENTO_GATEWAY_PORT": str(self.port("gateway")),
                "CANCELAMENTO_DESK_PUBLIC_URL": addresses.desk,
                "CANCELAMENTO_DESK_PORT": str(self.port("desk")),
                "CANCELAMENTO_CLOCK": (Clock.VIRTUAL if self._virtual_clock else Clock.STRICT).value,
                "PYTHONUNBUFFERED": "1",
            }
        )
        if self.temporal is not None:
            environment |= {
                "TEMPORAL_ADDRESS": addresses.temporal,
                "TEMPORAL_NAMESPACE": addresses.namespace,
            }
        if self.mail is not None:
            environment |= {
                "CANCELAMENTO_SMTP_HOST": self.mail.host,
                "CANCELAMENTO_SMTP_PORT": str(self.mail.port),
            }
        return environment

    async def start(self) -> None:
        """Start everything; `addresses.json` is there when this returns.

        Raises:
            FolderInUse: Another process has its servers in this home.
            StartInterrupted: SIGTERM or SIGINT came first.
            EmbeddedError: Something does not come up.
        """
        if self._handle_signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, self.request_stop)
        try:
            await self._start_unless_interrupted()
        except BaseException:
            await self.stop()
            raise

    def request_stop(self) -> None:
        """Have `wait()` return."""
        self._stop_wanted.set()

    async def wait(self) -> None:
        """Keep everything running until SIGTERM, SIGINT or `request_stop()`."""
        await self._stop_wanted.wait()

    async def stop(self) -> None:
        """Stop everything, the last one first; nothing runs afterwards."""
        if self._lock.is_locked:
            (self._home / ADDRESSES_FILE).unlink(missing_ok=True)
        await self._supervisor.stop()
        self._held.release()
        self._lock.release()
        if self._handle_signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().remove_signal_handler(number)

    async def _start_unless_interrupted(self) -> None:
        starting = asyncio.create_task(self._start_all())
        interrupted = asyncio.create_task(self._stop_wanted.wait())
        try:
            await asyncio.wait({starting, interrupted}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                msg = "interrompido antes de tudo subir"
                raise StartInterrupted(msg)
            await starting
        finally:
            for task in (starting, interrupted):
                task.cancel()
            await asyncio.gather(starting, interrupted, return_exceptions=True)

    async def _start_all(self) -> None:
        self._hold_home()
        self._ports = {name: self._held.take(name, wanted) for name, wanted in self._wanted.items()}
        database_url = await self._start_database()
        temporal = await self._start_temporal()
        smtp_out = await self._start_mail()
        self._addresses = Addresses(
            temporal=temporal,
            namespace=self._namespace,
            web_ui=self.temporal.web_ui if self.temporal else "",
            gateway=f"http://{LOOPBACK}:{self.port('gateway')}",
            desk=f"http://{LOOPBACK}:{self.port('desk')}",
            database_url=database_url,
            smtp_in=f"{LOOPBACK}:{self.port('smtp_in')}",
            outbox=str(self._settings.outbox),
            smtp_out=smtp_out,
            virtual_clock=self._virtual_clock,
            pid=os.getpid(),
        )
        if self._prepare is not None:
            await self._prepare(self._addresses)
        await self._start_children(self._children(self._addresses))
        write_addresses(self._home, self._addresses)

    async def _start_children(self, children: Sequence[Child]) -> None:
        """Start our own processes side by side: each spends its first seconds loading libraries."""
        try:
            async with asyncio.TaskGroup() as group:
                for child in children:
                    group.create_task(self._start_child(child))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _start_child(self, child: Child) -> None:
        await self._supervisor.add(ChildProcess(child, self.environment(), self._log(child.name), self._home))
        self._progress(f"{child.name} no ar")

    def _hold_home(self) -> None:
        try:
            make_folder(self._home)
            self._lock.acquire(timeout=0)
        except Timeout:
            msg = f"já há servidores no ar na pasta {self._home}"
            raise FolderInUse(msg) from None
        except PermissionError:
            msg = f"sem permissão na pasta {self._home}; use outra (CANCELAMENTO_HOME)"
            raise EmbeddedError(msg) from None
        # Of an earlier run that was killed: nobody shall take it for ready.
        (self._home / ADDRESSES_FILE).unlink(missing_ok=True)

    async def _start_database(self) -> str:
        if self._settings.database_url is not None:
            return self._settings.database_url.get_secret_value()
        self.postgres = EmbeddedPostgres(
            self._home / "postgres", durable=self._durable, log=self._log("postgres")
        )
        await self._supervisor.add(self.postgres)
        self._progress(f"PostgreSQL no ar, dados em {self.postgres.kept_in}")
        return self.postgres.database_url

    async def _start_temporal(self) -> str:
        if self._real_temporal:
            if self._virtual_clock:
                msg = "o relógio virtual só existe no Temporal embutido; retire TEMPORAL_ADDRESS"
                raise EmbeddedError(msg)
            return self._real_temporal
        self.temporal = EmbeddedTemporal(
            self._home / "temporal",
            port=self.port("temporal"),
            ui_port=self.port("web_ui"),
            search_attributes=self._search_attributes,
            virtual_clock=self._virtual_clock,
            namespace=self._namespace,
            durable=self._durable,
            log=self._log("temporal"),
        )
        await self._supervisor.add(self.temporal)
        self._progress(f"Temporal no ar em {self.temporal.address}, tela em {self.temporal.web_ui}")
        return self.temporal.address

    async def _start_mail(self) -> str:
        """Start the outbox, unless a mail server is configured; where outgoing mail goes."""
        smtp = self._settings.smtp
        if "smtp" in self._settings.model_fields_set:
            return f"{smtp.host}:{smtp.port}"
        self.mail = MailSink(self._settings.outbox, port=self.port("smtp_out"))
        await self._supervisor.add(self.mail)
        self._progress(f"Correio de saída guardado em {self.mail.outbox}")
        return self.mail.address

    def _log(self, name: str) -> Path:
        return self._home / "logs" / f"{name}.log"
