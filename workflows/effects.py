"""How a case acts on the outside: one activity at a time a system, retried without end, seen when stuck (X7).

Letters go out in the background, so that a mail server that is down never holds up the procedure; everything
has gone out before the case ends.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError, RetryState, is_cancelled_exception

from activities.crm import CrmActivities
from activities.mail import MailActivities
from cancellation.application import tasks
from cancellation.application.letters import write
from cancellation.domain.case import Case
from cancellation.domain.letter_kinds import LetterKind, LetterOrder
from cancellation.domain.trail import LETTER_SENT, SYSTEM
from cancellation.domain.values import Team
from cancellation.language import vocabulary
from cancellation.language.words import sentence
from cancellation.messages.crm import CaseRecord, TaskOrder
from cancellation.messages.letters import Delivery, DeliveryReport, Letter, LetterBatch
from workflows.policies import MAIL, RECORD, ActivityPolicy

Result = TypeVar("Result")


class _StepRefused(Exception):
    """The other side understood and will never do it."""


class Effects:
    """Everything a case does outside goes through here."""

    def __init__(self, case: Case, publish: Callable[[], None]) -> None:
        """Act for `case`; `publish` shows a changed state to operators."""
        self._case = case
        self._publish = publish
        self._crm_turn = asyncio.Lock()
        self._background: list[asyncio.Task[None]] = []

    # ------------------------------------------------------------------ steps

    async def perform(
        self,
        activity: Callable[..., Awaitable[Result]],
        argument: Any,
        policy: ActivityPolicy,
        summary: str | None = None,
    ) -> Result:
        """Run one activity until it succeeds.

        One that has been failing for the policy's time, or is refused for good, raises attention and is tried
        on; when the system is back it heals by itself (X7).

        Raises:
            ActivityError: the step was cancelled.
        """
        return await self._keep_trying(activity, argument, policy, summary, may_be_refused=False)

    async def _keep_trying(
        self,
        activity: Callable[..., Awaitable[Result]],
        argument: Any,
        policy: ActivityPolicy,
        summary: str | None,
        *,
        may_be_refused: bool,
    ) -> Result:
        step, began = activity.__name__, workflow.now()
        within: timedelta | None = timedelta(minutes=self._case.policy.attention_after_minutes)
        while True:
            try:
                result = await self._run(activity, argument, policy, summary, within)
            except ActivityError as error:
                if is_cancelled_exception(error):
                    raise
                refused = error.retry_state is RetryState.NON_RETRYABLE_FAILURE
                if refused and may_be_refused:
                    self._clear_attention(step)
                    raise _StepRefused from None
                self._raise_attention(step, began, _refusal(error) if refused else None)
                if refused:
                    await workflow.sleep(policy.longest_pause, summary="Pausa antes de tentar de novo")
                within = None
            else:
                self._clear_attention(step)
                return result

    async def ask(
        self, activity: Callable[..., Awaitable[None]], argument: Any, policy: ActivityPolicy
    ) -> bool:
        """Like `perform`, for what the other side may refuse for good; whether it did what was asked."""
        try:
            await self._keep_trying(activity, argument, policy, None, may_be_refused=True)
        except _StepRefused:
            what = vocabulary.step(activity.__name__)
            said = f"O outro sistema recusou a etapa “{what}”; ela não será tentada de novo."
            self._case.trail.add(workflow.now(), SYSTEM, "step_refused", said)
            return False
        return True

    def give_up(self, activity: Callable[..., Awaitable[Any]]) -> None:
        """A step is not needed any more: nobody has to attend to it."""
        self._clear_attention(activity.__name__)

    async def _run(
        self,
        activity: Callable[..., Awaitable[Result]],
        argument: Any,
        policy: ActivityPolicy,
        summary: str | None,
        within: timedelta | None,
    ) -> Result:
        result: Result = await workflow.execute_activity_method(
            activity,
            argument,
            start_to_close_timeout=policy.attempt,
            schedule_to_close_timeout=max(within, policy.attempt) if within else None,
            heartbeat_timeout=policy.heartbeat,
            # A long step must really have stopped before what follows removes what it made.
            cancellation_type=(
                workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
                if policy.heartbeat
                else workflow.ActivityCancellationType.TRY_CANCEL
            ),
            retry_policy=policy.retry if within else policy.retry_in_outage,
            summary=summary or vocabulary.step(activity.__name__),
        )
        return result

    # ------------------------------------------------------------------ the CRM

    async def record(
        self,
        summary: str | None = None,
        *,
        open_tasks: tuple[TaskOrder, ...] = (),
        close_tasks: tuple[str, ...] = (),
        **more: Any,
    ) -> None:
        """Write one transaction to the CRM, with every trail entry that it does not hold yet (P20)."""
        case = self._case
        async with self._crm_turn:
            entries = case.trail.unrecorded()
            order = CaseRecord(
                case_id=case.case_id,
                customer_id=case.customer_id,
                at=workflow.now(),
                stage=case.stage.value,
                trail=tuple(entries),
                open_tasks=open_tasks,
                close_tasks=close_tasks,
                **more,
            )
            receipt = await self.perform(CrmActivities.record_case, order, RECORD, summary)
            case.trail.confirm(receipt.recorded_seq)

    async def record_trail(self) -> None:
        """Bring the CRM's trail up to date."""
        while not self._case.trail.is_recorded:
            await self.record("Registrar o histórico no CRM")

    # ------------------------------------------------------------------ letters

    def post(self, *orders: LetterOrder) -> None:
        """Write letters and send them in the background; their delivery is in the trail."""
        self.post_written(*(write(self._case, order, workflow.now()) for order in orders))

    def post_written(self, *letters: Letter) -> None:
        """Send letters that are written already."""
        reachable = tuple(one for one in letters if one.team or one.to)
        for one in letters:
            if one not in reachable:
                self._tell_commercial_undeliverable(one, "o cliente não tem contato autorizado com e-mail")
        if reachable:
            self.in_background(self._send(LetterBatch(letters=reachable)))

    async def _send(self, batch: LetterBatch) -> None:
        kinds = ", ".join(dict.fromkeys(vocabulary.letter(one.kind) for one in batch.letters))
        report: DeliveryReport = await self.perform(
            MailActivities.send_letters, batch, MAIL, f"Enviar: {kinds}"
        )
        for one, delivery in zip(batch.letters, report.deliveries, strict=True):
            to = vocabulary.audience(one.team)
            if delivery.refused is None:
                self._case.threads.setdefault(one.team.value if one.team else "customer", delivery.message_id)
                self._case.trail.add(
                    workflow.now(),
                    SYSTEM,
                    LETTER_SENT,
                    f"Mensagem “{vocabulary.letter(one.kind)}” enviada ({to}), "
                    f"Message-ID {delivery.message_id}.{_also_refused(delivery)}",
                )
            else:
                self._tell_commercial_undeliverable(one, delivery.refused)

    def _tell_commercial_undeliverable(self, lost: Letter, why: str) -> None:
        what = vocabulary.letter(lost.kind)
        self._case.trail.add(
            workflow.now(), SYSTEM, "letter_undelivered", f"Mensagem “{what}” não entregue: {sentence(why)}"
        )
        # The ordinal of a letter stands behind its case, kind and audience.
        ordinal = lost.key.split(":", 3)[-1]
        order = LetterOrder(kind=lost.kind, team=lost.team, ordinal=ordinal)
        self.in_background(
            self.record("Tarefa: e-mail não entregue", open_tasks=(tasks.call_about_undelivered(order, why),))
        )
        if lost.kind is not LetterKind.UNDELIVERED:
            self.post(
                LetterOrder(
                    kind=LetterKind.UNDELIVERED,
                    team=Team.COMMERCIAL,
                    ordinal=f"{order.kind.value}:{order.audience}:{ordinal}",
                    about=lost.kind,
                    about_team=lost.team,
                    words=why,
                )
            )

    # ------------------------------------------------------------------ attention

    def _raise_attention(self, step: str, since: datetime, refusal: str | None) -> None:
        words = vocabulary.step(step)
        now = workflow.now()
        if step in self._case.attention:
            return
        self._case.attention.append(step)
        self._case.trail.add(now, SYSTEM, "attention_raised", f"Etapa falhando, precisa de atenção: {words}.")
        self._publish()
        task = tasks.attend_to(step, since, refusal=refusal)
        self.in_background(self.record(f"Tarefa de atenção: {words}", open_tasks=(task,)))
        if step != MailActivities.send_letters.__name__:
            self.post(
                LetterOrder(
                    kind=LetterKind.ATTENTION,
                    team=Team.SUPPORT,
                    ordinal=f"{step}:{self._case.trail.last_seq}",
                    step=step,
                    since=since,
                    words=refusal,
                )
            )

    def _clear_attention(self, step: str) -> None:
        if step not in self._case.attention:
            return
        self._case.attention = [code for code in self._case.attention if code != step]
        words = vocabulary.step(step)
        self._case.trail.add(workflow.now(), SYSTEM, "attention_cleared", f"Etapa recuperada: {words}.")
        self._publish()
        self.in_background(
            self.record(f"Fechar tarefa de atenção: {words}", close_tasks=(tasks.attention_key(step),))
        )

    # ------------------------------------------------------------------ background

    def in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let something go on beside the procedure; `settle` waits for it."""
        task = asyncio.create_task(work)
        self._background = [other for other in self._background if not other.done()]
        self._background.append(task)
        return task

    async def settle(self) -> None:
        """Wait until nothing goes on in the background."""
        while self._background:
            task = self._background.pop(0)
            await workflow.wait_condition(task.done)
            if not task.cancelled() and not is_cancelled_exception(task.exception() or ValueError()):
                task.result()

    @property
    def is_idle(self) -> bool:
        """Whether nothing goes on in the background."""
        return all(task.done() for task in self._background)


def _refusal(error: ActivityError) -> str:
    """What the other side says of a step that it will not do."""
    cause = error.cause
    return (cause.message if isinstance(cause, FailureError) else "") or "recusa sem explicação"


def _also_refused(delivery: Delivery) -> str:
    """What the trail says of recipients who did not get a letter that others got."""
    if delivery.partly_refused is None:
        return ""
    return f" Recusada em parte dos endereços: {sentence(delivery.partly_refused)}"
