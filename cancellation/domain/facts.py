"""What each fact that others report does to a case.

Every method takes `now` (aware) and either changes the case, or raises `RuleBroken` and changes nothing.
"""

from datetime import date, datetime, timedelta

from cancellation.domain import events
from cancellation.domain.commands import (
    CloseTask,
    CorrectContact,
    ExportRecordings,
    KeepDecision,
    OpenTask,
    RecordPort,
    TaskKind,
)
from cancellation.domain.formalization import assess, content_missing, distrust
from cancellation.domain.letter_kinds import LetterKind, LetterOrder
from cancellation.domain.notice import notice_from
from cancellation.domain.refusal import RuleBroken
from cancellation.domain.stage import Move, Stage
from cancellation.domain.state import CaseState, ToDecide
from cancellation.domain.values import (
    FormalizationMail,
    Offer,
    OfferStatus,
    Outcome,
    Port,
    PortStatus,
    Reason,
    RecordingsRequest,
    Request,
    Team,
)

_CONTACTS_KEPT = 200
"""Beside the first; the trail has them all."""
_CONTACT_TEXT_KEPT = 500
_OFFERS_KEPT = 50
_TOLD_EARLY, _EARLY_UNDONE = "told_early:", "early_undone:"
"""Milestones: which day was told for an early formalization, and that it holds no more."""
_MAILS_KEPT = 100
_BEFORE_CLOSING = (Stage.RETENTION, Stage.AWAITING_FORMALIZATION, Stage.NOTICE)


_TOLD_OF_A_PORT = frozenset({PortStatus.REQUESTED, PortStatus.COMPLETED})


