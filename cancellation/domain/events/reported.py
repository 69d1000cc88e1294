"""Facts that others reported: the customer, Commercial, whoever stopped a case."""

from dataclasses import dataclass
from datetime import date, datetime

from cancellation.domain.events.event import Event
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.notice import Notice
from cancellation.domain.refusal import Problem
from cancellation.domain.values import (
    FormalizationMail,
    Offer,
    Port,
    Reason,
    RecordingsRequest,
    Request,
)


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
class EarlyUndone(Event):
    """What was complete while Commercial still talks no longer counts, nor does the day that was told (X18)."""

    kind = "early_undone"
    last_day: date


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
class LetterAskedAgain(Event):
    """A person sends a letter to the customer once more (X16)."""

    kind = "letter_asked_again"
    letter: LetterKind


@dataclass(frozen=True, kw_only=True)
class ContactCorrected(Event):
    """An authorised contact's address was wrong (X9, X16)."""

    kind = "contact_corrected"
    wrong: str
    right: str


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
