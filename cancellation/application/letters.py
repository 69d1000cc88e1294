"""Writes the letters that a case owes: each kind's content from the case, when it is sent.

Pure. A letter says how the case stands when it is written, not when it began to be owed: a mail server that was
down for a day delays a letter and makes none of them wrong (X17, X18).
"""

from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar, assert_never

from cancellation.application import dates, tasks
from cancellation.domain.case import Case
from cancellation.domain.events import ReadWrongly, Stopped, TookOver
from cancellation.domain.formalization import Formalization
from cancellation.domain.inventory import Inventory
from cancellation.domain.letter_kinds import LetterKind, LetterOrder
from cancellation.domain.notice import Notice, notice_from
from cancellation.domain.stage import Stage
from cancellation.domain.state import ToDecide
from cancellation.domain.values import Contact, OfferStatus, PortStatus
from cancellation.language.trail import said
from cancellation.messages import letter_contents as say
from cancellation.messages.letters import Letter

Given = TypeVar("Given")

_MAILS_NAMED = 20
_TEXT_KEPT = 2000
"""Of what the customer wrote; the whole is in the CRM's task and in the trail."""


def write(
    case: Case,
    order: LetterOrder,
    now: datetime,
    *,
    inventory: Inventory | None = None,
    invoice_total: Decimal | None = None,
) -> Letter:
    """Write one letter of the case.

    Args:
        case: as it stands.
        order: which letter, to whom, about what.
        now: the letter's own clock (aware): days left are reckoned from here.
        inventory: what the customer occupies, for the letter to Support (P13).
        invoice_total: total of the final invoice in reais, for the letters of the closure (P16).

    Raises:
        ValueError: the case cannot owe this letter: a notice is told without one, an invoice before it was made.
    """
    root = case.threads.get(order.audience)
    return Letter(
        key=f"{case.case_id}:{order.key}",
        case_id=case.case_id,
        customer_id=case.customer_id,
        customer_name=case.customer_name or case.customer_id,
        protocol=case.protocol,
        at=now,
        mailboxes=case.policy.mailboxes,
        team=order.team,
        to=() if order.team else _recipients(case, order),
        in_reply_to=order.in_reply_to or root,
        references=(root,) if root else (),
        content=_content(case, order, now, inventory, invoice_total),
    )


def script_if_declined(case: Case, now: datetime) -> Letter:
    """The script that the customer gets if they stay with the decision at `now` (P6).

    Once they have said so, the one that they would get today.
    """
    declined = case.model_copy(update={"declined_at": case.declined_at or now})
    return write(declined, LetterOrder(kind=LetterKind.SCRIPT), now)


def _recipients(case: Case, order: LetterOrder) -> tuple[str, ...]:
    """Every authorised contact; the recordings' link goes to the one who was named for it (P10)."""
    chosen = case.recordings.deliver_to if case.recordings else None
    if order.kind is LetterKind.RECORDINGS_READY and chosen:
        return (chosen,)
    return tuple(case.authorised)


