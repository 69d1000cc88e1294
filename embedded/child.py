"""Our own processes beside the servers: worker, inbox, download pages."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from embedded.managed import ProcessServer
from embedded.process import Command


@dataclass(frozen=True, kw_only=True)
class Child:
    """One of our own processes to keep running beside the servers."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Set beside what the stack sets for every child."""
    ready: Callable[[], Awaitable[bool]] | None = None
    """Asked again and again until it says yes; none counts as ready once started."""
    stop_seconds: float = 20.0


class ChildProcess(ProcessServer):
    """A `Child` that runs.

    Args:
        child: What to run.
        environment: The whole environment of every child; it may hold secrets.
        log: Where its output goes.
        folder: Where it runs.
    """

    start_seconds = 60.0
    ask_seconds = 0.05

    def __init__(self, child: Child, environment: Mapping[str, str], log: Path, folder: Path) -> None:
        super().__init__(log)
        self.name = child.name
        self._child = child
        self._environment = environment
        self._folder = folder

    def _command(self) -> Command:
        return Command(
            argv=self._child.argv,
            log=self.log,
            environment={**self._environment, **self._child.environment},
            folder=self._folder,
            stop_seconds=self._child.stop_seconds,
        )

    async def _answers(self) -> bool:
        return self._child.ready is None or await self._child.ready()
