"""The cells of the matrix, made from what the clean run of each story called."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import zip_longest
from typing import Final

from cancellation.domain.trail import TrailEntry
from cancellation.messages.status import CaseResult
from tests.matrix.facts import Plain
from tests.matrix.life import Life
from tests.matrix.outages import AUDIENCES, LASTS, Kind, Outage
from tests.matrix.ports import SEND, Call
from tests.matrix.stories import SPAN, Stage, Story

HOUR: Final = timedelta(hours=1)
LOOKS: Final = sorted({*LASTS.values(), HOUR, SPAN})
"""How long after the beginning of a stage its clean run is looked at."""


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
    """What the systems held at the end."""
    trail: Sequence[TrailEntry] = ()
    """As the CRM holds it."""

    @property
    def plain(self) -> Plain:
        """Makes its texts comparable."""
        return Plain(self.life)


@dataclass(frozen=True)
class Cell:
    """One outage in one stage."""

    clean: CleanRun
    stage: Stage
    outage: Outage

    def __str__(self) -> str:
        return f"{self.clean.story.name}/{self.stage.name}: {self.outage}"


@dataclass(frozen=True)
class Trial:
    """One life of a story with outages, at most one in a stage: each is over before the next stage begins."""

    clean: CleanRun
    cells: tuple[Cell, ...]

    def __str__(self) -> str:
        return "; ".join(map(str, self.cells))

    def cell_of(self, stage: Stage) -> Cell | None:
        """The outage in a stage, if there is one."""
        return next((cell for cell in self.cells if cell.stage is stage), None)


@dataclass
class Endured:
    """What came of one outage."""

    cell: Cell
    missing: frozenset[str]
    """What the clean run had done by the end of the outage, and this one had not."""
    done: frozenset[str]
    """What this one had done in the stage, the time after the outage with it."""
    attention: tuple[str, ...]
    """What people were told of by the end of the outage."""
    alarms_left: tuple[str, ...]
    """Attention, and open tasks about it, some time after the outage."""
    was_met: bool
    """Whether the call was made at all."""


@dataclass
class Lived:
    """What came of a trial."""

    trial: Trial
    life: Life
    endured: list[Endured] = field(default_factory=list)

    @property
    def plain(self) -> Plain:
        """Makes its texts comparable."""
        return Plain(self.life)


def cells_of(clean: CleanRun) -> Iterator[Cell]:
    """Every call that a stage makes × every kind of outage × alone, and with another system of that stage down.

    Which other system is down goes round, so that over the kinds every pair comes together.
    """
    for stage in clean.story.stages_with_outages():
        run = clean.stages[stage.name]
        for place, call in enumerate(sorted(run.calls)):
            others = sorted({one.system for one in run.calls} - {call.system})
            for turn, (kind, audience) in enumerate(_kinds(call, run)):
                yield Cell(clean, stage, Outage(call, kind, audience))
                if others:
                    another = others[(place + turn) % len(others)]
                    yield Cell(clean, stage, Outage(call, kind, audience, another))


def _kinds(call: Call, run: StageRun) -> Iterator[tuple[Kind, str]]:
    written = {fact.split(":")[2] for fact in run.done[SPAN] - run.before if fact.startswith("letter: ")}
    for kind in Kind:
        if kind is not Kind.DEFERRED:
            yield kind, ""
        elif call == SEND:
            yield from ((kind, audience) for audience in AUDIENCES if audience in written)


def trials(cells: Iterable[Cell]) -> list[Trial]:
    """As few lives as the fullest stage of each story has cells; which of them share one is drawn, always alike."""
    found: list[Trial] = []
    by_stage: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in sorted(cells, key=str):
        by_stage[cell.clean.story.name, cell.stage.name].append(cell)
    stories: dict[str, list[list[Cell]]] = defaultdict(list)
    for (story, stage), of_stage in by_stage.items():
        random.Random(stage).shuffle(of_stage)
        stories[story].append(of_stage)
    for of_story in stories.values():
        for together in zip_longest(*of_story):
            shared = tuple(cell for cell in together if cell is not None)
            found.append(Trial(shared[0].clean, shared))
    return found


def sample(cells: Sequence[Cell], seed: int, of_a_kind: int) -> list[Cell]:
    """Some of every kind, of stages and calls as different as can be; the same for the same seed."""
    shuffled = sorted(cells, key=str)
    random.Random(seed).shuffle(shuffled)
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
