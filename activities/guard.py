"""The activities' own precondition for destructive acts (P19), independent of workflow and database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.exceptions import ApplicationError

from cancellation.messages.warrant import Warrant
from cancellation.ports import DestructionForbidden, Formalizations

_CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""So far the engine's clock may be ahead of this machine's."""


def machine_clock() -> datetime:
    """The machine's own time, UTC."""
    return datetime.now(UTC)


class NoticeStillRunning(Exception):
    """The machine's clock has not reached the end of the notice: tried again until it has."""


@dataclass(frozen=True)
class Guard:
    """Checks a warrant against the CRM's formalization and, outside virtual time, the machine's own clock."""

    crm: Formalizations
    clock: Callable[[], datetime] | None = machine_clock
    """None where cases live in virtual time: embedded server with `--virtual-clock`, and tests."""

    async def check(self, warrant: Warrant) -> None:
        """Let a destructive act pass.

        Raises:
            DestructionForbidden: no complete formalization in force, another notice, or a notice not ended.
            NoticeStillRunning: the notice has ended for the case but not yet for this machine.
        """
        held = await self.crm.formalization(warrant.case_id)
        if held is None or not held.in_force or held.customer_id != warrant.customer_id:
            raise DestructionForbidden("no complete formalization in force for this case")
        if held.notice_ends_at != warrant.notice_ends_at:
            raise DestructionForbidden("the warrant names another end of the notice than the CRM")
        if warrant.at < held.notice_ends_at:
            raise DestructionForbidden("the notice has not ended at the instant of the act")
        if self.clock is not None and self.clock() < held.notice_ends_at:
            raise NoticeStillRunning("the machine's clock has not reached the end of the notice")

    def must_have_come(self, at: datetime) -> None:
        """Let a step of reconciliation pass: no cycle is over before its time, whoever starts a run (X10).

        Raises:
            ApplicationError: the run is for an instant that the machine's clock has not reached; for good.
        """
        if self.clock is not None and self.clock() + _CLOCKS_DIFFER < at:
            raise ApplicationError(
                "the run is for an instant that has not come", type="RunAhead", non_retryable=True
            )