class Facts(CaseState):
    """A case that hears of facts."""

    def receive_request(self, request: Request, now: datetime) -> None:
        """One more contact of the customer: joins the case and moves no date (P1, X1)."""
        self._must_be_open()
        first = not self.contacts
        short = request.model_copy(update={"text": request.text[:_CONTACT_TEXT_KEPT]})
        self.contacts.append(request if first else short)
        del self.contacts[1:-_CONTACTS_KEPT]
        self._happen(events.RequestReceived(actor=request.actor, request=request, first=first), now)

    def record_offer(self, offer: Offer, now: datetime) -> None:
        """An offer was made, accepted or refused, while the customer may still be kept (P4)."""
        self._must_stand_in(*_BEFORE_CLOSING, message="retention_offer")
        known = next((o for o in self.offers if o.offer_id == offer.offer_id), None)
        if known is None and len(self.offers) >= _OFFERS_KEPT:
            raise RuleBroken("offer_id", "too_many_offers", most=_OFFERS_KEPT)
        if known is not None and known.kind is not offer.kind:
            raise RuleBroken("kind", "offer_of_another_kind", offer_id=offer.offer_id, kind=known.kind)
        if known is not None and known.status is not OfferStatus.MADE and offer.status is not known.status:
            raise RuleBroken("status", "offer_answered", offer_id=offer.offer_id, status=known.status)
        self.offers = [o for o in self.offers if o.offer_id != offer.offer_id] + [offer]
        self._happen(events.OfferChanged(actor=offer.actor, offer=offer), now)

    def record_outcome(
        self,
        outcome: Outcome,
        reason: Reason,
        notes: str | None,
        actor: str,
        now: datetime,
        at: datetime | None = None,
    ) -> None:
        """Commercial's attempt ended, at `at`: the customer stays, or not (P3, P5, P6)."""
        stays = outcome is Outcome.RETAINED
        self._advance(Move.RETAINED if stays else Move.DECLINED, field="outcome")
        self.reason = reason
        happened = events.Retained if stays else events.Declined
        self._happen(happened(actor=actor, reason=reason, notes=notes, told_at=at or now), now)
        if stays:
            self.ending, self.ended_by = reason.text, actor
            return
        self.declined_at = now
        self.take_up_formalization(now)

    def receive_formalization(self, mail: FormalizationMail, actor: str, now: datetime) -> None:
        """An e-mail of the customer, or what a person decided about one (P7, X2, X9, X14, X15)."""
        self._must_be_open()
        if mail.refused_by is not None:
            self._refuse_mail(mail, mail.refused_by, actor, now)
            return
        if mail.received_at > now + timedelta(seconds=self.policy.clock_skew_seconds):
            raise RuleBroken("received_at", "in_the_future")
        if self._came_after_the_term(mail):
            raise RuleBroken("received_at", "after_the_term")
        self.mails.append(mail)
        self.mails_seen += 1
        self._let_go_of_mails()
        is_read = not mail.doubts or mail.confirmed_by
        happened = events.FormalizationReceived if is_read else events.MailReceived
        self._happen(happened(actor=actor, mail=mail), now)
        if mail.confirmed_by is not None:
            self._confirm_mail(mail, mail.confirmed_by, now)
        if self.customer_name is None:
            return
        if self.formalization is None:
            self._judge(mail, self.mails_seen, now)
            self.take_up_formalization(now)
        elif distrust(mail, self.authorised):
            self._judge(mail, self.mails_seen, now)

    def knows_mail(self, mail: FormalizationMail) -> bool:
        """Whether an e-mail says nothing that reports of the same Message-ID did not say before (X2)."""
        same = [m for m in self.mails if m.message_id == mail.message_id]
        reached = {address for m in same for address in m.recipients}
        # Copies delivered to two mailboxes differ in what servers wrote on top of them, so in their bytes.
        noise = {
            "recipients": (),
            "received_at": mail.received_at,
            "original_ref": None,
            "original_sha256": None,
            "request_words": (),
        }

        def said(one: FormalizationMail) -> FormalizationMail:
            return one.model_copy(update=noise | {"doubts": ("…",) if one.doubts else ()})

        return set(mail.recipients) <= reached and any(said(one) == said(mail) for one in same)

    def record_port(self, port: Port, now: datetime) -> None:
        """What became of a number's portability (P9, X6)."""
        self._must_be_open()
        if not self.may_own(port.number):
            raise RuleBroken("number", "not_the_customers_number")
        hold = next((h for h in self.held if h.number == port.number), None)
        if self.stage is Stage.CLOSING and (hold is None or hold.ended is not None):
            raise RuleBroken("number", "not_held")
        if self.stage is Stage.CLOSING and port.status is PortStatus.REQUESTED:
            raise RuleBroken("status", "port_asked_for_too_late")
        known = next((p for p in self.ports if p.number == port.number), None)
        if known is not None and known.status is PortStatus.COMPLETED:
            raise RuleBroken("status", "ported_already")
        asked = now if port.status is PortStatus.REQUESTED else None
        if known is not None and known.requested_at is not None:
            asked = known.requested_at
        entry = port.model_copy(update={"requested_at": asked})
        self.ports = [p for p in self.ports if p.number != port.number] + [entry]
        self._happen(events.PortChanged(actor=port.actor, port=port), now)
        fact = RecordPort(number=port.number, status=port.status, operator=port.operator, at=port.at)
        self._owe(fact, now=now)
        # Of a number that is held the letter about the hold says it.
        ordinal = f"{port.number}:{port.status.value}"
        tells = hold is None and port.status in _TOLD_OF_A_PORT and self.customer_name is not None
        if tells and self._reach(f"port_noted:{ordinal}"):
            told = LetterOrder(kind=LetterKind.PORT_NOTED, ordinal=ordinal, number=port.number)
            self._owe_letter(told, now=now)
        if hold is not None and hold.ended is None:
            hold.ended = "completed" if port.status is PortStatus.COMPLETED else "expired"

    def request_recordings(self, wanted: RecordingsRequest, now: datetime) -> None:
        """The customer wants the recordings; the link comes once the notice runs (P10)."""
        self._must_stand_in(*_BEFORE_CLOSING, message="recordings_request")
        if wanted.from_date and wanted.to_date and wanted.from_date > wanted.to_date:
            raise RuleBroken("to_date", "before_from_date")
        stranger = wanted.deliver_to is not None and wanted.deliver_to not in self.authorised
        if stranger and self.customer_name is not None:
            raise RuleBroken("deliver_to", "not_an_authorised_contact")
        self.recordings = wanted
        self._happen(events.RecordingsRequested(actor=wanted.actor, wanted=wanted), now)
        if self.stage is Stage.NOTICE:
            self._deliver_recordings(now)

    def withdraw(self, reason: str, actor: str, now: datetime, at: datetime | None = None) -> None:
        """The customer gave up leaving during the notice, or before the point of no return, at `at` (X3, X15)."""
        self._stay()
        self.ending, self.ended_by = reason, actor
        self._happen(events.Withdrawn(actor=actor, reason=reason, told_at=at or now), now)

    def discard(self, reason: str, actor: str, now: datetime, at: datetime | None = None) -> None:
        """The case was opened by mistake; somebody said so at `at`."""
        self._advance(Move.DISCARDED, field="stage")
        self.ending, self.ended_by = reason, actor
        self._happen(events.Discarded(actor=actor, reason=reason, told_at=at or now), now)

    def stop(self, actor: str, now: datetime) -> None:
        """The Temporal execution was asked to cancel: ends the case while nothing destructive was done."""
        if self.past_no_return or self.stage.is_terminal:
            self._happen(events.StopRefused(actor=actor), now)
            return
        self._advance(Move.STOPPED, field="stage")
        self.held = []
        self.ended_by = actor
        self._happen(events.Stopped(actor=actor), now)

    def send_again(
        self, kind: LetterKind, wrong: str | None, right: str | None, actor: str, now: datetime
    ) -> None:
        """The customer gets a letter once more, as the case stands now; a contact may be put right first (X16).

        What Commercial was asked to do because that letter did not arrive is done by it.
        """
        if not self._may_be_sent_again(kind):
            raise RuleBroken("letter", "not_sent_again", stage=self.stage)
        if (wrong is None) != (right is None):
            raise RuleBroken("right_address" if right is None else "wrong_address", "both_addresses")
        if wrong is not None and right is not None:
            self._correct_contact(wrong.lower(), right.lower(), actor, now)
        self.sent_again += 1
        self._happen(events.LetterAskedAgain(actor=actor, letter=kind), now)
        self._owe_letter(LetterOrder(kind=kind, ordinal=f"again-{self.sent_again}"), now=now)
        for wish in self.lasting:
            lost = wish.letter if wish.task is TaskKind.UNDELIVERED else None
            if lost is not None and (lost.kind, lost.team) == (kind, None):
                self._owe(CloseTask(key=wish.key), now=now)

    def _may_be_sent_again(self, kind: LetterKind) -> bool:
        """Whether the customer had that letter, or should have, and it still says what holds."""
        if self.customer_name is None or self.stage.is_terminal:
            return False
        match kind:
            case LetterKind.REQUEST_RECEIVED:
                return not self.past_no_return
            case LetterKind.SCRIPT:
                return self.stage is Stage.AWAITING_FORMALIZATION
            case LetterKind.FORMALIZED_EARLY:
                return self.early_formalization is not None
            case LetterKind.NOTICE_STARTED:
                return self.stage is Stage.NOTICE
            case LetterKind.RECORDINGS_READY:
                return self.stage is Stage.NOTICE and self.archive is not None
            case LetterKind.CLOSED:
                return self.stage is Stage.CLOSING and self.confirmed is not None
            case _:
                return False

    def _correct_contact(self, wrong: str, right: str, actor: str, now: datetime) -> None:
        """Whoever was an authorised contact at a wrong address is one at the right address (X9)."""
        if wrong not in self.authorised:
            raise RuleBroken("wrong_address", "not_an_authorised_contact")
        if right in self.authorised:
            raise RuleBroken("right_address", "already_a_contact")
        self.authorised[self.authorised.index(wrong)] = right
        if self.recordings is not None and (self.recordings.deliver_to or "").lower() == wrong:
            self.recordings = self.recordings.model_copy(update={"deliver_to": right})
        self._happen(events.ContactCorrected(actor=actor, wrong=wrong, right=right), now)
        self._owe(CorrectContact(wrong=wrong, right=right), now=now)
        if self.stage is Stage.RETENTION:
            self._tell_of_early_formalization(now)

    def hear_of_bounce(self, letter_id: str, status: str, actor: str, now: datetime) -> None:
        """A letter of ours came back: Commercial hears of it as of a refusal at once, once a letter (X16).

        Nothing else follows from it: anybody can write a report, so no deadline moves and nobody is struck off.
        """
        sent = self.letters.get(letter_id)
        if sent is None:
            raise RuleBroken("letter", "unknown_letter")
        if sent.came_back:
            self._happen(events.MessageRepeated(actor=actor, name="bounce", message_id=letter_id), now)
            return
        sent.came_back = True
        happened = events.LetterBounced(actor=actor, letter=sent.kind, message_id=letter_id, status=status)
        self._happen(happened, now)
        if self.ended_at is not None:
            return
        lost = LetterOrder(kind=sent.kind, team=sent.team, ordinal=letter_id)
        task = OpenTask(
            task=TaskKind.UNDELIVERED, about=lost.key, letter=lost, words=status, codes=("came_back",)
        )
        self._owe(task, now=now)
        if sent.team is Team.COMMERCIAL:
            return  # Commercial's own mailbox sends mail back: the CRM tells, another letter would not arrive
        self._owe_letter(
            LetterOrder(
                kind=LetterKind.BOUNCED,
                team=Team.COMMERCIAL,
                ordinal=letter_id,
                about=sent.kind,
                about_team=sent.team,
                words=status,
            ),
            now=now,
        )

    # ------------------------------------------------------------------ what facts lead to

    def take_up_formalization(self, now: datetime) -> None:
        """Move to the notice if the e-mails at hand are complete; else stay (P7, P8, X2).

        Nothing counts before the CRM has said whose contacts are authorised (X9).
        """
        if self.stage is Stage.RETENTION:
            self._tell_of_early_formalization(now)
        if self.stage is not Stage.AWAITING_FORMALIZATION or self.customer_name is None:
            return
        formalization = assess(self.countable_mails, self.authorised, self.policy)
        if formalization is None:
            return
        self._advance(Move.FORMALIZED, field="stage")
        self.formalization = formalization
        self.untold = None
        self.notice = notice_from(formalization.received_at, self.policy)
        self._happen(events.Formalized(notice=self.notice), now)
        if self.recordings is not None:
            self._deliver_recordings(now)

    def _tell_of_early_formalization(self, now: datetime) -> None:
        """Who wrote before Commercial was done hears that it is complete, and so does Commercial (X18).

        Again when an e-mail that was received earlier comes late and moves the date.
        """
        early, notice = self.early_formalization, self.notice_if_declined
        told = self._told_early
        if early is None or notice is None:
            if told is not None:
                self._take_back_early_formalization(told, now)
            return
        day = notice.last_day.isoformat()
        if told is not None and told.startswith(day):
            return
        # A day that was told, taken back or moved, and holds again is told again.
        before = sum(one.startswith(_TOLD_EARLY) for one in self.milestones)
        ordinal = f"{day}:{before}" if f"{_TOLD_EARLY}{day}" in self.milestones else day
        self._reach(f"{_TOLD_EARLY}{ordinal}")
        self._happen(events.FormalizedEarly(notice=notice), now)
        reply, commercial = early.completing.message_id, LetterKind.FORMALIZED_EARLY_TO_COMMERCIAL
        self._owe_letter(
            LetterOrder(kind=LetterKind.FORMALIZED_EARLY, in_reply_to=reply, ordinal=ordinal),
            LetterOrder(kind=commercial, team=Team.COMMERCIAL, ordinal=ordinal),
            now=now,
        )

    @property
    def _told_early(self) -> str | None:
        """The day that was told for an early formalization and still holds, as its letter's ordinal."""
        said = [one for one in self.milestones if one.startswith((_TOLD_EARLY, _EARLY_UNDONE))]
        return said[-1].removeprefix(_TOLD_EARLY) if said and said[-1].startswith(_TOLD_EARLY) else None

    def _take_back_early_formalization(self, told: str, now: datetime) -> None:
        """What was told as complete counts no more: a person refused it, or its sender is no contact any more (X18)."""
        self._reach(f"{_EARLY_UNDONE}{told}")
        day, commercial = date.fromisoformat(told.partition(":")[0]), LetterKind.EARLY_UNDONE_TO_COMMERCIAL
        self._happen(events.EarlyUndone(last_day=day), now)
        self._owe_letter(
            LetterOrder(kind=LetterKind.EARLY_UNDONE, ordinal=told, day=day),
            LetterOrder(kind=commercial, team=Team.COMMERCIAL, ordinal=told, day=day),
            now=now,
        )

    def _judge(self, mail: FormalizationMail, number: int, now: datetime) -> None:
        """Who has to hear of an e-mail, the `number`th of the case, that does not complete the formalization."""
        if self.mails_count_after is not None and mail.received_at <= self.mails_count_after:
            self._happen(
                events.MailOfEarlierCase(mail_id=mail.message_id, ended_at=self.mails_count_after), now
            )
            return
        if mail not in self.countable_mails:
            return
        doubts = tuple(distrust(mail, self.authorised))
        if doubts:
            self._happen(events.FormalizationUntrusted(mail_id=mail.message_id, doubts=doubts), now)
            self._wait_for_decision(mail, number, doubts, now)
            self._owe(OpenTask(task=TaskKind.DECIDE_ON_MAIL, about=mail.message_id, codes=doubts), now=now)
            self._owe_letter(
                LetterOrder(
                    kind=LetterKind.MAIL_TO_DECIDE,
                    team=Team.COMMERCIAL,
                    ordinal=str(number),
                    codes=doubts,
                    mail_id=mail.message_id,
                ),
                now=now,
            )
            return
        trusted = [m for m in self.countable_mails if not distrust(m, self.authorised)]
        missing = tuple(content_missing(trusted, self.policy))
        if not missing:
            return
        self._happen(events.FormalizationIncomplete(missing=missing), now)
        if "script" not in self.milestones:  # it says how to formalise; what is missing follows it
            self.untold = mail.message_id
        else:
            self._tell_what_is_missing(mail.message_id, number, now)

    def _wait_for_decision(
        self,
        mail: FormalizationMail,
        number: int,
        codes: tuple[str, ...],
        now: datetime,
        *,
        is_notice: bool = False,
    ) -> None:
        waiting = ToDecide(
            message_id=mail.message_id,
            number=number,
            since=now,
            received_at=mail.received_at,
            codes=codes,
            is_notice=is_notice,
        )
        self.to_decide = [one for one in self.to_decide if one.message_id != mail.message_id] + [waiting]

    def _settle_decision(self, message_id: str, now: datetime) -> bool:
        """Nobody needs to decide on that e-mail any more; whether somebody had to."""
        waiting = [one for one in self.to_decide if one.message_id == message_id]
        self.to_decide = [one for one in self.to_decide if one.message_id != message_id]
        for one in waiting:
            task = TaskKind.CONFIRM_NOTICE if one.is_notice else TaskKind.DECIDE_ON_MAIL
            key = OpenTask(task=task, about="" if one.is_notice else message_id).key
            self.lasting = [wish for wish in self.lasting if wish.key != key]
            self._owe(CloseTask(key=key), now=now)
        return bool(waiting)

    def _confirm_mail(self, mail: FormalizationMail, by: str, now: datetime) -> None:
        """A person vouches for an e-mail, or for the notice that has started by it (X9, X14)."""
        rests_on = self._rests_on(mail.message_id)
        for one in rests_on or [mail.message_id]:
            self._settle_decision(one, now)
        self._keep_decision(mail, by, now, is_request=mail.explicit_request)
        if rests_on and self.seen_by is None:
            self.seen_by = by
            self._happen(events.NoticeConfirmed(actor=by, by=by), now)

    def _refuse_mail(self, mail: FormalizationMail, by: str, actor: str, now: datetime) -> None:
        """A person read an e-mail: it is no request. Of the one that a notice rests on everything is undone (X14).

        Raises:
            RuleBroken: services have been ended by it already.
        """
        rests_on = self._rests_on(mail.message_id)
        if rests_on and self.past_no_return:
            raise RuleBroken("refused_by", "too_late_to_undo")
        self.mails.append(mail)
        self.mails_seen += 1
        self._let_go_of_mails()
        self._happen(events.MailRefused(actor=actor, mail_id=mail.message_id, by=by), now)
        for one in rests_on or [mail.message_id]:
            self._settle_decision(one, now)
        self._keep_decision(mail, by, now, is_request=False)
        if self.stage is Stage.RETENTION:
            self._tell_of_early_formalization(now)
        if rests_on and assess(self.countable_mails, self.authorised, self.policy) != self.formalization:
            self._stay()
            self.misread, self.ended_by = True, by
            self._happen(events.ReadWrongly(actor=by, mail_id=mail.message_id, by=by), now)

    def _rests_on(self, message_id: str) -> list[str]:
        """The e-mails that the notice rests on, if this is one of them."""
        ids = [mail.message_id for mail in self.formalization.mails] if self.formalization else []
        return ids if message_id in ids else []

    def _keep_decision(self, mail: FormalizationMail, by: str, now: datetime, *, is_request: bool) -> None:
        known = next(
            (one for one in self.mails if one.message_id == mail.message_id and one.original_sha256), mail
        )
        decision = KeepDecision(
            message_id=mail.message_id,
            original_sha256=mail.original_sha256 or known.original_sha256,
            is_request=is_request,
            reason=mail.reason,
            decided_by=by,
            decided_at=now,
        )
        self._owe(decision, now=now)

    def _stay(self) -> None:
        """The customer stays: what nobody may say after the point of no return."""
        if self.past_no_return:
            raise RuleBroken("stage", "not_in_this_stage", stage=self.stage)
        self._advance(Move.WITHDRAWN, field="stage")
        self.held = []

    def _tell_what_is_missing(self, mail_id: str, number: int, now: datetime) -> None:
        """Exactly what is missing, in the same thread; what was not said yet of an earlier e-mail is no more (P7)."""
        self._owe_letter(
            LetterOrder(
                kind=LetterKind.WHAT_IS_MISSING,
                ordinal=str(number),
                in_reply_to=mail_id,
                codes=tuple(self.missing),
            ),
            now=now,
        )

    def _deliver_recordings(self, now: datetime) -> None:
        """A new wish replaces the one before."""
        wanted = self.recordings
        assert wanted is not None
        self._owe_no_more(ExportRecordings, now=now)
        self.exports += 1
        order = ExportRecordings(ordinal=self.exports, from_date=wanted.from_date, to_date=wanted.to_date)
        self._owe(order, now=now)

    def _came_after_the_term(self, mail: FormalizationMail) -> bool:
        """While those that were received in time may still be handled, later ones come too late (X21)."""
        lapses = self.lapses_at
        awaited = self.stage is Stage.AWAITING_FORMALIZATION and self.formalization is None
        return awaited and lapses is not None and mail.received_at >= lapses

    def _let_go_of_mails(self) -> None:
        """A flood must not make the case too large to go on; what cannot count goes first."""
        if len(self.mails) > _MAILS_KEPT:
            strange = (mail for mail in self.mails[:-1] if mail.sender not in self.authorised)
            doubtful = (mail for mail in self.mails[:-1] if distrust(mail, self.authorised))
            lost = next(strange, next(doubtful, self.mails[0]))
            self.mails.remove(lost)
            if self.mail(lost.message_id) is None:
                self.to_decide = [one for one in self.to_decide if one.message_id != lost.message_id]
