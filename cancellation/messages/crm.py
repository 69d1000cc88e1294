"""What the case tells the CRM (AdaptNuvem), and what it hears back."""

from datetime import date
from itertools import islice
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from cancellation.domain.billing_watch import WatchTerms
from cancellation.domain.inventory import Inventory
from cancellation.domain.notice import Notice
from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import (
    Brief,
    CompanyName,
    FormalizationMail,
    Label,
    Offer,
    Outcome,
    Reason,
    Request,
    Team,
    Value,
)


def _what_is_said(entries: tuple[TrailEntry, ...]) -> list[dict[str, Any]]:
    """Entries without the fields that most of them leave empty: a case's history holds each of them once."""
    return [entry.model_dump(mode="json", exclude_defaults=True) for entry in entries]


Entries = Annotated[tuple[TrailEntry, ...], PlainSerializer(_what_is_said, when_used="json")]


class CaseOpening(Value):
    """The first effect of a case: its record and the task for Commercial (P2)."""

    case_id: str
    customer_id: str
    workflow_id: str
    protocol: str
    opened_at: AwareDatetime
    stage: str
    customer_status: str
    request: Request
    commercial_task: "TaskOrder"
    trail: Entries = ()
    notice_days: int = 0
    """Of how many days the notice is by the case's policy; the CRM takes no shorter one (P8, P19)."""


MOST_CONTACTS: Final = 100
_LONGEST_ADDRESS: Final = 320


class AuthorisedContact(Value):
    """A person who may speak for the customer by e-mail (X9)."""

    name: Label
    email: str
    phone: Label | None = None


def _reachable(contacts: tuple[AuthorisedContact, ...]) -> tuple[AuthorisedContact, ...]:
    """Those with an address that mail can have: what an absurd one sends goes to a person (X9)."""
    usable = (contact for contact in contacts if len(contact.email) <= _LONGEST_ADDRESS)
    return tuple(islice(usable, MOST_CONTACTS))


class Customer(Value):
    """A customer as the CRM knows it.

    What the CRM holds may be endless or hold anything: it comes short enough to reach the case, so that
    Commercial hears at once whatever the record is like (P2).
    """

    customer_id: str
    name: CompanyName
    cnpj: Label | None = None
    contacts: Annotated[tuple[AuthorisedContact, ...], AfterValidator(_reachable)] = ()
    """The first `MOST_CONTACTS`, without those whose address is longer than any."""
    contract: Label | None = None
    """The contract's number."""
    status: Label = "Ativo"


class Forsaken(Value):
    """The customer's case of an execution that was terminated, as the CRM holds it (X20)."""

    case_id: str
    protocol: str
    stage: str
    opened_at: AwareDatetime
    past_no_return: bool
    """A destructive act was ordered: the case was not ended, and whoever comes next finishes its closing."""
    formalization: "FormalizationRecord | None" = None
    trail_seq: int = 0


class OpenedCase(Value):
    """What the CRM answers to an opening; the same again however often the opening runs, until the case goes on."""

    customer: Customer | None
    """None when the CRM does not know the customer; with the status of before the case."""
    status_before: str = "Ativo"
    """The customer's status before this case, and before the forsaken ones that it follows (X20)."""
    mails_count_after: AwareDatetime | None = None
    """When the customer's previous case ended: e-mail received until then belonged to it (X20)."""
    forsaken: Forsaken | None = None
    went_on: bool = False
    """The CRM holds more of this very case than its opening: the execution was reset to its beginning (P20)."""
    outcome: str | None = None
    """How the case had ended by then."""


class Opening(OpenedCase):
    """What a case hears at its opening: of the CRM, and of telephony where that has answered at once."""

    inventory: Inventory | None = None
    """None: telephony has to be asked for itself."""


class TaskOrder(Value):
    """A task for a team. The key makes it exist once; the same key again updates date and text."""

    key: str
    """Unique within the case, such as `d30` or `commercial`."""
    team: Team
    title: str = Field(max_length=200)
    text: str = Field(default="", max_length=30_000)
    due_on: date | None = None
    """A date in America/Sao_Paulo (P14)."""


class FormalizationRecord(Value):
    """The complete formalization, registered once a case (P11)."""

    completing: FormalizationMail
    mails: tuple[FormalizationMail, ...]
    """Every e-mail that counted, the completing one last."""
    reason: str
    notice: Notice
    notice_days: int
    required_mailboxes: tuple[str, ...]
    received_on: date | None = None
    """The local day of receipt by the case's own time-zone rules; the notice's days are counted from it (X23)."""
    end_offset_minutes: int | None = None
    """Minutes that local time is ahead of UTC when the notice ends, by the case's own rules (X23).

    `notice.ends_at` is the midnight after the last day at this offset; where a clock change skips that
    midnight, it is the offset before the change.
    """


