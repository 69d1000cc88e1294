"""The provider's systems in memory, a worker over them, and cases driven on the real server."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

import obstore
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.common import RawValue, TypedSearchAttributes
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from activities.guard import Guard
from cancellation.adapters.memory.billing import MemoryBilling
from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.memory.desk import MemoryDesk
from cancellation.adapters.memory.inbox import MemoryInbox
from cancellation.adapters.memory.letter_facts import MemoryLetterFacts
from cancellation.adapters.memory.mailer import MemoryMailer
from cancellation.adapters.memory.reconciliation import MemoryComparison, MemoryFindings
from cancellation.adapters.memory.recordings import MemoryRecordings
from cancellation.adapters.memory.telephony import MemoryTelephony
from cancellation.adapters.memory.watch import MemoryWatches
from cancellation.client import CancellationClient
from cancellation.contract import ATTENTION, INCOMING_MAIL, RECONCILIATION
from cancellation.domain.identity import workflow_id
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.trail import TrailEntry
from cancellation.engine_errors import is_moving
from cancellation.mailroom import Mailroom
from cancellation.messages.letters import Letter
from cancellation.messages.mail_in import UNDECIDED_PREFIX, IncomingMail
from cancellation.messages.reconciliation import ReconciliationResult
from cancellation.messages.seed import CustomerSeed
from cancellation.messages.status import CaseResult, CaseStatus
from cancellation.ports.reconciliation import Comparison, Findings
from cancellation.ports.watch import WatchRecords
from cancellation.reconciler import Reconciler
from embedded.virtual_time import VirtualTime
from tests.durable.customers import address_of, new_customer
from tests.durable.outage import Fragile
from tests.turns import WHOLE
from workers.systems import Systems
from workers.wiring import reconciler_of
from workers.worker import (
    activities_of,
    cancellation_worker,
    mail_activities_of,
    reconciliation_activities_of,
)
from workflows.plugin import replayer

Content = TypeVar("Content")

POLICY = CancellationPolicy()
MOST_SKIPS = 5_000
"""Pauses between attempts are skipped like any other waiting, and a day of them are many."""
PATIENCE = 180.0 if WHOLE else 60.0
"""Real seconds after which a condition counts as never coming true; the whole proof leaves a machine no time."""


async def until(what: Callable[[], Any], pause: float = 0.01) -> Any:
    """Wait until `what`, plain or a coroutine function, is true; answer what it gave.

    It is asked for again after `pause` real seconds, then after longer ones.
    """
    async with asyncio.timeout(PATIENCE):
        while True:
            found = what()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            # Many wait beside each other for one server: who asks it too often waits longer.
            await asyncio.sleep(pause)
            pause = min(pause * 1.4, 0.15)


async def ready(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Ask a case, again while it has just gone on in a new execution and is not ready for a moment."""
    found: list[Any] = []

    async def answered() -> bool:
        try:
            found.append(await ask())
        except RPCError as error:
            if is_moving(error):
                return False
            raise
        return True

    await until(answered)
    return found[0]


