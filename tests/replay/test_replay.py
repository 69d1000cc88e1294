"""Open cases live for weeks across deployments: what they have done must replay with the code of today."""

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.converter import WorkflowSerializationContext
from temporalio.worker.workflow_sandbox import _runner

from tests.replay.record import HISTORIES, OTHERS, RELEASE, STORIES, id_in
from workflows.plugin import converter, replayer

RECORDED = sorted(HISTORIES.glob("*.json"))


def test_every_story_was_recorded() -> None:
    assert {f"{RELEASE}-{story.__name__}" for story in (*STORIES, *OTHERS)} <= {
        path.stem for path in RECORDED
    }


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_recorded_case_replays(path: Path) -> None:
    recorded = json.loads(path.read_text())
    history = WorkflowHistory.from_json(id_in(recorded), recorded)
    await replayer().replay_workflow(history)


async def test_no_payload_costs_a_look_into_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(*_: object) -> None:
        raise AssertionError("the sandbox was asked for the context of a payload")

    monkeypatch.setattr(_runner._Instance, "get_serialization_context", look)
    monkeypatch.setattr(_runner._Instance, "get_external_store_context", look)
    recorded = json.loads(RECORDED[0].read_text())
    await replayer().replay_workflow(WorkflowHistory.from_json(id_in(recorded), recorded))


def test_nothing_that_converts_payloads_would_want_a_context() -> None:
    ours = converter()
    context = WorkflowSerializationContext(namespace="default", workflow_id="cancellation-1042")
    assert ours.with_context(context) is ours
    assert ours.external_storage is None
