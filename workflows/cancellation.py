"""The cancellation of one customer, from the request to the confirmation of closure.

    retention ──declined──▶ awaiting_formalization ──complete e-mail──▶ notice ──D+30──▶ closing ──▶ closed
        │ retained                │ retained / lapsed                     │ withdrawn
        ▼                         ▼                                       ▼
     retained               retained, lapsed                          withdrawn

`discarded` is reachable from the first two stages by a message, and before the point of no return by a
request to cancel the execution.

`run` is the procedure. It orders and it waits for what the case says; messages change the case, the ledger in the
case says what is owed outside, the dispatcher does it (docs/architecture.md).
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from cancellation import contract
from cancellation.application.casefile import CaseFile
from cancellation.application.intake import opening_answer, take
from cancellation.application.letters import script_if_declined
from cancellation.application.views import result_of, status_of
from cancellation.domain.case import Case
from cancellation.domain.due import next_wake, overdue_reminders
from cancellation.domain.refusal import Refused
from cancellation.domain.stage import Stage
from cancellation.domain.trail import TrailEntry
from cancellation.language import vocabulary
from cancellation.language.trail import OPERATOR
from cancellation.messages.letters import Letter
from cancellation.messages.status import Answer, CaseResult, CaseStatus
from workflows.dispatcher import Dispatcher
from workflows.handlers import MessageHandlers
from workflows.inbox import Alarm, Arrived, Inbox
from workflows.opening import continued_case, freeze_policy, opened_case, packed
from workflows.publishing import Publisher
from workflows.reading import incoming
from workflows.refusals import refused_error

_PATIENCE: Final = 1.25
_LONGEST_PATIENCE: Final = 2
"""How much longer than the engine suggests a history may grow before the case moves without a quiet moment.

