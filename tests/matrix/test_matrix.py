"""Every outside call × every stage × every kind of outage: the case comes to where the clean run does (X7, X17).

The cells are made from the ports and from what clean runs call, so a new call is here without anybody remembering.
`make test` runs a sample of every kind, `make proof` all of them.
"""

import asyncio
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.conftest import WHOLE, counted
from tests.matrix import ports
from tests.matrix.cells import Cell, CleanRun, cells_of, sample
from tests.matrix.life import next_tuesday
from tests.matrix.outages import Kind
from tests.matrix.runs import live, run_clean
from tests.matrix.stories import STORIES
from workers.systems import Systems

pytestmark = [pytest.mark.sampled, pytest.mark.usefixtures("failures_are_no_news")]

AT_ONCE = 10
OF_A_KIND = 1
"""Cells of each kind in a sample."""
STAGES = [stage.name for story in STORIES for stage in story.stages_with_outages()] if WHOLE else ["sample"]


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
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("stage", STAGES)
async def test_a_case_comes_through_an_outage_as_if_there_had_been_none_X7_X17(
    temporal_env: WorkflowEnvironment,
    clean_runs: CleanRuns,
    stage: str,
    kind: Kind,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    cells = clean_runs.cells
    if not WHOLE:
        cells = sample(cells, pytestconfig.getoption("matrix_seed"), OF_A_KIND)
    cells = [one for one in cells if one.outage.kind is kind and stage in (one.stage.name, "sample")]
    record_property(*counted("cells of the outage matrix", len(cells)))
    turns = asyncio.Semaphore(AT_ONCE)

    async def problem(cell: Cell) -> str | None:
        async with turns:
            try:
                await live(cell, temporal_env, clean_runs.began)
            except Exception as error:
                where = "" if isinstance(error, AssertionError) else traceback.format_exc()
                return f"{cell}\n{error}\n{where}"
        return None

    problems = [one for one in await asyncio.gather(*map(problem, cells)) if one]
    if problems:
        pytest.fail("\n".join([f"{len(problems)} of {len(cells)} cells:", *problems]), pytrace=False)


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
