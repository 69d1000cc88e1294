"""Very many e-mails, in a mailbox and by SMTP, taken in by a process that is killed again and again."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from random import Random

import aiosmtplib
import asyncpg
import psutil
import pytest

from cancellation.domain.values import Channel
from cancellation.messages.facts import RequestMessage
from embedded import EmbeddedTemporal, MailSink
from embedded.ports import LOOPBACK, free_port
from starters.answering import is_listening
from tests.dovecot.server import PASSWORD, Dovecot, dovecot, needs_dovecot
from tests.e2e.mail_rig import BOTH, FINANCE, Rig, email_from, eventually, plain_temporal, rig_over

MAILS = int(os.environ.get("CROWDED_MAILBOX", "200"))
"""How many in the mailbox; `CROWDED_MAILBOX=10000` for the long run, four minutes on two idle cores."""
LIMIT = 60 + MAILS * 0.12
"""Seconds: room for a busy machine with two cores."""
REQUESTS = 10
"""Customers among them who ask for the cancellation, once to each mailbox."""
ATTACHED = 15_000
"""Bytes of the document in every ordinary e-mail: ten thousand of them are more than `MOST_MEMORY`."""
KILLED_AFTER = 3.0
"""Seconds of work; starting takes one or two more."""
MOST_MEMORY = 130_000_000
"""Bytes that the process may have: what Python and its libraries take, and a few e-mails."""
SENT = 60
"""E-mails that arrive by SMTP, by as many connections at once as `SENDERS`."""
SENDERS = 8
AHEAD = 400
"""E-mails that wait when somebody calls."""
KILLED_EVERY = 15
"""E-mails that the listener accepts before it is killed."""
COUNTED = """
select count(*) as rows, count(distinct sha256) as mails,
    count(*) filter (where fate in ('opened', 'reported')) as reported,
    count(*) filter (where fate = 'recorded') as recorded
