"""What the engine remembers of a customer's cases."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class DoneStep:
    """A step that was done outside, as the engine has it."""

    step: str
    """The step's code."""
    asked: bytes
    """What the other system was told, JSON."""
    answer: Any
    """What it answered, as JSON gives it."""
    asked_at: int
    """Its place among all that happened to the customer's cases: when the case asked."""
    done_at: int
    """The same: when the case had the answer."""


class CaseHistories(Protocol):
    """The engine's own record of cases (P20)."""

    def done_for(self, customer_id: str) -> AsyncIterator[DoneStep]:
        """Every step that was done for the customer's cases and is still remembered, in the order of the answers."""
