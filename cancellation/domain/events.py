"""What happens in a case, as data; `language.trail` writes the sentence of each (P20)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.notice import Notice
from cancellation.domain.refusal import Problem
from cancellation.domain.trail import SYSTEM
from cancellation.domain.values import (
    Archive,
    FormalizationMail,
    Offer,
    Port,
    Reason,
    RecordingsRequest,
    Released,
    Request,
    Team,
)


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened; `kind` is its code in the trail."""

    kind: ClassVar[str]
    urgent: ClassVar[bool] = True
    """Whether the CRM should hear now; what is not goes along with the next record."""
    actor: str = SYSTEM

    @property
    def code(self) -> str:
        """The entry's kind in the trail."""
        return self.kind


# ---------------------------------------------------------------------------- facts that others reported


@dataclass(frozen=True, kw_only=True)
class RequestReceived(Event):
    """The customer asks to cancel: the first contact, or one more (P1, X1)."""

    kind = "request_received"
    request: Request
    first: bool


@dataclass(frozen=True, kw_only=True)
class OfferChanged(Event):
    """An offer was made, accepted or refused (P4)."""

    kind = "offer"
    offer: Offer

    @property
    def code(self) -> str:
        """One kind a status."""
        return f"offer_{self.offer.status.value}"


@dataclass(frozen=True, kw_only=True)
class Retained(Event):
    """The customer stays (P5)."""

    kind = "retained"
    reason: Reason
    notes: str | None
    told_at: datetime


@dataclass(frozen=True, kw_only=True)
class Declined(Event):
    """The customer stays with the decision (P6)."""

    kind = "declined"
    reason: Reason
    notes: str | None
    told_at: datetime


@dataclass(frozen=True, kw_only=True)
class FormalizationReceived(Event):
    """An e-mail that asks for the cancellation arrived (P7)."""

    kind = "formalization_received"
    mail: FormalizationMail


@dataclass(frozen=True, kw_only=True)
class MailReceived(Event):
    """An e-mail arrived that a person has to read (X15)."""

    kind = "mail_received"
    mail: FormalizationMail


@dataclass(frozen=True, kw_only=True)
class MailRefused(Event):
    """A person read it: it is no request to count (X14, X15)."""

    kind = "mail_refused"
    mail_id: str
    by: str


@dataclass(frozen=True, kw_only=True)
class NoticeConfirmed(Event):
    """A person looked at the sentences that the notice rests on, and found them right (X14)."""

    kind = "notice_confirmed"
    by: str


@dataclass(frozen=True, kw_only=True)
class ReadWrongly(Event):
    """The notice rested on an e-mail that is no request: everything is undone (X14)."""

    kind = "withdrawn"
    mail_id: str
    by: str


@dataclass(frozen=True, kw_only=True)
class DecisionAwaited(Event):
    """The point of no return waits for a person (X14, X15)."""

    kind = "decision_awaited"
    until: datetime


@dataclass(frozen=True, kw_only=True)
class DecisionMissed(Event):
    """Nobody decided within the policy's business days (X15)."""

    kind = "decision_missed"


@dataclass(frozen=True, kw_only=True)
class MailLeftUndecided(Event):
    """Nobody has decided after the last reminder (X15, X19)."""

    kind = "mail_left_undecided"
    mail_id: str


@dataclass(frozen=True, kw_only=True)
class FormalizationUntrusted(Event):
    """It does not count by itself (X9)."""

    kind = "formalization_untrusted"
    mail_id: str
    doubts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FormalizationIncomplete(Event):
    """Something is missing (P7)."""

    kind = "formalization_incomplete"
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FormalizedEarly(Event):
    """Complete while Commercial still talks: kept, and counts from its own date (X2, X18)."""

    kind = "formalized_early"
    notice: Notice


@dataclass(frozen=True, kw_only=True)
class MailOfEarlierCase(Event):
    """An e-mail that was received before the customer's previous case ended: it never counts here (X20)."""

    kind = "mail_of_earlier_case"
    mail_id: str
    ended_at: datetime


@dataclass(frozen=True, kw_only=True)
class Formalized(Event):
    """The formalization is complete and the notice runs (P8)."""

    kind = "formalized"
    notice: Notice


@dataclass(frozen=True, kw_only=True)
class PortChanged(Event):
    """What became of a number's portability (P9)."""

    kind = "port"
    port: Port

    @property
    def code(self) -> str:
        """One kind a status."""
        return f"port_{self.port.status.value}"


