"""One timer for the next due instant: kept while the instant stays the same, replaced when it moves."""

import asyncio
from datetime import datetime

from temporalio import workflow


class Alarm:
    """Rings once when its instant has come. Setting the same instant again costs nothing."""

    def __init__(self) -> None:
        """Silent until it is set."""
        self._at: datetime | None = None
        self._timer: asyncio.Task[None] | None = None
        self.rang = False

    def set(self, at: datetime, summary: str) -> None:
        """Ring at `at`; at once if that has passed. `summary` labels the timer for operators."""
        if self._at == at and not self.rang:
            return
        self.clear()
        self._at = at
        self._timer = asyncio.create_task(self._ring(at, summary))

    def clear(self) -> None:
        """Ring no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._at, self._timer, self.rang = None, None, False

    async def _ring(self, at: datetime, summary: str) -> None:
        delay = at - workflow.now()
        if delay.total_seconds() > 0:
            await workflow.sleep(delay, summary=summary)
        self.rang = True
