"""Before a deployment: do the cases of a live cluster replay with the code at hand? (X22, `worker --verify`)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from temporalio.client import Client, WorkflowExecution, WorkflowHistory

from cancellation.contract import CANCELLATION, INCOMING_MAIL, UNDECIDED_MAIL
from workflows.plugin import replayer

OURS: Final = f"WorkflowType IN ('{CANCELLATION}', '{INCOMING_MAIL}', '{UNDECIDED_MAIL}')"


@dataclass(frozen=True)
class Replayed:
    """One execution, and what went wrong with it."""

    workflow_id: str
    run_id: str
    open: bool
    problem: str | None = None
    """None: it replays."""


async def replayed_cases(client: Client, latest_closed: int) -> AsyncIterator[Replayed]:
    """Replay every open execution of ours, and the latest closed ones.

    Args:
        client: of the live cluster; nothing is changed there.
        latest_closed: how many closed executions, the latest first.
    """
    running, closed = f"{OURS} AND ExecutionStatus = 'Running'", f"{OURS} AND ExecutionStatus != 'Running'"
    for query, most in ((running, None), (closed, latest_closed)):
        async for execution in client.list_workflows(query, limit=most):
            handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
            yield await replayed(client, execution, await handle.fetch_history())


async def replayed(client: Client, execution: WorkflowExecution, history: WorkflowHistory) -> Replayed:
    """Replay one execution with the code at hand."""
    replays = replayer(client.data_converter.payload_codec)
    result = await replays.replay_workflow(history, raise_on_replay_failure=False)
    failure = result.replay_failure
    return Replayed(
        execution.id,
        execution.run_id,
        execution.close_time is None,
        None if failure is None else f"{type(failure).__name__}: {failure}",
    )
