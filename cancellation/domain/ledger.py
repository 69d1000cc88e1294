"""The one place of owed work (architecture.md): what a case still has to do outside, in order."""

from collections.abc import Callable, Iterator
from datetime import datetime

from pydantic import BaseModel, Field

from cancellation.domain.commands import Command, Owed, System


class Ledger(BaseModel):
    """Commands in the order in which they arose; it continues with the case."""

    owed: list[Owed] = Field(default_factory=list)
    seen: int = 0
    """How many commands have been owed so far."""

    def add(self, command: Command, now: datetime, key: str | None = None) -> None:
        """Owe a command from `now` on; the same key is owed once."""
        if key is not None and self.find(key) is not None:
            return
        self.seen += 1
        self.owed.append(Owed(key=key or f"{command.do}:{self.seen}", command=command, since=now))

    def add_first(self, command: Command, now: datetime, key: str) -> None:
        """Owe a command before everything else of its lane; the same key is owed once."""
        self.add(command, now, key)
        self.owed.sort(key=lambda one: one.key != key)

    def find(self, key: str) -> Owed | None:
        """The command with that key, while it is owed."""
        return next((one for one in self.owed if one.key == key), None)

    def settle(self, key: str) -> None:
        """The command is owed no more: done, or given up."""
        self.owed = [one for one in self.owed if one.key != key]

    def drop(self, which: Callable[[Owed], bool]) -> None:
        """Owe these no more: nobody needs them."""
        self.owed = [one for one in self.owed if not which(one)]

    def owes(self, *steps: type[BaseModel]) -> bool:
        """Whether a command of one of these types is owed."""
        return any(isinstance(one.command, steps) for one in self.owed)

    def owes_to(self, system: System) -> bool:
        """Whether a system is owed anything."""
        return any(one.system is system for one in self.owed)

    def lanes(self) -> dict[str, list[Owed]]:
        """Every lane's commands, in order."""
        lanes: dict[str, list[Owed]] = {}
        for one in self.owed:
            lanes.setdefault(one.lane, []).append(one)
        return lanes

    def failing(self) -> Iterator[Owed]:
        """Commands that fail and of which people were told."""
        return (one for one in self.owed if one.attention)