def _content(
    case: Case,
    order: LetterOrder,
    now: datetime,
    inventory: Inventory | None,
    invoice_total: Decimal | None,
) -> say.LetterContent:
    """Which kind says what; a kind without a line here is found by the type checker."""
    match order.kind:
        case LetterKind.REQUEST_TO_COMMERCIAL:
            return _request_to_commercial(case)
        case LetterKind.REQUEST_RECEIVED:
            return _request_received(case)
        case LetterKind.SCRIPT:
            return _script(case, now)
        case LetterKind.WHAT_IS_MISSING:
            return say.WhatIsMissing(missing=order.codes, formalization_until=dates.formalization_until(case))
        case LetterKind.MAIL_TO_DECIDE:
            return _mail_to_decide(case, order)
        case LetterKind.REMIND_MAIL:
            return _remind_mail(case)
        case LetterKind.NOTICE_TO_CONFIRM:
            return _notice_to_confirm(case)
        case (
            LetterKind.MAIL_WITHOUT_CASE
            | LetterKind.FINDINGS
            | LetterKind.UNDUE_FOUND
            | LetterKind.REVIVED
            | LetterKind.NO_DEBT
        ):
            raise ValueError("no case owes this letter")
        case LetterKind.FORMALIZED_EARLY:
            return _formalized_early(case)
        case LetterKind.FORMALIZED_EARLY_TO_COMMERCIAL:
            return _formalized_early_to_commercial(case)
        case LetterKind.EARLY_UNDONE:
            return say.EarlyUndone(last_day=_needed(order.day, "day"))
        case LetterKind.EARLY_UNDONE_TO_COMMERCIAL:
            return say.EarlyUndoneToCommercial(last_day=_needed(order.day, "day"))
        case LetterKind.NOTICE_STARTED:
            return _notice_started(case)
        case LetterKind.PORT_NOTED:
            return _port_noted(case, order)
        case LetterKind.FINAL_BILLING:
            return say.FinalBilling(notice=_notice(case))
        case LetterKind.SHUTDOWN_PLAN:
            return say.ShutdownPlan(notice=_notice(case), inventory=inventory)
        case LetterKind.RECORDINGS_READY:
            return say.RecordingsReady(archive=_needed(case.archive, "archive"))
        case LetterKind.NO_RECORDINGS:
            return say.NoRecordings(last_day=_notice(case).last_day)
        case LetterKind.RETAINED:
            return _retained(case)
        case LetterKind.WITHDRAWN:
            return say.Withdrawn(
                last_day=_notice(case).last_day, link_was_sent=case.archive is not None, misread=case.misread
            )
        case LetterKind.WITHDRAWN_TO_TEAM:
            return say.WithdrawnToTeam(last_day=_notice(case).last_day, words=_ending(case))
        case LetterKind.LAPSED:
            return say.Lapsed(formalization_until=_until(case))
        case LetterKind.LAPSED_TO_COMMERCIAL:
            return say.LapsedToCommercial(
                formalization_until=_until(case), reason=_needed(case.reason, "reason")
            )
        case LetterKind.DISCARDED:
            return _discarded(case)
        case LetterKind.DISCARDED_TO_TEAM:
            return _discarded_to_team(case, order)
        case LetterKind.DISCARDED_TO_COMMERCIAL:
            return say.DiscardedToCommercial(
                words=_ending(case), contact=_contact(case), request_text=_request_text(case)
            )
        case LetterKind.NOTHING_TO_CLOSE:
            return _nothing_to_close(case)
        case LetterKind.CLOSED:
            return _closed(case, invoice_total)
        case LetterKind.CLOSED_TO_TEAM:
            return _closed_to_team(case, invoice_total)
        case LetterKind.HOLD_ENDED:
            return say.HoldEnded(held=tuple(case.held))
        case LetterKind.HOLD_ENDED_TO_TEAM:
            return say.HoldEndedToTeam(held=tuple(case.held))
        case LetterKind.ATTENTION:
            return say.Attention(
                step=_needed(order.step, "step"), since=_needed(order.since, "since"), words=order.words
            )
        case LetterKind.REMIND_COMMERCIAL:
            return _remind_commercial(case)
        case LetterKind.REMIND_FORMALIZATION:
            return say.RemindFormalization(
                missing=tuple(case.missing) if case.mails else (), formalization_until=_until(case)
            )
        case LetterKind.REMIND_PORTABILITY:
            return _remind_portability(case)
        case LetterKind.REMIND_LINK:
            return say.RemindLink(archive=_needed(case.archive, "archive"))
        case LetterKind.UNDELIVERED:
            return _undelivered(case, order)
        case LetterKind.BOUNCED:
            return _bounced(case, order)
        case _:
            assert_never(order.kind)


# ---------------------------------------------------------------------- the request


def _request_to_commercial(case: Case) -> say.RequestToCommercial:
    return say.RequestToCommercial(
        channel=case.channel,
        received_at=case.opened_at,
        contact=_contact(case),
        request_text=_request_text(case),
    )


