"""Waiting for something to come true."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_SECONDS = 60.0


async def until(asked: Callable[[], Awaitable[T | None]]) -> T:
    """Ask until the answer is true, and give it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if answer := await asked():
                return answer
            await asyncio.sleep(0.05)
