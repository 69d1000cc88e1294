"""Runs what a case owes: every lane in order, no lane waiting for another, each command tried without end (X7, X17)."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from temporalio import workflow
from temporalio.exceptions import ActivityError, RetryState, is_cancelled_exception

from activities.billing import BillingActivities
from activities.crm import CrmActivities
from activities.mail import MailActivities
from activities.recordings import RecordingActivities
from activities.restoring import RestoreActivities
from activities.telephony import TelephonyActivities
from cancellation.application import payloads
from cancellation.application.answers import take_answer, take_failure
from cancellation.application.casefile import CaseFile
from cancellation.domain import commands as c
from cancellation.domain.commands import Owed, System
from cancellation.language import vocabulary
from workflows.inbox import Inbox
from workflows.instants import Answered
from workflows.policies import EXPORT, MAIL, PURGE, READ, RECORD, RESTORE, TELEPHONY, ActivityPolicy

_MOST_LETTERS: Final = 20
_MOST_RECORDS: Final = 100


@dataclass(frozen=True)
class _Action:
    """How a command is done: which activity, told what, with what patience."""

    activity: Callable[..., Any]
    payload: Callable[[CaseFile, Sequence[Owed], datetime], Any]
    policy: ActivityPolicy


_RECORD: Final = _Action(CrmActivities.record_case, payloads.record, RECORD)
ACTIONS: Final[dict[type[Any], _Action]] = {
    c.OpenCase: _Action(CrmActivities.open_case, payloads.opening, RECORD),
    c.OpenTask: _RECORD,
    c.CloseTask: _RECORD,
    c.SetStatus: _RECORD,
    c.RegisterFormalization: _RECORD,
    c.KeepDecision: _RECORD,
    c.CorrectContact: _RECORD,
    c.WriteTrail: _RECORD,
    c.EndCase: _RECORD,
    c.RestoreRecords: _Action(RestoreActivities.restore_records, payloads.lost_records, RESTORE),
    c.SendLetter: _Action(MailActivities.send_letters, payloads.letters, MAIL),
    c.PlanBillingEnd: _Action(BillingActivities.plan_billing_end, payloads.billing_end_plan, RECORD),
    c.LiftBillingEnd: _Action(BillingActivities.lift_billing_end, payloads.billing_end_to_lift, RECORD),
    c.CloseBilling: _Action(BillingActivities.close_billing, payloads.billing_closure, RECORD),
    c.ReadInventory: _Action(TelephonyActivities.read_inventory, payloads.inventory_query, READ),
    c.RecordPort: _Action(TelephonyActivities.record_port, payloads.port_record, TELEPHONY),
    c.DeactivateServices: _Action(TelephonyActivities.deactivate_services, payloads.shutdown, TELEPHONY),
    c.ReleaseResources: _Action(TelephonyActivities.release_resources, payloads.shutdown, TELEPHONY),
    c.ExportRecordings: _Action(RecordingActivities.export_recordings, payloads.export_order, EXPORT),
    c.RevokeLinks: _Action(RecordingActivities.revoke_links, payloads.link_revocation, RECORD),
    c.PurgeRecordings: _Action(RecordingActivities.purge_recordings, payloads.purge_order, PURGE),
}
"""Every command of the ledger."""


@dataclass(eq=False)
class _Attempt:
    """An activity under way for some commands."""

    batch: tuple[Owed, ...]
    asked: Any
    asked_at: datetime
    handle: "workflow.ActivityHandle[Any]"
    given_up: bool = False

    @property
    def is_long(self) -> bool:
        """Whether it tells how far it is while it works."""
        return ACTIONS[type(self.batch[0].command)].policy.heartbeat is not None

    @property
    def lanes(self) -> frozenset[str]:
        """The lanes that it occupies."""
        return frozenset(owed.lane for owed in self.batch)


class Dispatcher:
    """Starts what is owed and free to run, and brings results to the case."""

    def __init__(self, file: CaseFile, inbox: Inbox) -> None:
        """Run what `file`'s case owes; results arrive in `inbox`."""
        self._file = file
        self._inbox = inbox
        self._running: list[_Attempt] = []
        self._commands = 0
        """How many it has given the engine."""

    # ------------------------------------------------------------------ starting

    def dispatch(self, now: datetime) -> bool:
        """Start the next work of every lane that is free; whether that took a command."""
        case, before = self._file.case, self._commands
        self._give_up_what_nobody_needs()
        self._clear_mail_lanes(now)
        busy = {lane for attempt in self._running for lane in attempt.lanes}
        letters: list[Owed] = []
        for lane, queue in case.pending.lanes().items():
            head = queue[0]
            if lane in busy or (head.retry_at is not None and head.retry_at > now):
                continue
            if head.system is System.CRM:
                self._start(_one_record(queue), now)
            elif head.system is System.MAIL and head.failing_since is None:
                letters += queue[:_MOST_LETTERS]
            else:
                self._start([head], now)
        if letters:
            self._start(letters[:_MOST_LETTERS], now)
        return self._commands > before

    def _clear_mail_lanes(self, now: datetime) -> None:
        """Letters that say what is not true any more, or have nobody to go to, do not go out (X18)."""
        case = self._file.case
        busy = {lane for attempt in self._running for lane in attempt.lanes}
        for lane, queue in case.pending.lanes().items():
            if queue[0].system is not System.MAIL or lane in busy:
                continue
            for owed in queue:
                if payloads.is_superfluous(case, owed, queue, now):
                    case.omit_letter(owed.key, now)
                elif payloads.has_nobody(case, owed):
                    case.give_up_letter(owed.key, "no_contact", now)
        self._file.write_down(now)

    def _start(self, batch: Sequence[Owed], now: datetime) -> None:
        head = batch[0]
        action = ACTIONS[type(head.command)]
        asked = action.payload(self._file, batch, now)
        policy, within = action.policy, self._patience(batch, action.policy, now)
        handle = workflow.start_activity_method(
            action.activity,
            asked,
            start_to_close_timeout=policy.attempt * max(1, len(batch) // 4)
            if head.system is System.MAIL
            else policy.attempt,
            schedule_to_close_timeout=within,
            heartbeat_timeout=policy.heartbeat,
            # What nobody needs any more must really have ended before what follows undoes or removes what it made.
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            retry_policy=policy.retry_in_outage if head.attention else policy.retry,
            summary=_summary(batch),
        )
        attempt = _Attempt(tuple(batch), asked, now, handle)
        self._running.append(attempt)
        self._commands += 1
        handle.add_done_callback(partial(self._arrive, attempt))

    def _patience(self, batch: Sequence[Owed], policy: ActivityPolicy, now: datetime) -> timedelta | None:
        """How long to try before people are told; without end where they were told already.

        A letter is tried until its day ends, and then written anew: it must not tell of days that have passed (X18).
        """
        head, terms = batch[0], self._file.case.policy
        if isinstance(head.command, c.OpenCase) and head.failing_since is None:
            return policy.attempt  # whoever opened the case waits for the answer
        patience: timedelta | None = None
        if not head.attention:
            failing_for = now - head.failing_since if head.failing_since else timedelta(0)
            patience = timedelta(minutes=terms.attention_after_minutes) - failing_for
        if head.system is System.MAIL:
            day = terms.day_start(terms.local_date(now) + timedelta(days=1)) - now
            patience = min(patience, day) if patience is not None else day
        return max(patience, policy.attempt) if patience is not None else None

    def _give_up_what_nobody_needs(self) -> None:
        owed = {one.key for one in self._file.case.pending.owed}
        for attempt in self._running:
            if not attempt.given_up and owed.isdisjoint(one.key for one in attempt.batch):
                attempt.given_up = True
                attempt.handle.cancel()
                self._commands += 1

    # ------------------------------------------------------------------ results

    def _arrive(self, attempt: _Attempt, _: "asyncio.Task[Any]") -> None:
        self._inbox.answer(attempt)

    def take_results(self, now: datetime) -> bool:
        """What became of attempts that have ended; whether one has failed, which is judged by when it is taken."""
        has_failed = False
        while self._inbox.results:
            attempt: _Attempt = self._inbox.results.popleft()
            self._running.remove(attempt)
            has_failed |= self._take(attempt, now)
            self._file.write_down(now)
        return has_failed

    def _take(self, attempt: _Attempt, now: datetime) -> bool:
        try:
            answered: Answered[Any] = attempt.handle.result()
        except asyncio.CancelledError:
            return False
        except ActivityError as error:
            if is_cancelled_exception(error):
                return False
            refused = error.retry_state is RetryState.NON_RETRYABLE_FAILURE
            refusal = str(error.cause)[:300] if refused else None
            take_failure(self._file, attempt.batch, attempt.asked_at, now, refusal)
            return True
        if attempt.given_up and ACTIONS[type(attempt.batch[0].command)].policy is READ:
            return False  # it has changed nothing outside, and is not to change the case
        at = min(attempt.asked_at + timedelta(milliseconds=answered.after), now)
        take_answer(self._file, attempt.batch, attempt.asked, answered.answer, attempt.asked_at, at)
        return False

    # ------------------------------------------------------------------ moving on

    @property
    def has_letters_on_their_way(self) -> bool:
        """Whether a letter that is owed no more may still go out, in seconds at the most."""
        return any(one.given_up and one.batch[0].system is System.MAIL for one in self._running)

    @property
    def may_be_left(self) -> bool:
        """Whether nothing is under way that will soon be answered: what fails can be asked again elsewhere."""
        return all(attempt.batch[0].failing_since is not None for attempt in self._running)

    @property
    def may_be_left_unanswered(self) -> bool:
        """Whether nothing is under way that would begin anew; anything else counts once however often it is asked."""
        return all(
            attempt.batch[0].failing_since is not None or not attempt.is_long for attempt in self._running
        )

    def leave(self) -> None:
        """Let go of what is under way; it is still owed."""
        for attempt in self._running:
            attempt.handle.cancel()


def _one_record(queue: Sequence[Owed]) -> Sequence[Owed]:
    """What one transaction of the CRM takes: all that waits, in order.

    The opening goes alone, as does what was lost; the end last, and a task is not opened in the record that closes it.
    """
    if isinstance(queue[0].command, c.OpenCase | c.RestoreRecords):
        return queue[:1]
    batch: list[Owed] = []
    closed: set[str] = set()
    for owed in queue[:_MOST_RECORDS]:
        if isinstance(owed.command, c.OpenTask) and owed.command.key in closed:
            break
        if isinstance(owed.command, c.CloseTask):
            closed.add(owed.command.key)
        batch.append(owed)
        if isinstance(owed.command, c.EndCase):
            break
    return batch


def _summary(batch: Iterable[Owed]) -> str:
    """What operators read in the timeline."""
    kinds = [
        vocabulary.letter(owed.command.letter.kind)
        for owed in batch
        if isinstance(owed.command, c.SendLetter)
    ]
    if kinds:
        return f"Enviar: {', '.join(dict.fromkeys(kinds))}"[:400]
    return vocabulary.step(next(iter(batch)).step)
