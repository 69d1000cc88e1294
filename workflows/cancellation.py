"""The cancellation of one customer, from the request to the confirmation of closure.

    retention ──declined──▶ awaiting_formalization ──complete e-mail──▶ notice ──D+30──▶ closing ──▶ closed
        │ retained                │ retained / lapsed                     │ withdrawn
        ▼                         ▼                                       ▼
     retained               retained, lapsed                          withdrawn

`discarded` is reachable from the first two stages by a message, and before the point of no return by a
request to cancel the execution.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from activities.crm import CrmActivities
from cancellation.domain.case import Case
from cancellation.domain.due import due_instants
from cancellation.domain.refusal import Refused
from cancellation.domain.stage import Stage
from cancellation.domain.state import DutyKind
from cancellation.domain.trail import SYSTEM, TrailEntry
from cancellation.domain.values import Team
from cancellation.language import vocabulary
from cancellation.messages.crm import CaseOpening
from cancellation.messages.intake import take
from cancellation.messages.letters import LetterKind
from cancellation.messages.status import Answer, CaseResult, CaseStatus, result_of, status_of
from workflows import tasks
from workflows.alarm import Alarm
from workflows.correspondence import letter
from workflows.effects import Effects
from workflows.handlers import MessageHandlers
from workflows.opening import ContinuedCase, can_move, continued_case, freeze_policy, opened_case
from workflows.policies import RECORD
from workflows.reading import incoming
from workflows.refusals import refused_error
from workflows.steps import Steps
from workflows.visibility import Visibility


@workflow.defn(name="Cancellation")
class CancellationWorkflow(MessageHandlers):
    """One customer's cancellation. Signals report facts; `status` and `trail` tell how it stands."""

    def __init__(self) -> None:
        """Nothing is known before `run` has read the start argument; handlers wait for that."""
        self._opened: Case | None = None
        self._refused: ApplicationError | None = None
        self._ready = False
        self._stop_at_opening = False
        self._news = 0
        self._alarm = Alarm()
        self._visibility = Visibility()

    @workflow.run
    async def run(self, start: RawValue) -> CaseResult:
        """Follow the procedure; a request to cancel the execution is one more fact for it."""
        procedure = asyncio.create_task(self._follow_procedure(start))
        while True:
            try:
                result = await asyncio.shield(procedure)
                break
            except asyncio.CancelledError:
                if procedure.done():
                    raise
                self._stop()
        if result is None:
            workflow.continue_as_new(ContinuedCase(case=self._case))
        return result

    async def _follow_procedure(self, start: RawValue) -> CaseResult | None:
        await self._open(start)
        await self._hand_to_commercial()
        await self._attempt_retention()
        await self._await_formalization()
        await self._serve_notice()
        await self._close_services()
        if not self._case.stage.is_terminal:
            return None
        await self._settle_ending()
        return await self._conclude()

    # ------------------------------------------------------------------ the procedure, stage by stage

    async def _open(self, start: RawValue) -> None:
        """The case exists, with its policy frozen; or the start argument is refused and nothing happens."""
        try:
            continued = workflow.info().continued_run_id is not None
            case = continued_case(start) if continued else opened_case(start)
        except ApplicationError as error:
            self._refused = error
            await workflow.wait_condition(workflow.all_handlers_finished)
            raise
        self._opened = case
        self._effects = Effects(case, self._publish)
        self._steps = Steps(case, self._effects)
        if not continued:
            await freeze_policy(start, case)
        self._ready = True
        if self._stop_at_opening:
            case.stop(workflow.now())
        self._publish()

    async def _hand_to_commercial(self) -> None:
        """Commercial has the request before anything else happens (P1, P2)."""
        case, now = self._case, workflow.now()
        if not case.reach("handed_to_commercial"):
            return
        first = case.contacts[0]
        opening = CaseOpening(
            case_id=case.case_id,
            customer_id=case.customer_id,
            workflow_id=workflow.info().workflow_id,
            protocol=case.protocol,
            opened_at=case.opened_at,
            stage=case.stage.value,
            customer_status=case.stage.crm_status,
            request=first,
            commercial_task=tasks.call_customer(case.customer_id, first, case.protocol),
            trail=tuple(case.trail.unrecorded()),
        )
        self._effects.post(letter(case, LetterKind.REQUEST_TO_COMMERCIAL, now, team=Team.COMMERCIAL))
        answer = await self._effects.perform(CrmActivities.open_case, opening, RECORD)
        case.trail.confirm(opening.trail[-1].seq)
        now, customer = workflow.now(), answer.customer
        if customer is None:
            if not case.stage.is_terminal:
                case.discard("Cliente não encontrado no CRM; o Comercial recebeu o contato.", SYSTEM, now)
            return
        case.learn_customer(customer.name, [contact.email.lower() for contact in customer.contacts], now)
        if not case.stage.is_terminal:
            self._effects.post(letter(case, LetterKind.REQUEST_RECEIVED, now))
            self._steps.survey_service()
        self._publish()

    async def _attempt_retention(self) -> None:
        """Commercial talks to the customer (P3, P4, P5)."""
        await self._stay_in(Stage.RETENTION)

    async def _await_formalization(self) -> None:
        """The customer knows how to formalise, and has the policy's time for it (P6, P7, X5)."""
        case = self._case
        if case.stage is Stage.AWAITING_FORMALIZATION and case.reach("script"):
            self._effects.post(letter(case, LetterKind.SCRIPT, workflow.now()))
            await self._effects.record(
                "Status: Aguardando formalização",
                customer_status=Stage.AWAITING_FORMALIZATION.crm_status,
                close_tasks=(tasks.COMMERCIAL,),
                open_tasks=(tasks.follow_formalization(case),),
            )
        await self._stay_in(Stage.AWAITING_FORMALIZATION)

    async def _serve_notice(self) -> None:
        """Thirty days run from the e-mail; everything works until their end (P8-P14)."""
        case = self._case
        # One reported when its notice is already over moves on at once, and is registered all the same.
        if case.stage in (Stage.NOTICE, Stage.CLOSING) and case.reach("notice_registered"):
            await self._steps.register_formalization()
        await self._stay_in(Stage.NOTICE)

    async def _close_services(self) -> None:
        """After the notice: deactivate, release, stop billing, verify, confirm (P15-P18)."""
        case = self._case
        if case.stage is not Stage.CLOSING:
            return
        if case.reach("closing_prepared"):
            await self._do_duties()
            await self._steps.finish_survey()
        if case.stage is not Stage.CLOSING:  # stopped before the point of no return
            return
        case.pass_point_of_no_return(workflow.now())
        kept = len(case.held_now)
        if case.reach("closed_down"):
            kept = await self._steps.shut_down()
            await self._steps.close_billing()
            await self._steps.remove_recordings()
            await self._steps.confirm_closure()
        # A hold may end at any moment, also during a shutdown that still kept the number.
        while kept:
            if not await self._stay_while(partial(_still_held, case, kept)):
                return
            await self._do_duties()
            kept = await self._steps.shut_down()
            self._effects.post(letter(case, LetterKind.HOLD_ENDED, workflow.now(), ordinal=kept))
        case.finish(workflow.now())

    async def _settle_ending(self) -> None:
        """Undo what was planned if the customer stays, and tell everybody (P5, X3, X5)."""
        case, now = self._case, workflow.now()
        self._publish()
        await self._steps.stop_survey()
        if case.stage in (Stage.WITHDRAWN, Stage.DISCARDED) and case.notice is not None:
            await self._steps.undo_notice()
        match case.stage:
            case Stage.RETAINED:
                self._effects.post(letter(case, LetterKind.RETAINED, now))
            case Stage.WITHDRAWN:
                self._effects.post(letter(case, LetterKind.WITHDRAWN, now))
            case Stage.LAPSED:
                self._effects.post(
                    letter(case, LetterKind.LAPSED, now),
                    letter(case, LetterKind.LAPSED_TO_COMMERCIAL, now, team=Team.COMMERCIAL),
                )
            case Stage.DISCARDED if case.customer_name is not None:
                self._effects.post(
                    letter(case, LetterKind.DISCARDED_TO_COMMERCIAL, now, team=Team.COMMERCIAL)
                )

    async def _conclude(self) -> CaseResult:
        """Nothing is missing from the CRM's trail when the case ends (P20)."""
        case = self._case
        await self._effects.settle()
        case.ended_at = workflow.now()
        offers = tasks.deliver_offers(case) if case.stage is Stage.RETAINED else ()
        await self._effects.record(
            "Encerrar o caso no CRM",
            customer_status=case.stage.crm_status,
            close_all_tasks=case.customer_name is not None,
            open_tasks=offers + self._steps.tasks_that_stay,
            revoke_formalization=case.stage in (Stage.WITHDRAWN, Stage.DISCARDED),
            outcome=case.stage.value,
        )
        while not (self._effects.is_idle and case.trail.is_recorded and workflow.all_handlers_finished()):
            await workflow.wait_condition(workflow.all_handlers_finished)
            await self._effects.record_trail()
            await self._effects.settle()
        return result_of(case)

    # ------------------------------------------------------------------ waiting

    async def _stay_in(self, stage: Stage) -> None:
        await self._stay_while(lambda: self._case.stage is stage)

    async def _stay_while(self, still: Callable[[], bool]) -> bool:
        """Wait for messages and due instants while `still`; False if a new execution should go on instead."""
        while still():
            seen = self._news  # before anything is awaited, so that no message is slept through
            await self._do_what_is_owed()
            if not still():
                break
            if self._is_long():
                return False
            await self._wait_for_news(seen)
            self._case.meet_deadlines(workflow.now())
            self._publish()
        return True

    async def _do_what_is_owed(self) -> None:
        """Duties that facts left, reminders that are due, and the trail to the CRM."""
        case = self._case
        await self._do_duties()
        now = workflow.now()
        self._steps.remind([due for due in due_instants(case, now) if due.is_reminder and due.at <= now])
        if case.trail.is_waiting:
            # Once: what came meanwhile may move the case, and then goes along with what that obliges to.
            await self._effects.record("Registrar o histórico no CRM")

    async def _do_duties(self) -> None:
        for duty in list(self._case.duties):
            early = self._case.stage is Stage.RETENTION and duty.kind is DutyKind.TELL_WHAT_IS_MISSING
            if not early:
                await self._steps.do_duty(duty)

    async def _wait_for_news(self, seen: int) -> None:
        """Sleep until a message arrives, the next instant is due, or the CRM's trail is behind."""
        case = self._case
        coming = due_instants(case, workflow.now())
        if coming:
            self._alarm.set(coming[0].at, vocabulary.due(coming[0].what))
        else:
            self._alarm.clear()
        await workflow.wait_condition(
            lambda: (
                self._news != seen or self._alarm.rang or (self._effects.is_idle and case.trail.is_waiting)
            )
        )

    def _is_long(self) -> bool:
        """Whether the history has grown so long that the case should go on in a new execution."""
        return (
            workflow.info().is_continue_as_new_suggested()
            and self._effects.is_idle
            and not self._case.duties
            and workflow.all_handlers_finished()
            and can_move(self._case)
        )

    # ------------------------------------------------------------------ messages and queries

    async def receive(self, name: str, message: RawValue) -> Answer:
        """Take one message: what it changes happens here at once, what it obliges to follows in `run`."""
        await workflow.wait_condition(lambda: self._ready or self._refused is not None)
        if self._refused is not None:
            raise self._refused
        new_id = f"auto-{workflow.uuid4()}"
        name = name.removesuffix("_checked")
        try:
            return take(self._case, incoming(name, message), workflow.now(), new_id)
        except Refused as refusal:
            raise refused_error(refusal) from None
        finally:
            self._news += 1
            self._publish()

    async def receive_quietly(self, name: str, message: RawValue) -> None:
        """Take one message whose sender hears no answer."""
        try:
            await self.receive(name, message)
        except ApplicationError:
            workflow.logger.info("message refused", extra={"message_name": name[:100]})

    @workflow.query(name="status", description="Situação completa do caso")
    def status(self) -> CaseStatus:
        """The case as it stands (contract.md)."""
        return status_of(self._case, workflow.now())

    @workflow.query(name="trail", description="Histórico do caso, em ordem")
    def trail(self) -> list[TrailEntry]:
        """Everything that happened, in order (P20); of a very long trail the newest part."""
        return self._case.trail.latest()

    # ------------------------------------------------------------------ inner parts

    @property
    def _case(self) -> Case:
        if self._opened is None:
            raise ApplicationError("O caso ainda está sendo aberto.", type="NotOpenYet")
        return self._opened

    def _publish(self) -> None:
        self._visibility.show(self._case, workflow.now())

    def _stop(self) -> None:
        """The execution was asked to cancel: a fact like any other (process.md, "Stages")."""
        if self._opened is None:
            self._stop_at_opening = True
            return
        self._opened.stop(workflow.now())
        self._news += 1


def _still_held(case: Case, count: int) -> bool:
    """Whether as many numbers are held as before (X6)."""
    return len(case.held_now) == count
