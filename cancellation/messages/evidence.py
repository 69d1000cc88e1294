"""What the records hold of one case, as its dossier shows it (X13)."""

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import AwareDatetime, Field

from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import Offer, Request, Value
from cancellation.messages.dkim import SigningKey


class ChainedRecord(TrailEntry):
    """A trail entry with the hash that binds it to everything before it; all three hexadecimal (P20)."""

    salt: str | None
    """None: what it said about people was erased."""
    commitment: str
    hash: str


class CaseHead(Value):
    """The case itself."""

    case_id: str
    customer_id: str
    workflow_id: str
    protocol: str
    stage: str
    opened_at: AwareDatetime
    request: Request
    outcome: str | None
    ended_at: AwareDatetime | None
    trail_seq: int
    trail_head: str
    """The hash of the last trail entry as the CRM keeps it apart from the trail."""
    company: str | None
    cnpj: str | None
    contract: str | None
    contacts: tuple[dict[str, Any], ...] = ()
    reason_category: str | None
    reason_text: str | None
    decision: str | None
    decided_by: str | None
    decided_at: AwareDatetime | None


class StageChange(Value):
    """Since when the case stood in a stage."""

    stage: str
    at: AwareDatetime


class FormalizationEvidence(Value):
    """The complete formalization and the notice that follows from it (P7, P8, P11)."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    received_at: AwareDatetime
    subject: str
    reason: str
    authentication: str
    confirmed_by: str | None
    mails: tuple[dict[str, Any], ...]
    required_mailboxes: tuple[str, ...]
    originals_kept: bool
    notice_days: int
    clause: str
    received_on: date
    last_day: date
    end_offset_minutes: int
    notice_ends_at: AwareDatetime
    in_force: bool
    revoked_at: AwareDatetime | None


class KeptOriginal(Value):
    """An e-mail of the case as it arrived; the same bytes may have been delivered more than once."""

    sha256: str
    raw: bytes = Field(exclude=True)
    kept_at: AwareDatetime
    message_id: str | None
    received_at: AwareDatetime | None
    """By the receiving server's clock; None: nobody has given it to us, another system told of it."""
    envelope: tuple[str, ...]
    source: str | None
    action: str | None
    fate: str | None
    why: tuple[str, ...]
    """What the reader decided and what became of it, in codes, and why, in Portuguese."""
    authentication: str | None
    """The verdict under which it was reported to the case (X9); None: it never counted."""
    keys: tuple[SigningKey, ...] = Field(default=(), exclude=True)
    """The keys of its signatures as they were published when it was received."""


class Delivery(Value):
    """What became of a letter at one address."""

    address: str
    status: str
    reply: str | None
    settled_at: AwareDatetime | None


class LetterEvidence(Value):
    """A letter of the case as it was sent, and what became of it (P20, X16)."""

    message_id: str
    kind: str
    audience: str
    subject: str
    content: bytes = Field(exclude=True)
    content_is_whole: bool
    """False: the download link is left out in what is kept."""
    content_sha256: str
    written_at: AwareDatetime
    status: str
    attempts: int
    last_attempt_at: AwareDatetime | None
    last_error: str | None
    settled_at: AwareDatetime | None
    told: dict[str, Any] | None
    """The end in figures as the letter told it (X25)."""
    deliveries: tuple[Delivery, ...]


class LinkEvidence(Value):
    """A download link of the recordings; what opens it is nowhere (P10)."""

    ordinal: int
    download_name: str
    files: int
    size: int
    sha256: str
    made_at: AwareDatetime
    expires_at: AwareDatetime
    revoked_at: AwareDatetime | None
    left_out_count: int


class AccessEvidence(Value):
    """One use of a download link."""

    ordinal: int
    at: AwareDatetime
    address: str
    kind: str
    bytes: int | None


class ActEvidence(Value):
    """A destructive act that was ordered under the formalization (P19)."""

    act: str
    ordered_at: AwareDatetime


