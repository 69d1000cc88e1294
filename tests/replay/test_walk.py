"""The walk: every story, stopped at every workflow-task boundary, with every kind of arrival next; all replay (X22).

`make test` walks a seeded sample, `make proof` (`CANCELAMENTO_PROOF=whole`) everything.
"""

import asyncio
import os
import random
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

import pytest
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from tests.conftest import WHOLE, counted
from tests.durable.house import House
from tests.replay.lockstep import (
    ARRIVALS,
    LONG_BEHIND,
    MANY,
    STORIES,
    Lockstep,
    SlowSystems,
    replays,
    workflow_tasks,
)

pytestmark = pytest.mark.sampled

SAMPLE = int(os.environ.get("CANCELAMENTO_WALK_SAMPLE", "1"))
"""Walks of a story in one way."""
AT_ONCE = 16
"""Cases that are walked beside each other."""
SEED = 22


class Way(StrEnum):
    """How the worker meets the case."""

    CACHED = "one_result_at_a_time"
    UNCACHED = "nothing_kept_in_memory"
    SLOW = "slow_letters_crm_and_inventory"


EVERY = [(story, way) for story in STORIES for way in Way]
IN_A_SAMPLE = [(story, Way.CACHED) for story in STORIES] + [
    (random.Random(f"{SEED}{way}").choice(list(STORIES)), way) for way in (Way.UNCACHED, Way.SLOW)
]


async def live(
    environment: WorkflowEnvironment, story: str, way: Way, stops: Sequence[int] = (), arrival: str = ""
) -> tuple[WorkflowHistory, Sequence[int]]:
    """Live through a story; its history and where it can be stopped.

    Of all walks each ends when its stop is long behind it: the boundaries that follow are other walks' stops.
    """
    house, steps, end = House(environment), STORIES[story], not (WHOLE and stops)
    if way is Way.SLOW:
        history = await SlowSystems(house, steps, to_the_end=end).live(stops, ARRIVALS.get(arrival))
        return history, workflow_tasks(history)
    walk = Lockstep(house, steps, 0 if way is Way.UNCACHED else MANY, to_the_end=end)
    history = await walk.live(stops, ARRIVALS.get(arrival))
    return history, range(walk.boundaries)


def walks(story: str, way: Way, places: Sequence[int]) -> Iterator[tuple[Sequence[int], str]]:
    """Where to stop, and what comes next.

    A query changes no history, so that one life can be stopped for it again when the last stop is long behind.
    """
    for arrival in ARRIVALS:
        if arrival == "query" and way is not Way.SLOW:
            apart = LONG_BEHIND + 1
            yield from ((places[at::apart], arrival) for at in range(min(apart, len(places))))
        else:
            yield from (((at,), arrival) for at in places)


def some_walks(story: str, way: Way, places: Sequence[int]) -> Sequence[tuple[Sequence[int], str]]:
    """A seeded sample of them."""
    every = list(walks(story, way, places))
    return random.Random(f"{SEED}{story}{way}").sample(every, min(SAMPLE, len(every)))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("story", "way"), EVERY if WHOLE else IN_A_SAMPLE)
async def test_wherever_a_worker_stops_and_whatever_comes_next_the_history_replays_X22(
    temporal_env: WorkflowEnvironment, story: str, way: Way, record_property: Callable[[str, object], None]
) -> None:
    history, places = await live(temporal_env, story, way)
    await replays(history)
    turns = asyncio.Semaphore(AT_ONCE)

    async def walk(stops: Sequence[int], arrival: str) -> str:
        async with turns:
            try:
                history, _ = await live(temporal_env, story, way, stops, arrival)
                await replays(history)
            except Exception as error:
                return f"stopped at {stops}, then {arrival}: {type(error).__name__}: {error}"
        return ""

    chosen = list(walks(story, way, places)) if WHOLE else some_walks(story, way, places)
    failures = [wrong for wrong in await asyncio.gather(*(walk(*one) for one in chosen)) if wrong]
    record_property(*counted("stops of a worker", sum(len(stops) for stops, _ in chosen)))
    record_property(*counted("workflow-task boundaries of the stories walked", len(places)))
    assert not failures, failures
