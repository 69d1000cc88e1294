"""The servers and the two workers that the comparison runs on, all as processes of their own."""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import TimeSkipper

from benchmarks.beside.workflow import TASK_QUEUE
from cancellation.adapters.postgres.migrate import migrate
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.contract import CANCELLATIONS, SEARCH_ATTRIBUTES
from embedded import EmbeddedPostgres, EmbeddedTemporal, ProcessServer
from embedded.ports import free_port, is_free
from embedded.process import Command
from workers.connecting import is_polled

ROOT = Path(__file__).parent.parent.parent


class Program(ProcessServer):
    """A Python program of this repository."""

    def __init__(
        self,
        name: str,
        log: Path,
        *arguments: str,
        ready: Callable[[], Awaitable[bool]],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(log)
        self.name = name
        self._arguments = arguments
        self._ready = ready
        self._environment = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}

    def _command(self) -> Command:
        return Command(
            argv=[sys.executable, *self._arguments],
            log=self.log,
            environment=self._environment,
            folder=ROOT,
        )

    async def _answers(self) -> bool:
        return await self._ready()


@dataclass(frozen=True)
class Premises:
    """Everything up."""

    client: Client
    """Its cases may be skipped ahead."""
    skipper: TimeSkipper
    pool: Pool
    store: Path
    postgres_log: Path
    shared: Mapping[str, int]
    """Process ids of what both kinds of case use."""
    workers: Mapping[str, int]
    """Of the two workers, by task queue."""


@asynccontextmanager
async def premises(folder: Path) -> AsyncIterator[Premises]:
    """Everything up in a folder, in virtual time."""
    log = folder / "postgres.log"
    postgres = EmbeddedPostgres(folder / "postgres", durable=False, log=log)
    temporal = EmbeddedTemporal(
        folder / "temporal",
        ui_port=0,
        search_attributes=SEARCH_ATTRIBUTES,
        virtual_clock=True,
        durable=False,
    )
    port = free_port()

    async def listens() -> bool:
        return not is_free(port)

    sink = Program(
        "mail sink",
        folder / "sink.log",
        *("-m", "benchmarks.beside.mail_sink", str(folder / "outbox"), str(port)),
        ready=listens,
    )
    store = folder / "recordings"
    async with postgres, temporal, sink:
        await migrate(postgres.database_url, virtual_clock=True)
        pool = await open_pool(postgres.database_url, application_name="benchmark")
        skipper = TimeSkipper(await Client.connect(temporal.address, data_converter=pydantic_data_converter))
        client = skipper.client
        await pool.execute(Path(__file__).with_name("schema.sql").read_text("utf-8"))
        ours = Program(
            "our worker",
            folder / "worker.log",
            *("-m", "starters.cli", "worker"),
            ready=lambda: is_polled(client, CANCELLATIONS),
            environment={
                "CANCELAMENTO_HOME": str(folder / "home"),
                "CANCELAMENTO_CLOCK": "virtual",
                "CANCELAMENTO_RECORDINGS_URL": store.as_uri(),
                "CANCELAMENTO_SMTP_HOST": "127.0.0.1",
                "CANCELAMENTO_SMTP_PORT": str(port),
                "DATABASE_URL": postgres.database_url,
                "TEMPORAL_ADDRESS": temporal.address,
            },
        )
        bare = Program(
            "bare worker",
            folder / "bare.log",
            *("-m", "benchmarks.beside.worker", temporal.address, postgres.database_url, str(port)),
            store.as_uri(),
            ready=lambda: is_polled(client, TASK_QUEUE),
        )
        async with ours, bare:
            yield Premises(
                client=client,
                skipper=skipper,
                pool=pool,
                store=store,
                postgres_log=log,
                shared={"Temporal": temporal.pid, "PostgreSQL": postgres.pid, "mail sink": sink.pid},
                workers={CANCELLATIONS: ours.pid, TASK_QUEUE: bare.pid},
            )
        await pool.close()
