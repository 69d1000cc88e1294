"""Starting and stopping in an `async with`, the same for every server."""

from abc import ABC, abstractmethod
from typing import Self


class UpWhileEntered(ABC):
    """Up inside an `async with`, down after it; what cannot start whole leaves nothing running."""

    @abstractmethod
    async def start(self) -> None:
        """Start it; return when it answers."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop it, however far it has come."""

    async def __aenter__(self) -> Self:
        """Start it."""
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop it."""
        await self.stop()
