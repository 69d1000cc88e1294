"""A mailbox with very many e-mails, read by a process that is killed every few seconds."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from tests.dovecot.server import PASSWORD, Dovecot, dovecot, needs_dovecot
from tests.e2e.mail_rig import BOTH, FINANCE, Rig, email_from, plain_temporal, rig_over
from workers.embedded import EmbeddedTemporal, MailSink

MAILS = int(os.environ.get("CROWDED_MAILBOX", "300"))
"""How many; `CROWDED_MAILBOX=10000` for the long run, some minutes."""
REQUESTS = 10
"""Customers among them who ask for the cancellation, once to each mailbox."""
KILLED_AFTER = 3.0
"""Seconds of work; starting takes about as long again."""
MOST_MEMORY = 220_000_000
"""Bytes that the process may have: what Python and its libraries take, and a few e-mails."""
COUNTED = """
select count(*) as rows, count(distinct sha256) as mails,
    count(*) filter (where fate in ('opened', 'reported')) as reported,
    count(*) filter (where fate = 'recorded') as recorded
from inbox.messages
"""


@pytest.fixture
async def temporal(tmp_path: Path) -> AsyncIterator[EmbeddedTemporal]:
    async with plain_temporal(tmp_path / "temporal") as server:
        yield server


@pytest.fixture
async def server(open_folder: Path) -> AsyncIterator[Dovecot]:
    folder = open_folder / "dovecot-crowd"
    folder.mkdir(mode=0o755)
    async with dovecot(folder) as server:
        yield server


@pytest.fixture
async def rig(
    temporal: EmbeddedTemporal, database: str, tmp_path: Path, mail_sink: MailSink
) -> AsyncIterator[Rig]:
    async with rig_over(temporal, database, tmp_path / "home", mail_sink) as rig:
        yield rig


@needs_dovecot
@pytest.mark.dovecot
@pytest.mark.timeout(900)
async def test_every_mail_is_handled_once_by_a_process_killed_every_few_seconds_P11_X2(
    rig: Rig, server: Dovecot, temporal: EmbeddedTemporal, database: str, tmp_path: Path
) -> None:
    customers = [await rig.customer() for _ in range(REQUESTS)]
    server.put(crowd(customers), FINANCE)
    environment = environment_of(server, temporal, database, tmp_path / "inbox")
    connection = await asyncpg.connect(database)
    kills, most = 0, 0
    async with asyncio.timeout(800):
        while await handled(connection) < MAILS:
            with inbox_process(environment, tmp_path / "inbox.log") as process:
                clock = asyncio.get_running_loop().time
                before, until = await kept(connection), float("inf")
                while clock() < until and await handled(connection) < MAILS:
                    if until == float("inf") and await kept(connection) > before:
                        until = clock() + KILLED_AFTER
                    assert process.poll() is None, (tmp_path / "inbox.log").read_text()[-3000:]
                    most = max(most, psutil.Process(process.pid).memory_info().rss)
                    await asyncio.sleep(0.2)
            kills += 1
    counted = await connection.fetchrow(COUNTED)
    await connection.close()
    assert counted is not None
    assert dict(counted) == {
        "rows": MAILS,
        "mails": MAILS,
        # One whose case opened just before its attempt failed was reported by the next attempt.
        "reported": REQUESTS,
        "recorded": MAILS - REQUESTS,
    }
    for customer_id in customers:
        status = await rig.status(customer_id)
        assert len(status.contacts) == 1
        trail = [entry.kind for entry in await rig.cases.trail(customer_id)]
        assert trail.count("formalization_received") == 1
    assert most < MOST_MEMORY, most
    sys.stdout.write(f"{MAILS} e-mails, {kills} kills, at most {most / 1e6:.0f} MB\n")


def crowd(customers: list[str]) -> Iterator[bytes]:
    """Ordinary mail with a few requests in it."""
    every = MAILS // len(customers)
    for number in range(MAILS):
        if number % every == 0 and number // every < len(customers):
            yield email_from(customers[number // every], to=BOTH)
        else:
            text = f"Bom dia, segue o boleto {number} em anexo."
            yield email_from("vendas", text, subject=f"Boleto {number}", message_id=f"<boleto-{number}@x>")


def environment_of(server: Dovecot, temporal: EmbeddedTemporal, database: str, home: Path) -> dict[str, str]:
    """The environment of an inbox process."""
    mailbox = {
        "host": "127.0.0.1",
        "port": server.imaps,
        "ca_file": str(server.ca_file),
        "user": FINANCE,
        "password": PASSWORD,
    }
    return {
        **os.environ,
        "CANCELAMENTO_HOME": str(home),
        "DATABASE_URL": database,
        "TEMPORAL_ADDRESS": temporal.address,
        "CANCELAMENTO_INBOX_LISTENER_PROTOCOL": "none",
        "CANCELAMENTO_INBOX_MAILBOXES": json.dumps([mailbox]),
    }


@contextmanager
def inbox_process(environment: dict[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`cancelamento inbox`, killed at the end."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "starters.cli", "inbox"], env=environment, stdout=out, stderr=out
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def kept(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    """How many e-mails reception has kept."""
    count: int = await connection.fetchval("select count(*) from crm.originals")
    return count


async def handled(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    """How many e-mails have been handled."""
    count: int = await connection.fetchval("select count(*) from inbox.messages where handled_at is not null")
    return count
