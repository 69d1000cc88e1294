"""The clock of a case or of a Schedule, where it can be put forward: thirty days pass in a second."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

from temporalio.client import (
    Client,
    ScheduleActionExecutionStartWorkflow,
    ScheduleHandle,
    WorkflowExecutionStatus,
    WorkflowHandle,
)
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper, TimeSkippingConfig

_LOOK: Final = 3.0
_LOOK_AGAIN: Final = 0.05
_BEGINS_WITHIN: Final = 30.0
"""Seconds."""
_SCHEDULER: Final = "temporal-sys-scheduler:"
"""The execution in which the engine keeps a Schedule, and whose clock is the Schedule's."""
_BEYOND: Final = timedelta(minutes=1)


class VirtualTime:
    """Reads and puts forward the clocks of single executions; each has its own.

    The engine (1.32) takes a timer that is due and has not rung for none. On a busy machine an execution at work in
    the moment at which a stretch ends goes on to its next timer, and one that is put forward in the moment at which a
    timer falls due passes over it: let a stretch end well before or after what it brings about.
    """

    def __init__(self, client: Client, *, most_skips: int = 0) -> None:
        """At most `most_skips` pauses are skipped in a row; 0: as the engine has it."""
        self._client = client
        self._skipper = TimeSkipper(client, config=TimeSkippingConfig(max_session_skip_count=most_skips))

    async def now(self, handle: WorkflowHandle[Any, Any]) -> datetime:
        """The execution's instant."""
        return await self._skipper.get_current_time(handle)

    async def pass_by(self, handle: WorkflowHandle[Any, Any], span: timedelta) -> bool:
        """Let time pass in an execution, and everything happen that falls due meanwhile.

        Returns:
            False if it ended before.
        """
        try:
            end = await self.now(handle) + span
            passing = asyncio.ensure_future(self._skipper.fast_forward(handle, span))
            try:
                while not (await asyncio.wait({passing}, timeout=_LOOK))[0]:
                    # On a busy machine the engine can lose the word that the span is over: its caller waits for ever.
                    if await self.now(handle) >= end:
                        return True
                    if (await handle.describe()).status is not WorkflowExecutionStatus.RUNNING:
                        return False
                return await passing
            finally:
                passing.cancel()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise

    async def run_after(self, schedule: ScheduleHandle, at: datetime) -> WorkflowHandle[Any, Any]:
        """Put a Schedule's clock forward, and let it start what falls due first after an instant.

        Args:
            schedule: of this client, not paused; what falls due before is passed over.
            at: the instant (aware), after the Schedule's own.

        Returns:
            The run that it has started.

        Raises:
            TimeoutError: it does not start any.
        """
        clock = self._client.get_workflow_handle(f"{_SCHEDULER}{schedule.id}")
        await schedule.pause()
        await self.pass_by(clock, at - await self.now(clock))
        await schedule.unpause()
        before = (await schedule.describe()).info
        await self.pass_by(clock, before.next_action_times[0] - await self.now(clock) + _BEYOND)
        async with asyncio.timeout(_BEGINS_WITHIN):
            # Nothing tells when a Schedule has started something, so it is asked.
            while (info := (await schedule.describe()).info).num_actions == before.num_actions:  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_AGAIN)
        action = info.recent_actions[-1].action
        assert isinstance(action, ScheduleActionExecutionStartWorkflow)
        return self._client.get_workflow_handle(action.workflow_id, run_id=action.first_execution_run_id)
