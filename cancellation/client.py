"""What another service imports to open and drive cancellations: `CancellationClient`.

Everything here also works with plain JSON from any Temporal SDK (contract.md); this only spares the typing.
"""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from pydantic import ValidationError
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecutionStatus,
    WorkflowHandle,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from cancellation.addresses import temporal_connect_config
from cancellation.case_list import CaseListing, Wanted, case_query, latest_with, listing_of
from cancellation.contract import CANCELLATION, CANCELLATIONS, CHECKED, PREVIEW_END, TASK_TIMEOUT
from cancellation.domain.identity import WORKFLOW_PREFIX, find_protocols, workflow_id
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.refusal import Problem, Refused
from cancellation.domain.stage import Stage
from cancellation.domain.trail import TrailEntry
from cancellation.encryption import data_converter
from cancellation.engine_errors import is_broken, is_busy, translated
from cancellation.failures import CaseEnded, CaseFailed, CaseNotAnswering, CaseNotFound, ServerUnreachable
from cancellation.key_ring import KeyRing, ring_of_environment
from cancellation.messages.envelope import Message
from cancellation.messages.facts import SIGNALS, CaseStart, RequestMessage
from cancellation.messages.status import Answer, CaseResult, CaseStatus

if TYPE_CHECKING:
    from cancellation.messages.billing import BillingPreview
    from cancellation.messages.letters import Letter

_SIGNAL_NAMES: Final = {model: name for name, model in SIGNALS.items()}
_ANSWER_WITHIN: Final = timedelta(seconds=20)
_OPENING_TRIES: Final = 3
_LIST_LAG: Final = timedelta(seconds=3)
"""How long a case that was just opened may be missing from Temporal's list."""

Registry = Callable[[str], Awaitable[str | None]]
"""A protocol number to the workflow id of the open case, or None."""
M = TypeVar("M", bound=Message)
T = TypeVar("T")


