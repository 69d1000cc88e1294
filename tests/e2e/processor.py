"""What a child process costs, as seconds of a processor that is not shared with others."""

import resource
from collections.abc import Callable
from time import process_time

_LOOP_SECONDS = 0.0080
"""What the loop below takes on the machine whose seconds are meant, when nobody else is there."""
_TRIES = 6


def min_user_seconds(run: Callable[[], object], *, enough: float) -> float:
    """The least that running it took of several tries, in seconds of user time; fewer tries once it is enough.

    A processor that others use too, or a slower one, takes longer for the same work: what a loop takes just before and
    after says by how much.

    Args:
        run: starts a child process and waits for it.
        enough: no further try once it took no longer.
    """
    least = float("inf")
    for _ in range(_TRIES):
        slow = _slowness()
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        run()
        took = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        least = min(least, took / max(slow, _slowness(), 1.0))
        if least <= enough:
            break
    return least


def _slowness() -> float:
    return sorted(_loop() for _ in range(7))[3] / _LOOP_SECONDS


def _loop() -> float:
    started = process_time()
    total = 0
    for number in range(200_000):
        total += number * number % 7
    return process_time() - started