@dataclass(frozen=True, kw_only=True)
class RecordingsRequested(Event):
    """The customer wants the recordings (P10)."""

    kind = "recordings_requested"
    wanted: RecordingsRequest


@dataclass(frozen=True, kw_only=True)
class Withdrawn(Event):
    """The customer gave up leaving (X3)."""

    kind = "withdrawn"
    reason: str
    told_at: datetime


@dataclass(frozen=True, kw_only=True)
class Discarded(Event):
    """The case was opened by mistake."""

    kind = "discarded"
    reason: str
    told_at: datetime


@dataclass(frozen=True, kw_only=True)
class Stopped(Event):
    """The Temporal execution was asked to cancel (X18)."""

    kind = "discarded"


@dataclass(frozen=True, kw_only=True)
class StopRefused(Event):
    """It was asked to cancel too late."""

    kind = "stop_refused"


@dataclass(frozen=True, kw_only=True)
class LetterBounced(Event):
    """A letter of ours came back (X16)."""

    kind = "letter_bounced"
    letter: LetterKind
    message_id: str
    status: str


@dataclass(frozen=True, kw_only=True)
class MessageRepeated(Event):
    """A message arrived again (X2)."""

    kind = "message_repeated"
    name: str
    message_id: str


@dataclass(frozen=True, kw_only=True)
class MessageRefused(Event):
    """A message was refused (X8)."""

    kind = "message_refused"
    name: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class FieldsFilled(Event):
    """A person left fields of the envelope out."""

    kind = "fields_filled"
    fields: tuple[str, ...]


# ---------------------------------------------------------------------------- what the process did


@dataclass(frozen=True, kw_only=True)
class CustomerUnknown(Event):
    """The CRM does not know the customer; Commercial has the contact."""

    kind = "discarded"


@dataclass(frozen=True, kw_only=True)
class NothingToClose(Event):
    """The customer has nothing left that could be cancelled (X20)."""

    kind = "discarded"


@dataclass(frozen=True, kw_only=True)
class TookOver(Event):
    """An earlier execution was terminated: what it left is undone, or its closing finished, here (X20)."""

    kind = "took_over"
    protocol: str
    closing: bool


@dataclass(frozen=True, kw_only=True)
class FollowedCrm(Event):
    """After a reset: the CRM holds that the case has ended, and so it has (P20)."""

    kind = "followed_crm"
    outcome: str


@dataclass(frozen=True, kw_only=True)
class WasReset(Event):
    """An operator reset the execution to an earlier point (P20)."""

    kind = "execution_reset"


@dataclass(frozen=True, kw_only=True)
class BranchMadeAnew(Event):
    """The CRM holds other entries of these numbers: what differs goes on after them (P20)."""

    kind = "branch_made_anew"
    after: int


@dataclass(frozen=True, kw_only=True)
class Lapsed(Event):
    """No formalization within the policy's term (X5)."""

    kind = "lapsed"


@dataclass(frozen=True, kw_only=True)
class NoticeEnded(Event):
    """The last day is over (P15)."""

    kind = "notice_ended"


@dataclass(frozen=True, kw_only=True)
class NumberHeld(Event):
    """A number in the middle of a portability is kept (X6)."""

    kind = "number_held"
    number: str
    until: datetime


@dataclass(frozen=True, kw_only=True)
class HoldExpired(Event):
    """The grace of a held number is over (X6)."""

    kind = "hold_expired"
    number: str


@dataclass(frozen=True, kw_only=True)
class HoldLifted(Event):
    """Telephony does not know the number as the customer's: it is held no more (X6)."""

    kind = "hold_lifted"
    number: str


@dataclass(frozen=True, kw_only=True)
class PointOfNoReturn(Event):
    """The first destructive act is about to be ordered (P19)."""

    kind = "point_of_no_return"


@dataclass(frozen=True, kw_only=True)
class Closed(Event):
    """Everything is released, verified and confirmed (P18)."""

    kind = "closed"


@dataclass(frozen=True, kw_only=True)
class Reminded(Event):
    """Somebody was reminded (X4)."""

    kind = "reminded"
    urgent = False
    what: str


@dataclass(frozen=True, kw_only=True)
class ReminderOmitted(Event):
    """A reminder fell due when it could not help any more (X17)."""

    kind = "reminder_omitted"
    urgent = False
    what: str


