"""Signs of life of long steps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from temporalio import activity

_BEAT_SECONDS: Final = 3.0


def beat(detail: Any) -> None:
    """Tell the engine that the step goes on; nobody, where a person has asked for it by a command."""
    if activity.in_activity():
        activity.heartbeat(detail)


def last_beat() -> str | None:
    """What the attempt before this one told last; None: nothing."""
    details = activity.info().heartbeat_details if activity.in_activity() else ()
    return str(details[0]) if details else None


@asynccontextmanager
async def alive() -> AsyncIterator[None]:
    """Tell the engine meanwhile that this worker lives: one that was killed is missed sooner than the step may take."""

    async def beating() -> None:
        while True:
            beat(None)
            await asyncio.sleep(_BEAT_SECONDS)

    task = asyncio.create_task(beating())
    try:
        yield
    finally:
        task.cancel()
