"""Cases as Temporal's own list tells them, by search attributes alone: no worker is asked."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict
from temporalio.client import Client, WorkflowExecution
from temporalio.common import SearchAttributeKey

from cancellation.contract import ATTENTION, CANCELLATION, CHANNEL, NOTICE_END, PROTOCOL, REASON, STAGE
from cancellation.domain.identity import customer_of, workflow_id
from cancellation.domain.stage import Stage
from cancellation.domain.values import Channel, ReasonCategory

PROBLEMS: Final = SearchAttributeKey.for_keyword_list("TemporalReportedProblems")
"""The server's own: set after some failures of a workflow task in a row, and unset when one succeeds."""


class CaseListing(BaseModel):
    """A case as the list shows it, from search attributes alone: no worker is asked."""

    model_config = ConfigDict(frozen=True)

    customer_id: str
    protocol: str | None
    workflow_id: str
    run_id: str
    stage: Stage | None
    """None for an execution that never got as far as being a case."""
    execution: str
    """The execution's own state in Temporal: `running`, `completed`, `failed`, `terminated`..."""
    channel: str | None
    reason: str | None
    notice_ends_at: AwareDatetime | None
    attention: tuple[str, ...]
    opened_at: AwareDatetime
    ended_at: AwareDatetime | None
    company: str | None = None
    """None where the CRM was not asked, or does not know the customer."""
    since: AwareDatetime | None = None
    """Since when it is in its stage; None where the CRM was not asked."""
    problems: tuple[str, ...] = ()
    """What the server reports of an execution whose workflow task keeps failing; empty for one that works."""


@dataclass(frozen=True)
class Wanted:
    """Which cases the list shall have; None: whatever it is."""

    stage: Stage | None = None
    attention: bool = False
    """Only cases that need attention (X7), or that a bug keeps from answering."""
    customer_id: str | None = None
    reason: ReasonCategory | None = None
    channel: Channel | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    open_only: bool = False


def case_query(wanted: Wanted) -> str:
    """The list filter of `CancellationClient.cases`."""
    parts = [f"WorkflowType = '{CANCELLATION}'", "ExecutionStatus != 'ContinuedAsNew'"]
    for attribute, value in (
        (STAGE.name, wanted.stage),
        (REASON.name, wanted.reason),
        (CHANNEL.name, wanted.channel),
    ):
        if value is not None:
            parts.append(f"{attribute} = '{value.value}'")
    if wanted.attention:
        parts.append(f"({ATTENTION.name} IS NOT NULL OR {PROBLEMS.name} IS NOT NULL)")
    if wanted.customer_id is not None:
        parts.append(f"WorkflowId = '{_quoted(workflow_id(wanted.customer_id))}'")
    if wanted.opened_from is not None:
        parts.append(f"StartTime >= '{wanted.opened_from.astimezone(UTC).isoformat()}'")
    if wanted.opened_before is not None:
        parts.append(f"StartTime < '{wanted.opened_before.astimezone(UTC).isoformat()}'")
    if wanted.open_only:
        parts.append("ExecutionStatus = 'Running'")
    return " AND ".join(parts)


async def latest_with(client: Client, protocol: str) -> WorkflowExecution | None:
    """The execution that was started last of those with this protocol number, or None."""
    query = f"WorkflowType = '{CANCELLATION}' AND {PROTOCOL.name} = '{protocol}'"
    found = [execution async for execution in client.list_workflows(query)]
    return max(found, key=lambda execution: execution.start_time, default=None)


def listing_of(execution: WorkflowExecution) -> CaseListing:
    """What the list tells of an execution."""
    found = execution.typed_search_attributes
    stage = found.get(STAGE)
    return CaseListing(
        customer_id=customer_of(execution.id) or execution.id,
        protocol=found.get(PROTOCOL),
        workflow_id=execution.id,
        run_id=execution.run_id,
        stage=Stage(stage) if stage in set(Stage) else None,
        execution=execution.status.name.lower() if execution.status else "unknown",
        channel=found.get(CHANNEL),
        reason=found.get(REASON),
        notice_ends_at=found.get(NOTICE_END),
        attention=tuple(found.get(ATTENTION) or ()),
        opened_at=execution.start_time,
        ended_at=execution.close_time,
        problems=tuple(found.get(PROBLEMS) or ()),
    )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
