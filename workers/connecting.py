"""How a process of ours reaches the configured Temporal server."""

from typing import Any

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from cancellation.addresses import temporal_connect_config
from cancellation.contract import CANCELLATIONS
from cancellation.encryption import data_converter
from cancellation.settings import Settings


async def connect(settings: Settings, **more: Any) -> Client:
    """A client of the configured Temporal server.

    Raises:
        RuntimeError: the server cannot be reached.
    """
    return await Client.connect(
        **temporal_connect_config(settings.home), data_converter=data_converter(settings.codec.ring), **more
    )


async def is_polled(client: Client, task_queue: str = CANCELLATIONS) -> bool:
    """Whether a worker is polling for workflow tasks: the readiness of a deployment."""
    response = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
    )
    return len(response.pollers) > 0