class House:
    """Every outside system, each of which can break, and the worker's task queue."""

    def __init__(self, environment: WorkflowEnvironment) -> None:
        self.environment = environment
        self.time = VirtualTime(environment.client, most_skips=MOST_SKIPS)
        self.task_queue = f"house-{uuid.uuid4().hex[:8]}"
        self.crm = Fragile(MemoryCrm())
        self.billing = Fragile(MemoryBilling(self.crm.adapter.formalization))
        self.telephony = Fragile(MemoryTelephony(self.crm.adapter))
        self.recordings = Fragile(MemoryRecordings(self.crm.adapter.formalization))
        self.mailer = Fragile(MemoryMailer())
        self.watches: WatchRecords = MemoryWatches(self.crm.adapter)
        self.mail = MemoryInbox()
        self.findings: Findings = MemoryFindings()
        self.comparison: Comparison = MemoryComparison()
        self.letter_facts: MemoryLetterFacts | None = None
        """What letters say beside the case's own knowledge; None: they say less."""
        self.cases: list[CaseDriver] = []
        self.undecided: list[str] = []
        """Executions that remind of e-mails of no case."""
        self.runs: list[str] = []
        """Executions of reconciliation."""
        self.task_timeout: timedelta | None = None
        """After how long a workflow task that no worker answers is given to the next; None: the server's default."""

    @property
    def systems(self) -> Systems:
        """As the worker's wiring wants them."""
        return Systems(
            crm=cast(Any, self.crm),
            billing=cast(Any, self.billing),
            telephony=cast(Any, self.telephony),
            recordings=cast(Any, self.recordings),
            mailer=cast(Any, self.mailer),
            letter_facts=self.letter_facts,
            comparison=self.comparison,
            findings=self.findings,
            aftermath=cast(Any, self.billing),
            watches=self.watches,
        )

    @property
    def reconciler(self) -> Reconciler:
        """What holds these records against the executions on the house's own queue."""
        return reconciler_of(self.systems, POLICY, self.environment.client, [self.task_queue])

    def tell_figures(self) -> None:
        """From the next worker on letters tell the end in figures, and who the customer is (X25)."""
        desk = MemoryDesk(self.crm.adapter, self.mail)
        drafts = self.mailer.adapter.outbox.drafts
        self.letter_facts = MemoryLetterFacts(desk, self.billing.adapter, drafts)

    @property
    def broken(self) -> dict[str, Fragile]:
        """All systems by name."""
        return {
            "crm": self.crm,
            "billing": self.billing,
            "telephony": self.telephony,
            "recordings": self.recordings,
            "mailer": self.mailer,
        }

    @asynccontextmanager
    async def worker(self, **options: Any) -> AsyncIterator[None]:
        """A worker over these systems, as the product runs it, in virtual time."""
        guard = Guard(cast(Any, self.crm), None)
        client = self.environment.client
        mailroom = Mailroom(
            originals=cast(Any, self.crm),
            customers=cast(Any, self.crm),
            ledger=self.mail,
            cases=CancellationClient(client),
            mailboxes=POLICY.mailboxes,
            trusted_servers=("mx.nuvemjti.com.br",),
        )
        activities = [
            *activities_of(self.systems, POLICY, guard),
            *mail_activities_of(self.systems, POLICY, mailroom),
            *reconciliation_activities_of(self.reconciler, guard),
        ]
        async with cancellation_worker(client, activities, task_queue=self.task_queue, **options):
            yield

    async def provision(self, seed: CustomerSeed, recordings: int = 3) -> None:
        """Make a customer known everywhere."""
        await (self.letter_facts.desk if self.letter_facts else self.crm.adapter).provision(seed)
        await self.billing.adapter.provision(seed)
        await self.telephony.adapter.provision(seed)
        day = datetime.now(UTC).date() - timedelta(days=5)
        for number in range(recordings):
            path = f"recordings/{seed.customer.customer_id}/{day}/{number}.wav"
            await obstore.put_async(self.recordings.adapter.store, path, b"RIFF" * 25)

    async def open(
        self,
        seed: CustomerSeed | None = None,
        *,
        known: bool = True,
        policy: dict[str, Any] | None = None,
        signal: tuple[str, dict[str, Any]] | None = None,
        **request: Any,
    ) -> "CaseDriver":
        """Open a case of a (new) customer, known to all systems unless told otherwise."""
        seed = seed or new_customer()
        if known:
            await self.provision(seed)
        case = CaseDriver(self, seed)
        start = {
            "customer_id": case.customer_id,
            "request": {"channel": "whatsapp", "text": "Quero cancelar", "actor": "bot", "message_id": "w1"}
            | request,
            "policy": policy,
        }
        await case.start(start, signal)
        return case

    async def start_raw(self, customer_id: str, *arguments: Any) -> "WorkflowHandle[Any, Any]":
        """Start an execution with whatever arguments."""
        with self.environment.with_time_skipping_disabled():
            return await self.environment.client.start_workflow(
                "Cancellation", args=arguments, id=workflow_id(customer_id), task_queue=self.task_queue
            )

    async def mailed(self, raw: bytes) -> WorkflowHistory:
        """Let an e-mail arrive at the finance mailbox, and be handled."""
        now = datetime.now(UTC)
        original = await self.crm.adapter.keep_original(raw, now)
        mail = IncomingMail(
            sha256=original.sha256, ref=original.ref, received_at=now, envelope=(POLICY.mailboxes[0],)
        )
        with self.environment.with_time_skipping_disabled():
            handle = await self.environment.client.start_workflow(
                INCOMING_MAIL, mail, id=mail.workflow_id, task_queue=self.task_queue
            )
        outcome = await handle.result()
        if outcome["task"] is not None:
            self.undecided.append(f"{UNDECIDED_PREFIX}{outcome['task']}")
        return await handle.fetch_history()

    async def reconcile(self) -> "WorkflowHandle[Any, ReconciliationResult]":
        """Start a run of reconciliation."""
        name = f"reconciliation-{uuid.uuid4().hex[:8]}"
        self.runs.append(name)
        with self.environment.with_time_skipping_disabled():
            return await self.environment.client.start_workflow(
                RECONCILIATION, id=name, task_queue=self.task_queue, result_type=ReconciliationResult
            )

    async def close(self) -> None:
        """End what a test left open."""
        for case in self.cases:
            description = await case.handle.describe()
            if description.close_time is None:
                await case.handle.terminate("the test is over")
        for waiting in self.undecided:
            handle = self.environment.client.get_workflow_handle(waiting)
            if (await handle.describe()).close_time is None:
                await handle.terminate("the test is over")

    async def replays(self) -> int:
        """Replay every history that the house's cases have made, as a worker would that comes cold (X22).

        Returns:
            How many there were.
        """
        count, codec = 0, self.environment.client.data_converter.payload_codec
        ids = {workflow_id(case.customer_id) for case in self.cases} | set(self.runs)
        for one in ids:
            query = f"WorkflowId = '{one}'"
            async for execution in self.environment.client.list_workflows(query):
                handle = self.environment.client.get_workflow_handle(execution.id, run_id=execution.run_id)
                await replayer(codec).replay_workflow(await handle.fetch_history())
                count += 1
        return count