The longest where a long step is under way, which begins anew.
"""


@workflow.defn(name=contract.CANCELLATION)
class CancellationWorkflow(MessageHandlers):
    """One customer's cancellation. Signals report facts; `status` and `trail` tell how it stands."""

    def __init__(self) -> None:
        """Nothing is known before `run` has read the start argument; messages wait in the inbox for that."""
        self.inbox = Inbox()
        self._file: CaseFile | None = None
        self._alarm = Alarm(self.inbox)
        self._publisher = Publisher()
        self._long_since = 0
        """How many events there were when the engine first found the history long."""
        self._opener: tuple[asyncio.Future[Answer], Answer] | None = None
        """Who opened the case and has not heard the answer yet."""
        self._has_judged = False
        """Whether something was decided, by what it says and when it came, since the last command.

        A message, or a failure, after which a pause begins; an answer says itself when it came.
        """

    @workflow.run
    async def run(self, start: RawValue) -> CaseResult:
        """The procedure, stage by stage."""
        await self._open(start)
        await self._hand_to_commercial()
        await self._attempt_retention()
        await self._await_formalization()
        await self._serve_notice()
        await self._close_services()
        return await self._conclude()

    # ------------------------------------------------------------------ the procedure

    async def _open(self, start: RawValue) -> None:
        """The case exists, with its policy frozen; or the start argument is refused and nothing happens."""
        workflow.register_random_seed_callback(self._be_reset)
        continued = workflow.info().continued_run_id is not None
        try:
            file = continued_case(start) if continued else opened_case(start)
        except ApplicationError as refusal:
            await self._refuse_everything(refusal)
            raise
        self._file = file
        if not continued:
            # A first workflow task without a command could be merged with the next: the case would open twice (X22).
            self._publisher.publish(file.case, self._now)
            terms = freeze_policy(start, file.case)
            while not terms.done():
                await self._sleep_until(terms.done)
            file.case.freeze(terms.result())
        self._dispatcher = Dispatcher(file, self.inbox)
        file.write_down(self._now)

    async def _hand_to_commercial(self) -> None:
        """Commercial has the request before anything else happens (P1, P2)."""
        self._case.hand_to_commercial(self._now)
        await self._until(lambda: self._case.known_to_crm)

    async def _attempt_retention(self) -> None:
        """Commercial talks to the customer: offers, then the outcome with the reason (P3, P4, P5)."""
        await self._while_in(Stage.RETENTION)

    async def _await_formalization(self) -> None:
        """The customer knows how to formalise, and has the policy's time for it (P6, P7, X5)."""
        self._case.send_script(self._now)
        await self._while_in(Stage.AWAITING_FORMALIZATION)

    async def _serve_notice(self) -> None:
        """Thirty days run from the e-mail; everything works until their end (P8-P14)."""
        self._case.announce_notice(self._now)
        await self._while_in(Stage.NOTICE)

    async def _close_services(self) -> None:
        """After the notice: deactivate, release, stop billing, verify, confirm (P15-P18)."""
        case = self._case
        if case.stage is not Stage.CLOSING:
            return
        await self._until(lambda: case.may_be_shut_down or case.stage is not Stage.CLOSING)
        if case.stage is not Stage.CLOSING:  # stopped before the point of no return
            return
        case.pass_point_of_no_return(self._now)
        while not case.is_closed_down:
            case.end_services(self._now)
            await self._until(lambda: case.is_shut_down)
            case.confirm_closure(self._now)
            await self._until(lambda: case.is_closed_down or case.holds_have_changed)  # X6
        case.finish(self._now)

    async def _conclude(self) -> CaseResult:
        """Undo what was planned for who stays, tell everybody; the CRM misses nothing when the case ends (P20)."""
        case = self._case
        case.settle_ending(self._now)
        await self._until(lambda: not (case.pending.owed or self._dispatcher.has_letters_on_their_way))
        case.end(self._now)
        while not (self._is_recorded() and workflow.all_handlers_finished()):
            await self._until(self._is_recorded)
            await self._sleep_until(self._has_news_or_is_alone)
        return result_of(self._casefile)

    # ------------------------------------------------------------------ one pass

    async def _while_in(self, stage: Stage) -> None:
        await self._until(lambda: self._case.stage is not stage)

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Let pass after pass go by until the case fulfils a condition."""
        while True:
            self._casefile.write_down(self._now)
            if condition():
                return
            self._act()
            if self._should_move() and (argument := packed(self._casefile)) is not None:
                self._dispatcher.leave()
                workflow.continue_as_new(argument)
            await self._sleep_until(self._has_news)
            self._take_what_arrived()
            await asyncio.sleep(0)  # whoever asked hears the answer now

    def _act(self) -> None:
        """Start what is owed, show the case, and sleep until the next instant at the latest."""
        case, now = self._case, self._now
        dispatched, published = self._dispatcher.dispatch(now), self._publisher.publish(case, now)
        coming = next_wake(case, now)
        alarmed = self._alarm.set(
            coming.at if coming else None, vocabulary.due(coming.what) if coming else ""
        )
        if self._has_judged and not (dispatched or published or alarmed):
            self._publisher.leave_mark(case)
        self._has_judged = False

    async def _sleep_until(self, condition: Callable[[], bool]) -> None:
        """Sleep; a request to cancel the execution wakes, and is a fact like any other."""
        try:
            await workflow.wait_condition(condition)
        except asyncio.CancelledError:
            self.inbox.stop()

    def _has_news(self) -> bool:
        return self.inbox.has_news

    def _has_news_or_is_alone(self) -> bool:
        return self.inbox.has_news or workflow.all_handlers_finished()

    def _take_what_arrived(self) -> None:
        """Results first, then messages, then what time has brought: decided once, whatever came together (X22)."""
        case, now = self._case, self._now
        self.inbox.woken = False
        self._has_judged |= self._dispatcher.take_results(now)
        if self.inbox.was_reset:
            self.inbox.was_reset = False
            case.notice_reset(now)
        for message in self.inbox.take_messages():
            self._take(message)
            self._has_judged |= message.answer is None  # an answer is a command
        self._answer_opener()
        if self.inbox.stop_requested:
            self.inbox.stop_requested = False
            case.stop(OPERATOR, now)
            self._has_judged = True
        case.meet_deadlines(now)
        overdue = overdue_reminders(case, now)
        case.remind(overdue.due, overdue.pointless, now)

    def _take(self, message: Arrived) -> None:
        new_id = f"auto-{workflow.uuid4()}"
        name = message.name.removesuffix(contract.CHECKED)
        try:
            answer = take(self._case, incoming(name, message.raw), self._now, new_id)
        except Refused as refusal:
            if message.answer is not None:
                message.answer.set_exception(refused_error(refusal))
            return
        if message.answer is None:
            return
        if answer.opened:
            self._opener = (message.answer, answer)
        else:
            message.answer.set_result(answer)

    def _answer_opener(self) -> None:
        """Whoever opened the case hears whether the CRM knows the customer, unless the CRM is away (X7, X8)."""
        if self._opener is None or self._case.opening_is_awaited:
            return
        (caller, answer), self._opener = self._opener, None
        try:
            caller.set_result(opening_answer(self._case, answer, self._now))
        except Refused as refusal:
            caller.set_exception(refused_error(refusal))

    def _is_recorded(self) -> bool:
        """Whether nothing is owed, the CRM holds everything, and nothing has arrived since."""
        nothing_owed = not self._case.pending.owed and self._casefile.trail.is_recorded
        return nothing_owed and self.inbox.is_empty

    def _should_move(self) -> bool:
        """Whether the history has grown so long that the case should go on in a new execution.

        At the first quiet moment; where none comes, because somebody talks and talks or a system has been silent
        since, without one.
        """
        info = workflow.info()
        if not info.is_continue_as_new_suggested():
            return False
        length = info.get_current_history_length()
        if not self._long_since:
            self._long_since = length
            # Without a command this workflow task may be merged with the next, from which a replay would count (X22).
            self._publisher.leave_mark(self._case)
        may_leave = (
            self._dispatcher.may_be_left
            or (length > self._long_since * _PATIENCE and self._dispatcher.may_be_left_unanswered)
            or length > self._long_since * _LONGEST_PATIENCE
        )
        return may_leave and self.inbox.is_empty and workflow.all_handlers_finished()

    async def _refuse_everything(self, refusal: ApplicationError) -> None:
        """Whoever wrote along with a start that is refused hears the same."""
        while self.inbox.messages or not workflow.all_handlers_finished():
            for message in self.inbox.take_messages():
                if message.answer is not None:
                    message.answer.set_exception(refusal)
            await self._sleep_until(self._has_news_or_is_alone)

    def _be_reset(self, _: int) -> None:
        self.inbox.begin_anew()

    # ------------------------------------------------------------------ queries

    @workflow.query(name="status", description="Situação completa do caso")
    def status(self) -> CaseStatus:
        """The case as it stands (contract.md)."""
        return status_of(self._case, self._now, self._casefile.trail)

    @workflow.query(name="trail", description="Histórico do caso, em ordem")
    def trail(self) -> list[TrailEntry]:
        """Everything that happened, in order (P20); of a very long trail the newest part."""
        return self._casefile.trail.latest()

    @workflow.query(name="script", description="O roteiro que o cliente recebe se mantiver a decisão")
    def script(self) -> Letter:
        """The script as it goes out if the customer stays with the decision now; nothing is sent (P6, X24)."""
        # The case's clock stands still between its tasks, for days; a query leaves nothing in the history.
        with workflow.unsafe.sandbox_unrestricted():
            machine = datetime.now(UTC)
        return script_if_declined(self._case, max(workflow.now(), machine))

    @property
    def _now(self) -> datetime:
        return self._alarm.now()

    @property
    def _casefile(self) -> CaseFile:
        if self._file is None:
            raise ApplicationError("O caso ainda está sendo aberto.", type="NotOpenYet")
        return self._file

    @property
    def _case(self) -> Case:
        return self._casefile.case
