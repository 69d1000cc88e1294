"""What is looked at after customers have left."""

from dataclasses import dataclass

from temporalio import activity

from activities.guard import Guard
from cancellation.billing_watch import BillingWatcher
from cancellation.messages.watch import WatchBatch, WatchBatchResult


@dataclass(frozen=True)
class BillingWatchActivities:
    """The billing watch (X10)."""

    watcher: BillingWatcher
    guard: Guard

    @activity.defn
    async def watch_billing(self, batch: WatchBatch) -> WatchBatchResult:
        """Look at some closed cases: void, record, tell, settle; the answer says where the next batch goes on.

        Whatever fails is counted and tried again by the next run, so a batch that is tried again does nothing twice.

        Raises:
            ApplicationError: the run is for an instant that has not come.
            Exception: the cases themselves cannot be read now.
        """
        self.guard.must_have_come(batch.at)
        return await self.watcher.watch(batch, activity.heartbeat)
