"""What the letter says that tells a team where the records disagree (X11)."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

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
