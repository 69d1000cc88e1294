"""The e-mails of the process on their way to the mail server; what each says is in `letter_contents`."""

from collections.abc import Sequence
from typing import Any

from pydantic import AwareDatetime, SerializerFunctionWrapHandler, model_serializer, model_validator

from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.values import Brief, EndTold, Team, Value
from cancellation.messages.letter_contents import LetterContent


class Letter(Brief):
    """One message to one audience; sent once whatever happens, by its key."""

    key: str
    """Idempotency key: case id, kind, audience, ordinal."""
    case_id: str
    customer_id: str
    customer_name: str
    """The customer's id where the CRM has not told the name yet."""
    protocol: str
    at: AwareDatetime
    """When it was written: what it says of days to come is reckoned from here (X18)."""
    mailboxes: tuple[str, ...]
    """Those that a formalization must reach: a customer's answer goes there (P7)."""
    team: Team | None = None
    """The team that gets it; None: the customer, at the addresses in `to`."""
    to: tuple[str, ...] = ()
    in_reply_to: str | None = None
    """Message-ID of the e-mail that this answers."""
    references: tuple[str, ...] = ()
    """Earlier Message-IDs of the thread, oldest first."""
    content: LetterContent

    @property
    def kind(self) -> LetterKind:
        """Which letter of the process this is."""
        return self.content.kind


class LetterBatch(Value):
    """Messages of one moment, sent together. As JSON, what all of them say is written once."""

    letters: tuple[Letter, ...]

    @model_serializer(mode="wrap", when_used="json")
    def _what_all_say_once(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        letters = whole(self)["letters"]
        contents = [letter.pop("content") for letter in letters]
        head, content = _taken_out(letters), _taken_out(contents)
        for letter, rest in zip(letters, contents, strict=True):
            letter["content"] = rest
        return {"head": head, "content": content, "letters": letters}

    @model_validator(mode="before")
    @classmethod
    def _what_each_says(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "head" not in given:
            return given
        head, content = given["head"], given["content"]
        return {
            "letters": [{**head, **one, "content": {**content, **one["content"]}} for one in given["letters"]]
        }


def _taken_out(ones: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Remove from each what all say alike, and return it."""
    if not ones:
        return {}
    first, *others = ones
    shared = {name: value for name, value in first.items() if all(_says(o, name, value) for o in others)}
    for one in ones:
        for name in shared:
            del one[name]
    return shared


def _says(one: dict[str, Any], name: str, value: Any) -> bool:
    return name in one and bool(one[name] == value)


class KeptLetter(Value):
    """A letter that was sent, as the outbox remembers it."""

    message_id: str
    case_id: str
    kind: LetterKind
    team: Team | None = None
    """None: the customer."""


class Delivery(Brief):
    """What became of one letter."""

    key: str
    kind: LetterKind
    message_id: str
    refused: str | None = None
    """The mail server's permanent refusal, without addresses; None when somebody got it."""
    put_off: bool = False
    """It cannot go now, and neither can what comes after it to the same audience."""
    partly_refused: str | None = None
    """Of a letter that somebody got: the permanent refusal of other recipients, without addresses."""
    told: EndTold | None = None
    """The end in figures, where the letter that somebody got tells it (X25)."""


class DeliveryReport(Value):
    """One delivery a letter, in order."""

    deliveries: tuple[Delivery, ...]
