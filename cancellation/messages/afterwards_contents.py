"""What letters say that no case owes, for it has ended: what disagrees in the records, what the billing watch found.

The same kind of models as in `cancellation.messages.letter_contents`, which tells all letters apart.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from cancellation.domain.billing_watch import Found
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.values import Brief


class FoundLine(Brief):
    """X11: two sides that disagree, in words."""

    title: str
    whose: str
    crm: str
    system: str
    """Whose word stands against the CRM's."""
    other: str
    may_do: str
    since: AwareDatetime
    """Since when it has been found."""
    repaired: str = ""
    """What was undone without asking."""


class Findings(Brief):
    """X11: what reconciliation has found and no letter has told."""

    kind: Literal[LetterKind.FINDINGS] = LetterKind.FINDINGS
    findings: Annotated[tuple[FoundLine, ...], Field(min_length=1)]
    more: int = 0
    """How many there are beside these."""


class UndueFound(Brief):
    """X10: charges of a contract that has ended, by what became of them; one of the three is not empty."""

    kind: Literal[LetterKind.UNDUE_FOUND] = LetterKind.UNDUE_FOUND
    last_day: date
    voided: tuple[Found, ...] = ()
    repay: tuple[Found, ...] = ()
    review: tuple[Found, ...] = ()


class Revived(Brief):
    """X10: what a customer who has left occupies again."""

    kind: Literal[LetterKind.REVIVED] = LetterKind.REVIVED
    last_day: date
    items: tuple[Found, ...] = Field(min_length=1)


class NoDebt(Brief):
    """X10: nothing is owed any more."""

    kind: Literal[LetterKind.NO_DEBT] = LetterKind.NO_DEBT
    last_day: date
    """The last day of the service."""
    watched_until: date
    """Until when billing was watched."""
    cnpj: str | None = None
    contract: str | None = None
