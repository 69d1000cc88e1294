"""The walk: every story, stopped at every workflow-task boundary, with every kind of arrival next; all replay (X22).

`make test` walks a seeded sample, `make proof` (`CANCELAMENTO_PROOF=whole`) everything.
"""

import asyncio
import os
import random
from collections.abc import Callable, Iterator

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.conftest import PROOF, counted
from tests.durable.house import House
from tests.replay.lockstep import ARRIVALS, STORIES, Lockstep, replays

WHOLE = os.environ.get(PROOF) == "whole"
SAMPLE = int(os.environ.get("CANCELAMENTO_WALK_SAMPLE", "16"))
AT_ONCE = 16
"""Cases that are walked beside each other."""
SEED = 22


async def walked(
    environment: WorkflowEnvironment, story: str, stop_at: int, arrival: str, cached: int
) -> str:
    """One walk; what went wrong, or nothing."""
    step = Lockstep(House(environment), STORIES[story], cached)
    try:
        await replays(await step.live(stop_at, ARRIVALS[arrival]))
    except Exception as error:
        return f"{story} stopped at {stop_at}, then a {arrival} (cache {cached}): {type(error).__name__}: {error}"
    return ""


async def boundaries_of(environment: WorkflowEnvironment, story: str) -> int:
    """How many places there are to stop at; the story itself replays."""
    step = Lockstep(House(environment), STORIES[story])
    await replays(await step.live())
    return step.boundaries


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("story", STORIES)
async def test_wherever_a_worker_stops_and_whatever_comes_next_the_history_replays_X22(
    temporal_env: WorkflowEnvironment, story: str, record_property: Callable[[str, object], None]
) -> None:
    count = await boundaries_of(temporal_env, story)
    walks = list(places(story, count))
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(place: tuple[int, str, int]) -> str:
        async with turn:
            return await walked(temporal_env, story, *place)

    failures = [wrong for wrong in await asyncio.gather(*map(one, walks)) if wrong]
    record_property(*counted("walks", len(walks)))
    record_property(*counted("workflow-task boundaries of the stories walked", count))
    assert not failures, failures


def places(story: str, count: int) -> Iterator[tuple[int, str, int]]:
    """Where to stop, what comes next, and how many cases the worker may keep in memory."""
    every = [(at, arrival, 1000) for at in range(count) for arrival in ARRIVALS]
    every += [(at, "update", 0) for at in range(count)]
    yield from every if WHOLE else random.Random(f"{SEED}{story}").sample(every, min(SAMPLE, len(every)))