def _request_received(case: Case) -> say.RequestReceived:
    formalized = dates.complete_formalization(case) is not None
    return say.RequestReceived(
        channel=case.channel,
        received_at=case.opened_at,
        formalized=formalized or None,
        replaces=case.replaces,
    )


def _nothing_to_close(case: Case) -> say.NothingToClose:
    return say.NothingToClose(
        channel=case.channel,
        received_at=case.opened_at,
        contact=_contact(case),
        request_text=_request_text(case),
    )


def _remind_commercial(case: Case) -> say.RemindCommercial:
    return say.RemindCommercial(
        received_at=case.opened_at,
        contact=_contact(case),
        offers=tuple(case.offers),
        request_text=_request_text(case),
    )


# ---------------------------------------------------------------------- the formalization


def _script(case: Case, now: datetime) -> say.Script:
    return say.Script(
        clause=case.policy.clause,
        notice_days=case.policy.notice_days,
        formalization_until=_until(case),
        numbers=tuple(case.numbers),
        port_until=dates.example_port_until(case, now),
        recordings_asked=case.recordings is not None,
    )


def _mail_to_decide(case: Case, order: LetterOrder) -> say.MailToDecide:
    message_id = _needed(order.mail_id, "mail_id")
    mail = next((mail for mail in case.mails if mail.message_id == message_id), None)
    if mail is None:
        return say.MailToDecide(doubts=order.codes, message_id=message_id)
    return say.MailToDecide(
        doubts=order.codes,
        message_id=message_id,
        sender=mail.sender,
        subject=mail.subject,
        words=mail.reason,
        why=mail.doubts,
        commands=tasks.commands_for(mail),
        original_sha256=mail.original_sha256,
    )


def _remind_mail(case: Case) -> say.RemindMail:
    return say.RemindMail(
        mails=tuple(_waiting(case, one) for one in case.to_decide[:_MAILS_NAMED]),
        closing_waits_until=case.waits_until,
        notice_until=case.notice.last_day if case.stage is Stage.NOTICE and case.notice else None,
        past_no_return=case.past_no_return,
    )


def _waiting(case: Case, one: ToDecide) -> say.WaitingMail:
    mail = case.mail(one.message_id)
    return say.WaitingMail(
        message_id=one.message_id,
        sender=mail.sender if mail else None,
        subject=mail.subject if mail else None,
        since=one.since,
        is_notice=one.is_notice,
        commands=tasks.commands_for(mail) if mail else None,
        original_sha256=mail.original_sha256 if mail else None,
    )


def _notice_to_confirm(case: Case) -> say.NoticeToConfirm:
    formalization = _formalization(case)
    completing = formalization.completing
    return say.NoticeToConfirm(
        notice=_notice(case),
        message_id=completing.message_id,
        sender=completing.sender,
        subject=completing.subject,
        request_words=tuple(tasks.request_words(case)),
        words=formalization.reason,
        commands=tasks.commands_for(completing),
        original_sha256=completing.original_sha256,
    )


def _formalized_early(case: Case) -> say.FormalizedEarly:
    formalization = _formalization(case)
    return say.FormalizedEarly(
        notice=notice_from(formalization.received_at, case.policy), notice_days=case.policy.notice_days
    )


def _formalized_early_to_commercial(case: Case) -> say.FormalizedEarlyToCommercial:
    formalization = _formalization(case)
    return say.FormalizedEarlyToCommercial(
        notice=notice_from(formalization.received_at, case.policy),
        message_id=formalization.completing.message_id,
        sender=formalization.completing.sender,
        subject=formalization.completing.subject,
        words=formalization.reason,
    )


def _notice_started(case: Case) -> say.NoticeStarted:
    notice = _notice(case)
    return say.NoticeStarted(
        notice=notice,
        notice_days=case.policy.notice_days,
        numbers=tuple(case.numbers),
        port_until=dates.port_until(case, notice),
        recordings_asked=case.recordings is not None,
        request_words=tuple(tasks.request_words(case)),
        words=_formalization(case).reason if tasks.request_words(case) else None,
    )


