"""What a case answers to queries and at its end, made from the case as it stands (contract.md)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from cancellation.application.casefile import CaseFile
from cancellation.domain.case import Case
from cancellation.domain.commands import Owed
from cancellation.domain.due import due_instants
from cancellation.domain.stage import Stage
from cancellation.domain.trail import Trail
from cancellation.messages.status import (
    CaseResult,
    CaseStatus,
    FormalizationView,
    HeldNumber,
    NumberView,
    PendingView,
    RecordingsView,
    UndecidedMail,
)

_MOST_PENDING: Final = 100


def outcome_of(case: Case) -> str | None:
    """How the case ended; None while it is open."""
    return case.stage.value if case.stage.is_terminal else None


def status_of(case: Case, now: datetime, trail: Trail | None = None) -> CaseStatus:
    """Describe a case as it stands at `now`, with how long its trail is."""
    return CaseStatus(
        case_id=case.case_id,
        protocol=case.protocol,
        customer_id=case.customer_id,
        customer_name=case.customer_name,
        stage=case.stage,
        crm_status=crm_status(case),
        opened_at=case.opened_at,
        channel=case.channel,
        contacts=tuple(case.contacts),
        reason=case.reason,
        offers=tuple(case.offers),
        formalization=_formalization(case),
        missing=tuple(case.missing),
        notice=case.notice,
        numbers=tuple(_number(case, number) for number in _numbers(case)),
        recordings=_recordings(case),
        attention=tuple(case.attention),
        due=tuple(due_instants(case, now)),
        refused=tuple(case.refused),
        outcome=outcome_of(case),
        messages_seen=case.messages_seen,
        pending=tuple(_pending(owed) for owed in case.pending.owed[:_MOST_PENDING]),
        undecided_mails=tuple(_undecided(case)),
        ended_at=case.ended_at,
        ended_by=case.ended_by,
        ending=case.ending,
        released=case.released if case.past_no_return else None,
        invoice_total=case.invoice_total,
        trail_entries=trail.last_seq if trail else None,
        trail_recorded=trail.recorded_seq if trail else None,
    )


def result_of(file: CaseFile) -> CaseResult:
    """The result of an ended case.

    Raises:
        ValueError: the case has not ended.
    """
    case = file.case
    outcome = outcome_of(case)
    if outcome is None or case.ended_at is None:
        raise ValueError(f"the case has not ended: {case.stage}")
    return CaseResult(
        case_id=case.case_id,
        protocol=case.protocol,
        outcome=outcome,
        ended_at=case.ended_at,
        notice=case.notice,
        released=case.released,
        held_numbers=tuple(
            HeldNumber(number=h.number, held_until=h.held_until, ended=h.ended) for h in case.held
        ),
        voided_charges=case.voided_charges,
        trail_entries=file.trail.last_seq,
    )


def crm_status(case: Case) -> str:
    """The customer's CRM status while the case stands where it does; after another end, the one of before (X20)."""
    gives_back = case.stage.is_terminal and case.stage is not Stage.CLOSED
    return case.status_before if gives_back else case.stage.crm_status


def _formalization(case: Case) -> FormalizationView | None:
    early = case.early_formalization
    found = case.formalization or early
    if found is None:
        return None
    mail = found.completing
    return FormalizationView(
        message_id=mail.message_id,
        sender=mail.sender,
        recipients=found.recipients,
        received_at=found.received_at,
        subject=mail.subject,
        reason=found.reason,
        authentication=mail.authentication,
        confirmed_by=mail.confirmed_by or case.seen_by,
        original_sha256=mail.original_sha256,
        original_ref=mail.original_ref,
        counts_from=found.received_at,
        notice_if_declined=case.notice_if_declined if early else None,
    )


def _pending(owed: Owed) -> PendingView:
    return PendingView(
        what=owed.step,
        system=owed.system.value,
        since=owed.since,
        failing_since=owed.failing_since,
        attention=owed.attention,
    )


def _undecided(case: Case) -> Iterator[UndecidedMail]:
    """E-mails that wait for a person, while the case is open (X9, X15)."""
    if case.stage.is_terminal:
        return
    for waiting in case.to_decide:
        mail = case.mail(waiting.message_id)
        if mail is not None and not waiting.is_notice:
            yield UndecidedMail(
                message_id=mail.message_id,
                sender=mail.sender,
                subject=mail.subject,
                received_at=mail.received_at,
                why=(*waiting.codes, *mail.doubts),
                original_sha256=mail.original_sha256,
            )


def _numbers(case: Case) -> list[str]:
    return list(dict.fromkeys([*case.numbers, *(port.number for port in case.ports)]))


def _number(case: Case, number: str) -> NumberView:
    port = next((p for p in case.ports if p.number == number), None)
    hold = next((h for h in case.held if h.number == number), None)
    return NumberView(
        number=number,
        port=port.status if port else None,
        operator=port.operator if port else None,
        requested_at=port.requested_at if port else None,
        held_until=hold.held_until if hold else None,
        ended=hold.ended if hold else None,
    )


def _recordings(case: Case) -> RecordingsView | None:
    wanted = case.recordings
    if wanted is None:
        return None
    archive = case.archive
    return RecordingsView(
        from_date=wanted.from_date,
        to_date=wanted.to_date,
        deliver_to=wanted.deliver_to,
        delivered=archive is not None,
        files=archive.files if archive else None,
        size=archive.size if archive else None,
        expires_at=archive.expires_at if archive else None,
    )
