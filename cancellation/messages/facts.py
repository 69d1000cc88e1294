"""The facts that others report about a case: one model a signal, published as JSON Schema (contract.md)."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from cancellation.domain.identity import CUSTOMER_ID_PATTERN
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.values import (
    Authentication,
    Channel,
    Contact,
    Day,
    Instant,
    LongText,
    MailAddress,
    OfferKind,
    OfferStatus,
    Outcome,
    PhoneNumber,
    PortStatus,
    Reason,
    ShortText,
    Value,
)
from cancellation.messages.envelope import Message


class RequestMessage(Message):
    """A contact of the customer asks to cancel; the first opens the case, later ones join it (P1, X1)."""

    channel: Channel
    text: Annotated[str, StringConstraints(max_length=20_000)] = ""
    contact: Contact = Contact()


class RetentionOfferMessage(Message):
    """Commercial made an offer, or the customer answered one (P4)."""

    offer_id: ShortText
    kind: OfferKind
    description: LongText
    status: OfferStatus


class RetentionOutcomeMessage(Message):
    """How Commercial's attempt to keep the customer ended, always with the reason for leaving (P3)."""

    outcome: Outcome
    reason: Reason
    notes: Annotated[str, StringConstraints(max_length=4000)] | None = None


class FormalizationMessage(Message):
    """One e-mail of the customer that asks for the cancellation, as the reader understood it (P7, P11)."""

    sender: MailAddress
    recipients: Annotated[tuple[MailAddress, ...], Field(max_length=100)]
    received_at: Instant
    subject: Annotated[str, StringConstraints(max_length=1000)] | None = None
    explicit_request: bool
    reason: Annotated[str, StringConstraints(max_length=4000)] | None = None
    authentication: Authentication
    original_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    original_ref: ShortText | None = None
    confirmed_by: ShortText | None = None
    refused_by: ShortText | None = None
    """The person at Commercial who read the e-mail and says that it is no request to count (X14, X15)."""
    doubts: Annotated[tuple[LongText, ...], Field(max_length=30)] = ()
    """Why a person has to read it before it counts, in words; empty when it was surely read (X14)."""
    request_words: Annotated[tuple[LongText, ...], Field(max_length=10)] = ()
    """The very sentences that were taken for the request (X14)."""
    unseen: bool = False
    """A program read it, and nobody has looked: a notice that starts by it is shown to Commercial (X14)."""


class PortabilityMessage(Message):
    """What became of the portability of one number (P9, X6)."""

    number: PhoneNumber
    status: PortStatus
    operator: ShortText | None = None


class RecordingsRequestMessage(Message):
    """The customer wants the call recordings (P10). Both dates null: everything."""

    from_date: Day | None = None
    to_date: Day | None = None
    deliver_to: MailAddress | None = None


class WithdrawalMessage(Message):
    """The customer gave up leaving, during the notice (X3)."""

    reason: LongText


class DiscardMessage(Message):
    """An operator ends a case that was opened by mistake."""

    reason: LongText


class BounceMessage(Message):
    """A letter of ours came back some time after it had been taken (X16)."""

    letter: ShortText
    """The Message-ID of our letter."""
    status: LongText
    """What the delivery report says: the code, and the server's words without addresses."""


class AgainLetter(StrEnum):
    """Letters to the customer that a person may send once more: their kinds."""

    REQUEST_RECEIVED = LetterKind.REQUEST_RECEIVED.value
    SCRIPT = LetterKind.SCRIPT.value
    FORMALIZED_EARLY = LetterKind.FORMALIZED_EARLY.value
    NOTICE_STARTED = LetterKind.NOTICE_STARTED.value
    RECORDINGS_READY = LetterKind.RECORDINGS_READY.value
    CLOSED = LetterKind.CLOSED.value


class ResendMessage(Message):
    """A letter to the customer goes out again, as the case stands now; an address may be put right first (X16).

    The corrected contact is the customer's authorised contact from then on, in the case and in the CRM (X9).
    """

    letter: AgainLetter
    wrong_address: MailAddress | None = None
    """The authorised contact's address that is wrong; null: nothing is corrected."""
    right_address: MailAddress | None = None
    """What it should be."""


class CaseStart(Value):
    """The start argument of the workflow `Cancellation`."""

    customer_id: Annotated[str, StringConstraints(pattern=CUSTOMER_ID_PATTERN)]
    request: RequestMessage
    policy: CancellationPolicy | None = None


SIGNALS: Final[dict[str, type[Message]]] = {
    "request": RequestMessage,
    "retention_offer": RetentionOfferMessage,
    "retention_outcome": RetentionOutcomeMessage,
    "formalization": FormalizationMessage,
    "portability": PortabilityMessage,
    "recordings_request": RecordingsRequestMessage,
    "withdrawal": WithdrawalMessage,
    "discard": DiscardMessage,
    "bounce": BounceMessage,
    "resend": ResendMessage,
}
"""Signal name to payload; each is also an update with the suffix `_checked`."""
