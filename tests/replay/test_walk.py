"""The walk: every story, stopped at every workflow-task boundary, with every kind of arrival next; all replay (X22).

`make test` walks a seeded sample, `make proof` (`CANCELAMENTO_PROOF=whole`) everything.
"""

import asyncio
import os
import random
from collections.abc import Callable, Sequence
from enum import StrEnum

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.conftest import counted
from tests.durable.house import House
from tests.replay.lockstep import MANY, Life, Lockstep, SlowSystems, replays
from tests.replay.stops import Stop, Stops
from tests.replay.stories import ARRIVALS, STORIES
from tests.turns import WHOLE

pytestmark = pytest.mark.proof

SAMPLE = int(os.environ.get("CANCELAMENTO_WALK_SAMPLE", "1"))
"""Stops in a story in one way."""
AT_ONCE = 16
"""Lives beside each other."""
SEED = 38


class Way(StrEnum):
    """How the worker meets the case."""

    CACHED = "one_result_at_a_time"
    UNCACHED = "nothing_kept_in_memory"
    SLOW = "slow_letters_crm_and_inventory"


EVERY = [(story, way) for story in STORIES for way in Way]
IN_A_SAMPLE = [(random.Random(f"{SEED}{way}").choice(list(STORIES)), way) for way in Way]
"""Every story's history is replayed as recorded, too (test_replay.py); CI walks everything."""


def life(
    environment: WorkflowEnvironment, story: str, way: Way, stops: Stops, to_the_end: bool = True
) -> Life:
    """A life of a story, to be lived."""
    house, steps = House(environment), STORIES[story]
    if way is Way.SLOW:
        return SlowSystems(house, steps, stops=stops, to_the_end=to_the_end)
    cached = 0 if way is Way.UNCACHED else MANY
    return Lockstep(house, steps, cached, stops=stops, to_the_end=to_the_end)


def some_stops(story: str, way: Way, every: Sequence[Stop]) -> Sequence[Stop]:
    """A seeded sample of them."""
    return random.Random(f"{SEED}{story}{way}").sample(every, min(SAMPLE, len(every)))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("story", "way"), EVERY if WHOLE else IN_A_SAMPLE)
async def test_wherever_a_worker_stops_and_whatever_comes_next_the_history_replays_X22(
    temporal_env: WorkflowEnvironment, story: str, way: Way, record_property: Callable[[str, object], None]
) -> None:
    clean = life(temporal_env, story, way, Stops(()))
    await replays(await clean.live())
    every = [Stop(place, arrival) for place in clean.places for arrival in ARRIVALS]
    chosen = every if WHOLE else some_stops(story, way, every)
    stops, failures = Stops(chosen), []

    async def lives(stops: Stops) -> None:
        """One after the other, as long as there is a stop to make."""
        while stops:
            one = life(temporal_env, story, way, stops, to_the_end=not WHOLE)
            try:
                await replays(await one.live())
            except Exception as error:
                failures.append(f"stopped {'; '.join(map(str, one.made))}: {type(error).__name__}: {error}")

    await asyncio.gather(*(lives(stops) for _ in range(AT_ONCE)))
    alone = [Stops([stop]) for stop in stops.missed]
    await asyncio.gather(*map(lives, alone))
    failures += [f"never came to {stop}" for one in alone for stop in one.missed]
    record_property(*counted("stops of a worker", len(chosen)))
    record_property(*counted("workflow-task boundaries of the stories walked", len(clean.places)))
    assert not failures, failures
