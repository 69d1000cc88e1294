"""The words of the field as types: channels, reasons, offers, contacts, portability."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
)

ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
LooseText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=320)]
MailAddress = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")
]
PhoneNumber = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\+[1-9]\d{6,14}$")]
"""A telephone number in E.164, such as +551130000001."""

MOST_LABEL: Final = 100
"""Characters of a label. It is only read by people, and one that is endless must not stop a whole case."""
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")


def readable(text: str, most: int = MOST_LABEL) -> str:
    """The text in one line of visible characters, cut where it is longer than `most` of them."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: 4 * most]).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _as_kept(number: str) -> str:
    return number if len(number) <= MOST_LABEL and number.isprintable() else readable(number)


Label = Annotated[str, AfterValidator(lambda text: readable(text))]
"""A name that another system keeps, as people can read it: one line, at most `MOST_LABEL` characters."""
CompanyName = Annotated[str, AfterValidator(lambda text: readable(text, 2 * MOST_LABEL))]
"""The same of a company, whose registered name may be longer."""
KeptNumber = Annotated[str, AfterValidator(_as_kept)]
"""A telephone number as telephony keeps it: in E.164, or as somebody typed it there."""


def is_e164(number: str) -> bool:
    """Whether a number is written as portability needs it, such as +551130000001."""
    return _E164.fullmatch(number) is not None


Instant = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2100, 1, 1, tzinfo=UTC))
]
"""When something happened, as others report it: aware, and in a range that every calendar can reckon with."""
MOST_LEFT_OUT: Final = 20
"""How many names of objects a case carries; the rest is a number."""
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]
"""A calendar date that others ask for, in the same range."""


class Value(BaseModel):
    """A frozen value that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Brief(Value):
    """A value that leaves out, as JSON, what is not said: histories stay small.

    Left out is a None, an empty text or an empty list in a field that may be left out.
    """

    @model_serializer(mode="wrap", when_used="json")
    def _what_is_said(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        return {
            name: value
            for name, value in whole(self).items()
            if value not in (None, "", []) or fields[name].is_required()
        }


class Channel(StrEnum):
    """How a request reached the provider (P1)."""

    WHATSAPP = "whatsapp"
    PHONE = "phone"
    EMAIL = "email"
    CHATBOT = "chatbot"
    OTHER = "other"


class ReasonCategory(StrEnum):
    """Why a customer leaves (P3)."""

    PRICE = "price"
    TECHNICAL = "technical"
    COMPETITOR = "competitor"
    BUSINESS_CLOSED = "business_closed"
    SUPPORT = "support"
    FEATURES = "features"
    OTHER = "other"


class OfferKind(StrEnum):
    """What Commercial may propose to keep the customer (P4)."""

    PLAN_ADJUSTMENT = "plan_adjustment"
    TECHNICAL_FIX = "technical_fix"
    COMMERCIAL_TERMS = "commercial_terms"
    TRAINING = "training"


class OfferStatus(StrEnum):
    """What became of an offer (P4)."""

    MADE = "made"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Outcome(StrEnum):
    """How the retention attempt ended."""

    RETAINED = "retained"
    DECLINED = "declined"


class PortStatus(StrEnum):
    """How the portability of one number stands (P9)."""

    REQUESTED = "requested"
    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Authentication(StrEnum):
    """The receiving server's verdict on an e-mail (X9)."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    NONE = "none"


class Team(StrEnum):
    """The provider's teams."""

    COMMERCIAL = "commercial"
    FINANCE = "finance"
    SUPPORT = "support"

    @property
    def label(self) -> str:
        """The team's name in the procedure."""
        return {"commercial": "Comercial", "finance": "Financeiro", "support": "Suporte"}[self.value]


class Contact(Value):
    """A person who speaks for the customer, as the channel knows them: any field may be unknown or rough.

    Nothing is ever decided on these: authorised contacts come from the CRM (X9).
    """

    name: LooseText | None = None
    email: LooseText | None = None
    phone: LooseText | None = None

    @property
    def is_reachable(self) -> bool:
        """Whether the channel left anything by which the person can be found."""
        return any((self.name, self.email, self.phone))


class Reason(Value):
    """The reason for leaving: category and free text, both required (P3)."""

    category: ReasonCategory
    text: LongText


class Request(Value):
    """One contact of the customer who asks to cancel (P1)."""

    channel: Channel
    text: str = Field(default="", max_length=20_000)
    contact: Contact = Contact()
    actor: str
    at: AwareDatetime


class Offer(Value):
    """A retention offer as it stands now: who last changed it and when (P4)."""

    offer_id: str
    kind: OfferKind
    description: str
    status: OfferStatus
    actor: str
    at: AwareDatetime


class FormalizationMail(Value):
    """What is known of one e-mail that asks for the cancellation (P7, P11)."""

    message_id: str
    sender: MailAddress
    recipients: tuple[MailAddress, ...]
    received_at: AwareDatetime
    subject: str = ""
    explicit_request: bool
    reason: str | None = None
    authentication: Authentication
    original_sha256: str | None = None
    original_ref: str | None = None
    confirmed_by: str | None = None
    """The Commercial person who vouches for the e-mail's sender and content (X9)."""
    refused_by: str | None = None
    """The Commercial person who read it and says that it is no request to count (X14, X15)."""
    doubts: tuple[str, ...] = ()
    """Why a person has to read it, in the reader's words; empty when it was surely read (X14)."""
    request_words: tuple[str, ...] = ()
    """The very sentences that were taken for the request (X14)."""
    unseen: bool = False
    """A program read it, and no person has looked yet (X14)."""


class Port(Value):
    """The portability of one number (P9, X6)."""

    number: PhoneNumber
    status: PortStatus
    operator: str | None = None
    requested_at: AwareDatetime | None = None
    at: AwareDatetime
    actor: str


class EndTold(Brief):
    """The end in figures as a letter told it: by the hash it shows whether what came is what was told (X25)."""

    last_day: date
    total: Decimal
    """In reais; below zero it is a credit."""
    sha256: str


class Replaced(Value):
    """The customer's case of an execution that was terminated: who was told of it is told that it ended (X18, X20)."""

    protocol: str
    last_day: date | None = None
    """Of its notice; None where none had begun."""


class RecordingsRequest(Value):
    """Which recordings the customer wants and where the link goes (P10). Both dates null: everything."""

    from_date: date | None = None
    to_date: date | None = None
    deliver_to: MailAddress | None = None
    actor: str
    at: AwareDatetime


class Archive(Value):
    """The archive of the recordings; the link's token, derived from `link_id`, is never here (P10)."""

    link_id: str
    files: int
    size: int
    """Bytes."""
    sha256: str
    expires_at: AwareDatetime
    left_out: tuple[str, ...] = ()
    """Names of recordings that could not be put in, as people can read them; at most `MOST_LEFT_OUT`."""
    left_out_count: int = 0
    """How many those are in all; the archive's index names every one."""


class Released(BaseModel):
    """What closing released, by kind (P17)."""

    extensions: int = 0
    trunks: int = 0
    licences: int = 0
    numbers: int = 0

    def __add__(self, other: "Released") -> "Released":
        """Sum two partial releases."""
        return Released(
            extensions=self.extensions + other.extensions,
            trunks=self.trunks + other.trunks,
            licences=self.licences + other.licences,
            numbers=self.numbers + other.numbers,
        )