@dataclass(frozen=True, kw_only=True)
class SilenceNoticed(Event):
    """Nobody has acted after the last reminder (X19)."""

    kind = "silence_noticed"


# ---------------------------------------------------------------------------- what other systems answered


@dataclass(frozen=True, kw_only=True)
class CrmUpdated(Event):
    """What one record changed in the CRM beside the trail."""

    kind = "crm_updated"
    urgent = False
    status: str | None = None
    registered: bool = False
    opened: tuple[str, ...] = ()
    """Titles of tasks."""
    closed: tuple[str, ...] = ()
    """Keys of tasks."""

    @property
    def says_something(self) -> bool:
        """Whether anything beside the trail changed."""
        return bool(self.status or self.registered or self.opened or self.closed)


@dataclass(frozen=True, kw_only=True)
class BillingEndPlanned(Event):
    """Billing will not recur after the last day (P16)."""

    kind = "billing_end_planned"
    urgent = False


@dataclass(frozen=True, kw_only=True)
class BillingEndLifted(Event):
    """Billing goes on as before (X3)."""

    kind = "billing_end_lifted"
    urgent = False


@dataclass(frozen=True, kw_only=True)
class PortRecorded(Event):
    """Telephony knows of a port (P9)."""

    kind = "port_recorded"
    urgent = False
    number: str


@dataclass(frozen=True, kw_only=True)
class ServicesDeactivated(Event):
    """Everything is dead but what held numbers need (P15)."""

    kind = "deactivated"
    urgent = False


@dataclass(frozen=True, kw_only=True)
class ResourcesReleased(Event):
    """Released and read back (P17)."""

    kind = "released"
    released: Released


@dataclass(frozen=True, kw_only=True)
class BillingClosed(Event):
    """Invoiced, voided, read back (P16)."""

    kind = "billing_closed"
    total: Decimal
    voided: int


@dataclass(frozen=True, kw_only=True)
class RecordingsReady(Event):
    """The link was made (P10)."""

    kind = "recordings_ready"
    archive: Archive


@dataclass(frozen=True, kw_only=True)
class NoRecordings(Event):
    """There was nothing in the period (P10)."""

    kind = "no_recordings"


@dataclass(frozen=True, kw_only=True)
class RecordingsPurged(Event):
    """The data is removed (P10)."""

    kind = "recordings_purged"
    recordings: int
    archives: int


@dataclass(frozen=True, kw_only=True)
class RecordingsLeftOut(Event):
    """Single recordings could not be delivered, or removed (P10)."""

    kind = "recordings_left_out"
    names: tuple[str, ...]
    count: int
    purging: bool


@dataclass(frozen=True, kw_only=True)
class LinksRevoked(Event):
    """The download links are dead (P10)."""

    kind = "links_revoked"
    urgent = False


@dataclass(frozen=True, kw_only=True)
class LinkUsed(Event):
    """Somebody came with a download link (P20)."""

    kind = "link_used"
    urgent = False
    what: str
    bytes: int | None


@dataclass(frozen=True, kw_only=True)
class LetterSent(Event):
    """A letter went out."""

    kind = "letter_sent"
    urgent = False
    letter: LetterKind
    team: Team | None
    letter_id: str
    partly_refused: str | None = None


@dataclass(frozen=True, kw_only=True)
class LetterUndelivered(Event):
    """A letter did not arrive (X16, X17)."""

    kind = "letter_undelivered"
    letter: LetterKind
    why: str
    """A code (`no_contact`, `put_off`) or the mail server's words."""


@dataclass(frozen=True, kw_only=True)
class LetterOmitted(Event):
    """A letter waited until it was not true any more (X18)."""

    kind = "letter_omitted"
    urgent = False
    letter: LetterKind


@dataclass(frozen=True, kw_only=True)
class StepRefused(Event):
    """The other side understood and will never do it."""

    kind = "step_refused"
    step: str


@dataclass(frozen=True, kw_only=True)
class AttentionRaised(Event):
    """A piece of work keeps failing (X7)."""

    kind = "attention_raised"
    step: str
    since: datetime
    refused: bool = False


@dataclass(frozen=True, kw_only=True)
class AttentionCleared(Event):
    """It works again."""

    kind = "attention_cleared"
    step: str


@dataclass(frozen=True)
class Happened:
    """An event with its instant and the message that caused it."""

    event: Event
    at: datetime
    message_id: str | None = None
