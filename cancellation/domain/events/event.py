"""What every event has."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from cancellation.domain.trail import SYSTEM


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened; `kind` is its code in the trail."""

    kind: ClassVar[str]
    urgent: ClassVar[bool] = True
    """Whether the CRM should hear now; what is not goes along with the next record."""
    actor: str = SYSTEM

    @property
    def code(self) -> str:
        """The entry's kind in the trail."""
        return self.kind


@dataclass(frozen=True)
class Happened:
    """An event with its instant and the message that caused it."""

    event: Event
    at: datetime
    message_id: str | None = None
