"""What Temporal says of its queues, and of executions whose workflow task keeps failing."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from cancellation.case_list import PROBLEMS
from cancellation.contract import CANCELLATION, CANCELLATIONS, INCOMING_MAILS

KINDS: Final = {
    "workflow": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    "activity": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
}
_POLLS_WITHIN: Final = 120.0
"""Seconds in which a worker that lives has asked again: the server remembers one for five minutes."""
QUEUES: Final = tuple((queue, kind) for queue in (CANCELLATIONS, INCOMING_MAILS) for kind in KINDS)
"""Every queue that our workers poll, and what of it."""


@dataclass(frozen=True)
class Queue:
    """What stands in a queue, and who comes for it."""

    pollers: int
    backlog: int
    backlog_age: float
    """Seconds that its oldest task has waited."""


@dataclass(frozen=True)
class Engine:
    """Everything at about one instant."""

    queues: Mapping[tuple[str, str], Queue]
    running: int
    """Executions of cases that have not ended."""
    wedged: int
    """Executions of ours, mail's too, whose workflow task failed so often that the server reports it."""


async def read_engine(client: Client) -> Engine:
    """Ask the server.

    Raises:
        Exception: it does not answer.
    """
    queues = {(queue, kind): await _queue(client, queue, KINDS[kind]) for queue, kind in QUEUES}
    running = await client.count_workflows(f"WorkflowType = '{CANCELLATION}' AND ExecutionStatus = 'Running'")
    wedged = await client.count_workflows(f"{PROBLEMS.name} IS NOT NULL AND ExecutionStatus = 'Running'")
    return Engine(queues, running.count, wedged.count)


async def _queue(client: Client, name: str, kind: TaskQueueType.ValueType) -> Queue:
    found = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=name),
            task_queue_type=kind,
            report_stats=True,
        )
    )
    lately = time.time() - _POLLS_WITHIN
    pollers = sum(poller.last_access_time.ToSeconds() > lately for poller in found.pollers)
    age = found.stats.approximate_backlog_age.ToTimedelta()
    return Queue(pollers, found.stats.approximate_backlog_count, age.total_seconds())
