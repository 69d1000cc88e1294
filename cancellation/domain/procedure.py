"""What the procedure and the passing of time do to a case: each step orders what it owes, once.

The steps are called by the workflow in the order of the procedure. Nothing is done outside here: a step owes
commands, and the ledger has them until their results are known.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cancellation.domain import events
from cancellation.domain.commands import (
    CloseBilling,
    CloseTask,
    DeactivateServices,
    EndCase,
    ExportRecordings,
    LiftBillingEnd,
    OpenCase,
    OpenTask,
    Owed,
    PlanBillingEnd,
    PurgeRecordings,
    ReadInventory,
    RecordPort,
    RegisterFormalization,
    ReleaseResources,
    RevokeLinks,
    SendLetter,
    SetStatus,
    System,
    TaskKind,
    WriteTrail,
)
from cancellation.domain.facts import Facts
from cancellation.domain.instants import Held, kind_of
from cancellation.domain.letter_kinds import LetterKind, LetterOrder
from cancellation.domain.refusal import RuleBroken
from cancellation.domain.stage import Move, Stage
from cancellation.domain.trail import SYSTEM
from cancellation.domain.values import FormalizationMail, OfferStatus, PortStatus, Team

UNKNOWN_CUSTOMER = "unknown_customer"
NOTHING_TO_CLOSE = "nothing_to_close"
"""Codes of endings that no fact gave words for."""
_CLOSING_STEPS = (DeactivateServices, ReleaseResources, CloseBilling, PurgeRecordings, RevokeLinks)


class Procedure(Facts):
    """A case that follows the procedure."""

    # ------------------------------------------------------------------ Commercial

    def hand_to_commercial(self, now: datetime) -> None:
        """Commercial gets the request, in the CRM and by message, before anything else (P1, P2)."""
        if not self._reach("handed_to_commercial"):
            return
        self._owe(OpenCase(), now=now)
        self._owe_letter(LetterOrder(kind=LetterKind.REQUEST_TO_COMMERCIAL, team=Team.COMMERCIAL), now=now)

    def send_script(self, now: datetime) -> None:
        """The customer stays with the decision and hears how to formalise it (P6)."""
        if self.stage is not Stage.AWAITING_FORMALIZATION or not self._reach("script"):
            return
        self._owe_letter(LetterOrder(kind=LetterKind.SCRIPT), now=now)
        self._owe(
            SetStatus(),
            CloseTask(key=TaskKind.COMMERCIAL.value),
            OpenTask(task=TaskKind.FORMALIZATION),
            now=now,
        )
        self._end_silence(now)
        if self.untold is not None:
            self._tell_what_is_missing(self.untold, self.mails_seen, now)
            self.untold = None

    # ------------------------------------------------------------------ the notice

    def announce_notice(self, now: datetime) -> None:
        """Register, set the status, tell customer, Finance and Support, date the D+30 task (P8, P11-P14)."""
        if self.formalization is None or self.stage not in (Stage.NOTICE, Stage.CLOSING):
            return
        if not self._reach("notice_announced"):
            return
        self._owe(
            SetStatus(),
            RegisterFormalization(),
            CloseTask(key=TaskKind.COMMERCIAL.value),
            CloseTask(key=TaskKind.FORMALIZATION.value),
            OpenTask(task=TaskKind.D30),
            OpenTask(task=TaskKind.FINAL_BILLING),
            PlanBillingEnd(),
            now=now,
        )
        self._end_silence(now)
        completing = self.formalization.completing.message_id
        self._owe_letter(
            LetterOrder(kind=LetterKind.NOTICE_STARTED, in_reply_to=completing),
            LetterOrder(kind=LetterKind.FINAL_BILLING, team=Team.FINANCE),
            now=now,
        )
        self._ask_for_a_look(now)
        if not self.numbers_known and not self.pending.owes(ReadInventory):
            self._owe(ReadInventory(), now=now)
        self._plan_shutdown(now)

    def _ask_for_a_look(self, now: datetime) -> None:
        """A notice that started without a person is shown to one, with the sentences that it rests on (X14)."""
        assert self.formalization is not None
        vouched = {mail.message_id for mail in self.mails if mail.confirmed_by}
        unseen = [m for m in self.formalization.mails if m.unseen and m.message_id not in vouched]
        if not unseen or vouched & {mail.message_id for mail in self.formalization.mails}:
            return
        completing = self.formalization.completing
        self._wait_for_decision(completing, 0, ("look",), now, is_notice=True)
        self._owe(OpenTask(task=TaskKind.CONFIRM_NOTICE), now=now)
        self._owe_letter(LetterOrder(kind=LetterKind.NOTICE_TO_CONFIRM, team=Team.COMMERCIAL), now=now)

    def _plan_shutdown(self, now: datetime) -> None:
        """Support hears what will be released: not before telephony has told, nor before the notice (P13)."""
        if "notice_announced" not in self.milestones or self.inventory is None:
            return
        if self._reach("shutdown_planned"):
            self._owe(OpenTask(task=TaskKind.SHUTDOWN_PLAN), now=now)
            self._owe_letter(LetterOrder(kind=LetterKind.SHUTDOWN_PLAN, team=Team.SUPPORT), now=now)

    def end_notice(self, now: datetime) -> None:
        """The last day of the notice is over: holds numbers in the middle of a portability (P15, X6).

        Raises:
            RuleBroken: the notice has not ended at `now` (P19).
        """
        if self.notice is None or not self.notice.has_ended(now):
            raise RuleBroken("notice", "notice_runs")
        self._advance(Move.NOTICE_ENDED, field="stage")
        self._happen(events.NoticeEnded(), now)
        self.closing_since = now
        self._owe_no_more(ExportRecordings, now=now)
        until = self.policy.day_start(self.notice.last_day + timedelta(days=1 + self.policy.port_grace_days))
        for port in self.ports:
            if port.status is PortStatus.REQUESTED:
                self.held.append(Held(number=port.number, held_until=until))
                self._happen(events.NumberHeld(number=port.number, until=until), now)
        self._wait_for_people(now)

    def _wait_for_people(self, now: datetime) -> None:
        """The point of no return waits for what nobody has decided, with attention raised (X14, X15)."""
        until = self.waits_until
        if until is None:
            return
        if now >= until:
            self._go_on_undecided(now)
            return
        first = next((one for one in self.holding_up if not one.attention), self.holding_up[0])
        for one in self.holding_up:
            one.attention = True
        self._happen(events.DecisionAwaited(until=until), now)
        what = f"remind_mail:{first.number}:closing"
        self._owe_letter(
            LetterOrder(kind=LetterKind.REMIND_MAIL, team=Team.COMMERCIAL, ordinal=what), now=now
        )

    def receive_formalization(self, mail: FormalizationMail, actor: str, now: datetime) -> None:
        """As ever; of the notice, but after its end, the point of no return waits for it as for the others (X15)."""
        super().receive_formalization(mail, actor, now)
        if any(not one.attention for one in self.holding_up):
            self._wait_for_people(now)

    def _go_on_undecided(self, now: datetime) -> None:
        self.waited_enough = True
        self._happen(events.DecisionMissed(), now)

    # ------------------------------------------------------------------ closing

    @property
    def may_be_shut_down(self) -> bool:
        """Whether the CRM holds the formalization that allows it, and telephony has told what there is (P19, P9).

        Telephony has heard of every port by then, too: a ported number is not ours. And nobody has to decide on
        an e-mail any more, or has had the policy's time for it (X14, X15).
        """
        owed = self.pending.owes(RegisterFormalization, ReadInventory, RecordPort)
        return self.numbers_known and not owed and not self.holding_up

    def pass_point_of_no_return(self, now: datetime) -> None:
        """The first destructive act of closing is about to be ordered (P19).

        Raises:
            RuleBroken: there is no complete formalization, or its notice has not ended.
        """
        if (
            self.stage is not Stage.CLOSING
            or self.formalization is None
            or self.notice is None
            or not self.notice.has_ended(now)
        ):
            raise RuleBroken("stage", "nothing_destructive_yet")
        if not self.past_no_return:
            self.past_no_return = True
            self._happen(events.PointOfNoReturn(), now)

    def end_services(self, now: datetime) -> None:
        """Order the end of everything but what held numbers need (P15, P16, P17, X6).

        Again when a hold has ended: then of what it kept.
        """
        hold = tuple(hold.number for hold in self.held_now)
        if self.kept == list(hold):
            return
        first = self.kept is None
        self.kept = list(hold)
        self._owe(DeactivateServices(hold=hold), ReleaseResources(hold=hold), now=now)
        if first:
            purge = self.policy.purge_recordings
            self._owe(
                CloseBilling(), PurgeRecordings() if purge else RevokeLinks(case_id=self.case_id), now=now
            )

    @property
    def is_shut_down(self) -> bool:
        """Whether all that was ordered to end has ended, and was verified."""
        return self.kept is not None and not self.pending.owes(*_CLOSING_STEPS)

    def confirm_closure(self, now: datetime) -> None:
        """Billing and inventory were read back: customer and teams hear of it (P18); of a hold's end too (X6)."""
        if self.confirmed == self.kept:
            return
        first, self.confirmed = self.confirmed is None, self.kept
        kept = str(len(self.kept or ()))
        kinds = (
            (LetterKind.CLOSED, LetterKind.CLOSED_TO_TEAM)
            if first
            else (LetterKind.HOLD_ENDED, LetterKind.HOLD_ENDED_TO_TEAM)
        )
        ordinal = "" if first else kept
        self._owe_letter(
            LetterOrder(kind=kinds[0], ordinal=ordinal),
            LetterOrder(kind=kinds[1], team=Team.FINANCE, ordinal=ordinal),
            LetterOrder(kind=kinds[1], team=Team.SUPPORT, ordinal=ordinal),
            now=now,
        )
        if first and self.kept:
            self._owe(CloseTask(key=TaskKind.D30.value), now=now)

    @property
    def is_closed_down(self) -> bool:
        """Whether everything has ended and was confirmed, and no number is held any more."""
        return self.is_shut_down and self.confirmed == self.kept == []

    @property
    def holds_have_changed(self) -> bool:
        """Whether another number is held than when services were ended last."""
        return [hold.number for hold in self.held_now] != self.kept

    def finish(self, now: datetime) -> None:
        """Everything is released, verified and confirmed (P18)."""
        self._advance(Move.ALL_RELEASED, field="stage")
        self._happen(events.Closed(), now)

    # ------------------------------------------------------------------ other ends

    def settle_ending(self, now: datetime) -> None:
        """Undo what was planned if the customer stays, and tell everybody who was told otherwise (P5, X3, X5, X18)."""
        if not self._reach("ending_settled"):
            return
        self._owe_no_more(ReadInventory, ExportRecordings, now=now)
        if self.stage in (Stage.WITHDRAWN, Stage.DISCARDED) and self.notice is not None:
            self._undo_notice(now)
        match self.stage:
            case Stage.RETAINED:
                self._owe_letter(LetterOrder(kind=LetterKind.RETAINED), now=now)
            case Stage.WITHDRAWN:
                self._owe_letter(LetterOrder(kind=LetterKind.WITHDRAWN), now=now)
                self._tell_teams(LetterKind.WITHDRAWN_TO_TEAM, now)
            case Stage.LAPSED:
                self._owe_letter(
                    LetterOrder(kind=LetterKind.LAPSED),
                    LetterOrder(kind=LetterKind.LAPSED_TO_COMMERCIAL, team=Team.COMMERCIAL),
                    now=now,
                )
            case Stage.DISCARDED if self.customer_name is not None and not self.never_began:
                if self._customer_was_told:
                    self._owe_letter(LetterOrder(kind=LetterKind.DISCARDED), now=now)
                self._owe_letter(
                    LetterOrder(kind=LetterKind.DISCARDED_TO_COMMERCIAL, team=Team.COMMERCIAL), now=now
                )
                if self.notice is not None:
                    self._tell_teams(LetterKind.DISCARDED_TO_TEAM, now)

    @property
    def opening_is_awaited(self) -> bool:
        """Whether the CRM has not answered the opening yet, and is not known to be away."""
        return any(isinstance(o.command, OpenCase) and o.failing_since is None for o in self.pending.owed)

    def check_customer(self) -> None:
        """What whoever opened the case hears of its customer.

        Raises:
            RuleBroken: the CRM does not know the customer (contract.md).
        """
        if self.ending == UNKNOWN_CUSTOMER:
            raise RuleBroken(
                "customer_id",
                "unknown_customer",
                customer_id=self.customer_id,
                has_contact=self.contacts[0].contact.is_reachable,
            )

    @property
    def never_began(self) -> bool:
        """Whether there was nothing to cancel: an unknown customer, or one with nothing left (X20)."""
        return self.ending in (UNKNOWN_CUSTOMER, NOTHING_TO_CLOSE)

    @property
    def _customer_was_told(self) -> bool:
        """Whether the customer holds a protocol or a date, or soon will (X18)."""
        waiting = (o.command for o in self.pending.owed if isinstance(o.command, SendLetter))
        return "customer" in self.threads or any(command.letter.team is None for command in waiting)

    def _tell_teams(self, kind: LetterKind, now: datetime) -> None:
        self._owe_letter(
            LetterOrder(kind=kind, team=Team.FINANCE), LetterOrder(kind=kind, team=Team.SUPPORT), now=now
        )

    def _undo_notice(self, now: datetime) -> None:
        self._owe_no_more(PlanBillingEnd, now=now)
        self._owe(LiftBillingEnd(case_id=self.case_id), now=now)
        if self.exports:
            self._owe(RevokeLinks(case_id=self.case_id), now=now)

    def end(self, now: datetime) -> None:
        """Nothing is owed any more but the CRM's record of the end (P20)."""
        if not self._reach("ended"):
            return
        self.ended_at = now
        self.ended_by = self.ended_by or SYSTEM
        for one in self.to_decide:
            one.attention = False  # the task stays open, in the CRM
        if self.stage is Stage.RETAINED:
            accepted = (offer for offer in self.offers if offer.status is OfferStatus.ACCEPTED)
            for offer in accepted:
                self._owe(OpenTask(task=TaskKind.DELIVER_OFFER, about=offer.offer_id), now=now)
        if self.stage is Stage.DISCARDED and self.ending is None and self.customer_name is not None:
            self._owe(OpenTask(task=TaskKind.REASON_OF_STOP), now=now)
        self._owe(EndCase(), now=now)

    # ------------------------------------------------------------------ time

    def meet_deadlines(self, now: datetime) -> None:
        """Do what the passing of time obliges to: lapse, end of the notice, end of a hold (X5, P15, X6)."""
        if (
            self.stage is Stage.AWAITING_FORMALIZATION
            and self.lapse_is_due_at
            and now >= self.lapse_is_due_at
        ):
            self.lapse(now)
        elif self.stage is Stage.NOTICE and self.notice and self.notice.has_ended(now):
            self.end_notice(now)
        elif self.stage is Stage.CLOSING:
            self._expire_holds(now)
            if self.waits_until is not None and now >= self.waits_until:
                self._go_on_undecided(now)
        for owed, until in list(self.letters_put_off()):
            if now >= until:
                self.give_up_letter(owed.key, "put_off", now)

    @property
    def lapse_is_due_at(self) -> datetime | None:
        """When the case lapses: what was received in time may be handled a little later (X5, X21)."""
        term = self.lapses_at
        return term + timedelta(hours=self.policy.late_handling_hours) if term else None

    def lapse(self, now: datetime) -> None:
        """No formalization within the policy's term (X5)."""
        self._advance(Move.LAPSED, field="stage")
        self._happen(events.Lapsed(), now)

    def _expire_holds(self, now: datetime) -> None:
        """End the grace of held numbers whose portability did not finish in time (X6)."""
        for hold in self.held:
            if hold.ended is None and now >= hold.held_until:
                hold.ended = "expired"
                self._happen(events.HoldExpired(number=hold.number), now)

    def remind(self, due: list[str], pointless: list[str], now: datetime) -> None:
        """Remind whoever has to act; of several overdue reminders of one kind only the last goes out (X4).

        One that fell due when it could not help any more is recorded as left out (X17).
        """
        self.reminded += [*due, *pointless]
        for what in pointless:
            self._happen(events.ReminderOmitted(what=what), now)
        last = {kind_of(what): what for what in due}
        for family, what in last.items():
            kind = LetterKind(family)
            commercial = kind in (LetterKind.REMIND_COMMERCIAL, LetterKind.REMIND_MAIL)
            self._happen(events.Reminded(what=what), now)
            self._owe_letter(
                LetterOrder(kind=kind, team=Team.COMMERCIAL if commercial else None, ordinal=what), now=now
            )
            if commercial and self._is_last_reminder(what):
                if kind is LetterKind.REMIND_MAIL:
                    self._notice_undecided(now)
                else:
                    self._notice_silence(now)

    def _is_last_reminder(self, what: str) -> bool:
        """Whether no reminder of the policy's own list is left (X19)."""
        hours = int(what.rpartition(":")[2])
        return hours >= max(self.policy.commercial_reminder_hours, default=0)

    def _notice_silence(self, now: datetime) -> None:
        if self._reach("silence"):
            self.silent = True
            self._happen(events.SilenceNoticed(), now)
            self._owe(OpenTask(task=TaskKind.SILENCE), now=now)

    def _notice_undecided(self, now: datetime) -> None:
        """The oldest e-mail that waits was left undecided through all of the policy's reminders (X15, X19)."""
        oldest = next(iter(self.to_decide), None)
        if oldest is not None and not oldest.attention:
            oldest.attention = True
            self._happen(events.MailLeftUndecided(mail_id=oldest.message_id), now)

    def _end_silence(self, now: datetime) -> None:
        """Somebody has acted."""
        if "silence" in self.milestones:
            self._owe(CloseTask(key=TaskKind.SILENCE.value), now=now)

    # ------------------------------------------------------------------ letters that do not arrive

    def letters_put_off(self) -> Iterator[tuple[Owed, datetime]]:
        """Letters in lanes whose audience puts mail off, and when each is given up (X17)."""
        patience = timedelta(days=self.policy.letter_gives_up_days)
        for lane, queue in self.pending.lanes().items():
            if lane.startswith(System.MAIL.value) and queue[0].failing_since is not None:
                for owed in queue:
                    yield owed, owed.since + patience

    def give_up_letter(self, key: str, why: str, now: datetime) -> None:
        """A letter does not arrive: Commercial reaches the customer in another way (X16, X17)."""
        owed = self.pending.find(key)
        if owed is None or not isinstance(owed.command, SendLetter):
            return
        letter = owed.command.letter
        self.pending.settle(key)
        self._close_attention(owed, now)
        self._happen(events.LetterUndelivered(letter=letter.kind, why=why), now)
        task = OpenTask(task=TaskKind.UNDELIVERED, about=letter.key, letter=letter, words=why)
        self._owe(task, now=now)
        if letter.kind is not LetterKind.UNDELIVERED and letter.team is not Team.COMMERCIAL:
            self._owe_letter(
                LetterOrder(
                    kind=LetterKind.UNDELIVERED,
                    team=Team.COMMERCIAL,
                    ordinal=letter.key,
                    about=letter.kind,
                    about_team=letter.team,
                    words=why,
                ),
                now=now,
            )

    def let_letters_go(self, now: datetime) -> None:
        """Somebody waits for the end of this case: letters that are put off become Commercial's now (X17)."""
        for owed, _ in list(self.letters_put_off()):
            self.give_up_letter(owed.key, "put_off", now)

    def want_record(self, now: datetime) -> None:
        """The CRM should hear now."""
        self.pending.add(WriteTrail(), now, key="trail")
