"""Open cases live for weeks across deployments: what they have done must replay with the code of today."""

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from tests.replay.record import HISTORIES, MAILS, RELEASE, STORIES, id_in
from workflows.plugin import replayer

RECORDED = sorted(HISTORIES.glob("*.json"))


def test_every_story_was_recorded() -> None:
    assert {f"{RELEASE}-{story.__name__}" for story in (*STORIES, *MAILS)} <= {path.stem for path in RECORDED}


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_recorded_case_replays(path: Path) -> None:
    recorded = json.loads(path.read_text())
    history = WorkflowHistory.from_json(id_in(recorded), recorded)
    await replayer().replay_workflow(history)
