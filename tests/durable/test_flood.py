"""A worker that comes back to thousands of messages takes them all in one workflow task (X8)."""

import asyncio

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.durable.house import House

COUNT = 9_900
"""The server takes ten thousand signals of one execution."""


@pytest.mark.rest
@pytest.mark.timeout(400)
async def test_thousands_of_messages_in_one_workflow_task_are_all_taken_X8(
    temporal_env: WorkflowEnvironment,
) -> None:
    house = House(temporal_env)
    async with house.worker():
        case = await house.open()
        before = (await case.quiet()).messages_seen
    turns = asyncio.Semaphore(100)

    async def one(number: int) -> None:
        async with turns:
            await case.signal(
                "request", channel="chatbot", text="E aí?", message_id=f"m{number}", actor="bot"
            )

    await asyncio.gather(*map(one, range(COUNT)))
    async with house.worker():
        status = await case.until(lambda status: status.messages_seen >= before + COUNT)
        assert status.messages_seen == before + COUNT
        answer = await case.check("discard", reason="Engano", actor="ana")
        assert answer["accepted"]
        await case.result()
        await house.replays()
        await house.close()
