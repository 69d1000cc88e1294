"""Erasing what is known of a customer wherever it is kept: records, object store, Temporal's ended cases (LGPD)."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client

from cancellation.adapters.objectstore.erasing import copies_of, erase_folders, originals_of
from cancellation.adapters.objectstore.opening import open_store
from cancellation.adapters.postgres.erasure import PostgresErasure
from cancellation.adapters.postgres.pool import open_pool
from cancellation.adapters.postgres.roles import Role
from cancellation.messages.erasure import Erasable, Erased, ErasedKind
from cancellation.settings import Settings


@dataclass(frozen=True)
class Objects:
    """What was done in the object store."""

    removed: int
    left: int
    """How many nobody could remove: a person has to look."""


@asynccontextmanager
async def open_erasure(settings: Settings) -> AsyncIterator[PostgresErasure]:
    """The records, as the one role that may erase.

    Raises:
        NotConfigured: no database is configured.
        RoleRefused: whoever connects may not work as that role.
    """
    pool = await open_pool(settings.require_database_url(), max_size=1, role=Role.ERASE)
    try:
        yield PostgresErasure(pool)
    finally:
        await pool.close()


async def erase_records(
    records: PostgresErasure, customer_id: str, due: Iterable[Erasable], at: datetime, actor: str
) -> list[Erased]:
    """Erase what is due in the records, each kind of each case in a transaction of its own."""
    return [await records.erase(customer_id, one, at, actor) for one in due]


async def erase_objects(settings: Settings, customer_id: str, due: Sequence[Erasable]) -> Objects:
    """Remove archives of erased cases, and with the customer the recordings that a policy has left.

    Recordings only of a customer whose case was closed: of anybody else nothing was ever to be removed (P19).

    Raises:
        StoreUnavailable: the store cannot be asked now; asked again, this goes on.
    """
    folders = [
        folder for one in due if one.kind is ErasedKind.CASE for folder in copies_of(one.case_id or "")
    ]
    if any(one.kind is ErasedKind.CUSTOMER for one in due) and any(one.outcome == "closed" for one in due):
        folders += originals_of(customer_id)
    store = open_store(settings.recordings_url, settings.recordings_options)
    return Objects(*await erase_folders(store, folders))


async def delete_executions(client: Client, workflow_ids: Iterable[str], deliveries: Iterable[str]) -> int:
    """Have Temporal delete what it still holds of ended executions; how many there were.

    It answers at once and deletes behind its answer, within a minute.

    Args:
        client: connected.
        workflow_ids: of the erased cases.
        deliveries: of the e-mails that are gone; what waited for a person about them begins with the same id.
    """
    queries = [f"WorkflowId = '{_quoted(one)}'" for one in workflow_ids]
    queries += [f"WorkflowId STARTS_WITH '{_quoted(one)}'" for one in deliveries]
    deleted = 0
    for query in queries:
        async for found in client.list_workflows(f"{query} AND ExecutionStatus != 'Running'"):
            await client.workflow_service.delete_workflow_execution(
                DeleteWorkflowExecutionRequest(
                    namespace=client.namespace,
                    workflow_execution=WorkflowExecution(workflow_id=found.id, run_id=found.run_id),
                )
            )
            deleted += 1
    return deleted


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
