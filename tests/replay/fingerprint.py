"""What a case commands in which order, as a text that a reviewer sees change (architecture.md, "The engine")."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from tests.durable.house import House
from tests.replay.lockstep import Lockstep
from tests.replay.stories import STORIES

FINGERPRINT: Final = Path(__file__).parent / "fingerprint.txt"
_NO_DATES: Final = {
    "commercial_reminder_hours": [],
    "formalization_reminder_days": [],
    "awake_interval_hours": 8760,
    "holidays": [],
}
"""A policy under which the day on which a test runs decides nothing."""


async def fingerprint(environment: WorkflowEnvironment) -> str:
    """The commands of every story, one result at a time."""
    lives = [Lockstep(House(environment), steps, policy=_NO_DATES).live() for steps in STORIES.values()]
    lines: list[str] = []
    for story, history in zip(STORIES, await asyncio.gather(*lives), strict=True):
        lines += [f"[{story}]", *commands(history), ""]
    return "\n".join(lines)


def commands(history: WorkflowHistory) -> Iterator[str]:
    """What the workflow told the engine, in order."""
    for event in history.events:
        if event.HasField("activity_task_scheduled_event_attributes"):
            yield event.activity_task_scheduled_event_attributes.activity_type.name
        elif event.HasField("timer_started_event_attributes"):
            yield f"timer {event.user_metadata.summary.data.decode().strip(chr(34))}"
        elif event.HasField("timer_canceled_event_attributes"):
            yield "timer cancelled"
        elif event.HasField("marker_recorded_event_attributes"):
            yield f"marker {event.marker_recorded_event_attributes.marker_name}"
        elif event.HasField("upsert_workflow_search_attributes_event_attributes"):
            found = event.upsert_workflow_search_attributes_event_attributes.search_attributes
            yield f"search attributes {' '.join(sorted(found.indexed_fields))}"
        elif event.HasField("workflow_execution_update_completed_event_attributes"):
            yield "update answered"
        elif event.HasField("workflow_execution_completed_event_attributes"):
            yield "completed"
