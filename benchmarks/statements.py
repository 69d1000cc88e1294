"""Prints what the adapters over PostgreSQL cost in an ordinary case: SQL statements and commits, step by step.

Run it with `python -m benchmarks.statements`. The steps are the real activities in the order of the procedure, on an
embedded server that writes every statement down; the commits are the server's own count. The limits are held by
`tests/contract/test_statements.py`.
"""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import asyncpg
import obstore
from obstore.store import MemoryStore
from rich.console import Console
from rich.table import Table
from temporalio.testing import ActivityEnvironment

from activities.billing import BillingActivities
from activities.crm import CrmActivities
from activities.guard import Guard
from activities.mail import MailActivities
from activities.recordings import RecordingActivities
from activities.telephony import TelephonyActivities
from cancellation.adapters.mailing import OutboxMailer
from cancellation.adapters.memory.mailer import MemoryTransport
from cancellation.adapters.objectstore.recordings import ObjectRecordingStore
from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.letter_facts import PostgresLetterFacts
from cancellation.adapters.postgres.migrate import migrate
from cancellation.adapters.postgres.outbox import PostgresOutbox
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.recordings import PostgresLedger
from cancellation.adapters.postgres.telephony import PostgresTelephony
from cancellation.domain.identity import protocol_number, workflow_id
from cancellation.domain.notice import notice_from
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import (
    Authentication,
    Channel,
    Contact,
    FormalizationMail,
    Released,
    Request,
    Team,
)
from cancellation.letters import Letterhead
from cancellation.messages import letter_contents as say
from cancellation.messages.billing import BillingClosure, BillingEndPlan
from cancellation.messages.crm import CaseOpening, CaseRecord, FormalizationRecord, TaskOrder
from cancellation.messages.letters import Letter, LetterBatch
from cancellation.messages.recordings import PurgeOrder
from cancellation.messages.seed import CustomerSeed
from cancellation.messages.telephony import Inventory, Shutdown
from cancellation.messages.warrant import Warrant
from embedded import EmbeddedPostgres

SAMPLES: Final = Path(__file__).parent.parent / "samples" / "customers"
STATEMENTS: Final = 130
COMMITS: Final = 40
"""The most that an ordinary case may cost."""

POLICY: Final = CancellationPolicy()
OPENED: Final = datetime(2026, 11, 22, 13, 15, tzinfo=UTC)
RECEIVED: Final = OPENED + timedelta(days=1)
NOTICE: Final = notice_from(RECEIVED, POLICY)
NUMBERS: Final = ("+551130304040",)
PORT_UNTIL: Final = date(2026, 12, 17)
TO: Final = ("rita@acme.com.br", "otavio@acme.com.br")

ASKED: Final = say.RequestToCommercial(
    channel=Channel.WHATSAPP,
    received_at=OPENED,
    contact=Contact(name="Rita Souza", email=TO[0]),
    request_text="Quero cancelar",
)
RECEIPT: Final = say.RequestReceived(channel=Channel.WHATSAPP, received_at=OPENED)
SCRIPT: Final = say.Script(
    clause=POLICY.clause,
    notice_days=POLICY.notice_days,
    formalization_until=date(2026, 12, 22),
    numbers=NUMBERS,
    port_until=PORT_UNTIL,
    recordings_asked=False,
)
STARTED: Final = say.NoticeStarted(
    notice=NOTICE,
    notice_days=POLICY.notice_days,
    numbers=NUMBERS,
    port_until=PORT_UNTIL,
    recordings_asked=False,
)
PORT_REMINDER: Final = say.RemindPortability(last_day=NOTICE.last_day, port_until=PORT_UNTIL, numbers=NUMBERS)
_DONE: Final[dict[str, Any]] = {
    "notice": NOTICE,
    "released": Released(extensions=8, trunks=1, licences=4, numbers=3),
    "held": (),
    "invoice_total": Decimal("858.99"),
    "voided_charges": 3,
}
CLOSED: Final = say.Closed(**_DONE, link_was_sent=False)
CLOSED_TO_TEAM: Final = say.ClosedToTeam(**_DONE)

