"""The schedule of reconciliation: made by `setup`, left to operators, run by hand with `check --now` (X11)."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import (
    Client,
    ScheduleActionExecutionStartWorkflow,
    ScheduleOverlapPolicy,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.testing import WorkflowEnvironment

from cancellation.contract import CANCELLATIONS
from cancellation.domain.findings import Rule
from starters.cli.app import run
from tests.contract.reconciled import spoil
from tests.durable.house import until
from tests.durable.records import RecordsHouse, records_house
from tests.durable.test_reconciliation import HeldUp
from workers.schedule import SCHEDULE, prepare_schedule, run_now

Type = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
async def scheduled(temporal_env: WorkflowEnvironment, database: str) -> AsyncIterator[RecordsHouse]:
    """A worker where the schedule has its runs start; the schedule goes with the test."""
    async with records_house(temporal_env, database) as house:
        house.task_queue = CANCELLATIONS
        yield house
    await temporal_env.client.get_schedule_handle(SCHEDULE).delete()


@pytest.fixture
def typed(
    scheduled: RecordsHouse,
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Type:
    """Types a command, as an operator with the worker's environment does."""
    config = scheduled.environment.client.service_client.config
    monkeypatch.setenv("TEMPORAL_ADDRESS", config.target_host)
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("CANCELAMENTO_HOME", str(tmp_path))

    async def type_(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = await asyncio.to_thread(run, list(words))
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return type_


async def test_setup_makes_the_schedule_and_keeps_what_operators_made_of_it_X11(
    scheduled: RecordsHouse, typed: Type
) -> None:
    client = scheduled.environment.client
    code, said = await typed("setup")
    assert code == 0, said
    assert f"conferência diária agendada: {SCHEDULE}" in said
    handle = client.get_schedule_handle(SCHEDULE)
    assert (await handle.describe()).schedule.policy.overlap is ScheduleOverlapPolicy.SKIP
    await handle.pause(note="manutenção")

    def at_three(held: ScheduleUpdateInput) -> ScheduleUpdate:
        (calendar,) = held.description.schedule.spec.calendars
        moved = replace(calendar, hour=[replace(calendar.hour[0], start=3, end=3)])
        spec = replace(held.description.schedule.spec, calendars=[moved])
        return ScheduleUpdate(replace(held.description.schedule, spec=spec))

    await handle.update(at_three)
    code, said = await typed("setup")
    assert (code, "pausada, e continua assim" in said) == (0, True), said
    held = (await handle.describe()).schedule
    assert (held.state.paused, held.state.note) == (True, "manutenção")
    assert [hour.start for hour in held.spec.calendars[0].hour] == [3]
    await handle.unpause()
    assert "pausada" not in (await typed("setup"))[1]


async def test_check_now_runs_it_and_prints_what_disagrees_X11(scheduled: RecordsHouse, typed: Type) -> None:
    code, said = await typed("check", "--now")
    assert (code, "rode cancelamento setup" in said) == (1, True), said
    await prepare_schedule(scheduled.environment.client)
    await scheduled.environment.client.get_schedule_handle(SCHEDULE).pause()
    async with scheduled.worker():
        assert await typed("check", "--now") == (0, "Tudo combina.\n")
        await spoil(
            scheduled.owner,
            "insert into crm.customers (customer_id, name, status, status_at) "
            "values ('1042', 'Acme', 'Em retenção', now() - interval '1 day')",
        )
        code, said = await typed("check", "--now", "--json")
        assert code == 1, said
        (found,) = json.loads(said)["findings"]
        assert (found["rule"], found["customer_id"], found["team"]) == (
            Rule.STATUS_UNEXPLAINED,
            "1042",
            "commercial",
        )
        assert found["crm_says"].startswith("Em retenção, desde")
        assert (found["other_says"], found["told_at"] is None) == ("nada consta", False)
        code, said = await typed("check", "--now")
        assert code == 1
        assert "Status do cliente que nenhum caso explica (1)" in said
        assert "cliente 1042" in said
        assert "O que fazer: " in said
    assert (await typed("check", "worker", "--now"))[0] == 2
    assert (await typed("check", "--json"))[0] == 2


async def test_one_run_goes_at_a_time_X11(scheduled: RecordsHouse) -> None:
    client: Client = scheduled.environment.client
    await prepare_schedule(client)
    held = HeldUp(Rule.LINK_LEFT)
    scheduled.comparison = held
    async with scheduled.worker():
        first = await run_now(client)
        await held.reached.wait()
        handle = client.get_schedule_handle(SCHEDULE)

        async def is_known_to_run() -> list[str]:
            actions = (await handle.describe()).info.running_actions
            return [
                one.workflow_id for one in actions if isinstance(one, ScheduleActionExecutionStartWorkflow)
            ]

        await until(is_known_to_run)
        again = await run_now(client)
        assert again.id == first.id
        await handle.trigger()
        held.free.set()
        result = await first.result()
        assert result.counts["compare_records"]["found"] == 0
    assert (await handle.describe()).info.num_actions == 1
    assert (await handle.describe()).schedule.policy.catchup_window == timedelta(hours=12)
