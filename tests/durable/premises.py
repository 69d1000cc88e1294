"""Everything real: embedded Temporal with its file, PostgreSQL, a mail server, and workers as processes."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from signal import SIGKILL
from typing import Any

import asyncpg
import obstore
from obstore.store import LocalStore
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.migrate import migrate
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.telephony import PostgresTelephony
from cancellation.contract import CANCELLATIONS, SEARCH_ATTRIBUTES
from cancellation.messages.seed import CustomerSeed
from embedded import EmbeddedPostgres, EmbeddedTemporal, MailSink
from tests.durable.house import CaseDriver, House, until
from tests.durable.outage import Fragile

_HALT = """
create or replace function public.halt() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(815, tg_relid::int);
    return new;
end $$;
create or replace trigger halt before update on {schema}.{table} for each row
    when (new.{column} is distinct from old.{column}) execute function public.halt();
select pg_advisory_lock(815, '{schema}.{table}'::regclass::int);
"""
"""The lock ends with the connection; a trigger that nobody holds up does no harm to later tests."""


class _Environment:
    """What a house needs of a Temporal server whose cases are not skipped ahead unless told."""

    def __init__(self, client: Client) -> None:
        self.client = client

    @contextmanager
    def with_time_skipping_disabled(self) -> Iterator[None]:
        yield


class Premises(House):
    """A house of real systems; its workers are processes that can be killed."""

    def __init__(self, client: Client, pool: Pool, folder: Path, sink: MailSink) -> None:
        environment: Any = _Environment(client)
        super().__init__(environment)
        self.task_queue = CANCELLATIONS
        self.pool = pool
        self.sink = sink
        self.store = LocalStore(folder / "recordings", mkdir=True)
        self.crm = Fragile(PostgresCrm(pool))
        self.billing = Fragile(PostgresBilling(pool))
        self.telephony = Fragile(PostgresTelephony(pool))
        self.folder = folder
        self.settings: dict[str, str] = {}

    async def provision(self, seed: CustomerSeed, recordings: int = 3) -> None:
        for system in (self.crm, self.billing, self.telephony):
            await system.adapter.provision(seed)
        for number in range(recordings):
            path = f"recordings/{seed.customer.customer_id}/2026-11-01/{number}.wav"
            await obstore.put_async(self.store, path, b"RIFF" * 25)

    @asynccontextmanager
    async def worker_process(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """A worker as people start it."""
        with (self.folder / "worker.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "starters.cli", "worker"),
                env={**os.environ, **self.settings},
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    @asynccontextmanager
    async def halted(self, table: str, column: str) -> AsyncIterator[None]:
        """Let every effect stop in its middle that is about to set this column of a table."""
        schema = await self.pool.fetchval("select schemaname from pg_tables where tablename = $1", table)
        connection = await asyncpg.connect(self.settings["DATABASE_URL"])
        await connection.execute(_HALT.format(schema=schema, table=table, column=column))
        try:
            yield
        finally:
            connection.terminate()

    async def waiting(self, effects: int) -> None:
        """Wait until so many effects have met a held row."""

        async def met() -> bool:
            query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
            return bool(await self.pool.fetchval(query) >= effects)

        await until(met)

    async def answers(self) -> None:
        """Wait until both servers answer again."""

        async def both() -> bool:
            try:
                await self.pool.fetchval("select 1")
                await self.environment.client.service_client.check_health()
            except (OSError, RPCError, asyncpg.PostgresError, asyncpg.InterfaceError):
                return False
            return True

        await until(both)

    async def left(self, case: CaseDriver) -> dict[str, int]:
        """How many of the customer's resources are not released."""
        rows: dict[str, int] = {}
        for table in ("resources", "numbers"):
            rows[table] = await self.pool.fetchval(
                f"select count(*) from telephony.{table} where customer_id = $1 and released_at is null",
                case.customer_id,
            )
        return rows


@asynccontextmanager
async def premises(folder: Path) -> AsyncIterator[tuple[Premises, EmbeddedTemporal, EmbeddedPostgres]]:
    """All servers up, as durable as in earnest: they are going to be killed."""
    postgres = EmbeddedPostgres(folder / "postgres")
    temporal = EmbeddedTemporal(
        folder / "temporal", ui_port=0, search_attributes=SEARCH_ATTRIBUTES, virtual_clock=True
    )
    async with postgres, temporal, MailSink(folder / "outbox") as sink:
        await migrate(postgres.database_url, virtual_clock=True)
        client = await Client.connect(temporal.address, data_converter=pydantic_data_converter)
        pool = await open_pool(postgres.database_url)
        house = Premises(client, pool, folder, sink)
        host, _, port = sink.address.rpartition(":")
        house.settings = {
            "CANCELAMENTO_HOME": str(folder / "home"),
            "CANCELAMENTO_CLOCK": "virtual",
            "CANCELAMENTO_RECORDINGS_URL": (folder / "recordings").as_uri(),
            "CANCELAMENTO_SMTP_HOST": host,
            "CANCELAMENTO_SMTP_PORT": port,
            "DATABASE_URL": postgres.database_url,
            "TEMPORAL_ADDRESS": temporal.address,
        }
        yield house, temporal, postgres
        pool.terminate()


async def die(process: asyncio.subprocess.Process) -> None:
    """SIGKILL, as by the kernel or a pulled plug."""
    os.kill(process.pid, SIGKILL)
    await process.wait()


async def pull_the_plug(*servers: EmbeddedTemporal | EmbeddedPostgres) -> None:
    """Kill servers and start them again on what their files hold."""
    for server in servers:
        os.kill(server.pid, SIGKILL)
    for server in servers:
        await server.wait()
        await server.start()
