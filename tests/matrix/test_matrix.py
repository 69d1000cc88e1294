"""Every outside call × every stage × every kind of outage: the case comes to where the clean run does (X7, X17).

The cells are made from the ports and from what clean runs call, so a new call is here without anybody remembering.
`make test` runs a sample of every kind, `make proof` all of them; outages of different stages share a life.
"""

import asyncio
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.conftest import counted
from tests.matrix import ports
from tests.matrix.cells import Cell, CleanRun, Trial, cells_of, sample, trials
from tests.matrix.life import next_tuesday
from tests.matrix.outages import Kind
from tests.matrix.runs import live, run_clean
from tests.matrix.stories import STORIES
from tests.turns import WHOLE
from workers.systems import Systems

pytestmark = [pytest.mark.proof, pytest.mark.usefixtures("failures_are_no_news")]

AT_ONCE = 10
OF_A_KIND = 1
"""Cells of each kind in a sample."""
PARTS = 40 if WHOLE else 1
"""What the matrix is cut into, so that every process has as much of it."""


@dataclass(frozen=True)
class CleanRuns:
    """Every story without a fault."""

    began: datetime
    runs: Sequence[CleanRun]

    @property
    def cells(self) -> list[Cell]:
        """The whole matrix."""
        return [cell for run in self.runs for cell in cells_of(run)]


@pytest.fixture(scope="session")
async def clean_runs(temporal_env: WorkflowEnvironment) -> CleanRuns:
    began = next_tuesday(datetime.now(UTC))
    return CleanRuns(began, await run_clean(temporal_env, began, STORIES))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", range(PARTS))
async def test_a_case_comes_through_outages_as_if_there_had_been_none_X7_X17(
    temporal_env: WorkflowEnvironment,
    clean_runs: CleanRuns,
    part: int,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    cells = clean_runs.cells
    if not WHOLE:
        cells = sample(cells, pytestconfig.getoption("matrix_seed"), OF_A_KIND)
    lives = trials(cells)[part::PARTS]
    record_property(*counted("cells of the outage matrix", sum(len(trial.cells) for trial in lives)))
    turns = asyncio.Semaphore(AT_ONCE)

    async def problem(trial: Trial) -> str | None:
        try:
            async with turns:
                await live(trial, temporal_env, clean_runs.began)
        except Exception as error:
            where = "" if isinstance(error, AssertionError) else traceback.format_exc()
            alone = [Trial(trial.clean, (cell,)) for cell in trial.cells] if len(trial.cells) > 1 else []
            blamed = [one for one in [await problem(each) for each in alone] if one]
            return "\n".join([f"{trial}\n{error}\n{where}", *(f"alone: {one}" for one in blamed)])
        return None

    problems = [one for one in await asyncio.gather(*map(problem, lives)) if one]
    if problems:
        pytest.fail("\n".join([f"{len(problems)} of {len(lives)} lives:", *problems]), pytrace=False)


def test_every_call_is_in_the_matrix_or_no_case_makes_it(clean_runs: CleanRuns) -> None:
    adapters = clean_runs.runs[0].life.house.adapters
    # Without what it adds a letter says less and goes out all the same: tests/activity/test_letter_facts.py.
    no_system = {"letter_facts", "desk_url", "asks"}
    # No case asks them: tests/durable has outages of the billing watch and of reconciliation.
    after_the_case = {"aftermath", "watches", "comparison", "findings"}
    assert adapters.keys() == {field.name for field in fields(Systems)} - no_system - after_the_case
    called = {cell.outage.call for cell in clean_runs.cells}
    every = ports.calls(adapters)
    assert {*map(str, every - called), *ports.ports_without(adapters)} == ports.NOT_CALLED.keys()
    assert called <= every


def test_every_kind_of_outage_is_in_the_matrix_alone_and_with_another_system(clean_runs: CleanRuns) -> None:
    cells = clean_runs.cells
    alone = {cell.outage.kind for cell in cells if cell.outage.another is None}
    beside = {cell.outage.kind for cell in cells if cell.outage.another is not None}
    assert alone == beside == set(Kind)
    stages = {(cell.clean.story.name, cell.stage.name) for cell in cells}
    assert stages == {(story.name, stage.name) for story in STORIES for stage in story.stages_with_outages()}
    assert len({str(cell) for cell in cells}) == len(cells)


def test_every_outage_is_lived_through_once_and_in_a_stage_of_its_own(clean_runs: CleanRuns) -> None:
    lives = trials(clean_runs.cells)
    assert Counter(str(cell) for trial in lives for cell in trial.cells) == Counter(
        map(str, clean_runs.cells)
    )
    for trial in lives:
        assert {cell.clean.story.name for cell in trial.cells} == {trial.clean.story.name}
        assert len({cell.stage.name for cell in trial.cells}) == len(trial.cells)
