"""What the reader says it understood: frozen values, ready to be printed as JSON."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

Verdict = Literal["pass", "fail", "none"]
"""What our receiving servers say of who sent a message (X9)."""
ExplicitRequest = bool | Literal["unsure"]
"""True only when the contract's cancellation is plainly asked for; "unsure" leaves it to a person."""


class Action(StrEnum):
    """What is to be done with a message."""

    ACCEPT = "accept"
    INCOMPLETE = "incomplete"
    TRIAGE = "triage"
    IGNORE = "ignore"
    REFUSE = "refuse"


class ReasonCategory(StrEnum):
    """Why the customer leaves, as the contract's messages name it."""

    PRICE = "price"
    TECHNICAL = "technical"
    COMPETITOR = "competitor"
    BUSINESS_CLOSED = "business_closed"
    SUPPORT = "support"
    FEATURES = "features"
    OTHER = "other"


class Frozen(BaseModel):
    """Base of everything that leaves this package."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TextUnderstanding(Frozen):
    """What a bare text says.

    Attributes:
        explicit_request: Whether it plainly asks for the cancellation of the contract (P7).
        reason: The customer's own words for why (P7), None when there are none.
        reason_category: The reason sorted, None without a reason.
        action: What could be done if sender and mailboxes were in order.
        missing: Codes of the contract, as far as a text alone can tell: ``explicit_request``, ``reason``.
        why: Portuguese sentences an operator understands, most telling first.
        rules: Names of the rules that fired, for tests and statistics.
        about_cancelling: Whether the text speaks of cancelling at all.
        automatic: Whether the text itself says it is an automatic reply.
    """

    explicit_request: ExplicitRequest
    reason: str | None = None
    reason_category: ReasonCategory | None = None
    action: Action = Action.TRIAGE
    missing: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    about_cancelling: bool = False
    automatic: bool = False


class Provider(Frozen):
    """What a decision must know of the provider itself.

    Attributes:
        names: What it is called in e-mails, beside the domains of its mailboxes.
        cnpjs: Its own, 14 characters each: a letter to it may name them.
        nameless_servers: Domains of receiving servers of ours that leave out their name (X9).
    """

    names: tuple[str, ...] = ()
    cnpjs: tuple[str, ...] = ()
    nameless_servers: tuple[str, ...] = ()


class Understanding(Frozen):
    """What the reader understood of a message, and what is to be done with it.

    Attributes:
        customer_id: The customer it is about, None when unknown or ambiguous.
        mailboxes: Which of the policy's mailboxes it really reached (P7).
        authentication: The receiving server's verdict (X9).
        explicit_request: Whether the cancellation is plainly asked for.
        reason: In the customer's words.
        reason_category: The reason sorted.
        action: See the table above.
        missing: ``recipient:<mailbox>``, ``explicit_request``, ``reason``, ``authentication``, ``sender``.
        why: Portuguese sentences for an operator.
        request_words: The very sentences that were taken for the request (X14).
        automatic: Whether it is proven automatic and says nothing: nobody has to see it (X15).
        authorised: Whether its sender may speak for the customer (X9).
    """

    customer_id: str | None
    mailboxes: tuple[str, ...]
    authentication: Verdict
    explicit_request: ExplicitRequest
    reason: str | None
    reason_category: ReasonCategory | None
    action: Action
    missing: tuple[str, ...]
    why: tuple[str, ...]
    request_words: tuple[str, ...] = ()
    automatic: bool = False
    authorised: bool = False


class DeliveryReport(Frozen):
    """What a mail server says became of a message.

    Attributes:
        letters: Message-IDs that it quotes, in order: the first of ours is the letter that it is about.
        subject: Of the message that it quotes, for reports that leave the Message-ID out.
        failed: Whether it was given up for good; a delay is not.
        words: Code and words of the server, without addresses, on one line.
    """

    letters: tuple[str, ...]
    failed: bool
    words: str
    subject: str = ""