_EXECUTED: Final = re.compile(r"^.* \[(\d+)\] LOG:  (?:statement|execute \S+): ?(\S*)")


@dataclass(frozen=True)
class Step:
    """One call of the case, and what it took."""

    name: str
    statements: int
    commits: int
    """Counted from the statements: a transaction is one, and so is a statement outside of any."""


@dataclass
class Cost:
    """What the whole case took."""

    steps: list[Step] = field(default_factory=list)
    commits: int = 0
    """The server's own count, `pg_stat_database.xact_commit`."""

    @property
    def statements(self) -> int:
        """All of them."""
        return sum(step.statements for step in self.steps)


class StatementLog:
    """The server's log of executed statements, read on from where it was left."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size
        self._inside: dict[str, bool] = {}

    def read_on(self, name: str) -> Step:
        """Statements and commits since the last look."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            lines = file.read().decode("utf-8", "replace").splitlines()
            self._offset = file.tell()
        statements = commits = 0
        for match in filter(None, map(_EXECUTED.match, lines)):
            process, word = match[1], match[2].upper().rstrip(";")
            statements += 1
            inside = self._inside.get(process, False)
            self._inside[process] = word == "BEGIN" or (inside and word not in ("COMMIT", "ROLLBACK"))
            commits += word == "COMMIT" or (not inside and word != "BEGIN")
        return Step(name, statements, commits)


