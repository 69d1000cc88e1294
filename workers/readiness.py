"""Whether what a running process needs answers now: for whoever sends requests, or wakes people (`/ready`)."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from workers.prepared import Need

Ask = Callable[[], Awaitable[object]]
"""Raises when what is asked does not answer."""
OK: Final = "ok"
_PATIENCE: Final = 3.0
"""Seconds until silence counts as an answer."""
_FRESH: Final = 2.0
"""Seconds in which an answer serves whoever asks again: strangers may, and nobody behind shall feel it."""


class Readiness:
    """Asks everything side by side.

    Args:
        asks: by what is needed, how to ask for it.
    """

    def __init__(self, asks: Mapping[Need, Ask]) -> None:
        self._asks = asks
        self._lock = asyncio.Lock()
        self._known: tuple[float, dict[str, str]] | None = None

    async def ask(self) -> dict[str, str]:
        """What each need answers: `ok`, or the kind of the error, which names no address and no secret."""
        async with self._lock:
            if self._known is None or time.monotonic() - self._known[0] > _FRESH:
                answers = await asyncio.gather(*map(_answer, self._asks.values()))
                found = {need.value: answer for need, answer in zip(self._asks, answers, strict=True)}
                self._known = (time.monotonic(), found)
            return self._known[1]

    @staticmethod
    def is_ready(answers: Mapping[str, str]) -> bool:
        """Whether the process can do its work."""
        return set(answers.values()) <= {OK}


async def _answer(ask: Ask) -> str:
    try:
        async with asyncio.timeout(_PATIENCE):
            await ask()
    except Exception as error:
        return type(error).__name__
    return OK
