"""Histories of cases as Temporal keeps them: of every execution that the namespace still holds."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowExecution

from cancellation.contract import CANCELLATION
from cancellation.domain.identity import workflow_id
from cancellation.ports.histories import DoneStep

_STILL_OPEN: Final = datetime.max.replace(tzinfo=UTC)
_EVENTS: Final = 1_000_000
"""More than a history can have: the places of one execution are apart from those of the next."""


class TemporalHistories:
    """Implements `cancellation.ports.histories.CaseHistories`.

    Args:
        client: gives the client; an activity knows its own only while it runs.
    """

    def __init__(self, client: Callable[[], Client]) -> None:
        self._client = client

    async def done_for(self, customer_id: str) -> AsyncIterator[DoneStep]:
        """Every step that was done for the customer's cases, execution after execution; see the port."""
        for number, execution in enumerate(await self._executions(customer_id)):
            async for step in self._done_in(execution, number * _EVENTS):
                yield step

    async def _executions(self, customer_id: str) -> list[WorkflowExecution]:
        """In the order in which they worked: one that was reset ended before the one that goes on for it."""
        query = f"WorkflowType = '{CANCELLATION}' AND WorkflowId = '{_quoted(workflow_id(customer_id))}'"
        found = [execution async for execution in self._client().list_workflows(query)]
        return sorted(found, key=lambda one: (one.start_time, one.close_time or _STILL_OPEN))

    async def _done_in(self, execution: WorkflowExecution, first: int) -> AsyncIterator[DoneStep]:
        handle = self._client().get_workflow_handle(execution.id, run_id=execution.run_id)
        asked: dict[int, tuple[str, Sequence[Payload]]] = {}
        async for event in handle.fetch_history_events():
            if event.HasField("activity_task_scheduled_event_attributes"):
                scheduled = event.activity_task_scheduled_event_attributes
                asked[event.event_id] = (scheduled.activity_type.name, scheduled.input.payloads)
            elif event.HasField("activity_task_completed_event_attributes"):
                completed = event.activity_task_completed_event_attributes
                step, given = asked.pop(completed.scheduled_event_id)
                yield DoneStep(
                    step=step,
                    asked=await self._clear(given),
                    answer=_answer(await self._clear(completed.result.payloads)),
                    asked_at=first + completed.scheduled_event_id,
                    done_at=first + event.event_id,
                )

    async def _clear(self, payloads: Sequence[Payload]) -> bytes:
        """The one value that an activity takes, or answers, as JSON."""
        codec = self._client().data_converter.payload_codec
        clear = await codec.decode(payloads) if codec is not None else payloads
        return clear[0].data if clear else b""


def _answer(data: bytes) -> Any:
    """Without the time that it took, which the worker adds."""
    answered = json.loads(data) if data else None
    return answered["answer"] if isinstance(answered, dict) and "answer" in answered else answered


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
