"""What a case waits for, as Temporal knows it: for whoever wants to know why it does not go on."""

import asyncio
from typing import Any

from temporalio.api.enums.v1 import PendingActivityState, TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowExecutionStatus

from cancellation.contract import CANCELLATIONS
from cancellation.domain.identity import workflow_id


async def what_it_waits_for(client: Client, customer_id: str) -> str:
    """Its state, its pending work with attempts, pauses and failures, its queue's pollers and backlog; in one line.

    Raises:
        RPCError: Temporal does not answer, or knows no such case.
    """
    described = await client.get_workflow_handle(workflow_id(customer_id)).describe()
    if described.status is not WorkflowExecutionStatus.RUNNING:
        return f"nothing: {described.status.name if described.status else 'unknown'}"
    raw = described.raw_description
    waits = [
        f"{one.activity_type.name} {PendingActivityState.Name(one.state).removeprefix('PENDING_ACTIVITY_STATE_')}"
        f" attempt {one.attempt}, pause {one.current_retry_interval.ToTimedelta()},"
        f" by {one.last_worker_identity or '?'} {one.last_failure.message[:200]}"
        for one in raw.pending_activities
    ]
    if raw.HasField("pending_workflow_task"):
        waits.append(f"workflow task, attempt {raw.pending_workflow_task.attempt}")
    skipping = raw.workflow_extended_info.time_skipping_info
    waits.append(f"its clock {skipping.current_time.ToDatetime():%Y-%m-%d %H:%M:%S}")
    return "; ".join([*waits, *[await _queue(client, kind) for kind in ("WORKFLOW", "ACTIVITY")]])


async def _queue(client: Client, kind: str) -> str:
    told = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=CANCELLATIONS),
            task_queue_type=TaskQueueType.Value(f"TASK_QUEUE_TYPE_{kind}"),
            report_stats=True,
        )
    )
    return (
        f"{kind.lower()} queue: {len(told.pollers)} pollers, backlog {told.stats.approximate_backlog_count}"
    )


def where(task: "asyncio.Task[Any]") -> str:
    """In which of our functions a task stands, the innermost last."""
    names: list[str] = []
    awaited: Any = task.get_coro()
    while hasattr(awaited, "cr_await"):
        names.append(awaited.__name__)
        awaited = awaited.cr_await
    return " > ".join(names)