class RetentionDecision(Value):
    """How Commercial's attempt stands, as it was recorded last (P3)."""

    outcome: Outcome
    reason: Reason
    actor: str
    at: AwareDatetime


class RetentionRecord(Brief):
    """What Commercial tried, as data: the trail has it in words (P3, P4, X26)."""

    offers: tuple[Offer, ...] = ()
    """Those that changed."""
    decision: RetentionDecision | None = None


class MailDecision(Value):
    """What a person decided about an e-mail: a label for the reader (X14)."""

    message_id: str
    original_sha256: str | None = None
    case_id: str | None = None
    """None: the e-mail belongs to no case."""
    customer_id: str | None = None
    is_request: bool
    reason: str | None = None
    decided_by: str
    decided_at: AwareDatetime


class CaseRecord(Value):
    """One transaction in the CRM: whatever of it is given happens together, and counts once."""

    case_id: str
    customer_id: str
    at: AwareDatetime
    stage: str
    customer_status: str | None = None
    """The customer's new status, exact words (P12); None leaves it."""
    trail: Entries = ()
    """Entries in order; those already held are skipped by their number (P20)."""
    open_tasks: tuple[TaskOrder, ...] = ()
    close_tasks: tuple[str, ...] = ()
    """Keys of tasks that are done."""
    close_all_tasks: bool = False
    """Every task but those that this record opens."""
    formalization: FormalizationRecord | None = None
    retention: RetentionRecord | None = None
    """What changed of it with these entries of the trail; None: nothing."""
    revoke_formalization: bool = False
    """The customer withdrew or the case was stopped: no destructive act may refer to it any more (X3)."""
    restore_status: bool = False
    """The case ends without closing: the customer gets the status of before the case (X20)."""
    outcome: str | None = None
    """Set when the case ends."""
    decisions: tuple[MailDecision, ...] = ()
    """What people decided about e-mails, each kept once."""
    corrections: tuple["ContactCorrection", ...] = ()
    """Authorised contacts whose address was wrong, each corrected once (X16)."""
    watch: WatchTerms | None = None
    """Given when the case closes: under which terms billing is watched afterwards (X10)."""

    @model_validator(mode="after")
    def _one_status(self) -> Self:
        if self.restore_status and self.customer_status is not None:
            raise ValueError("customer_status and restore_status exclude each other")
        return self

    @model_serializer(mode="wrap")
    def _what_is_given(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What a record leaves alone takes no room in a history, which holds many of them."""
        return {name: value for name, value in serialize(self).items() if value not in (None, False, (), [])}


class ContactCorrection(Value):
    """An authorised contact of the customer is at another address."""

    wrong: str
    right: str


class TrailReceipt(Value):
    """Up to which entry the CRM holds the trail, and whether it took the record."""

    recorded_seq: int
    taken: bool = True
    """False: nothing was written, because the trail given does not continue the one held.

    Either an entry differs from the held one of its number (`branched`: the execution was reset), or entries
    are missing in between (the CRM was restored to an earlier instant): it is given what it has lost again.
    """
    branched: bool = False
    outcome: str | None = None
    """How the case has ended, as the CRM holds it."""


class LostRecords(Value):
    """The case of which the CRM has lost something."""

    case_id: str
    customer_id: str


class RestoredRecords(Value):
    """How the CRM stands after it was given again what it had lost."""

    recorded_seq: int
    """Up to which entry of the case's trail it holds now."""
    given: int = 0
    """How many steps were done again."""


class FormalizationState(Value):
    """What the CRM holds of a case's formalization, for the precondition of destructive acts (P19)."""

    case_id: str
    customer_id: str
    last_day: date
    """The notice's last day, local (P8): the last one that is billed (P16)."""
    notice_ends_at: AwareDatetime
    in_force: bool


class CaseSummary(Value):
    """A case as the CRM lists it."""

    case_id: str
    customer_id: str
    workflow_id: str
    protocol: str
    stage: str
    opened_at: AwareDatetime
    outcome: str | None = None
    ended_at: AwareDatetime | None = None


class Original(Value):
    """Where the bytes of a customer's e-mail are kept (P11)."""

    sha256: str
    ref: str
    size: int


CaseOpening.model_rebuild()
Forsaken.model_rebuild()
OpenedCase.model_rebuild()
