"""Prints how long a run of reconciliation takes over many customers, and how much memory.

Run it with `python -m benchmarks.reconciliation` (`--customers 10000`). The records are real, of customers in every
stage, with one thing in a hundred gone wrong; the engine's list of executions comes page by page as Temporal gives it,
without Temporal's own time: what that takes for one case is printed by `--cases 100`, which opens so many real ones on
an embedded server and has them listed and asked.
"""

import argparse
import asyncio
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import psutil
from rich.console import Console
from rich.table import Table
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.guard import Guard
from cancellation.adapters.executions import TemporalExecutions
from cancellation.adapters.memory.billing import MemoryBilling
from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.memory.mailer import MemoryMailer
from cancellation.adapters.memory.reconciliation import MemoryEngine
from cancellation.adapters.memory.recordings import MemoryRecordings
from cancellation.adapters.memory.telephony import MemoryTelephony
from cancellation.adapters.postgres.migrate import migrate
from cancellation.adapters.postgres.pool import open_pool
from cancellation.adapters.postgres.reconciliation import PostgresComparison, PostgresFindings
from cancellation.adapters.postgres.roles import Role
from cancellation.client import CancellationClient
from cancellation.contract import SEARCH_ATTRIBUTES
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.values import Channel
from cancellation.messages.facts import RequestMessage
from cancellation.messages.reconciliation import CheckBatch, ExecutionSeen
from cancellation.messages.seed import CustomerSeed
from cancellation.reconciler import Reconciler
from embedded import EmbeddedPostgres, EmbeddedTemporal
from samples import sample_customers
from workers.systems import Systems
from workers.worker import activities_of, cancellation_worker

CLEAN: Final = Path(__file__).parent / "clean_customers.sql"
NOW: Final = datetime(2027, 3, 1, 12, tzinfo=UTC)
POLICY: Final = CancellationPolicy()
STEPS: Final = ("read_executions", "compare", "repair", "tell")
_PAGE: Final = 200
_WRONG: Final = """
set local session_replication_role = replica;
update crm.customers set status = 'Em retenção' where customer_id like 'c%95';
update crm.tasks set due_on = due_on + 1 where key = 'd30' and case_id like 'case-%2';
"""


async def fill(database_url: str, customers: int) -> list[ExecutionSeen]:
    """Customers in every stage; what runs for them."""
    statements = CLEAN.read_text().replace(":now", f"'{NOW.isoformat()}'::timestamptz")
    statements = statements.replace(":first", "1").replace(":last", str(customers))
    owner = await asyncpg.connect(database_url)
    async with owner.transaction():
        await owner.execute("set local session_replication_role = replica")
        await owner.execute(statements)
    async with owner.transaction():
        await owner.execute(_WRONG)
    rows = await owner.fetch(
        "select workflow_id, run_id, workflow_type, started_at, wedged, stage, notice_ends_at, trail_entries, "
        "trail_recorded from reconciliation.executions order by workflow_id"
    )
    await owner.execute("delete from reconciliation.executions; delete from reconciliation.runs; analyze")
    await owner.close()
    return [ExecutionSeen.model_validate(dict(row)) for row in rows]


async def over_records(folder: Path, customers: int) -> None:
    """A whole run over so many customers, step by step."""
    async with EmbeddedPostgres(folder, durable=False) as server:
        await migrate(server.database_url, virtual_clock=True)
        running = await fill(server.database_url, customers)
        own = await open_pool(server.database_url, max_size=2, role=Role.WORKER)
        crm = MemoryCrm()
        mailer = MemoryMailer()
        reconciler = Reconciler(
            engine=MemoryEngine(
                pages=[running[place : place + _PAGE] for place in range(0, len(running), _PAGE)],
                answers={one.workflow_id: one for one in running},
            ),
            comparison=PostgresComparison(own),
            findings=PostgresFindings(own),
            billing=MemoryBilling(crm.formalization),
            recordings=MemoryRecordings(crm.formalization),
            mailer=mailer,
            mailboxes=POLICY.mailboxes,
        )
        table = Table("step", "batches", "seconds", "looked at", "found", "memory (MB)")
        me = psutil.Process()
        whole = time.perf_counter()
        for step in STEPS:
            begun, batches, looked, found = time.perf_counter(), 0, 0, 0
            cursor: str | None = None
            while True:
                answer = await getattr(reconciler, step)(CheckBatch(at=NOW, cursor=cursor))
                batches, looked, found = batches + 1, looked + answer.looked, found + answer.found
                cursor = answer.cursor
                if cursor is None:
                    break
            took = time.perf_counter() - begun
            table.add_row(
                step,
                str(batches),
                f"{took:.2f}",
                str(looked),
                str(found),
                f"{me.memory_info().rss / 1e6:.0f}",
            )
        table.add_row("all", "", f"{time.perf_counter() - whole:.2f}", "", "", "")
        Console().print(f"{customers} customers, {len(running)} executions", table)
        await own.close()


async def over_cases(folder: Path, cases: int) -> None:
    """What Temporal and a worker take for one case that is listed and asked."""
    async with EmbeddedTemporal(folder, ui_port=0, search_attributes=SEARCH_ATTRIBUTES) as server:
        client = await Client.connect(server.address, data_converter=pydantic_data_converter)
        crm = MemoryCrm()
        seed: CustomerSeed = sample_customers(datetime.now(UTC).date())[0]
        systems: Any = Systems(
            crm=crm,
            billing=MemoryBilling(crm.formalization),
            telephony=MemoryTelephony(crm),
            recordings=MemoryRecordings(crm.formalization),
            mailer=MemoryMailer(),
        )
        async with cancellation_worker(client, activities_of(systems, POLICY, Guard(crm, None))):
            cases_client = CancellationClient(client, answer_within=timedelta(seconds=60))
            for number in range(cases):
                customer = seed.customer.model_copy(update={"customer_id": f"b{number}"})
                await crm.provision(CustomerSeed(customer=customer))
                request = RequestMessage(
                    channel=Channel.PHONE, text="Quero cancelar", message_id=uuid.uuid4().hex
                )
                await cases_client.open_or_join(f"b{number}", request)
            await asyncio.sleep(3)
        engine = TemporalExecutions(client)
        for worker in ("cold", "warm"):
            async with cancellation_worker(client, activities_of(systems, POLICY, Guard(crm, None))):
                for what in ("first", "again") if worker == "warm" else ("first",):
                    begun = time.perf_counter()
                    page, asked = "", 0
                    while True:
                        found = await engine.running(datetime.now(UTC), page)
                        asked += len(await engine.asked(found.executions))
                        if found.next_page is None:
                            break
                        page = found.next_page
                    took = (time.perf_counter() - begun) / cases
                    Console().print(f"{worker} worker, {what}: {asked} cases, {1000 * took:.1f} ms each")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--cases", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cancelamento-reconciliation-") as name:
        Path(name).chmod(0o711)  # Whoever the server runs as may pass through.
        own = Path(name) / "server"
        asyncio.run(over_cases(own, options.cases) if options.cases else over_records(own, options.customers))
