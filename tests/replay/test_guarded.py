"""A changed order of two steps is seen: by the committed histories, by the fingerprint, by `worker --verify` (X22)."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.workflow import NondeterminismError

from cancellation.contract import TASK_TIMEOUT
from cancellation.domain.commands import Owed
from cancellation.domain.ledger import Ledger
from cancellation.domain.stage import Stage
from tests.durable.house import House, until
from tests.replay.fingerprint import FINGERPRINT, fingerprint
from tests.replay.record import HISTORIES, RELEASE, id_in
from workers.verify import replayed, replayed_cases
from workflows.plugin import replayer


@pytest.fixture
async def house(empty_temporal_env: WorkflowEnvironment) -> AsyncIterator[House]:
    house = House(empty_temporal_env)
    async with house.worker():
        yield house
        await house.close()


def the_other_way_round(ledger: Ledger) -> dict[str, list[Owed]]:
    """The lanes in another order: where several start together, they are commanded in that order."""
    return dict(reversed(LANES(ledger).items()))


LANES = Ledger.lanes


async def test_what_cases_command_is_what_was_reviewed_X22(temporal_env: WorkflowEnvironment) -> None:
    assert await fingerprint(temporal_env) == FINGERPRINT.read_text()


@pytest.mark.long
async def test_a_changed_order_shows_in_the_fingerprint_X22(
    temporal_env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "lanes", the_other_way_round)
    assert await fingerprint(temporal_env) != FINGERPRINT.read_text()


async def test_a_changed_order_does_not_replay_the_committed_histories_X22(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Ledger, "lanes", the_other_way_round)
    recorded = json.loads((HISTORIES / f"{RELEASE}-closed.json").read_text())
    with pytest.raises(NondeterminismError):
        await replayer().replay_workflow(WorkflowHistory.from_json(id_in(recorded), recorded))


async def test_verify_names_the_cases_that_another_code_would_wedge_X22(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = house.environment.client
    case = await house.open()
    await case.to_notice()
    ended = await house.open()
    await ended.to_notice()
    await ended.check("withdrawal", reason="Fica")
    await ended.result()
    mine = {case.handle.id: True, ended.handle.id: False}

    async def found() -> dict[str, tuple[bool, bool]]:
        return {one.workflow_id: (one.open, one.problem is None) async for one in replayed_cases(client, 5)}

    async def listed() -> bool:
        return await found() == {name: (is_open, True) for name, is_open in mine.items()}

    await until(listed)  # what has ended is listed so a moment later
    monkeypatch.setattr(Ledger, "lanes", the_other_way_round)
    assert await found() == {name: (is_open, False) for name, is_open in mine.items()}


@pytest.mark.long
async def test_that_a_machine_was_busy_while_a_case_replayed_is_said_of_no_case_X22(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = [2.5]

    def lanes(ledger: Ledger) -> dict[str, list[Owed]]:
        if slow:
            time.sleep(slow.pop())  # longer than the library lets a workflow take
        return LANES(ledger)

    monkeypatch.setattr(Ledger, "lanes", lanes)
    recorded = json.loads((HISTORIES / f"{RELEASE}-retained.json").read_text())
    history = WorkflowHistory.from_json(id_in(recorded), recorded)
    client: Any = SimpleNamespace(data_converter=SimpleNamespace(payload_codec=None))
    execution: Any = SimpleNamespace(id=history.workflow_id, run_id="1", close_time=None)
    assert (await replayed(client, execution, history)).problem is None
    assert slow == []


@pytest.fixture
def standstill(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that a case's next look at what it owes takes, one by one; between any two it could be ended by force."""
    moments: list[float] = []

    def lanes(ledger: Ledger) -> dict[str, list[Owed]]:
        while moments:
            time.sleep(moments.pop())
        return LANES(ledger)

    monkeypatch.setattr(Ledger, "lanes", lanes)
    return moments


LONGER_THAN_A_TASK = [0.05] * (20 * (TASK_TIMEOUT.seconds + 1))


@pytest.mark.long
async def test_a_case_goes_on_after_the_machine_stood_still_in_the_middle_of_a_step_X7_X22(
    temporal_env: WorkflowEnvironment, standstill: list[float]
) -> None:
    house = House(temporal_env)
    async with asyncio.timeout(60), house.worker():
        case = await house.open()
        await case.quiet()
        standstill += LONGER_THAN_A_TASK
        await case.decline()
        assert (await case.quiet()).stage == Stage.AWAITING_FORMALIZATION
        await house.close()
    await house.replays()


@pytest.mark.long
async def test_who_asks_for_the_status_on_a_machine_that_stands_still_gets_it_late_and_no_error_X7_X8(
    temporal_env: WorkflowEnvironment, standstill: list[float]
) -> None:
    house = House(temporal_env)
    async with asyncio.timeout(60):
        async with house.worker():
            case = await house.open()
            await case.quiet()
        standstill += LONGER_THAN_A_TASK
        async with house.worker():
            assert (await case.status()).stage == Stage.RETENTION
            await house.close()
    await house.replays()