class CancellationClient:
    """Opens cancellations, reports facts about them, and asks how they stand.

    A case is named by its customer id, its protocol number or its workflow id, whichever is at hand. A
    customer id means the customer's open case, or else the latest one.

    Every method raises `ServerUnreachable` when Temporal or the workers cannot be reached, and those that want an
    answer `CaseNotAnswering` when a bug keeps the case from giving one.
    """

    def __init__(
        self,
        client: Client,
        *,
        answer_within: timedelta = _ANSWER_WITHIN,
        task_queue: str = CANCELLATIONS,
        registry: Registry | None = None,
    ) -> None:
        """Wrap a connected client.

        Args:
            client: must use `encryption.data_converter`; `connect` takes care of that.
            answer_within: how long to wait for a worker's answer.
            task_queue: where new cases are worked on.
            registry: who else knows open cases by their protocol number: Temporal's own list runs behind.
        """
        self.temporal = client
        self._answer_within = answer_within
        self._task_queue = task_queue
        self._registry = registry

    @classmethod
    async def connect(
        cls, home: Path | None = None, *, registry: Registry | None = None, keys: KeyRing | None = None
    ) -> Self:
        """Connect as Temporal's environment variables and profile say, else to the `up` running on `home`.

        Args:
            home: folder of a running `cancelamento up`; `.cancelamento` by default.
            registry: see the constructor.
            keys: what payloads are encrypted with; those of `CANCELAMENTO_CODEC_KEYS_FILE` by default.

        Raises:
            ValueError: the file of keys cannot be read.
        """
        converter = data_converter(keys or ring_of_environment())
        config = temporal_connect_config(home or Path(".cancelamento"))
        try:
            client = await Client.connect(**config, data_converter=converter)
        except RuntimeError as error:
            target = config.get("target_host")
            raise ServerUnreachable(
                f"não foi possível conectar ao Temporal em {target} (TEMPORAL_ADDRESS)"
            ) from error
        return cls(client, registry=registry)

    async def open_or_join(
        self, customer_id: str, request: RequestMessage, policy: CancellationPolicy | None = None
    ) -> Answer:
        """Open the customer's case, or add this contact to the open one (P1, X1).

        Safe to repeat with the same `message_id`; `Answer.opened` says whether this request opened the case.

        Raises:
            Refused: something in the request is wrong; every problem names its field.
        """
        request = _identified(request)
        start = _start(customer_id, request, policy)
        for attempt in range(_OPENING_TRIES):
            try:
                return await self._open(start, request)
            except CaseEnded:
                # The open case ended between finding it and asking it: the next try opens a new one.
                if attempt == _OPENING_TRIES - 1:
                    raise
            except Refused as refusal:
                # Decided, and only its last letters are under way: then a new case can open.
                decided = "stage" in {problem.field for problem in refusal.problems}
                if not decided or attempt == _OPENING_TRIES - 1 or not await self._ends_in_time(customer_id):
                    raise
        raise AssertionError("unreachable")

    async def report(self, case: str, message: Message) -> Answer:
        """Report a fact and hear the answer: the update with the suffix `_checked`.

        Raises:
            Refused: the case did not take it and nothing changed.
            CaseNotFound: there is no such case; `CaseEnded` if there was.
        """
        handle = await self.find(case)
        name, identified = f"{_SIGNAL_NAMES[type(message)]}{CHECKED}", _identified(message)
        answer: Answer = await self._asked(
            lambda: handle.execute_update(name, identified, result_type=Answer), case, handle
        )
        return answer

    async def tell(self, case: str, message: Message) -> None:
        """Report a fact without waiting for a worker: the signal. A refusal is in the trail and the status.

        Raises:
            CaseNotFound: there is no such case; `CaseEnded` if there was.
        """
        handle = await self.find(case)
        name, identified = _SIGNAL_NAMES[type(message)], _identified(message)
        await self._asked(lambda: handle.signal(name, identified), case, handle)

    async def status(self, case: str) -> CaseStatus:
        """How the case stands (contract.md, `status`).

        Raises:
            CaseNotFound: there is no such case.
            CaseFailed: the execution never became a case.
        """
        handle = await self.find(case)
        status: CaseStatus = await self._asked(
            lambda: handle.query("status", result_type=CaseStatus), case, handle
        )
        return status

    async def trail(self, case: str) -> list[TrailEntry]:
        """Everything that happened, in order (P20).

        Raises:
            CaseNotFound: there is no such case.
            CaseFailed: the execution never became a case.
        """
        handle = await self.find(case)
        trail: list[TrailEntry] = await self._asked(
            lambda: handle.query("trail", result_type=list[TrailEntry]), case, handle
        )
        return trail

    async def script(self, case: str) -> "Letter":
        """The script that the customer gets if they stay with the decision now; nothing is sent (P6).

        Raises:
            CaseNotFound: there is no such case.
            CaseFailed: the execution never became a case, or is not open yet.
        """
        from cancellation.messages.letters import Letter  # Sixty models, for this one answer.

        handle = await self.find(case)
        letter: Letter = await self._asked(lambda: handle.query("script", result_type=Letter), case, handle)
        return letter

    async def preview(self, case: str) -> "BillingPreview":
        """The final invoice before the end has come: of the notice that runs, or if it started now (X25).

        Nothing is written, in the case nor in billing: a worker reads billing and answers.

        Raises:
            CaseNotFound: there is no such case; `CaseEnded` if there was.
            CaseFailed: the execution never became a case, or billing gives no answer.
        """
        from cancellation.messages.billing import BillingPreview
        from cancellation.messages.previews import EndToPreview

        status = await self.status(case)
        if status.stage.is_terminal:
            raise CaseEnded(case)
        early = status.formalization.notice_if_declined if status.formalization else None
        notice = status.notice or early
        asked = EndToPreview(
            customer_id=status.customer_id,
            last_day=notice.last_day if notice else None,
            script=None if notice else await self.script(case),
        )
        with translated(case):
            preview: BillingPreview = await self.temporal.execute_activity(
                PREVIEW_END,
                asked,
                id=f"preview-{uuid.uuid4()}",
                task_queue=self._task_queue,
                result_type=BillingPreview,
                schedule_to_close_timeout=self._answer_within,
                summary=f"Prévia da fatura final do cliente {status.customer_id}",
            )
        return preview

    async def result(self, case: str) -> CaseResult:
        """Wait for the case to end; how it ended.

        Raises:
            CaseNotFound: there is no such case.
            CaseFailed: the execution failed or was terminated.
        """
        handle = await self.find(case)
        typed = self.temporal.get_workflow_handle(handle.id, run_id=handle.run_id, result_type=CaseResult)
        with translated(case):
            result: CaseResult = await typed.result()
        return result

    async def cases(
        self,
        *,
        stage: Stage | None = None,
        attention: bool = False,
        customer_id: str | None = None,
        wanted: Wanted | None = None,
    ) -> AsyncIterator[CaseListing]:
        """Cases by search attributes, the latest first; ended ones for as long as Temporal keeps them.

        Args:
            stage: only cases in that stage.
            attention: only cases that need attention (X7), or that a bug keeps from answering.
            customer_id: only cases of that customer.
            wanted: every filter there is, in place of these.
        """
        filters = wanted or Wanted(stage=stage, attention=attention, customer_id=customer_id)
        with translated("lista de casos"):
            async for execution in self.temporal.list_workflows(case_query(filters)):
                yield listing_of(execution)

    async def find(self, case: str) -> WorkflowHandle[Any, Any]:
        """The execution of a case: a protocol number means exactly that case, otherwise the latest one.

        Raises:
            CaseNotFound: no case has that protocol number. Other references are not looked up here.
        """
        reference = case.strip()
        protocols = find_protocols(reference)
        if protocols and reference.upper().startswith("CAN"):
            with translated(reference):
                return await self._find_by_protocol(protocols[0])
        known = reference if reference.startswith(WORKFLOW_PREFIX) else workflow_id(reference)
        return self.temporal.get_workflow_handle(known)

    async def _find_by_protocol(self, protocol: str) -> WorkflowHandle[Any, Any]:
        """By search attribute; the list runs a little behind, so a protocol just given is looked for again."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _LIST_LAG.total_seconds()
        for pause in _longer_pauses():
            latest = await latest_with(self.temporal, protocol)
            if latest is not None:
                # An open case may go on in a new execution at any moment; only an ended one is pinned.
                running = latest.status is WorkflowExecutionStatus.RUNNING
                return self.temporal.get_workflow_handle(latest.id, run_id=None if running else latest.run_id)
            known = await self._registry(protocol) if self._registry else None
            if known is not None:
                return self.temporal.get_workflow_handle(known)
            if loop.time() + pause > until:
                break
            await asyncio.sleep(pause)
        raise CaseNotFound(protocol)

    async def _ends_in_time(self, customer_id: str) -> bool:
        """Whether the customer's latest case ends within the answering time."""
        try:
            async with asyncio.timeout(self._answer_within.total_seconds()):
                await self.result(customer_id)
        except (TimeoutError, ServerUnreachable):
            return False
        except CaseFailed:
            return True
        return True

    async def _open(self, start: CaseStart, request: RequestMessage) -> Answer:
        async def opening() -> Answer:
            operation: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
                CANCELLATION,
                start,
                id=workflow_id(start.customer_id),
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                task_timeout=TASK_TIMEOUT,
                static_summary=f"Cancelamento do cliente {start.customer_id}",
            )
            try:
                answer: Answer = await self.temporal.execute_update_with_start_workflow(
                    "request_checked", request, start_workflow_operation=operation, result_type=Answer
                )
            except RPCError:
                # The library tells the operation too, and complains at the end of one that nobody asked.
                with suppress(RPCError):
                    await operation.workflow_handle()
                raise
            return answer

        handle = self.temporal.get_workflow_handle(workflow_id(start.customer_id))
        return await self._asked(opening, start.customer_id, handle)

    async def _asked(
        self, ask: Callable[[], Awaitable[T]], reference: str, handle: WorkflowHandle[Any, Any]
    ) -> T:
        """An answer in time, with every failure in our own words.

        A server that is too busy is asked again: it answers at most ten updates of one case at a time, so of
        many requests at once some have to wait. What is asked carries its `message_id` and counts once.
        """
        try:
            with translated(reference):
                async with asyncio.timeout(self._answer_within.total_seconds()):
                    for pause in _longer_pauses():
                        try:
                            return await ask()
                        except RPCError as error:
                            if not is_busy(error):
                                raise
                        await asyncio.sleep(pause)
        except ServerUnreachable as silence:
            if await is_broken(self.temporal, handle):
                raise CaseNotAnswering(reference) from silence
            raise
        raise AssertionError("unreachable")


def _longer_pauses() -> Iterator[float]:
    """Seconds between one try and the next, without end; uneven, so that many callers do not come together."""
    pause = 0.05
    while True:
        yield pause * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        pause = min(2 * pause, 1.0)


def _identified(message: M) -> M:
    """The message with an idempotency key, so that the library's own retries count once."""
    if message.message_id is not None:
        return message
    return message.model_copy(update={"message_id": str(uuid.uuid4())})


def _start(customer_id: str, request: RequestMessage, policy: CancellationPolicy | None) -> CaseStart:
    try:
        return CaseStart(customer_id=customer_id, request=request, policy=policy)
    except ValidationError:
        problem = "formato inválido: letras, algarismos, ponto, hífen e sublinhado, até 64"
        raise Refused(Problem(field="customer_id", problem=problem)) from None
