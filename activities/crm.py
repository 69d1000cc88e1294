"""What cases do in the CRM."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from temporalio import activity

from activities.failures import refusals_are_final
from cancellation.application.letter_facts import known_customer
from cancellation.letters import task_facts
from cancellation.messages.crm import CaseOpening, CaseRecord, Opening, TrailReceipt
from cancellation.messages.telephony import Inventory
from cancellation.ports import CaseRecords, Telephony
from cancellation.ports.letter_facts import LetterFacts

logger = logging.getLogger(__name__)

_FACTS_WITHIN: Final = 0.5
"""Real seconds that Commercial's task waits for what the records add."""
_AT_ONCE: Final = 2.0
"""Real seconds that whoever opens a case waits for telephony, which is asked again if it takes longer."""


@dataclass(frozen=True)
class CrmActivities:
    """The CRM's part of a case (P2, P11, P12, P14, P20)."""

    crm: CaseRecords
    telephony: Telephony
    facts: LetterFacts | None = None
    """What Commercial's task says beside the case's own knowledge; None, or where it does not answer: it says less."""
    desk_url: str = ""
    """Where tasks lead to; empty: nowhere."""

    @activity.defn
    async def open_case(self, opening: CaseOpening) -> Opening:
        """Record the case and give Commercial its task, before anything else happens (P2).

        What the customer occupies is read on the way (P9): an activity of its own costs as much as the opening. A
        telephony that does not answer at once holds up nothing (X17).
        """
        with refusals_are_final():
            opened = await self.crm.open_case(await self._told(opening))
        inventory = await self._inventory_at_once(opening.customer_id) if opened.customer else None
        return Opening(**dict(opened), inventory=inventory)

    @activity.defn
    async def record_case(self, record: CaseRecord) -> TrailReceipt:
        """Write one transaction: status, tasks, formalization, trail."""
        with refusals_are_final():
            return await self.crm.record(self._leading(record))

    async def _told(self, opening: CaseOpening) -> CaseOpening:
        """The opening whose task says who the customer is, and where the case is found."""
        task = opening.commercial_task
        try:
            async with asyncio.timeout(_FACTS_WITHIN):
                account = await self.facts.account(opening.customer_id) if self.facts else None
            if account is not None:
                task = task_facts.with_customer(task, account, known_customer(account, opening.case_id))
        except Exception as error:  # nothing waits for it (P2)
            logger.warning("task says less: the records do not answer: %s", type(error).__name__)
        task = task_facts.with_page(task, self.desk_url, opening.protocol)
        return opening.model_copy(update={"commercial_task": task})

    def _leading(self, record: CaseRecord) -> CaseRecord:
        """The record whose tasks lead to their case."""
        if not record.open_tasks:
            return record
        tasks = tuple(task_facts.with_page(one, self.desk_url, record.case_id) for one in record.open_tasks)
        return record.model_copy(update={"open_tasks": tasks})

    async def _inventory_at_once(self, customer_id: str) -> Inventory | None:
        try:
            async with asyncio.timeout(_AT_ONCE):
                return (await self.telephony.inventory(customer_id)).told()
        except Exception as error:  # whatever it is, the case asks for itself
            logger.warning("telephony does not answer at the opening: %s", type(error).__name__)
            return None