from inbox.messages
"""

pytestmark = pytest.mark.long


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
@pytest.mark.timeout(LIMIT + 60)
async def test_every_mail_is_handled_once_by_a_process_killed_every_few_seconds_P11_X2(
    rig: Rig, server: Dovecot, temporal: EmbeddedTemporal, database: str, tmp_path: Path
) -> None:
    customers = [await rig.customer() for _ in range(REQUESTS)]
    server.put(crowd(customers), FINANCE)
    environment = environment_of(temporal, database, tmp_path / "inbox", mailbox=server)
    connection = await asyncpg.connect(database)
    clock = asyncio.get_running_loop().time
    kills, most, began = 0, 0, clock()
    async with asyncio.timeout(LIMIT):
        while await handled(connection) < MAILS:
            with inbox_process(environment, tmp_path / "inbox.log") as process:
                before, until = await kept(connection), float("inf")
                while clock() < until and await handled(connection) < MAILS:
                    if until == float("inf") and (before < await kept(connection) or before == MAILS):
                        until = clock() + KILLED_AFTER
                    assert process.poll() is None, (tmp_path / "inbox.log").read_text()[-3000:]
                    most = max(most, psutil.Process(process.pid).memory_info().rss)
                    await asyncio.sleep(0.2)
            kills += 1
    took = clock() - began
    await handled_once(connection, MAILS, reported=REQUESTS)
    await connection.close()
    await heard_once(rig, customers)
    assert most < MOST_MEMORY, most
    sys.stdout.write(f"{MAILS} e-mails, {kills} kills, {took:.0f} s, at most {most / 1e6:.0f} MB\n")


@pytest.mark.timeout(120)
async def test_every_mail_that_is_accepted_is_handled_once_though_the_listener_is_killed_P11_X2(
    rig: Rig, temporal: EmbeddedTemporal, database: str, tmp_path: Path
) -> None:
    customers = [await rig.customer() for _ in range(REQUESTS)]
    port = free_port()
    environment = environment_of(temporal, database, tmp_path / "inbox", port=port)
    sender = Sender(port, list(crowd(customers, SENT)))
    async with asyncio.TaskGroup() as group:
        for _ in range(SENDERS):
            group.create_task(sender.send_all())
        while sender.accepted < SENT:
            enough = min(sender.accepted + KILLED_EVERY, SENT)
            with inbox_process(environment, tmp_path / "inbox.log") as process:
                while sender.accepted < enough:
                    assert process.poll() is None, (tmp_path / "inbox.log").read_text()[-3000:]
                    await sender.progress()
    connection = await asyncpg.connect(database)

    async def all_handled() -> bool:
        return await handled(connection) >= SENT

    await eventually(all_handled)
    await handled_once(connection, SENT, reported=REQUESTS)
    await connection.close()
    await heard_once(rig, customers)
    assert sender.cut_off, "no conversation was cut off: the test has shown nothing"


async def test_crowd_of_mails_holds_up_no_case_P2(rig: Rig, database: str) -> None:
    caller = await rig.customer()
    connection = await asyncpg.connect(database)
    async with asyncio.TaskGroup() as group:
        for raw in crowd([], AHEAD):
            group.create_task(rig.take(raw))
    waiting = AHEAD - await handled(connection)
    await rig.cases.open_or_join(caller, RequestMessage(channel=Channel.PHONE))
    still_waiting = AHEAD - await handled(connection)
    await connection.close()
    assert still_waiting > waiting / 2, (waiting, still_waiting)


@dataclass
class Sender:
    """A receiving server that passes e-mails on, and sends what was not accepted again."""

    port: int
    waiting: list[bytes]
    accepted: int = 0
    cut_off: int = 0
    """Conversations that ended without an answer."""

    def __post_init__(self) -> None:
        self._news = asyncio.Event()

    async def progress(self, seconds: float = 0.2) -> None:
        """Return when another one was accepted, or after that time."""
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)

    async def send_all(self) -> None:
        """Send on one connection after another until nothing waits."""
        while self.waiting:
            raw = self.waiting.pop()
            while not await self._sent(raw):
                await eventually(lambda: is_listening(f"{LOOPBACK}:{self.port}"))
            self.accepted += 1
            self._news.set()

    async def _sent(self, raw: bytes) -> bool:
        try:
            await aiosmtplib.send(
                raw, sender="mx@example.com", recipients=list(BOTH), hostname=LOOPBACK, port=self.port
            )
        except aiosmtplib.SMTPConnectError:
            return False
        except (aiosmtplib.SMTPException, OSError):
            self.cut_off += 1
            return False
        return True


def crowd(customers: list[str], count: int = MAILS) -> Iterator[bytes]:
    """Ordinary mail with a few requests in it."""
    mail = message_from_bytes(
        email_from(
            "vendas",
            "Bom dia, segue o boleto em anexo, nota #NR#.",
            subject="Boleto #NR#",
            message_id="<boleto-#NR#@x>",
        ),
        policy=SMTP,
    )
    document = Random(1).randbytes(ATTACHED)
    mail.add_attachment(document, maintype="application", subtype="pdf", filename="boleto.pdf")
    ordinary = mail.as_bytes()
    every = count // max(len(customers), 1)
    for number in range(count):
        if number % every == 0 and number // every < len(customers):
            yield email_from(customers[number // every], to=BOTH)
        else:
            yield ordinary.replace(b"#NR#", str(number).encode())


def environment_of(
    temporal: EmbeddedTemporal,
    database: str,
    home: Path,
    *,
    mailbox: Dovecot | None = None,
    port: int | None = None,
) -> dict[str, str]:
    """The environment of an inbox process that reads a mailbox, or listens on a port."""
    mailboxes = []
    if mailbox is not None:
        mailboxes = [
            {
                "host": LOOPBACK,
                "port": mailbox.imaps,
                "ca_file": str(mailbox.ca_file),
                "user": FINANCE,
                "password": PASSWORD,
            }
        ]
    return {
        **os.environ,
        "CANCELAMENTO_HOME": str(home),
        "DATABASE_URL": database,
        "TEMPORAL_ADDRESS": temporal.address,
        "CANCELAMENTO_INBOX_LISTENER_PROTOCOL": "smtp" if port else "none",
        "CANCELAMENTO_INBOX_LISTENER_PORT": str(port or 0),
        "CANCELAMENTO_INBOX_MAILBOXES": json.dumps(mailboxes),
    }


@contextlib.contextmanager
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


async def handled_once(
    connection: "asyncpg.Connection[asyncpg.Record]", count: int, *, reported: int
) -> None:
    """Every e-mail is in the ledger once, and those that ask for something were reported."""
    counted = await connection.fetchrow(COUNTED)
    assert counted is not None
    assert dict(counted) == {
        "rows": count,
        "mails": count,
        # One whose case opened just before its attempt failed was reported by the next attempt.
        "reported": reported,
        "recorded": count - reported,
    }


async def heard_once(rig: Rig, customers: list[str]) -> None:
    """Every case has heard of its e-mail once."""
    for customer_id in customers:
        status = await rig.status(customer_id)
        assert len(status.contacts) == 1
        trail = [entry.kind for entry in await rig.cases.trail(customer_id)]
        assert trail.count("formalization_received") == 1
