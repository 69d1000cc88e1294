"""Giving systems again what they have lost, because they were restored to an earlier instant (P20, X11)."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import TypeAdapter
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.beating import beat
from activities.billing import BillingActivities
from activities.crm import CrmActivities
from activities.recordings import RecordingActivities
from activities.telephony import TelephonyActivities
from cancellation.messages.billing import BillingClosure, BillingEndPlan
from cancellation.messages.crm import CaseOpening, CaseRecord, LostRecords, RestoredRecords
from cancellation.messages.recordings import ExportOrder, LinkRevocation, PurgeOrder
from cancellation.messages.telephony import PortRecord, Shutdown
from cancellation.ports.histories import CaseHistories, DoneStep

logger = logging.getLogger(__name__)

_TAKEN: Final[dict[str, TypeAdapter[Any]]] = {
    "open_case": TypeAdapter(CaseOpening),
    "record_case": TypeAdapter(CaseRecord),
    "plan_billing_end": TypeAdapter(BillingEndPlan),
    "lift_billing_end": TypeAdapter(str),
    "close_billing": TypeAdapter(BillingClosure),
    "record_port": TypeAdapter(PortRecord),
    "deactivate_services": TypeAdapter(Shutdown),
    "release_resources": TypeAdapter(Shutdown),
    "export_recordings": TypeAdapter(ExportOrder),
    "revoke_links": TypeAdapter(LinkRevocation),
    "purge_recordings": TypeAdapter(PurgeOrder),
}
"""What is done again, and what each takes. Not letters: who got one has it. Not readings: they change nothing."""


@dataclass(frozen=True)
class Step:
    """A step of a customer's cases that can be done again."""

    done: DoneStep
    payload: Any
    case_id: str
    last_seq: int
    """The last entry of the case's trail that it brought to the CRM; 0: none."""


@dataclass(frozen=True)
class Lost:
    """What may not be held any more of a customer's cases."""

    steps: Sequence[Step]
    """In the order in which they are to be done again."""
    held: Mapping[str, int]
    """Up to which entry of its trail the CRM holds each case; 0: nothing of it."""
    remembered: Mapping[str, int]
    """Up to which entry the engine remembers that it was told."""

    def of(self, case_id: str) -> list[Step]:
        """The steps of one case."""
        return [step for step in self.steps if step.case_id == case_id]


def lost_steps(steps: Sequence[Step], held: Mapping[str, int]) -> list[Step]:
    """Those that may not be held any more, in order.

    A record is held with its entries of the trail. Anything else surely is if a record is held that the case gave
    afterwards, for it was written before: provided that one database holds both, or neither was restored alone.

    Args:
        steps: of all the customer's cases, in order.
        held: up to which entry the CRM holds the trail of each case.
    """
    known = dict.fromkeys(held, -1)
    for step in steps:
        if 0 < step.last_seq <= held[step.case_id]:
            known[step.case_id] = step.done.asked_at

    def is_lost(step: Step) -> bool:
        if step.last_seq:
            return step.last_seq > held[step.case_id]
        return step.done.done_at > known[step.case_id]

    return [step for step in steps if is_lost(step)]


@dataclass(frozen=True)
class RestoreActivities:
    """What was done for a customer's cases, and is not held any more, is done again in the same order.

    Every step counts once however often it is asked for, so what is still held stays as it is.
    """

    crm: CrmActivities
    billing: BillingActivities
    telephony: TelephonyActivities
    recordings: RecordingActivities
    histories: CaseHistories

    @activity.defn
    async def restore_records(self, lost: LostRecords) -> RestoredRecords:
        """Give the CRM, and what was restored with it, again what the engine remembers of the customer's cases."""
        steps = (await self.look(lost.customer_id)).steps
        for step in steps:
            beat(step.done.step)
            await self._do_again(step)
        return RestoredRecords(
            recorded_seq=await self._held(lost.case_id, lost.customer_id), given=len(steps)
        )

    async def look(self, customer_id: str) -> Lost:
        """What may not be held any more of the customer's cases; nothing is changed."""
        steps = [step async for step in self._remembered(customer_id)]
        remembered: dict[str, int] = {}
        for step in steps:
            remembered[step.case_id] = max(remembered.get(step.case_id, 0), step.last_seq)
        held = {case_id: await self._held(case_id, customer_id) for case_id in remembered}
        return Lost(lost_steps(steps, held), held, remembered)

    async def _remembered(self, customer_id: str) -> AsyncIterator[Step]:
        async for done in self.histories.done_for(customer_id):
            beat(done.done_at)
            if done.step in _TAKEN and not _was_refused(done):
                yield _read(done)

    async def _held(self, case_id: str, customer_id: str) -> int:
        look = CaseRecord(case_id=case_id, customer_id=customer_id, at=datetime.now(UTC), stage="")
        return (await self.crm.crm.record(look)).recorded_seq

    async def _do_again(self, step: Step) -> None:
        """What is refused for good now was overtaken by what came later, or the case's next record tells."""
        try:
            await self._again[step.done.step](step.payload)
        except ApplicationError as error:
            if not error.non_retryable:
                raise
            logger.warning(
                "not done again: refused",
                extra={"case_id": step.case_id, "step": step.done.step, "error": error.type},
            )

    @property
    def _again(self) -> Mapping[str, Callable[[Any], Awaitable[Any]]]:
        return {
            "open_case": self.crm.open_case,
            "record_case": self.crm.record_case,
            "plan_billing_end": self.billing.plan_billing_end,
            "lift_billing_end": self.billing.lift_billing_end,
            "close_billing": self.billing.close_billing,
            "record_port": self.telephony.record_port,
            "deactivate_services": self.telephony.deactivate_services,
            "release_resources": self.telephony.release_resources,
            "export_recordings": self.recordings.export_recordings,
            "revoke_links": self.recordings.revoke_links,
            "purge_recordings": self.recordings.purge_recordings,
        }


def _read(done: DoneStep) -> Step:
    payload = _TAKEN[done.step].validate_json(done.asked)
    trail = payload.trail if isinstance(payload, CaseOpening | CaseRecord) else ()
    return Step(done, payload, _case_of(payload), max((entry.seq for entry in trail), default=0))


def _case_of(payload: Any) -> str:
    if isinstance(payload, str):
        return payload
    warrant = getattr(payload, "warrant", None)
    return str(payload.case_id if warrant is None else warrant.case_id)


def _was_refused(done: DoneStep) -> bool:
    """A record that the CRM did not take was given again in another one."""
    return isinstance(done.answer, dict) and done.answer.get("taken") is False
