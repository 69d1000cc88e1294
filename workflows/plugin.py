"""What every process that runs or replays our workflows uses alike: converter, sandbox, interceptors (X8, X22)."""

import dataclasses
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Final, ParamSpec, TypeVar

from temporalio.client import Client
from temporalio.converter import DataConverter, PayloadCodec, SerializationContext, StorageDriverStoreContext
from temporalio.plugin import SimplePlugin
from temporalio.worker import Replayer, Worker, WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker._workflow_instance import _WorkflowLogicFlag
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

from cancellation.encryption import Encryption, ReadFailures, encrypting
from workflows.at_work import CaseAtWork
from workflows.cancellation import CancellationWorkflow
from workflows.incoming_mail import IncomingMailWorkflow
from workflows.instants import OwnInstants
from workflows.one_argument import OneArgument, TolerantPayloadConverter
from workflows.reconciliation import ReconciliationWorkflow
from workflows.undecided_mail import UndecidedMailWorkflow

WORKFLOWS: Final = (
    CancellationWorkflow,
    IncomingMailWorkflow,
    UndecidedMailWorkflow,
    ReconciliationWorkflow,
)
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


STANDSTILL_SECONDS: Final = 60
"""After so long without a step a workflow is taken for one that never makes another."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Undisturbed(WorkflowInstance):
    """A sandboxed workflow that is not asked for a context of every payload, and never ended by force.

    The library asks several times a payload, each time by having the sandbox compile and run a text: of what a case
    costs a worker about a tenth, and of ten thousand messages in one workflow task seconds. A context is for codecs,
    converters and stores that differ by command; ours (`converter`) does not.

    And it gives a workflow up that has not yielded for some seconds by the wall clock: it raises an error in its
    thread, or takes it from memory while it still runs. Between two steps neither is possible: the worker then keeps
    its place for it, does not go on with the case, and does not stop. Ours waits for nothing, so on a machine that
    stood still it ends by itself, and is taken from memory then.
    """

    def __init__(self, sandboxed: WorkflowInstance) -> None:
        self._sandboxed = sandboxed
        self._active = threading.Lock()

    def activate(self, act: Any) -> Any:
        """Handle an activation, when the one before has ended."""
        with self._active:
            return self._sandboxed.activate(act)

    def get_serialization_context(self, command_info: Any) -> SerializationContext | None:
        """None."""
        return None

    def get_external_store_context(self, command_info: Any) -> StorageDriverStoreContext:
        """An empty one."""
        return StorageDriverStoreContext(target=None)

    def get_info(self) -> Info:
        """What the workflow knows of itself."""
        return self._sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        """None, so that nothing is raised there."""
        return None


class WholeActivations(SandboxedWorkflowRunner):
    """The sandbox, whose workflows see everything of an activation before they decide anything (X22).

    The engine merges a workflow task without commands with the next one when a worker catches up; the library's own
    way of running messages before results then decides in another order than the first time (sdk-python issue
    1591). Its logic flag 2, which is to become the default, applies every job before the workflow runs. The flag is
    recorded in the history, so a replay does as the first run did.
    """

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """The instance, with the flag, and undisturbed."""
        flags = det.default_workflow_logic_flags
        whole = _WorkflowLogicFlag.PROCESS_WORKFLOW_ACTIVATION_JOBS_AS_SINGLE_BATCH
        flagged = dataclasses.replace(det, default_workflow_logic_flags=flags | {whole})
        return Undisturbed(super().create_instance(flagged))


def sandbox() -> SandboxedWorkflowRunner:
    """The determinism sandbox, through which our own packages and pydantic pass."""
    return WholeActivations(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*_PASSED_THROUGH)
    )


def converter(codec: PayloadCodec | None = None) -> DataConverter:
    """The converter of workers, which raises on no argument that an outside tool can send (X8).

    Args:
        codec: of the worker's client, or None.
    """
    mild = codec.for_worker() if isinstance(codec, Encryption) else codec
    return encrypting(DataConverter(payload_converter_class=TolerantPayloadConverter), mild)


def _reading(codec: PayloadCodec | None) -> DataConverter:
    """The same for replays, which send nothing: what is wrong with one is said in clear."""
    return dataclasses.replace(converter(codec), failure_converter_class=ReadFailures)


class CancellationPlugin(SimplePlugin):
    """Workflows, sandbox, converter and interceptors, for worker and replayer alike.

    Args:
        codec: what the cluster's payloads are encrypted with, or None.
    """

    def __init__(self, codec: PayloadCodec | None = None) -> None:
        super().__init__(
            "cancelamento",
            # Workers have that of their client: `tolerant`.
            data_converter=_reading(codec),
            interceptors=[OneArgument(), OwnInstants(), CaseAtWork()],
            workflows=list(WORKFLOWS),
            workflow_runner=sandbox(),
        )

    async def run_worker(self, worker: Worker, next: Callable[[Worker], Awaitable[None]]) -> None:
        """Run it, and let a workflow task take its time.

        The library lets one fail that has not yielded for two seconds by the wall clock. Nothing in our workflows
        waits for anything, but on a machine that is busy with other things thousands of messages take longer (X8).
        What changes a case is tried again by the engine then; who asks for its status would be told of a deadlock.
        """
        workflows = worker._workflow_worker
        if workflows is not None and workflows._deadlock_timeout_seconds is not None:
            workflows._deadlock_timeout_seconds = STANDSTILL_SECONDS
        await super().run_worker(worker, next)


def tolerant(client: Client) -> Client:
    """The same connection with the workers' converter, encrypted as it was."""
    config = client.config()
    config["data_converter"] = converter(client.data_converter.payload_codec)
    return Client(**config)


class _Unhurried(ThreadPoolExecutor):
    """Is done with a workflow task before anybody looks at a clock: a busy machine is no finding (X22)."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Run it to its end."""
        done = super().submit(fn, *args, **kwargs)
        wait((done,))
        return done


def replayer(codec: PayloadCodec | None = None, **options: Any) -> Replayer:
    """Replays histories of our workflows exactly as a worker runs them.

    Args:
        codec: of the client that fetched them, or None.
        options: of the library's replayer.
    """
    return Replayer(
        workflows=[], plugins=[CancellationPlugin(codec)], workflow_task_executor=_Unhurried(), **options
    )
