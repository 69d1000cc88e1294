"""The steps of reconciliation (X11)."""

from dataclasses import dataclass

from temporalio import activity

from activities.beating import alive
from activities.guard import Guard
from cancellation.messages.reconciliation import CheckBatch, CheckBatchResult
from cancellation.reconciler import Reconciler


@dataclass(frozen=True)
class ReconciliationActivities:
    """What a run of reconciliation does, batch by batch; none of it for an instant that has not come."""

    reconciler: Reconciler
    guard: Guard

    @activity.defn
    async def read_executions(self, batch: CheckBatch) -> CheckBatchResult:
        """Lay what runs in the engine beside the records."""
        self.guard.must_have_come(batch.at)
        async with alive():
            return await self.reconciler.read_executions(batch)

    @activity.defn
    async def compare_records(self, batch: CheckBatch) -> CheckBatchResult:
        """Keep what disagrees, rule by rule."""
        self.guard.must_have_come(batch.at)
        async with alive():
            return await self.reconciler.compare(batch)

    @activity.defn
    async def repair_findings(self, batch: CheckBatch) -> CheckBatchResult:
        """Undo what is safe by rule, each as an act by itself."""
        self.guard.must_have_come(batch.at)
        async with alive():
            return await self.reconciler.repair(batch)

    @activity.defn
    async def tell_findings(self, batch: CheckBatch) -> CheckBatchResult:
        """Tell the teams what they have not been told."""
        self.guard.must_have_come(batch.at)
        async with alive():
            return await self.reconciler.tell(batch)
