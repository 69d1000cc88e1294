"""Prints how long the billing watch takes over many closed cases, and how much memory.

Run it with `python -m benchmarks.billing_watch` (`--cases 10000`, `--settled 0`: so many more whose watch is over). The
records are real, and read and written with the rights of the worker; letters are written and go nowhere. The first run
finds what was slipped in, the second one finds that all is known, the third one comes when the cycles are over.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg
import psutil
from rich.console import Console
from rich.table import Table

from cancellation.adapters.memory.mailer import MemoryMailer
from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.migrate import migrate
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.roles import Role
from cancellation.adapters.postgres.telephony import PostgresTelephony
from cancellation.adapters.postgres.watch import PostgresWatches
from cancellation.billing_watch import BillingWatcher
from cancellation.domain.billing_watch import watched_until
from cancellation.domain.policy import CancellationPolicy
from cancellation.messages.watch import WatchBatch
from embedded import EmbeddedPostgres

CLOSED: Final = Path(__file__).parent / "closed_customers.sql"
NOW: Final = datetime(2027, 3, 1, 12, tzinfo=UTC)
POLICY: Final = CancellationPolicy()
COUNTED: Final = ("voided", "to_repay", "revived", "settled", "failed")


async def fill(database_url: str, cases: int, settled: int) -> None:
    """Closed cases, and more that have been watched to the end."""
    terms = json.dumps(POLICY.watch.model_dump(mode="json"))
    owner = await asyncpg.connect(database_url)
    for first, last, over in ((1, cases, False), (cases + 1, cases + settled, True)):
        statements = CLOSED.read_text()
        for name, value in (
            (":now", f"'{NOW.isoformat()}'::timestamptz"),
            (":first", str(first)),
            (":last", str(last)),
            (":terms", f"'{terms}'::jsonb"),
            (":settled", str(over).lower()),
        ):
            statements = statements.replace(name, value)
        async with owner.transaction():
            await owner.execute("set local session_replication_role = replica")
            await owner.execute(statements)
    await owner.execute("analyze")
    await owner.close()


async def watch(folder: Path, cases: int, settled: int) -> None:
    """Three runs over all of them."""
    async with EmbeddedPostgres(folder, durable=False) as server:
        await migrate(server.database_url, virtual_clock=True)
        await fill(server.database_url, cases, settled)
        pool = await open_pool(server.database_url, max_size=2, role=Role.WORKER)
        table = Table("run", "cases", "seconds", "slowest batch", *COUNTED, "memory (MB)")
        over = watched_until((NOW - timedelta(days=40)).date(), POLICY.watch.cycles)
        for run, at in (
            ("first", NOW),
            ("second", NOW + timedelta(days=1)),
            ("when it is over", datetime.combine(over, NOW.timetz()) + timedelta(days=1)),
        ):
            table.add_row(run, *await _run(pool, at))
        Console(width=120).print(f"{cases} cases that are watched, {settled} that were", table)
        await pool.close()


async def _run(pool: Pool, at: datetime) -> list[str]:
    records, billing, telephony = PostgresWatches(pool), PostgresBilling(pool), PostgresTelephony(pool)
    begun, slowest, found = time.perf_counter(), 0.0, Counter[str]()
    cursor: str | None = None
    memory = []
    while True:
        started = time.perf_counter()
        # A mailer a batch: this one keeps what it has sent.
        watcher = BillingWatcher(records, billing, telephony, MemoryMailer(), POLICY)
        batch = await watcher.watch(WatchBatch(at=at, cursor=cursor), lambda: None)
        slowest = max(slowest, time.perf_counter() - started)
        found.update(batch.model_dump(exclude={"cursor"}))
        memory.append(psutil.Process().memory_info().rss / 1e6)
        cursor = batch.cursor
        if cursor is None:
            break
    took = time.perf_counter() - begun
    return [
        str(found["looked"]),
        f"{took:.1f}",
        f"{slowest:.2f}",
        *(str(found[name]) for name in COUNTED),
        f"{memory[0]:.0f} to {max(memory):.0f}",
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--settled", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cancelamento-watch-") as name:
        Path(name).chmod(0o711)  # Whoever the server runs as may pass through.
        asyncio.run(watch(Path(name) / "server", options.cases, options.settled))