class ResourceEvidence(Value):
    """What closing deactivated and released, as telephony holds it (P15, P17)."""

    kind: str
    resource_id: str
    status: str
    deactivated_at: AwareDatetime | None
    released_at: AwareDatetime | None


class PortEvidence(Value):
    """What was recorded of a number's portability (P9, X6)."""

    number: str
    status: str
    operator: str | None
    at: AwareDatetime


class SubscriptionEvidence(Value):
    """A subscription that closing stopped (P16)."""

    description: str
    monthly: Decimal
    stopped_on: date
    stopped_at: AwareDatetime


class VoidedCharge(Value):
    """A charge that the case voided: at closing, or found undue afterwards (P16, X10)."""

    charge_id: str
    description: str
    first_day: date
    last_day: date
    amount: Decimal
    void_reason: str
    voided_at: AwareDatetime


class InvoiceEvidence(Value):
    """The final invoice, with what it is issued on and until when it is to be paid."""

    invoice_id: str
    last_day: date
    issued_at: AwareDatetime
    total: Decimal
    due_on: date | None
    lines: tuple[dict[str, Any], ...]


class ReadBack(Value):
    """What is read back of the customer now, whatever closing believed (P16, P17)."""

    resources_in_use: int
    numbers_in_use: int
    recurring_active: int
    days_due: int
    days_invoiced: int
    charges_after_end: int


class TaskEvidence(Value):
    """A task of the case."""

    key: str
    team: str
    title: str
    due_on: date | None
    ordered_at: AwareDatetime
    closed_at: AwareDatetime | None


class NoteEvidence(Value):
    """What a person did at the desk beside the facts."""

    at: AwareDatetime
    actor: str
    kind: str
    subject: str
    words: str


class MailDecisionEvidence(Value):
    """What a person decided about an e-mail of the case (X14, X15)."""

    message_id: str
    original_sha256: str | None
    is_request: bool
    reason: str | None
    decided_by: str
    decided_at: AwareDatetime


class WatchActEvidence(Value):
    """One thing that the billing watch found or did, with the hash that binds it to those before (X10)."""

    seq: int
    look: int
    at: AwareDatetime
    actor: str
    kind: str
    key: str
    detail: str
    facts: str
    """What it is about, as the JSON text that is committed to."""
    salt: str | None
    """Of its commitment; None: its text was erased."""
    commitment: str
    hash: str


class WatchEvidence(Value):
    """The billing watch after the case closed (X10)."""

    settled_at: AwareDatetime | None = None
    """When the customer was told that nothing is owed; None: the watch goes on, or there was none."""
    head: str
    """The hash of the last act as it is kept apart from them; zeros before the first."""
    acts: tuple[WatchActEvidence, ...] = ()


class Evidence(Value):
    """Everything, as it stood in one instant."""

    case: CaseHead
    stages: tuple[StageChange, ...] = ()
    trail: tuple[ChainedRecord, ...] = ()
    offers: tuple[Offer, ...] = ()
    formalization: FormalizationEvidence | None = None
    decisions: tuple[MailDecisionEvidence, ...] = ()
    originals: tuple[KeptOriginal, ...] = ()
    letters: tuple[LetterEvidence, ...] = ()
    links: tuple[LinkEvidence, ...] = ()
    accesses: tuple[AccessEvidence, ...] = ()
    removed_recordings: int = 0
    acts: tuple[ActEvidence, ...] = ()
    resources: tuple[ResourceEvidence, ...] = ()
    ports: tuple[PortEvidence, ...] = ()
    subscriptions: tuple[SubscriptionEvidence, ...] = ()
    voided: tuple[VoidedCharge, ...] = ()
    invoice: InvoiceEvidence | None = None
    read_back: ReadBack | None = None
    """None while the notice's services have not been closed."""
    tasks: tuple[TaskEvidence, ...] = ()
    notes: tuple[NoteEvidence, ...] = ()
    watch: WatchEvidence | None = None
    """None: the case did not close, or closed before there was a watch."""
