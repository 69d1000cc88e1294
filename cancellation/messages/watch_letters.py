"""What the letters of the billing watch say; the other kinds are in `letter_contents` (X10)."""

from datetime import date
from typing import Literal

from pydantic import Field

from cancellation.domain.billing_watch import Found
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.values import Brief


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
