"""The customer's call recordings and the archives made of them (P10)."""

from collections.abc import Callable, Sequence
from typing import Protocol

from cancellation.messages.recordings import (
    Access,
    Archive,
    ExportOrder,
    LinkRevocation,
    PurgeOrder,
    PurgeReport,
)

Heartbeat = Callable[[str], None]
"""Tells the engine how far a long export is, in a form that `export` can resume from."""


class RecordingStore(Protocol):
    """The customer's call recordings and the archives made of them (P10)."""

    async def export(
        self, order: ExportOrder, heartbeat: Heartbeat, resume_from: str | None
    ) -> Archive | None:
        """Build the archive, streaming, and its link; None when there is nothing in the period.

        A recording that nobody will ever be able to read is left out and named (`Archive.left_out`); one that
        cannot be read now makes the whole fail, to be tried again.

        Raises:
            PermanentRefusal: the case's links were killed.
        """

    async def revoke_links(self, revocation: LinkRevocation) -> None:
        """Kill the case's links at once, and for good: an export that still runs makes no new one."""

    async def purge(self, order: PurgeOrder, heartbeat: Heartbeat | None = None) -> PurgeReport:
        """Kill the links, remove recordings and archives, and record what was removed; resumable.

        That something is gone is read back. What nobody will ever be able to remove is named
        (`PurgeReport.left_out`) and not counted; what cannot be removed now makes the whole fail, to be tried again.

        Raises:
            DestructionForbidden: no complete formalization in force, or a notice that has not ended (P19).
        """

    async def accesses(self, case_id: str, after_id: int = 0) -> Sequence[Access]:
        """Who has used the case's links, oldest first, from the access after `after_id` on (P20)."""
