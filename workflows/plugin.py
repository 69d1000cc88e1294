"""What every process that runs or replays our workflows uses alike: converter, sandbox, interceptors (X8, X22)."""

import dataclasses
from typing import Any, Final

from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.plugin import SimplePlugin
from temporalio.worker import Replayer, WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker._workflow_instance import _WorkflowLogicFlag
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from workflows.cancellation import CancellationWorkflow
from workflows.incoming_mail import IncomingMailWorkflow
from workflows.instants import OwnInstants
from workflows.one_argument import OneArgument, TolerantPayloadConverter
from workflows.undecided_mail import UndecidedMailWorkflow

WORKFLOWS: Final = (CancellationWorkflow, IncomingMailWorkflow, UndecidedMailWorkflow)
_PASSED_THROUGH: Final = (
    "activities",
    "annotated_types",
    "cancellation",
    "pydantic",
    "pydantic_core",
    "typing_extensions",
    "tzdata",
    "workflows",
    "zoneinfo",
)


class WholeActivations(SandboxedWorkflowRunner):
    """The sandbox, whose workflows see everything of an activation before they decide anything (X22).

    The engine merges a workflow task without commands with the next one when a worker catches up; the library's own
    way of running messages before results then decides in another order than the first time (sdk-python issue
    1591). Its logic flag 2, which is to become the default, applies every job before the workflow runs. The flag is
    recorded in the history, so a replay does as the first run did.
    """

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """The instance, with the flag."""
        flags = det.default_workflow_logic_flags
        whole = _WorkflowLogicFlag.PROCESS_WORKFLOW_ACTIVATION_JOBS_AS_SINGLE_BATCH
        return super().create_instance(dataclasses.replace(det, default_workflow_logic_flags=flags | {whole}))


def sandbox() -> SandboxedWorkflowRunner:
    """The determinism sandbox, through which our own packages and pydantic pass."""
    return WholeActivations(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*_PASSED_THROUGH)
    )


def converter() -> DataConverter:
    """The converter of workers, which raises on no argument that an outside tool can send (X8)."""
    return DataConverter(payload_converter_class=TolerantPayloadConverter)


class CancellationPlugin(SimplePlugin):
    """Workflows, sandbox, converter and interceptors, for worker and replayer alike."""

    def __init__(self) -> None:
        super().__init__(
            "cancelamento",
            data_converter=converter(),
            interceptors=[OneArgument(), OwnInstants()],
            workflows=list(WORKFLOWS),
            workflow_runner=sandbox(),
        )


def tolerant(client: Client) -> Client:
    """The same connection with the workers' converter."""
    config = client.config()
    config["data_converter"] = converter()
    return Client(**config)


def replayer(**options: Any) -> Replayer:
    """Replays histories of our workflows exactly as a worker runs them."""
    return Replayer(workflows=[], plugins=[CancellationPlugin()], **options)
