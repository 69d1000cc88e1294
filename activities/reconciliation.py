"""The steps of reconciliation (X11)."""

from dataclasses import dataclass
from typing import Final

from temporalio import activity

from cancellation.messages.reconciliation import CheckBatch, CheckBatchResult
from cancellation.reconciler import Reconciler

GAUGE: Final = "cancelamento_findings"
"""How many findings are open, by rule, as of the last run that this worker took part in."""


@dataclass(frozen=True)
class ReconciliationActivities:
    """What a run of reconciliation does, batch by batch."""

    reconciler: Reconciler

    @activity.defn
    async def read_executions(self, batch: CheckBatch) -> CheckBatchResult:
        """Lay what runs in the engine beside the records."""
        return await self.reconciler.read_executions(batch)

    @activity.defn
    async def compare_records(self, batch: CheckBatch) -> CheckBatchResult:
        """Keep what disagrees, rule by rule."""
        return await self.reconciler.compare(batch)

    @activity.defn
    async def repair_findings(self, batch: CheckBatch) -> CheckBatchResult:
        """Undo what is safe by rule, each as an act by itself."""
        return await self.reconciler.repair(batch)

    @activity.defn
    async def tell_findings(self, batch: CheckBatch) -> CheckBatchResult:
        """Tell the teams what they have not been told, and the metrics how things stand."""
        gauge = activity.metric_meter().create_gauge(
            GAUGE, "Findings of reconciliation that are open, by rule"
        )
        for rule, count in (await self.reconciler.findings.counts()).items():
            gauge.set(count, {"rule": rule.value})
        return await self.reconciler.tell(batch)
