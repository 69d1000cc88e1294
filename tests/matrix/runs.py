"""Lives through stories: clean, and with an outage in one stage."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from temporalio.testing import WorkflowEnvironment

from cancellation.contract import CANCELLATION, INCOMING_MAIL
from tests.matrix.cells import HOUR, LOOKS, Cell, CleanRun, Endured, Lived, StageRun, Trial
from tests.matrix.facts import facts
from tests.matrix.frail import FrailHouse
from tests.matrix.life import Life
from tests.matrix.stories import SPAN, Stage, Story
from tests.matrix.verdict import verdict


async def run_clean(
    environment: WorkflowEnvironment, began: datetime, stories: Sequence[Story]
) -> list[CleanRun]:
    """Every story without a fault, all at once."""
    async with asyncio.TaskGroup() as together:
        runs = [together.create_task(_run_clean(environment, began, story)) for story in stories]
    return [run.result() for run in runs]


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
    start = await _reach(life, stage)
    if life.is_open:
        run.before = await facts(life)
    life.house.made.clear()
    await stage.act(life)
    await life.settle()
    if not stage.has_outages:
        return
    for span in LOOKS:
        await life.forward_to(start + span)
        run.done[span] = await facts(life)
    run.calls = life.house.calls_of(INCOMING_MAIL if stage.of_mail else CANCELLATION)
    clean.stages[stage.name] = run


async def _reach(life: Life, stage: Stage) -> datetime:
    """The beginning of a stage; answers with its instant."""
    start = await stage.at(life)
    if life.is_open:
        await life.forward_to(start)
        await stage.prepare(life)
    return start


async def live(trial: Trial, environment: WorkflowEnvironment, began: datetime) -> None:
    """The story with its outages, to its end.

    Raises:
        AssertionError: with everything that is not as it should be.
    """
    house = FrailHouse(environment)
    async with house.worker():
        lived = Lived(trial, Life(house, began))
        for stage in trial.clean.story.stages:
            start = await _reach(lived.life, stage)
            cell = trial.cell_of(stage)
            if cell is not None:
                lived.endured.append(await _endure(cell, lived.life, start))
            else:
                await stage.act(lived.life)
                await lived.life.settle()
        await verdict(lived)


async def _endure(cell: Cell, life: Life, start: datetime) -> Endured:
    """Live through a stage with its outage."""
    outage, house, clean = cell.outage, life.house, cell.clean.stages[cell.stage.name]
    before = await facts(life) if life.is_open else frozenset()
    house.made.clear()
    outage.begin(house, life.case.customer_id)
    await cell.stage.act(life)
    await life.settle()
    if outage.another is not None and outage.lasts != HOUR:
        await life.forward_to(start + HOUR)
        outage.end_of_the_other(house)
    missing, attention = frozenset[str](), tuple[str, ...]()
    if outage.lasts is not None:
        await life.forward_to(start + outage.lasts)
        # What an earlier outage left out for good, as the trail says, is not missed again.
        missing = clean.done[outage.lasts] - await facts(life) - (clean.before - before)
        attention = (await life.case.status()).attention
        outage.end_of_the_other(house)
        outage.end(house)
    await life.forward_to(start + SPAN)
    outage.end(house)
    tasks = await life.case.tasks(open_only=True)
    alarms = [key for key in tasks if key.startswith("attention:")]
    return Endured(
        cell,
        missing=missing,
        done=await facts(life) - before,
        attention=attention,
        alarms_left=(*await life.case.attributes_of_attention(), *alarms),
        was_met=any(call == outage.call for call, _ in house.made),
    )