@dataclass
class CaseDriver:
    """One case, driven from outside with plain JSON."""

    house: House
    seed: CustomerSeed
    offset: timedelta = field(default_factory=timedelta)

    @property
    def customer_id(self) -> str:
        return self.seed.customer.customer_id

    @property
    def handle(self) -> "WorkflowHandle[Any, Any]":
        """Of the case, whichever execution it is in."""
        return self.house.environment.client.get_workflow_handle(workflow_id(self.customer_id))

    async def start(self, argument: dict[str, Any], signal: tuple[str, dict[str, Any]] | None) -> None:
        self.house.cases.append(self)
        with self.house.environment.with_time_skipping_disabled():
            await self.house.environment.client.start_workflow(
                "Cancellation",
                argument,
                id=workflow_id(self.customer_id),
                task_queue=self.house.task_queue,
                task_timeout=self.house.task_timeout,
                start_signal=signal[0] if signal else None,
                start_signal_args=[signal[1]] if signal else [],
            )

    # ------------------------------------------------------------ messages

    async def signal(self, name: str, **fields: Any) -> None:
        """Send a signal with a JSON object."""
        await self.handle.signal(name, fields)

    async def raw_signal(self, name: str, *payloads: Payload) -> None:
        """Send a signal with any payloads."""
        await self.handle.signal(name, args=[RawValue(payload) for payload in payloads])

    async def check(self, name: str, **fields: Any) -> dict[str, Any]:
        """Send an update and hear its answer."""
        answer: dict[str, Any] = await ready(lambda: self.handle.execute_update(f"{name}_checked", fields))
        return answer

    async def decline(self, **more: Any) -> dict[str, Any]:
        """Commercial reports that the customer stays with the decision."""
        reason = {"category": "price", "text": "Ficou caro"}
        return await self.check("retention_outcome", outcome="declined", reason=reason, actor="ana", **more)

    async def formalize(self, **changes: Any) -> dict[str, Any]:
        """A complete e-mail arrives, received just now in virtual time unless told otherwise."""
        return await self.check("formalization", **await self.email(**changes))

    async def email(self, **changes: Any) -> dict[str, Any]:
        """A complete formalization as a message."""
        received_at = changes.pop("received_at", None) or await self.now()
        return {
            "message_id": "<formalizacao@cliente>",
            "sender": address_of(self.customer_id),
            "recipients": list(POLICY.mailboxes),
            "received_at": received_at.isoformat(),
            "subject": "Cancelamento",
            "explicit_request": True,
            "reason": "Ficou caro",
            "authentication": "pass",
            "actor": "inbox",
        } | changes

    async def to_notice(self, **changes: Any) -> CaseStatus:
        """Bring the case to the notice, with everything owed done at every stage on the way."""
        await self.quiet()
        await self.decline()
        await self.quiet()
        await self.formalize(**changes)
        return await self.quiet()

    # ------------------------------------------------------------ time

    async def now(self) -> datetime:
        """The case's own clock."""
        return await self.house.time.now(self.handle)

    async def forward(self, span: timedelta) -> bool:
        """Let virtual time pass; False if the case ended before it had."""
        return await self.house.time.pass_by(self.handle, span)

    async def forward_to(self, instant: datetime) -> bool:
        """Let virtual time pass up to an instant; nothing if it has passed."""
        span = instant - await self.now()
        return await self.forward(span) if span > timedelta(0) else True

    async def pass_notice(self) -> None:
        """Let the notice end, and a minute more."""
        notice = (await self.status()).notice
        assert notice is not None
        await self.forward_to(notice.ends_at + timedelta(minutes=1))

    # ------------------------------------------------------------ what one sees

    async def status(self) -> CaseStatus:
        status: CaseStatus = await ready(lambda: self.handle.query("status", result_type=CaseStatus))
        return status

    async def trail(self) -> list[TrailEntry]:
        entries: list[TrailEntry] = await ready(
            lambda: self.handle.query("trail", result_type=list[TrailEntry])
        )
        return entries

    async def kinds(self) -> list[str]:
        return [entry.kind for entry in await self.trail()]

    async def until(self, condition: Callable[[CaseStatus], Any]) -> CaseStatus:
        """Wait until the status fulfils a condition."""

        async def met() -> CaseStatus | None:
            status = await self.status()
            return status if condition(status) else None

        found: CaseStatus = await until(met)
        return found

    async def stage(self, stage: str) -> CaseStatus:
        """Wait until the case is in a stage."""
        return await self.until(lambda status: status.stage.value == stage)

    async def trailed(self, kind: str, times: int = 1) -> list[TrailEntry]:
        """Wait until the trail holds entries of a kind."""

        async def held() -> list[TrailEntry]:
            found = [entry for entry in await self.trail() if entry.kind == kind]
            return found if len(found) >= times else []

        found: list[TrailEntry] = await until(held)
        return found

    async def quiet(self) -> CaseStatus:
        """Wait until nothing is going on: no activity and no message is pending."""
        return await self.quiet_but()

    async def quiet_but(self, *activities: str) -> CaseStatus:
        """Wait until nothing is going on but these activities."""

        async def idle() -> bool:
            description = await self.handle.describe()
            raw = description.raw_description
            others = [one for one in raw.pending_activities if one.activity_type.name not in activities]
            return not others and not raw.HasField("pending_workflow_task")

        while True:
            await until(idle)
            status = await self.status()
            if await idle():  # one that has just gone on in a new execution seems idle before it begins
                return status

    async def result(self, patience: float = PATIENCE) -> CaseResult:
        """The result, when the case has ended; `patience` in real seconds."""
        handle = self.house.environment.client.get_workflow_handle(
            workflow_id(self.customer_id), result_type=CaseResult
        )
        async with asyncio.timeout(patience):
            found: CaseResult = await handle.result()
            return found

    async def attributes(self) -> TypedSearchAttributes:
        """The search attributes as they are now."""
        return (await self.handle.describe()).typed_search_attributes

    async def attributes_of_attention(self) -> list[str]:
        """The steps that operators find by the search attribute (X7)."""
        return list((await self.attributes()).get(ATTENTION) or [])

    async def history(self) -> WorkflowHistory:
        return await self.handle.fetch_history()

    # ------------------------------------------------------------ what the systems hold

    async def case_id(self) -> str:
        return (await self.status()).case_id

    def letters(self, kind: str | None = None) -> list[Letter]:
        """Letters of this case that the mailer took, in order; one that it took again, its answer lost, is the same."""
        sent = [argument for name, argument in self.house.mailer.done if name == "send"]
        mine = {one.key: one for one in sent if one.customer_id == self.customer_id}
        return [one for one in mine.values() if kind in (None, one.kind.value)]

    def said(self, content: type[Content]) -> list[Content]:
        """What letters of one kind said, in order."""
        return [one.content for one in self.letters() if isinstance(one.content, content)]

    async def tasks(self, *, open_only: bool = False) -> dict[str, Any]:
        """The CRM's tasks of this customer, by key."""
        held = await self.house.crm.adapter.tasks(customer_id=self.customer_id, open_only=open_only)
        return {task.order.key: task for task in held}

    async def crm_status(self) -> str:
        """The customer's status in the CRM."""
        customer = await self.house.crm.adapter.customer(self.customer_id)
        return str(customer.status)

    async def crm_trail(self) -> Sequence[TrailEntry]:
        """The trail as the CRM holds it."""
        held: Sequence[TrailEntry] = await self.house.crm.adapter.trail(await self.case_id())
        return held
