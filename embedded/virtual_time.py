"""The clock of a case, where it can be put forward: thirty days pass in a second."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper, TimeSkippingConfig

_LOOK: Final = 3.0


class VirtualTime:
    """Reads and puts forward the clocks of single executions; each has its own."""

    def __init__(self, client: Client, *, most_skips: int = 0) -> None:
        """At most `most_skips` pauses are skipped in a row; 0: as the engine has it."""
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
