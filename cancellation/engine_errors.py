"""The engine's errors about a case, in our own words."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from temporalio.api.common.v1 import WorkflowExecution as ExecutionId
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import (
    ActivityFailureError,
    Client,
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.exceptions import TimeoutError as NobodyAnswered
from temporalio.service import RPCError, RPCStatusCode

from cancellation.case_list import PROBLEMS
from cancellation.domain.refusal import Problem, Refused
from cancellation.failures import CaseEnded, CaseFailed, CaseNotFound, ServerUnreachable

_LOOK_WITHIN: Final = timedelta(seconds=5)


@contextmanager
def translated(reference: str) -> Iterator[None]:
    """Turn the library's errors about the case named `reference` into ours."""
    try:
        yield
    except WorkflowUpdateFailedError as error:
        raise _answered_no(error.cause, reference) from error
    except WorkflowFailureError as error:
        cause = error.cause
        refused = isinstance(cause, ApplicationError) and cause.type == "Refused"
        words = cause.message if refused and isinstance(cause, ApplicationError) else str(cause)
        raise CaseFailed(f"a execução do caso “{reference}” falhou: {words}") from error
    except ActivityFailureError as error:
        if isinstance(error.cause, NobodyAnswered):
            raise ServerUnreachable("nenhum worker respondeu a tempo (cancelamento worker)") from error
        raise CaseFailed(f"não foi possível responder sobre “{reference}”: {error.cause}") from error
    except WorkflowQueryFailedError as error:
        raise CaseFailed(f"o caso “{reference}” não respondeu: {error.message}") from error
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise ServerUnreachable("nenhum worker respondeu a tempo (cancelamento worker)") from error
    except RPCError as error:
        raise _rpc_problem(error, reference) from error


def _answered_no(cause: BaseException, reference: str) -> Exception:
    if not isinstance(cause, ApplicationError):
        return CaseFailed(f"o caso “{reference}” não pôde responder: {cause}")
    if cause.type == "Refused":
        return Refused(*_problems(cause))
    if cause.type == "AcceptedUpdateCompletedWorkflow":
        return CaseEnded(reference)
    return CaseFailed(f"o caso “{reference}” não pôde responder: {cause.message}")


def _problems(error: ApplicationError) -> list[Problem]:
    """The problems in a refusal's details, whatever another version of the worker put there."""
    found = [detail for detail in error.details if isinstance(detail, dict)]
    problems = [
        Problem(field=str(detail.get("field", "payload")), problem=str(detail.get("problem", "")))
        for detail in found
    ]
    return problems or [Problem(field="payload", problem=error.message)]


def _rpc_problem(error: RPCError, reference: str) -> Exception:
    match error.status:
        case RPCStatusCode.NOT_FOUND:
            ended = "already completed" in error.message
            return CaseEnded(reference) if ended else CaseNotFound(reference)
        case RPCStatusCode.FAILED_PRECONDITION:
            return ServerUnreachable("nenhum worker está no ar para responder (cancelamento worker)")
        case RPCStatusCode.INVALID_ARGUMENT:
            return Refused(Problem(field="payload", problem=error.message))
        case _:
            return ServerUnreachable(f"o servidor Temporal não respondeu ({error.status.name})")


def is_moving(error: RPCError) -> bool:
    """Whether the case goes on in a new execution at this moment, or ends, and can be asked a moment later."""
    words = ("not scheduled yet", "unexpected workflow task failure")
    return error.status is RPCStatusCode.FAILED_PRECONDITION and any(word in error.message for word in words)


def is_busy(error: RPCError) -> bool:
    """Whether the server, being there, could not take what was asked just now."""
    given_back = error.status is RPCStatusCode.UNAVAILABLE and "aborted" in error.message
    return (
        given_back
        or is_moving(error)
        or error.status in (RPCStatusCode.RESOURCE_EXHAUSTED, RPCStatusCode.ABORTED)
    )


async def is_broken(client: Client, handle: WorkflowHandle[Any, Any]) -> bool:
    """Whether an execution gives no answer because its workflow task fails: server and workers are there."""
    try:
        found = await handle.describe(rpc_timeout=_LOOK_WITHIN)
        if found.status is not WorkflowExecutionStatus.RUNNING:
            return False
        if found.typed_search_attributes.get(PROBLEMS):
            return True
        tried = found.raw_description.pending_workflow_task.attempt
        return tried > 1 and await _has_failed(client, found)
    except RPCError:
        return False


async def _has_failed(client: Client, execution: WorkflowExecution) -> bool:
    """Whether the newest event is a workflow task that failed; one that nobody took has timed out instead."""
    newest = await client.workflow_service.get_workflow_execution_history_reverse(
        GetWorkflowExecutionHistoryReverseRequest(
            namespace=client.namespace,
            execution=ExecutionId(workflow_id=execution.id, run_id=execution.run_id),
            maximum_page_size=1,
        ),
        timeout=_LOOK_WITHIN,
    )
    return any(event.HasField("workflow_task_failed_event_attributes") for event in newest.history.events)