class Script:
    """An ordinary case: declined, formalised by one complete e-mail, closed after the notice."""

    def __init__(self, pool: Pool, seed: CustomerSeed) -> None:
        self._pool = pool
        self._seed = seed
        self._customer = seed.customer.customer_id
        self._case = f"case-of-{self._customer}"
        self._seq = 0
        store = MemoryStore()
        self._store = store
        self._environment = ActivityEnvironment()
        crm = PostgresCrm(pool)
        guard = Guard(crm, None)
        self._ports = (crm, PostgresBilling(pool), PostgresTelephony(pool))
        facts = PostgresLetterFacts(pool, self._ports[1])
        self.crm = CrmActivities(crm, self._ports[2], facts)
        self.billing = BillingActivities(self._ports[1], guard)
        self.telephony = TelephonyActivities(self._ports[2], guard)
        self.recordings = RecordingActivities(
            ObjectRecordingStore(store, PostgresLedger(pool), b"secret"), guard
        )
        self.mail = MailActivities(
            OutboxMailer(
                PostgresOutbox(pool), MemoryTransport(), Letterhead(), "https://gravacoes.example/{}".format
            ),
            facts,
        )

    async def provision(self) -> None:
        """Put the customer into every system, with some recordings."""
        for port in self._ports:
            await port.provision(self._seed)
        for number in range(3):
            path = f"recordings/{self._customer}/2026-11-{10 + number}/call-{number}.wav"
            await obstore.put_async(self._store, path, b"RIFF")

    async def run(self, after_each: Callable[[str], None]) -> None:
        """Go through the whole case."""
        for name, activity, argument in self._steps():
            await self._environment.run(activity, argument())
            after_each(name)

    def _steps(self) -> list[tuple[str, Callable[..., Awaitable[Any]], Callable[[], Any]]]:
        commercial, finance, support = Team.COMMERCIAL, Team.FINANCE, Team.SUPPORT
        warrant = Warrant(
            case_id=self._case,
            customer_id=self._customer,
            notice_ends_at=NOTICE.ends_at,
            at=NOTICE.ends_at,
        )
        plan = BillingEndPlan(
            case_id=self._case, customer_id=self._customer, last_day=NOTICE.last_day, at=RECEIVED
        )
        closure = BillingClosure(warrant=warrant, last_day=NOTICE.last_day)
        send, record = self.mail.send_letters, self.crm.record_case
        return [
            ("open case, with the inventory", self.crm.open_case, self._opening),
            (
                "letter to Commercial",
                send,
                lambda: self._letters((ASKED, commercial)),
            ),
            ("letter with protocol", send, lambda: self._letters((RECEIPT, None))),
            ("record: declined", record, self._declined),
            ("letter with script", send, lambda: self._letters((SCRIPT, None))),
            ("record: formalised", record, self._formalised),
            ("plan end of billing", self.billing.plan_billing_end, lambda: plan),
            (
                "letters of the notice",
                send,
                lambda: self._letters(
                    (STARTED, None),
                    (say.FinalBilling(notice=NOTICE), finance),
                    (say.ShutdownPlan(notice=NOTICE, inventory=self._inventory_told), support),
                ),
            ),
            ("letter: portability", send, lambda: self._letters((PORT_REMINDER, None))),
            ("record: closing", record, lambda: self._record(NOTICE.ends_at, "closing", 2)),
            ("deactivate", self.telephony.deactivate_services, lambda: Shutdown(warrant=warrant)),
            ("release", self.telephony.release_resources, lambda: Shutdown(warrant=warrant)),
            ("close billing", self.billing.close_billing, lambda: closure),
            ("purge recordings", self.recordings.purge_recordings, lambda: PurgeOrder(warrant=warrant)),
            (
                "letters of the end",
                send,
                lambda: self._letters(
                    (CLOSED, None),
                    (CLOSED_TO_TEAM, finance),
                    (CLOSED_TO_TEAM, support),
                ),
            ),
            ("record: closed", record, self._closed),
        ]

    def _opening(self) -> CaseOpening:
        return CaseOpening(
            case_id=self._case,
            customer_id=self._customer,
            workflow_id=workflow_id(self._customer),
            protocol=protocol_number(self._case, date(2026, 11, 22)),
            opened_at=OPENED,
            stage="retention",
            customer_status="Em retenção",
            request=self._request,
            commercial_task=self._task("commercial"),
            trail=self._trail(OPENED, 2),
        )

    def _declined(self) -> CaseRecord:
        return self._record(
            OPENED + timedelta(hours=3),
            "awaiting_formalization",
            5,
            customer_status="Aguardando formalização",
            close_tasks=("commercial",),
            open_tasks=(self._task("formalization"),),
        )

    def _formalised(self) -> CaseRecord:
        mail = FormalizationMail(
            message_id="<pedido@acme.com.br>",
            sender=TO[0],
            recipients=POLICY.mailboxes,
            received_at=RECEIVED,
            subject="Cancelamento do contrato",
            explicit_request=True,
            reason="O preço ficou alto demais.",
            authentication=Authentication.PASS,
        )
        return self._record(
            RECEIVED + timedelta(minutes=1),
            "notice",
            4,
            customer_status="Cancelamento em andamento",
            formalization=FormalizationRecord(
                completing=mail,
                mails=(mail,),
                reason="O preço ficou alto demais.",
                notice=NOTICE,
                notice_days=POLICY.notice_days,
                required_mailboxes=POLICY.mailboxes,
            ),
            close_tasks=("commercial", "formalization"),
            open_tasks=tuple(self._task(key) for key in ("d30", "final-billing", "shutdown")),
        )

    def _closed(self) -> CaseRecord:
        return self._record(
            NOTICE.ends_at + timedelta(minutes=5),
            "closed",
            9,
            customer_status="Cancelado",
            close_all_tasks=True,
            outcome="closed",
        )

    def _record(self, at: datetime, stage: str, entries: int, **more: Any) -> CaseRecord:
        return CaseRecord(
            case_id=self._case,
            customer_id=self._customer,
            at=at,
            stage=stage,
            trail=self._trail(at, entries),
            **more,
        )

    def _trail(self, at: datetime, entries: int) -> tuple[TrailEntry, ...]:
        first, self._seq = self._seq + 1, self._seq + entries
        return tuple(
            TrailEntry(seq=seq, at=at, actor="sistema", kind="something", detail="Aconteceu algo.")
            for seq in range(first, self._seq + 1)
        )

    def _task(self, key: str) -> TaskOrder:
        return TaskOrder(key=key, team=Team.COMMERCIAL, title="Falar com o cliente", text="…")

    def _letters(self, *contents: tuple[say.LetterContent, Team | None]) -> LetterBatch:
        return LetterBatch(
            letters=tuple(
                Letter(
                    key=f"{self._case}:{content.kind.value}:{team.value if team else 'customer'}:1",
                    case_id=self._case,
                    customer_id=self._customer,
                    customer_name=self._seed.customer.name,
                    protocol=protocol_number(self._case, date(2026, 11, 22)),
                    at=OPENED,
                    mailboxes=POLICY.mailboxes,
                    team=team,
                    to=() if team else TO,
                    content=content,
                )
                for content, team in contents
            )
        )

    @property
    def _request(self) -> Request:
        return Request(channel=Channel.WHATSAPP, text="Quero cancelar", actor="bot-whatsapp", at=OPENED)

    @property
    def _inventory_told(self) -> Inventory:
        return Inventory(
            customer_id=self._customer,
            extensions=tuple(r for r in self._seed.resources if r.kind == "extension"),
            trunks=tuple(r for r in self._seed.resources if r.kind == "trunk"),
            licences=tuple(r for r in self._seed.resources if r.kind == "licence"),
            numbers=self._seed.numbers,
        )


