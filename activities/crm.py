"""What cases do in the CRM."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from temporalio import activity

from activities.failures import refusals_are_final
from cancellation.messages.crm import CaseOpening, CaseRecord, Opening, TrailReceipt
from cancellation.messages.telephony import Inventory
from cancellation.ports import CaseRecords, Telephony

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 2.0
"""Real seconds that whoever opens a case waits for telephony, which is asked again if it takes longer."""


@dataclass(frozen=True)
class CrmActivities:
    """The CRM's part of a case (P2, P11, P12, P14, P20)."""

    crm: CaseRecords
    telephony: Telephony

    @activity.defn
    async def open_case(self, opening: CaseOpening) -> Opening:
        """Record the case and give Commercial its task, before anything else happens (P2).

        What the customer occupies is read on the way (P9): an activity of its own costs as much as the opening. A
        telephony that does not answer at once holds up nothing (X17).
        """
        with refusals_are_final():
            opened = await self.crm.open_case(opening)
        inventory = await self._inventory_at_once(opening.customer_id) if opened.customer else None
        return Opening(**dict(opened), inventory=inventory)

    @activity.defn
    async def record_case(self, record: CaseRecord) -> TrailReceipt:
        """Write one transaction: status, tasks, formalization, trail."""
        with refusals_are_final():
            return await self.crm.record(record)

    async def _inventory_at_once(self, customer_id: str) -> Inventory | None:
        try:
            async with asyncio.timeout(_AT_ONCE):
                return (await self.telephony.inventory(customer_id)).told()
        except Exception as error:  # whatever it is, the case asks for itself
            logger.warning("telephony does not answer at the opening: %s", error)
            return None
