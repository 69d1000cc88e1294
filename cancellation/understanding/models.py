"""What the reader says it understood: frozen values, ready to be printed as JSON."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

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