async def measure(folder: Path) -> Cost:
    """Run the case on a server of its own whose data lies in `folder`."""
    log = folder / "postgres.log"
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(EmbeddedPostgres(folder / "data", durable=False, log=log))
        admin = await asyncpg.connect(server.url_of("postgres"))
        stack.push_async_callback(admin.close)
        await migrate(server.database_url, virtual_clock=True)
        pool = await open_pool(server.database_url)
        stack.push_async_callback(pool.close)
        # The first case of a process pays for what the driver learns of the database once.
        first, second = (Script(pool, _seed(name)) for name in ("1043-padaria", "1042-acme"))
        for script in (first, second):
            await script.provision()
        await first.run(lambda name: None)
        await admin.execute("alter system set autovacuum = off")  # its commits would be counted too
        await admin.execute("alter system set log_statement = 'all'")
        await admin.execute("select pg_reload_conf()")
        await _heard_of_it(pool)
        cost = Cost()
        async with _counted_commits(admin, pool, cost):
            statements = StatementLog(log)
            await second.run(lambda name: cost.steps.append(statements.read_on(name)))
        return cost


@asynccontextmanager
async def _counted_commits(
    admin: "asyncpg.Connection[asyncpg.Record]", pool: Pool, cost: Cost
) -> AsyncIterator[None]:
    query = "select xact_commit from pg_stat_database where datname = 'cancelamento'"
    await _flush(pool)
    before = await admin.fetchval(query)
    yield
    flushes = await _flush(pool)
    cost.commits = await admin.fetchval(query) - before - flushes


async def _heard_of_it(pool: Pool) -> None:
    """Wait until every connection logs: each reads the configuration anew when it comes to it."""
    async with AsyncExitStack() as stack:
        for _ in range(pool.get_size()):
            connection = await stack.enter_async_context(pool.acquire())
            while await connection.fetchval("show log_statement") != "all":
                continue


async def _flush(pool: Pool) -> int:
    """Have every connection report its counts; answers how many commits that took."""
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(pool.acquire()) for _ in range(pool.get_size())]
        for connection in connections:
            await connection.execute("select pg_stat_force_next_flush()")
    return len(connections)


def _seed(name: str) -> CustomerSeed:
    return CustomerSeed.model_validate_json((SAMPLES / f"{name}.json").read_bytes())


def table_of(cost: Cost) -> Table:
    """The steps and the sum, to be printed."""
    table = Table("step", "statements", "commits", title="SQL of an ordinary case")
    for step in cost.steps:
        table.add_row(step.name, str(step.statements), str(step.commits))
    table.add_section()
    table.add_row(
        "together", f"{cost.statements} (at most {STATEMENTS})", f"{cost.commits} (at most {COMMITS})"
    )
    return table


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="cancelamento-statements-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        Console().print(table_of(asyncio.run(measure(folder))))


if __name__ == "__main__":
    main()
