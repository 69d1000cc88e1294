"""Starts services in order, starts again what dies, stops everything in reverse."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from embedded.errors import EmbeddedError

logger = logging.getLogger(__name__)

Progress = Callable[[str], None]
"""Takes one line in Portuguese for the person who watches."""

FIRST_BACKOFF_SECONDS = 0.2
LONGEST_BACKOFF_SECONDS = 10.0
STEADY_SECONDS = 30.0
"""After running this long a service's next death counts as its first."""


class Service(Protocol):
    """Something that runs until it is stopped or dies."""

    @property
    def name(self) -> str:
        """What people call it."""

    async def start(self) -> None:
        """Start it, return when it can be used.

        Raises:
            EmbeddedError: It does not come up.
        """

    async def wait(self) -> None:
        """Return when it has ended by itself."""

    async def stop(self) -> None:
        """Stop it; nothing of it runs afterwards. Harmless when it is not running."""


def silent(_line: str) -> None:
    """The progress callback that says nothing."""


class Supervisor:
    """Keeps services running."""

    def __init__(self, progress: Progress = silent) -> None:
        self._progress = progress
        self._services: list[Service] = []
        self._watchers: list[asyncio.Task[None]] = []

    async def add(self, service: Service) -> None:
        """Start a service and keep it running from now on.

        Raises:
            EmbeddedError: It does not come up the first time.
        """
        # Known before it starts: one that hangs while it starts is stopped with the others.
        self._services.append(service)
        await service.start()
        self._watchers.append(asyncio.create_task(self._keep(service), name=f"keep {service.name}"))

    async def stop(self) -> None:
        """Stop every service, the last one first. Goes on to the next one whatever happens."""
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        self._watchers.clear()
        while self._services:
            service = self._services.pop()
            try:
                await service.stop()
            except Exception:
                logger.exception("service did not stop", extra={"service": service.name})

    async def _keep(self, service: Service) -> None:
        clock = asyncio.get_running_loop().time
        backoff = FIRST_BACKOFF_SECONDS
        while True:
            started = clock()
            await service.wait()
            if clock() - started > STEADY_SECONDS:
                backoff = FIRST_BACKOFF_SECONDS
            backoff = await self._revive(service, backoff)

    async def _revive(self, service: Service, backoff: float) -> float:
        """Start a dead service until it stands; the backoff to use for its next death."""
        while True:
            logger.warning("service ended, restarting", extra={"service": service.name, "backoff": backoff})
            self._progress(f"{service.name} caiu; subindo de novo")
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)
            try:
                await service.stop()
                await service.start()
            except EmbeddedError as error:
                logger.warning("service does not start", extra={"service": service.name, "error": str(error)})
                continue
            self._progress(f"{service.name} de volta")
            return backoff
