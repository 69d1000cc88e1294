"""What a case answers: to a query, to an update, at its end (contract.md)."""

from datetime import date
from decimal import Decimal

from pydantic import AwareDatetime

from cancellation.domain.instants import Due, RefusedMessage
from cancellation.domain.notice import Notice
from cancellation.domain.stage import Stage
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
    counts_from: AwareDatetime | None = None
    """From when the notice counts, or would count if the decision stands (X18)."""
    notice_if_declined: Notice | None = None
    """Of an e-mail that came early: the notice that follows if the customer stays with the decision (X18)."""


class PendingView(Value):
    """A piece of work that is owed outside (X7, X17)."""

    what: str
    """The step's code."""
    system: str
    since: AwareDatetime
    failing_since: AwareDatetime | None = None
    attention: bool = False


class UndecidedMail(Value):
    """An e-mail that waits for a person's decision (X15)."""

    message_id: str
    sender: str
    subject: str
    received_at: AwareDatetime
    why: tuple[str, ...]
    original_sha256: str | None = None


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
    pending: tuple[PendingView, ...] = ()
    undecided_mails: tuple[UndecidedMail, ...] = ()
    ended_at: AwareDatetime | None = None
    ended_by: str | None = None
    ending: str | None = None
    """Why the case ended, in words, where somebody gave them."""
    released: Released | None = None
    invoice_total: Decimal | None = None
    trail_entries: int | None = None
    """How long the trail is."""
    trail_recorded: int | None = None
    """Up to which entry the case knows the CRM to hold it (P20)."""


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
