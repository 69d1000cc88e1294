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
    MANY,
    STORIES,
    Lockstep,
    SlowSystems,
    replays,
    workflow_tasks,
)

pytestmark = pytest.mark.sampled

SAMPLE = int(os.environ.get("CANCELAMENTO_WALK_SAMPLE", "2"))
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
IN_A_SAMPLE = [one for one in EVERY if one[1] is Way.CACHED] + random.Random(SEED).sample(
    [one for one in EVERY if one[1] is not Way.CACHED], 2
)


async def live(
    environment: WorkflowEnvironment, story: str, way: Way, stop_at: int | None = None, arrival: str = ""
) -> tuple[WorkflowHistory, Sequence[int]]:
    """Live through a story; its history and where it can be stopped.

    Of all walks each ends when its stop is long behind it: the boundaries that follow are other walks' stops.
    """
    house, steps, end = House(environment), STORIES[story], not WHOLE or stop_at is None
    if way is Way.SLOW:
        history = await SlowSystems(house, steps, to_the_end=end).live(stop_at, ARRIVALS.get(arrival))
        return history, workflow_tasks(history)
    walk = Lockstep(house, steps, 0 if way is Way.UNCACHED else MANY, to_the_end=end)
    history = await walk.live(stop_at, ARRIVALS.get(arrival))
    return history, range(walk.boundaries)


def walks(story: str, way: Way, places: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Where to stop, and what comes next."""
    every = [(at, arrival) for at in places for arrival in ARRIVALS]
    yield from every if WHOLE else random.Random(f"{SEED}{story}{way}").sample(every, min(SAMPLE, len(every)))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("story", "way"), EVERY if WHOLE else IN_A_SAMPLE)
async def test_wherever_a_worker_stops_and_whatever_comes_next_the_history_replays_X22(
    temporal_env: WorkflowEnvironment, story: str, way: Way, record_property: Callable[[str, object], None]
) -> None:
    history, places = await live(temporal_env, story, way)
    await replays(history)
    turns = asyncio.Semaphore(AT_ONCE)

    async def walk(stop_at: int, arrival: str) -> str:
        async with turns:
            try:
                history, _ = await live(temporal_env, story, way, stop_at, arrival)
                await replays(history)
            except Exception as error:
                return f"stopped at {stop_at}, then {arrival}: {type(error).__name__}: {error}"
        return ""

    chosen = list(walks(story, way, places))
    failures = [wrong for wrong in await asyncio.gather(*(walk(*one) for one in chosen)) if wrong]
    record_property(*counted("walks", len(chosen)))
    record_property(*counted("workflow-task boundaries of the stories walked", len(places)))
    assert not failures, failures