def _remind_portability(case: Case) -> say.RemindPortability:
    notice = _notice(case)
    return say.RemindPortability(
        last_day=notice.last_day,
        port_until=dates.port_until(case, notice),
        numbers=tuple(case.numbers_not_asked_for),
    )


def _port_noted(case: Case, order: LetterOrder) -> say.PortNoted:
    number = _needed(order.number, "number")
    port = _needed(next((port for port in case.ports if port.number == number), None), "port")
    return say.PortNoted(
        number=number,
        completed=port.status is PortStatus.COMPLETED,
        operator=port.operator,
        last_day=case.notice.last_day if case.notice and not case.stage.is_terminal else None,
    )


# ---------------------------------------------------------------------- the end


def _retained(case: Case) -> say.Retained:
    return say.Retained(
        accepted=tuple(offer for offer in case.offers if offer.status is OfferStatus.ACCEPTED),
        last_day=dates.last_day_told(case),
    )


def _discarded(case: Case) -> say.Discarded:
    return say.Discarded(
        last_day=dates.last_day_told(case),
        formalization_until=dates.formalization_until(case),
        link_was_sent=case.archive is not None,
    )


def _discarded_to_team(case: Case, order: LetterOrder) -> say.DiscardedToTeam:
    """Of this case; or of the one that it replaces, whose execution was terminated (X20)."""
    if order.day is not None and case.replaces is not None:
        words = said(TookOver(protocol=case.replaces.protocol, closing=False), case.opened_at)
        return say.DiscardedToTeam(last_day=order.day, words=words)
    return say.DiscardedToTeam(last_day=_notice(case).last_day, words=_ending(case))


def _closed(case: Case, invoice_total: Decimal | None) -> say.Closed:
    return say.Closed(
        notice=_notice(case),
        released=case.released,
        held=tuple(case.held),
        invoice_total=_needed(invoice_total, "invoice_total"),
        told=case.end_told,
        voided_charges=case.voided_charges,
        doubtful_amounts=case.doubtful_amounts or None,
        link_was_sent=case.archive is not None,
    )


def _closed_to_team(case: Case, invoice_total: Decimal | None) -> say.ClosedToTeam:
    return say.ClosedToTeam(
        notice=_notice(case),
        released=case.released,
        held=tuple(case.held),
        invoice_total=_needed(invoice_total, "invoice_total"),
        told=case.end_told,
        voided_charges=case.voided_charges,
        doubtful_amounts=case.doubtful_amounts or None,
    )


# ---------------------------------------------------------------------- letters that did not arrive


def _undelivered(case: Case, order: LetterOrder) -> say.Undelivered:
    return say.Undelivered(
        about=_needed(order.about, "about"),
        about_team=order.lost_team,
        words=_needed(order.words, "words"),
        contact=_contact(case),
    )


def _bounced(case: Case, order: LetterOrder) -> say.Bounced:
    return say.Bounced(
        about=_needed(order.about, "about"),
        about_team=order.lost_team,
        words=_needed(order.words, "words"),
        contact=_contact(case),
    )


# ---------------------------------------------------------------------- what a case has by then


def _contact(case: Case) -> Contact:
    return case.contacts[0].contact


def _request_text(case: Case) -> str:
    return case.contacts[0].text[:_TEXT_KEPT]


def _notice(case: Case) -> Notice:
    return _needed(case.notice, "notice")


def _formalization(case: Case) -> Formalization:
    return _needed(dates.complete_formalization(case), "formalization")


def _until(case: Case) -> date:
    return _needed(dates.formalization_until(case), "formalization_until")


def _ending(case: Case) -> str:
    """Why the case ended; the Web UI's button gives no reason (X18)."""
    if case.misread and case.formalization is not None and case.ended_by is not None:
        mail_id = case.formalization.completing.message_id
        return said(ReadWrongly(mail_id=mail_id, by=case.ended_by), case.opened_at)
    return case.ending or said(Stopped(), case.opened_at)


def _needed(value: Given | None, name: str) -> Given:
    if value is None:
        msg = f"the case has no {name}, which the letter is about"
        raise ValueError(msg)
    return value
