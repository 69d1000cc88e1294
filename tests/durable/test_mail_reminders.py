"""An e-mail of no case: Commercial is written to and reminded until somebody has decided (X15, X19)."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowFailureError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from cancellation.contract import ATTENTION, UNDECIDED_MAIL
from cancellation.messages.letter_contents import MailWithoutCase
from cancellation.messages.mail_in import UNDECIDED_PREFIX
from tests.durable.house import House, until
from tests.e2e.mail_rig import email_from
from workflows.plugin import replayer

ASKS = "Quero cancelar o contrato, por favor: muito caro."


def told(house: House) -> list[MailWithoutCase]:
    """What Commercial was written."""
    sent = [argument for name, argument in house.mailer.done if name == "send"]
    return [one.content for one in sent if isinstance(one.content, MailWithoutCase)]


async def waiting(house: House) -> tuple[str, Any]:
    """An e-mail that waits for a person; its task and the execution that reminds of it."""
    await house.mailed(email_from("ninguem", ASKS))
    [execution] = house.undecided
    handle = house.environment.client.get_workflow_handle(execution)
    await until(lambda: told(house))
    return execution.removeprefix(UNDECIDED_PREFIX), handle


async def test_commercial_is_told_at_once_with_original_and_command_and_reminded_without_end_X15_X19(
    house: House,
) -> None:
    task, handle = await waiting(house)
    [first] = told(house)
    assert (first.reminds, first.original_sha256) == (False, task)
    assert any(line.startswith(f"cancelamento mail {task} --refused-by") for line in first.commands)
    await house.time.pass_by(handle, timedelta(days=12))
    assert [one.reminds for one in told(house)] == [False, True, True, True, True]
    attributes = (await handle.describe()).typed_search_attributes
    assert list(attributes.get(ATTENTION) or []) == ["mail"]
    await house.time.pass_by(handle, timedelta(days=15))
    assert len(told(house)) == 7
    await replayer().replay_workflow(await handle.fetch_history())


async def test_when_somebody_has_decided_nobody_is_reminded_any_more_X15(house: House) -> None:
    task, handle = await waiting(house)
    assert await house.mail.close_task(task, "ana", (await handle.describe()).start_time)
    await house.time.pass_by(handle, timedelta(days=5))
    assert await handle.result() == 1
    assert len(told(house)) == 1
    await replayer().replay_workflow(await handle.fetch_history())


@pytest.mark.parametrize("data", [b"\xff\xfe", b"{", b"", b"17", b'["x"]', b'"x"'])
async def test_what_names_no_email_is_refused_and_wedges_nothing_X8(house: House, data: bytes) -> None:
    with house.environment.with_time_skipping_disabled():
        handle = await house.environment.client.start_workflow(
            UNDECIDED_MAIL,
            args=[RawValue(Payload(metadata={"encoding": b"json/plain"}, data=data))],
            id=f"{UNDECIDED_PREFIX}{uuid.uuid4().hex}",
            task_queue=house.task_queue,
        )
    async with asyncio.timeout(10):
        with pytest.raises(WorkflowFailureError) as refused:
            await handle.result()
    assert isinstance(refused.value.cause, ApplicationError)
    assert refused.value.cause.type == "Refused"
    assert told(house) == []


async def test_a_mail_server_that_is_down_delays_a_reminder_and_loses_none_X7_X15(house: House) -> None:
    house.mailer.goes_down("send")
    await house.mailed(email_from("ninguem", ASKS))
    [execution] = house.undecided
    handle = house.environment.client.get_workflow_handle(execution)
    await house.time.pass_by(handle, timedelta(hours=2))
    assert told(house) == []
    house.mailer.recovers()
    await house.time.pass_by(handle, timedelta(hours=1))
    assert [one.reminds for one in told(house)] == [False]
