"""Runs an embedded stack the way `cancelamento up` does, for tests that end it from outside.

Arguments: the home, then any of `quick` (no waiting for the disk) and `hang` (never gets ready).
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from cancellation.addresses import Addresses
from cancellation.settings import Settings
from embedded import Child, EmbeddedError, EmbeddedStack

LONG_SLEEP = "import time; time.sleep(3600)"


def children(_: Addresses) -> Sequence[Child]:
    """One process of our own beside the servers."""
    return [Child(name="dorminhoco", argv=[sys.executable, "-c", LONG_SLEEP])]


async def hang(_: Addresses) -> None:
    """A preparation that does not end."""
    await asyncio.sleep(3600)


def say(line: str) -> None:
    """Progress, for the test to read."""
    sys.stdout.write(f"{line}\n")


async def run(home: Path, options: set[str]) -> int:
    """Keep the stack up until a signal comes; the exit code."""
    stack = EmbeddedStack(
        Settings(home=home),
        search_attributes={"CancellationStage": "Keyword"},
        children=children,
        prepare=hang if "hang" in options else None,
        durable="quick" not in options,
        progress=say,
    )
    try:
        async with stack:
            await stack.wait()
    except EmbeddedError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    raise SystemExit(asyncio.run(run(Path(sys.argv[1]), set(sys.argv[2:]))))
