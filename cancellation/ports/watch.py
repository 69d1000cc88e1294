"""The record of the billing watch, kept by the CRM (X10)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from cancellation.domain.billing_watch import WatchTerms
from cancellation.messages.watch import WatchAct, WatchedCase, WatchLook


class WatchRecords(Protocol):
    """Closed cases until nothing more is owed, and what the watch found and did."""

    async def watched(
        self, at: datetime, terms: WatchTerms, after: str | None, most: int
    ) -> Sequence[WatchedCase]:
        """Closed cases whose watch is not over, in the order of their ids.

        Args:
            at: cases that ended later are not looked at.
            terms: for cases that closed without saying their own; of those only such as are still within the cycles.
            after: only cases whose id comes after this one.
            most: how many at most.
        """

    async def note(self, look: WatchLook) -> Sequence[WatchAct]:
        """Write what is new of a look, with its tasks, together; answer what was new, in order.

        Acts are told apart by their key: whoever looks at the same time writes each of them once.
        """
