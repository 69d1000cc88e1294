"""Where a worker is stopped, and which life of a story makes which stop (X22)."""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.replay.stories import LOOK


@dataclass(frozen=True, order=True)
class Place:
    """A workflow-task boundary of a story."""

    step: int
    """Steps of the story until then."""
    after: int
    """What the step had brought by then: boundaries, or with slow systems events of the history."""


@dataclass(frozen=True, order=True)
class Stop:
    """Where a worker is stopped, and what comes before another one starts."""

    place: Place
    arrival: str

    def __str__(self) -> str:
        return f"after {self.place.after} of step {self.place.step} {self.arrival}"


class Stops:
    """Stops that are still to be made, by as many lives of a story as it takes.

    Before the next step of a story comes, all that came of the one before is done, and what arrived at a stop with
    it: a life can be stopped once in every step. A look leaves nothing behind: on the way there it can be stopped for
    as many looks as it passes.
    """

    def __init__(self, stops: Iterable[Stop]) -> None:
        self._left = sorted(stops)
        self.missed: list[Stop] = []
        """What a life did not come to, for what arrived at its earlier stops had led it elsewhere."""

    def __bool__(self) -> bool:
        return bool(self._left)

    def ahead(self, step: int) -> bool:
        """Whether there is any after a step."""
        return any(stop.place.step > step for stop in self._left)

    def take(self, step: int) -> Stop | None:
        """The first one in a step, which no other life makes; looks that no life has passed come last."""
        left = [stop for stop in self._left if stop.place.step == step]
        found = min(left, key=lambda stop: (stop.arrival == LOOK, stop), default=None)
        if found is not None:
            self._left.remove(found)
        return found

    def take_look(self, place: Place) -> Stop | None:
        """The look at a place, if no other life makes it."""
        look = Stop(place, LOOK)
        if look not in self._left:
            return None
        self._left.remove(look)
        return look
