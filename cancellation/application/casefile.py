"""A case with its trail: what a workflow carries from execution to execution."""

from datetime import datetime

from pydantic import BaseModel, Field

from cancellation.domain.case import Case
from cancellation.domain.commands import System
from cancellation.domain.events import MessageRefused
from cancellation.domain.stage import Stage
from cancellation.domain.trail import Trail
from cancellation.language.trail import said


class CaseFile(BaseModel):
    """The case, and everything that has happened in it in words."""

    case: Case
    trail: Trail = Field(default_factory=Trail)

    def write_down(self, now: datetime) -> None:
        """Bring the trail up to date with what has happened, and let the CRM hear of it where that is due (P20)."""
        for happened in self.case.take_events():
            event = happened.event
            self.trail.add(
                happened.at,
                event.actor,
                event.code,
                said(event, happened.at),
                problems=event.problems if isinstance(event, MessageRefused) else (),
                message_id=happened.message_id,
                urgent=event.urgent,
            )
        if self._crm_should_hear():
            self.case.want_record(now)

    def _crm_should_hear(self) -> bool:
        """While nothing goes wrong, closing and other ends tell the CRM at their end, all at once."""
        case = self.case
        if not case.known_to_crm or case.pending.owes_to(System.CRM):
            return False  # what is owed to the CRM takes the trail along
        if case.ended_at is not None:
            return not self.trail.is_recorded
        ends_soon = case.stage.is_terminal or (case.stage is Stage.CLOSING and not case.held_now)
        return self.trail.is_urgent and not ends_soon
