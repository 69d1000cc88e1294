"""What time it is for a case: the machine's clock, or the case's own where time may be skipped."""

from datetime import UTC, datetime
from typing import TypeVar

from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper

from cancellation.client import CancellationClient
from cancellation.messages.envelope import Message
from cancellation.settings import Clock
from starters.cli.running import settings_of_command

M = TypeVar("M", bound=Message)


async def dated(client: CancellationClient, case: str, fact: M, clock: Clock | None = None) -> M:
    """A fact with the instant at which it happened: now, for that case, unless it says another.

    Args:
        client: connected.
        case: the case that the fact is about; it need not exist yet.
        fact: what will be reported.
        clock: the clock of the servers; None takes the command's settings.
    """
    if fact.occurred_at is not None:
        return fact
    clock = settings_of_command().clock if clock is None else clock
    now = await _case_time(client, case) if clock is Clock.VIRTUAL else datetime.now(UTC)
    return fact.model_copy(update={"occurred_at": now})


async def _case_time(client: CancellationClient, case: str) -> datetime:
    """The own instant of an open case; a case that will be opened begins at the machine's."""
    handle = await client.find(case)
    try:
        running = (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        running = False
    if not running:
        return datetime.now(UTC)
    return await TimeSkipper(client.temporal).get_current_time(handle)
