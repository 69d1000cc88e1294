"""The Temporal Schedule that starts reconciliation daily (X11)."""

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any, Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
    WorkflowHandle,
)
from temporalio.service import RPCError, RPCStatusCode

from cancellation.contract import CANCELLATIONS, RECONCILIATION, TASK_TIMEOUT
from cancellation.messages.reconciliation import ReconciliationResult
from workers.prepared import NotPrepared

SCHEDULE: Final = "reconciliation"
"""Its id, for `temporal schedule toggle --schedule-id`."""
_HOUR: Final = 5
"""Before anybody works, local time."""
_SETUP: Final = "rode cancelamento setup"
_BEGINS_WITHIN: Final = 20.0
_LOOK_AGAIN: Final = 0.1
"""Seconds."""


def daily_schedule() -> Schedule:
    """A run every morning, one at a time; one that was missed is caught up with while the morning lasts."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            RECONCILIATION,
            id=SCHEDULE,
            task_queue=CANCELLATIONS,
            task_timeout=TASK_TIMEOUT,
            static_summary="Conferência dos registros",
        ),
        spec=ScheduleSpec(
            calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(_HOUR)], comment="Todo dia, às 5h")],
            time_zone_name="America/Sao_Paulo",
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(hours=12)),
    )


async def prepare_schedule(client: Client) -> str | None:
    """Have the schedule; what was done, in Portuguese, None: nothing.

    Of one that is there what it starts is brought up to date. When it does is left as operators have it, and so is
    whether it is paused.

    Raises:
        RPCError: the server does not answer, or whoever asks may not.
    """
    try:
        await client.create_schedule(SCHEDULE, daily_schedule())
    except ScheduleAlreadyRunningError:
        paused = await _brought_up_to_date(client)
        return f"a conferência diária ({SCHEDULE}) está pausada, e continua assim" if paused else None
    return f"conferência diária agendada: {SCHEDULE}"


async def _brought_up_to_date(client: Client) -> bool:
    paused = []

    def renewed(held: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule = held.description.schedule
        paused.append(schedule.state.paused)
        wanted = daily_schedule()
        return ScheduleUpdate(dataclasses.replace(schedule, action=wanted.action, policy=wanted.policy))

    await client.get_schedule_handle(SCHEDULE).update(renewed)
    return paused[-1]


async def run_now(client: Client) -> WorkflowHandle[Any, Any]:
    """Have a run begin now, also while the schedule is paused; the one that runs already, if one does.

    Raises:
        NotPrepared: there is no schedule.
        RPCError: the server does not answer.
        TimeoutError: the server takes the order and does not follow it.
    """
    schedule = client.get_schedule_handle(SCHEDULE)
    try:
        before = (await schedule.describe()).info
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise NotPrepared(
                [f"a conferência ({SCHEDULE}) não está agendada no Temporal: {_SETUP}"]
            ) from None
        raise
    if not before.running_actions:
        await schedule.trigger(overlap=ScheduleOverlapPolicy.SKIP)
    async with asyncio.timeout(_BEGINS_WITHIN):
        while True:
            now = (await schedule.describe()).info
            if now.running_actions:
                action = now.running_actions[-1]
                break
            if now.num_actions > before.num_actions:
                action = now.recent_actions[-1].action
                break
            await asyncio.sleep(_LOOK_AGAIN)
    assert isinstance(action, ScheduleActionExecutionStartWorkflow)
    return client.get_workflow_handle(
        action.workflow_id, run_id=action.first_execution_run_id, result_type=ReconciliationResult
    )
