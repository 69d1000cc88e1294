"""The cells of the matrix: made from what the clean run of each story called, then lived through and judged."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.testing import WorkflowEnvironment

from cancellation.contract import CANCELLATION, INCOMING_MAIL
from cancellation.domain.trail import TrailEntry
from cancellation.messages.status import CaseResult
from tests.matrix.facts import facts
from tests.matrix.frail import FrailHouse
from tests.matrix.life import Life, next_tuesday
from tests.matrix.outages import AUDIENCES, LASTS, Kind, Outage
from tests.matrix.ports import SEND, Call
from tests.matrix.stories import SPAN, STORIES, Stage, Story

HOUR: Final = timedelta(hours=1)
LOOKS: Final = sorted({*LASTS.values(), HOUR, SPAN})
"""How long after a stage has begun the clean run is looked at."""


@dataclass
class StageRun:
    """What happened in a stage of a clean run."""

    calls: set[Call] = field(default_factory=set)
    before: frozenset[str] = frozenset()
    done: dict[timedelta, frozenset[str]] = field(default_factory=dict)
    """What the systems held so long after its beginning."""


@dataclass
class CleanRun:
    """A story in which nothing failed."""

    story: Story
    life: Life
    stages: dict[str, StageRun] = field(default_factory=dict)
    result: CaseResult | None = None
    facts: frozenset[str] = frozenset()
    trail: Sequence[TrailEntry] = ()
    """As the CRM holds it."""


@dataclass(frozen=True)
class Cell:
    """One outage in one stage."""

    clean: CleanRun
    stage: Stage
    outage: Outage

    def __str__(self) -> str:
        return f"{self.clean.story.name}/{self.stage.name}: {self.outage}"


# ---------------------------------------------------------------------------- clean runs


async def run_clean(environment: WorkflowEnvironment, began: datetime) -> list[CleanRun]:
    """Every story without a fault, all at once."""
    return list(await asyncio.gather(*(_run_clean(environment, began, story) for story in STORIES)))


async def _run_clean(environment: WorkflowEnvironment, began: datetime, story: Story) -> CleanRun:
    house = FrailHouse(environment)
    async with house.worker():
        clean = CleanRun(story, Life(house, began))
        for stage in story.stages:
            await _run_clean_stage(clean, stage)
        clean.result = await clean.life.case.result()
        clean.facts = await facts(clean.life)
        clean.trail = await house.crm.adapter.trail(clean.life.case_id)
        return clean


async def _run_clean_stage(clean: CleanRun, stage: Stage) -> None:
    life, run = clean.life, StageRun()
    start = await reach(life, stage)
    if life.case_id:
        run.before = await facts(life)
    life.house.made.clear()
    await stage.act(life)
    await life.settle()
    if stage.has_outages:
        clean.stages[stage.name] = run
        for span in LOOKS:
            await life.forward_to(start + span)
            run.done[span] = await facts(life)
        run.calls = life.house.calls_of(INCOMING_MAIL if stage.of_mail else CANCELLATION)


async def reach(life: Life, stage: Stage) -> datetime:
    """The beginning of a stage; answers with its instant."""
    start = await stage.at(life)
    if life.case_id:
        await life.forward_to(start)
        await stage.prepare(life)
    return start


# ---------------------------------------------------------------------------- which cells there are


def cells_of(clean: CleanRun) -> list[Cell]:
    """Every call that a stage makes × every kind of outage × alone, and with another system of that stage down."""
    cells = []
    for stage in clean.story.stages_with_outages():
        run = clean.stages[stage.name]
        for place, call in enumerate(sorted(run.calls)):
            others = sorted({one.system for one in run.calls} - {call.system})
            for turn, (kind, audience) in enumerate(_kinds(call, run)):
                cells.append(Cell(clean, stage, Outage(call, kind, audience)))
                if others:
                    another = others[(place + turn) % len(others)]
                    cells.append(Cell(clean, stage, Outage(call, kind, audience, another)))
    return cells


def _kinds(call: Call, run: StageRun) -> list[tuple[Kind, str]]:
    kinds = [(kind, "") for kind in Kind if kind is not Kind.DEFERRED]
    if call == SEND:
        new = run.done[SPAN] - run.before
        written = {fact.split(":")[2] for fact in new if fact.startswith("letter: ")}
        kinds += [(Kind.DEFERRED, audience) for audience in AUDIENCES if audience in written]
    return kinds


def sample(cells: Sequence[Cell], seed: int, of_a_kind: int) -> list[Cell]:
    """Some of every kind, of stages and calls as different as can be; the same for the same seed."""
    chance = random.Random(seed)
    shuffled = sorted(cells, key=str)
    chance.shuffle(shuffled)
    kinds: dict[Kind, list[Cell]] = defaultdict(list)
    for cell in shuffled:
        kinds[cell.outage.kind].append(cell)
    chosen: list[Cell] = []
    for kind in Kind:
        for _ in range(min(of_a_kind, len(kinds[kind]))):
            best = min(kinds[kind], key=lambda cell: _likeness(cell, chosen))
            kinds[kind].remove(best)
            chosen.append(best)
    return chosen


def _likeness(cell: Cell, chosen: Sequence[Cell]) -> int:
    """How much of a cell is in others already."""
    return sum(
        2 * (cell.stage.name == one.stage.name)
        + 2 * (cell.outage.call == one.outage.call)
        + ((cell.outage.another is None) == (one.outage.another is None))
        for one in chosen
    )


# ---------------------------------------------------------------------------- living through one


@dataclass
class Lived:
    """What came of a cell."""

    cell: Cell
    life: Life
    missing: frozenset[str] = frozenset()
    """What the clean run had done by the end of the outage, and this one had not."""
    attention: tuple[str, ...] = ()
    """What people were told of by then."""


async def live(cell: Cell, environment: WorkflowEnvironment, began: datetime) -> Lived:
    """The story with the outage in its stage, to its end."""
    house = FrailHouse(environment)
    async with house.worker():
        lived = Lived(cell, Life(house, began))
        for stage in cell.clean.story.stages:
            start = await reach(lived.life, stage)
            if stage is cell.stage:
                await _live_through(lived, start)
            else:
                await stage.act(lived.life)
                await lived.life.settle()
        await judge(lived)
    return lived


async def _live_through(lived: Lived, start: datetime) -> None:
    cell, life = lived.cell, lived.life
    outage, house = cell.outage, life.house
    outage.begin(house, life.case.customer_id)
    await cell.stage.act(life)
    await life.settle()
    if outage.another is not None and outage.lasts != HOUR:
        await life.forward_to(start + HOUR)
        outage.end_of_the_other(house)
    if outage.lasts is not None:
        await life.forward_to(start + outage.lasts)
        lived.missing = cell.clean.stages[cell.stage.name].done[outage.lasts] - await facts(life)
        lived.attention = (await life.case.status()).attention
        outage.end_of_the_other(house)
        outage.end(house)
    await life.forward_to(start + SPAN)
    outage.end(house)


async def judge(lived: Lived) -> None:
    from tests.matrix.verdict import verdict

    await verdict(lived)


def beginning() -> datetime:
    """When every story of this run begins."""
    return next_tuesday(datetime.now(UTC))
