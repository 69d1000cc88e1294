"""A changed order of two steps is seen: by the committed histories, by the fingerprint, by `worker --verify` (X22)."""

import json
from collections.abc import AsyncIterator

import pytest
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.workflow import NondeterminismError

from cancellation.domain.case import Case
from cancellation.domain.commands import OpenCase
from cancellation.domain.letter_kinds import LetterKind, LetterOrder
from cancellation.domain.values import Team
from tests.durable.house import House
from tests.replay.fingerprint import FINGERPRINT, fingerprint
from tests.replay.record import HISTORIES, RELEASE
from workers.verify import replayed_cases
from workflows.plugin import replayer


@pytest.fixture
async def house(temporal_env: WorkflowEnvironment) -> AsyncIterator[House]:
    house = House(temporal_env)
    async with house.worker():
        yield house
        await house.close()


def letter_first(case: Case, now: object) -> None:
    """`hand_to_commercial` with its two steps in the other order."""
    if case._reach("handed_to_commercial"):
        order = LetterOrder(kind=LetterKind.REQUEST_TO_COMMERCIAL, team=Team.COMMERCIAL)
        case._owe_letter(order, now=now)  # type: ignore[arg-type]
        case._owe(OpenCase(), now=now)  # type: ignore[arg-type]


async def test_what_cases_command_is_what_was_reviewed_X22(temporal_env: WorkflowEnvironment) -> None:
    assert await fingerprint(temporal_env) == FINGERPRINT.read_text()


async def test_a_changed_order_shows_in_the_fingerprint_X22(
    temporal_env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Case, "hand_to_commercial", letter_first)
    assert await fingerprint(temporal_env) != FINGERPRINT.read_text()


async def test_a_changed_order_does_not_replay_the_committed_histories_X22(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Case, "hand_to_commercial", letter_first)
    recorded = json.loads((HISTORIES / f"{RELEASE}-closed.json").read_text())
    with pytest.raises(NondeterminismError):
        await replayer().replay_workflow(WorkflowHistory.from_json("cancellation-x", recorded))


async def test_verify_names_the_cases_that_another_code_would_wedge_X22(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = house.environment.client
    case = await house.open()
    await case.quiet()
    ended = await house.open()
    await ended.quiet()
    await ended.check("discard", reason="Engano")
    await ended.result()
    mine = {case.handle.id: True, ended.handle.id: False}

    async def found() -> dict[str, tuple[bool, bool]]:
        return {
            one.workflow_id: (one.open, one.problem is None)
            async for one in replayed_cases(client, 50)
            if one.workflow_id in mine
        }

    assert await found() == {name: (is_open, True) for name, is_open in mine.items()}
    monkeypatch.setattr(Case, "hand_to_commercial", letter_first)
    assert await found() == {name: (is_open, False) for name, is_open in mine.items()}
