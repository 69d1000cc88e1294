"""A new version of the workers comes into service beside the old one, and can be taken back (Worker Deployments).

Cases move on to the version that is in service at their next workflow task (auto upgrade): they live for weeks, and a
version of before would have to be kept alive, unpatched, for as long. So its code must go on with their histories:
`verify` says so before, and what is watched here says so after.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from temporalio.api.common.v1 import WorkflowExecution as Execution
from temporalio.api.deployment.v1 import WorkerDeploymentInfo
from temporalio.api.enums.v1 import EventType, WorkerDeploymentVersionStatus
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    ResetWorkflowExecutionRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError, RPCStatusCode

from cancellation.case_list import PROBLEMS
from workers.verify import OURS, replayed

_ASKED_EVERY: Final = 0.5
_STATUSES: Final = {
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT: "corrente",
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING: "entrando",
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING: "saindo",
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED: "sem casos",
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE: "fora de serviço",
}


class NotDeployable(Exception):
    """A version does not come into service; why, in Portuguese."""


@dataclass(frozen=True)
class Version:
    """A version of the workers as Temporal knows it."""

    build_id: str
    status: str
    """In Portuguese."""


@dataclass(frozen=True)
class Deployment:
    """Which versions there are, and which is in service."""

    versions: tuple[Version, ...] = ()
    current: str | None = None
    """The build id in service; None: workers without one."""
    ramping: str | None = None
    percentage: float = 0.0
    """Of the cases that go to the ramping version."""


async def deployment_of(client: Client, name: str) -> Deployment:
    """The deployment as it stands.

    Raises:
        RPCError: the server does not answer.
    """
    try:
        info = await _described(client, name)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return Deployment()
        raise
    routing = info.routing_config
    return Deployment(
        versions=tuple(
            Version(one.deployment_version.build_id, _STATUSES.get(one.status, "desconhecida"))
            for one in sorted(info.version_summaries, key=lambda one: one.create_time.ToDatetime())
        ),
        current=routing.current_deployment_version.build_id or None,
        ramping=routing.ramping_deployment_version.build_id or None,
        percentage=routing.ramping_version_percentage,
    )


async def put_in_service(client: Client, name: str, build_id: str | None) -> None:
    """Every case goes on with this version from its next workflow task on; None: with workers without a build id.

    Raises:
        NotDeployable: no worker of that version polls what the one in service polls.
        RPCError: the server does not answer.
    """
    with _refused():
        await client.workflow_service.set_worker_deployment_current_version(
            SetWorkerDeploymentCurrentVersionRequest(
                namespace=client.namespace, deployment_name=name, build_id=build_id or ""
            )
        )


async def ramp(client: Client, name: str, build_id: str, percentage: float) -> None:
    """So many of a hundred cases go on with this version, always the same ones; 0: none.

    Raises:
        NotDeployable: as with `put_in_service`.
        RPCError: the server does not answer.
    """
    with _refused():
        await client.workflow_service.set_worker_deployment_ramping_version(
            SetWorkerDeploymentRampingVersionRequest(
                namespace=client.namespace,
                deployment_name=name,
                build_id=build_id,
                percentage=percentage,
            )
        )


async def troubled(client: Client) -> set[str]:
    """The open executions whose workflow tasks keep failing, as the server has found out: a defect of ours."""
    query = f"{OURS} AND ExecutionStatus = 'Running' AND {PROBLEMS.name} IS NOT NULL"
    return {execution.id async for execution in client.list_workflows(query)}


async def watched(client: Client, before: set[str], seconds: float) -> set[str]:
    """Watch for so long whether executions begin to fail that did not `before`; those that did, at once."""
    end = time.monotonic() + seconds
    while True:
        fresh = await troubled(client) - before
        if fresh or time.monotonic() >= end:
            return fresh
        await asyncio.sleep(_ASKED_EVERY)


async def broken_by(client: Client, build_id: str) -> AsyncIterator[tuple[WorkflowExecution, int]]:
    """Open executions that do not replay with the code at hand, and have a workflow task that a build completed.

    With the number of the event at which that build first had them in hand.
    """
    async for execution in client.list_workflows(f"{OURS} AND ExecutionStatus = 'Running'"):
        handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
        history = await handle.fetch_history()
        if (await replayed(client, execution, history)).problem is None:
            continue
        for event in history.events:
            if event.event_type != EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
                continue
            completed = event.workflow_task_completed_event_attributes
            if completed.deployment_version.build_id == build_id:
                yield execution, event.event_id
                break


async def go_back_before(client: Client, execution: WorkflowExecution, event_id: int, why: str) -> None:
    """Reset an execution to before a workflow task: it is decided anew, and every message is given again.

    Raises:
        RPCError: the server does not answer, or has no such event.
    """
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=Execution(workflow_id=execution.id, run_id=execution.run_id),
            reason=why,
            request_id=f"{execution.run_id}:{event_id}",
            workflow_task_finish_event_id=event_id,
        )
    )


async def wait_for_workers(client: Client, name: str, build_id: str, seconds: float) -> None:
    """Wait until Temporal knows of workers of that version.

    Raises:
        NotDeployable: there are none within that time.
    """
    end = time.monotonic() + seconds
    while True:
        known = {one.build_id for one in (await deployment_of(client, name)).versions}
        if build_id in known:
            return
        if time.monotonic() >= end:
            raise NotDeployable(
                f"o Temporal não conhece worker da versão {build_id}: ponha-o no ar ao lado do outro "
                f"(CANCELAMENTO_BUILD_ID={build_id} cancelamento worker)"
            )
        await asyncio.sleep(_ASKED_EVERY)


async def _described(client: Client, name: str) -> WorkerDeploymentInfo:
    told = await client.workflow_service.describe_worker_deployment(
        DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=name)
    )
    return told.worker_deployment_info


@contextmanager
def _refused() -> Iterator[None]:
    """What the server does not do with a version as it stands is for whoever deploys it."""
    try:
        yield
    except RPCError as error:
        if error.status not in (RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.NOT_FOUND):
            raise
        raise NotDeployable(f"o Temporal não põe a versão em serviço: {error.message}") from error
