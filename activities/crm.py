"""What cases do in the CRM."""

from dataclasses import dataclass

from temporalio import activity

from activities.failures import refusals_are_final
from cancellation.messages.crm import CaseOpening, CaseRecord, OpenedCase, TrailReceipt
from cancellation.ports import CaseRecords


@dataclass(frozen=True)
class CrmActivities:
    """The CRM's part of a case (P2, P11, P12, P14, P20)."""

    crm: CaseRecords

    @activity.defn
    async def open_case(self, opening: CaseOpening) -> OpenedCase:
        """Record the case and give Commercial its task, before anything else happens (P2)."""
        with refusals_are_final():
            return await self.crm.open_case(opening)

    @activity.defn
    async def record_case(self, record: CaseRecord) -> TrailReceipt:
        """Write one transaction: status, tasks, formalization, trail."""
        with refusals_are_final():
            return await self.crm.record(record)
