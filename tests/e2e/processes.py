"""Processes that have to end."""

import asyncio
from collections.abc import Iterable

import psutil


async def gone(processes: Iterable[psutil.Process]) -> None:
    """Wait until none of them runs."""
    async with asyncio.timeout(60):
        while any(map(_runs, processes)):
            await asyncio.sleep(0.02)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two questions
        return False
