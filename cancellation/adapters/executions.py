"""Executions as Temporal's list tells them, and as they answer themselves (X11)."""

import asyncio
import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from cancellation.case_list import PROBLEMS
from cancellation.contract import CANCELLATION, CANCELLATIONS, INCOMING_MAIL, INCOMING_MAILS
from cancellation.messages.reconciliation import ExecutionPage, ExecutionSeen

_PAGE: Final = 200
_AT_ONCE: Final = 8
_ANSWERS_WITHIN: Final = timedelta(seconds=5)


class TemporalExecutions:
    """Implements `cancellation.ports.reconciliation.Engine`.

    Args:
        client: of the namespace.
        queues: whose executions are ours.
        page: how many a page holds.
    """

    def __init__(
        self,
        client: Client,
        queues: Sequence[str] = (CANCELLATIONS, INCOMING_MAILS),
        page: int = _PAGE,
    ) -> None:
        self._client = client
        self._queues = queues
        self._page = page

    async def running(self, before: datetime, page: str = "") -> ExecutionPage:
        """The next page of executions of cases; of others those alone that do not get on."""
        queues = ", ".join(f"'{queue}'" for queue in self._queues)
        query = (
            f"TaskQueue IN ({queues}) AND ExecutionStatus = 'Running' AND (WorkflowType = '{CANCELLATION}'"
            f" OR {PROBLEMS.name} IS NOT NULL"
            f" OR (WorkflowType = '{INCOMING_MAIL}' AND StartTime < '{before.astimezone(UTC).isoformat()}'))"
        )
        token = base64.b64decode(page) if page else None
        found = self._client.list_workflows(query, page_size=self._page, next_page_token=token)
        await found.fetch_next_page()
        following = found.next_page_token
        return ExecutionPage(
            executions=tuple(map(_seen, found.current_page or ())),
            next_page=base64.b64encode(following).decode() if following else None,
        )

    async def asked(self, executions: Sequence[ExecutionSeen]) -> Sequence[ExecutionSeen]:
        """The same, with what those say of themselves that answer."""
        slots = asyncio.Semaphore(_AT_ONCE)

        async def ask(one: ExecutionSeen) -> ExecutionSeen | None:
            async with slots:
                return await self._ask(one)

        return [one for one in await asyncio.gather(*map(ask, executions)) if one is not None]

    async def is_running(self, workflow_id: str) -> bool:
        """Whether one runs at this moment."""
        try:
            found = await self._client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return found.status is WorkflowExecutionStatus.RUNNING

    async def _ask(self, one: ExecutionSeen) -> ExecutionSeen | None:
        handle = self._client.get_workflow_handle(one.workflow_id)
        try:
            # As it comes: a worker of another version may say more, or less.
            told: dict[str, Any] = await handle.query("status", rpc_timeout=_ANSWERS_WITHIN)
        except (RPCError, WorkflowQueryFailedError):
            return None
        return ExecutionSeen.model_validate(
            {
                **one.model_dump(),
                "stage": told.get("stage"),
                "notice_ends_at": (told.get("notice") or {}).get("ends_at"),
                "trail_entries": told.get("trail_entries"),
                "trail_recorded": told.get("trail_recorded"),
                "owes_crm": any(owed.get("system") == "crm" for owed in told.get("pending", ())),
            }
        )


def _seen(execution: WorkflowExecution) -> ExecutionSeen:
    return ExecutionSeen(
        workflow_id=execution.id,
        run_id=execution.run_id,
        workflow_type=execution.workflow_type,
        started_at=execution.start_time,
        wedged=bool(execution.typed_search_attributes.get(PROBLEMS)),
    )
