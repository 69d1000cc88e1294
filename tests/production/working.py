"""What a run has in hand while it works."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tests.production.findings import Findings
from tests.production.production_set import ProductionSet
from tests.production.stories import World


class Done:
    """How many cases have been through an act."""

    def __init__(self) -> None:
        self._count = 0
        self._over = False

    def reset(self) -> None:
        """Another act begins."""
        self._count, self._over = 0, False

    def one_more(self) -> None:
        """One has been through it."""
        self._count += 1

    def all_over(self) -> None:
        """None is left, however it went."""
        self._over = True

    async def reached(self, count: float) -> None:
        """Wait until so many have been, or none is left."""
        while self._count < count and not self._over:
            await asyncio.sleep(0.05)


@dataclass
class Working:
    """A run at work."""

    production: ProductionSet
    findings: Findings
    world: World
    done: Done
    tell: Callable[[str], None]
    """Takes a line for whoever watches."""
    instant: str = ""
    """Of the database's clock: to there it is going to be brought back."""
