"""What cases do with call recordings."""

from dataclasses import dataclass
from typing import Final

from temporalio import activity

from activities.beating import beat, last_beat
from activities.failures import refusals_are_final
from activities.guard import Guard
from cancellation.messages.recordings import (
    Access,
    Archive,
    ExportOrder,
    LinkRevocation,
    LinksEnded,
    PurgeOrder,
)
from cancellation.ports import RecordingStore

MOST_ACCESSES: Final = 200


@dataclass(frozen=True)
class RecordingActivities:
    """The recordings' part of a case (P10)."""

    recordings: RecordingStore
    guard: Guard

    @activity.defn
    async def export_recordings(self, order: ExportOrder) -> Archive | None:
        """Build the archive and its link; goes on from its last heartbeat after a kill."""
        with refusals_are_final():
            return await self.recordings.export(order, beat, last_beat())

    @activity.defn
    async def revoke_links(self, revocation: LinkRevocation) -> LinksEnded:
        """Kill the case's download links, and tell who used them (P20)."""
        with refusals_are_final():
            await self.recordings.revoke_links(revocation)
            return LinksEnded(accesses=await self._accesses(revocation.case_id))

    @activity.defn
    async def purge_recordings(self, order: PurgeOrder) -> LinksEnded:
        """Remove recordings and archives after the notice, as the policy says, and tell who used the links."""
        with refusals_are_final():
            await self.guard.check(order.warrant)
            purged = await self.recordings.purge(order, beat)
            accesses = await self._accesses(order.warrant.case_id) if purged.linked else ()
            return LinksEnded(accesses=accesses, purged=purged)

    async def _accesses(self, case_id: str) -> tuple[Access, ...]:
        """The last uses of the case's links, as many as a trail bears; all are in the recordings' own table."""
        return tuple(await self.recordings.accesses(case_id))[-MOST_ACCESSES:]
