"""What a case answers: to a query, to an update, at its end (contract.md)."""

from datetime import date, datetime

from pydantic import AwareDatetime

from cancellation.domain.case import Case
from cancellation.domain.due import Due, due_instants
from cancellation.domain.notice import Notice
from cancellation.domain.stage import Stage
from cancellation.domain.state import RefusedMessage
from cancellation.domain.values import (
    Authentication,
    Channel,
    Offer,
    PortStatus,
    Reason,
    Released,
    Request,
    Value,
)


class Answer(Value):
    """The answer to an accepted update."""

    accepted: bool = True
    stage: Stage
    protocol: str
    duplicate: bool = False
    opened: bool = False
    """Whether this very request opened the case; false when it joined one (X1)."""


class FormalizationView(Value):
    """The formalization as `status` shows it (P7, P11)."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    received_at: AwareDatetime
    subject: str
    reason: str
    authentication: Authentication
    confirmed_by: str | None
    original_sha256: str | None
    original_ref: str | None


class NumberView(Value):
    """A customer-owned number and its portability (P9, X6)."""

    number: str
    port: PortStatus | None = None
    operator: str | None = None
    requested_at: AwareDatetime | None = None
    held_until: AwareDatetime | None = None
    ended: str | None = None


class RecordingsView(Value):
    """The customer's wish for the recordings, and the link (P10). The link itself is only in the e-mail."""

    from_date: date | None
    to_date: date | None
    deliver_to: str | None
    delivered: bool
    files: int | None = None
    size: int | None = None
    expires_at: AwareDatetime | None = None


class CaseStatus(Value):
    """The whole state of a case, for people and tools."""

    case_id: str
    protocol: str
    customer_id: str
    customer_name: str | None
    stage: Stage
    crm_status: str
    opened_at: AwareDatetime
    channel: Channel
    contacts: tuple[Request, ...]
    reason: Reason | None
    offers: tuple[Offer, ...]
    formalization: FormalizationView | None
    missing: tuple[str, ...]
    notice: Notice | None
    numbers: tuple[NumberView, ...]
    recordings: RecordingsView | None
    attention: tuple[str, ...]
    due: tuple[Due, ...]
    refused: tuple[RefusedMessage, ...]
    outcome: str | None
    messages_seen: int


class HeldNumber(Value):
    """A number that was kept after the notice (X6)."""

    number: str
    held_until: AwareDatetime
    ended: str | None


class CaseResult(Value):
    """The result of the execution."""

    case_id: str
    protocol: str
    outcome: str
    ended_at: AwareDatetime
    notice: Notice | None
    released: Released
    held_numbers: tuple[HeldNumber, ...]
    voided_charges: int
    trail_entries: int


def outcome_of(case: Case) -> str | None:
    """How the case ended; None while it is open."""
    return case.stage.value if case.stage.is_terminal else None


def status_of(case: Case, now: datetime) -> CaseStatus:
    """Describe a case as it stands at `now`."""
    return CaseStatus(
        case_id=case.case_id,
        protocol=case.protocol,
        customer_id=case.customer_id,
        customer_name=case.customer_name,
        stage=case.stage,
        crm_status=case.stage.crm_status,
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
    )


def result_of(case: Case) -> CaseResult:
    """The result of an ended case.

    Raises:
        ValueError: the case has not ended.
    """
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
        trail_entries=case.trail.last_seq,
    )


def _formalization(case: Case) -> FormalizationView | None:
    found = case.formalization
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
        confirmed_by=mail.confirmed_by,
        original_sha256=mail.original_sha256,
        original_ref=mail.original_ref,
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
