"""Starts servers in order, starts again what dies, stops everything in reverse."""

import asyncio
import logging
from collections.abc import Callable

from embedded.errors import EmbeddedError
from embedded.managed import ManagedServer

logger = logging.getLogger(__name__)

Progress = Callable[[str], None]
"""Takes one line in Portuguese for the person who watches."""

FIRST_BACKOFF_SECONDS = 0.2
LONGEST_BACKOFF_SECONDS = 10.0
STEADY_SECONDS = 30.0
"""After running this long a server's next death counts as its first."""


def silent(_line: str) -> None:
    """The progress callback that says nothing."""


class Supervisor:
    """Keeps servers running."""

    def __init__(self, progress: Progress = silent) -> None:
        self._progress = progress
        self._servers: list[ManagedServer] = []
        self._watchers: list[asyncio.Task[None]] = []

    async def add(self, server: ManagedServer) -> None:
        """Start a server and keep it running from now on.

        Raises:
            EmbeddedError: It does not come up the first time.
        """
        # Known before it starts: one that hangs while it starts is stopped with the others.
        self._servers.append(server)
        await server.start()
        self._watchers.append(asyncio.create_task(self._keep(server), name=f"keep {server.name}"))

    async def stop(self) -> None:
        """Stop every server, the last one first. Goes on to the next one whatever happens."""
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        self._watchers.clear()
        while self._servers:
            server = self._servers.pop()
            try:
                await server.stop()
            except Exception:
                logger.exception("server did not stop", extra={"server": server.name})

    async def _keep(self, server: ManagedServer) -> None:
        clock = asyncio.get_running_loop().time
        backoff = FIRST_BACKOFF_SECONDS
        while True:
            started = clock()
            await server.wait()
            if clock() - started > STEADY_SECONDS:
                backoff = FIRST_BACKOFF_SECONDS
            backoff = await self._revive(server, backoff)

    async def _revive(self, server: ManagedServer, backoff: float) -> float:
        """Start a dead server until it stands; the backoff to use for its next death."""
        while True:
            logger.warning("server ended, restarting", extra={"server": server.name, "backoff": backoff})
            self._progress(f"{server.name} caiu; subindo de novo")
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)
            try:
                await server.stop()
                await server.start()
            except Exception as error:
                # Whatever it is, the next attempt may find it gone; only what nobody foresaw needs a traceback.
                logger.warning(
                    "server does not start",
                    extra={"server": server.name, "error": str(error)},
                    exc_info=not isinstance(error, EmbeddedError),
                )
                continue
            self._progress(f"{server.name} de volta")
            return backoff
