"""A bug of ours is seen, loses nothing and heals after the fix: the workflow task fails (P20)."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from cancellation.adapters.memory.inbox import MemoryInbox
from cancellation.client import CancellationClient
from cancellation.domain.refusal import Refused
from cancellation.domain.values import Channel
from cancellation.failures import CaseNotAnswering, ServerUnreachable
from cancellation.mailroom import Mailroom
from cancellation.messages.facts import DiscardMessage, RequestMessage
from cancellation.messages.mail_in import IncomingMail, MailFate
from starters.cli.running import ExitCode, exit_code_of
from tests.durable.house import CaseDriver, House, until
from tests.durable.test_outcomes import everything_is_told
from tests.e2e.mail_rig import BOTH, FINANCE, email_from

PLACES = {
    "the trail's entry of a letter": "cancellation.application.casefile.said",
    "a message": "workflows.cancellation.take",
    "a system's answer": "workflows.dispatcher.take_answer",
    "a record for the CRM": "cancellation.application.tasks.order",
    "a letter": "cancellation.application.payloads.write",
    "what operators see": "workflows.publishing.current_details",
    "reminders": "workflows.cancellation.overdue_reminders",
}
"""What a pass does, and the function that does it."""

SOON = timedelta(seconds=1)
"""A second failure of one task is not reported but timed out."""


class Bug(Exception):
    """Raised where nobody expects it."""


@dataclass
class Fault:
    """A function that fails until it is mended."""

    works: Callable[..., Any]
    calls: int = 0
    mended: bool = False

    def __call__(self, *args: Any, **named: Any) -> Any:
        if not self.mended:
            self.calls += 1
            raise Bug
        return self.works(*args, **named)


def break_(patch: pytest.MonkeyPatch, target: str) -> Fault:
    """Put a fault into a function, by its dotted name."""
    module, _, name = target.rpartition(".")
    imported = __import__(module, fromlist=[name])
    fault = Fault(getattr(imported, name))
    patch.setattr(imported, name, fault)
    return fault


async def fails(case: CaseDriver, times: int = 2) -> None:
    """Wait until the case's workflow task has failed so often."""

    async def seen() -> bool:
        raw = (await case.handle.describe()).raw_description
        return raw.pending_workflow_task.attempt > times

    await until(seen)


@pytest.mark.some(2)
@pytest.mark.parametrize("place", PLACES)
async def test_an_error_in_the_pass_fails_the_task_and_heals_after_the_fix_P20(
    house: House, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    house.task_timeout = SOON
    case = await house.open()
    await case.quiet()
    fault = break_(monkeypatch, PLACES[place])
    declined = asyncio.create_task(case.decline(message_id="d1"))
    await fails(case)
    assert fault.calls > 1

    fault.mended = True
    assert (await declined)["accepted"]
    status = await case.quiet()
    assert status.stage.value == "awaiting_formalization"
    assert len(case.letters("script")) == 1
    kinds = await case.kinds()
    assert kinds.count("declined") == kinds.count("letter_sent") - 2 == 1
    await case.check("discard", reason="Engano", actor="ana")
    assert (await case.result()).outcome == "discarded"
    await everything_is_told(case)
    await house.replays()


@pytest.mark.rest
async def test_an_error_when_a_deadline_is_met_holds_the_case_and_heals_P20_X5(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.task_timeout = SOON
    case = await house.open()
    await case.quiet()
    await case.decline()
    await case.quiet()
    fault = break_(monkeypatch, "cancellation.domain.due._reminders")
    asked = asyncio.create_task(case.forward(timedelta(days=33)))
    await fails(case)
    fault.mended = True
    await asked
    assert (await case.result()).outcome == "lapsed"
    await everything_is_told(case)
    await house.replays()


# -------------------------------------------------------------------- a case that does not answer

CONTACT = RequestMessage(channel=Channel.PHONE, text="E aí?", message_id="m1")


def client_of(house: House) -> CancellationClient:
    """A client that soon gives up waiting."""
    return CancellationClient(
        house.environment.client, answer_within=timedelta(seconds=2), task_queue=house.task_queue
    )


async def wedged(house: House, patch: pytest.MonkeyPatch) -> tuple[CaseDriver, Fault]:
    """A case whose workflow task fails from a message on."""
    house.task_timeout = SOON
    case = await house.open()
    await case.quiet()
    fault = break_(patch, "workflows.cancellation.take")
    await case.signal("request", channel="phone", text="Oi?", message_id="m0")
    await fails(case, times=1)
    return case, fault


async def heals(case: CaseDriver, fault: Fault) -> None:
    """Mend it, and wait until the message that had wedged the case was taken."""
    fault.mended = True

    async def works() -> bool:
        return not (await case.handle.describe()).raw_description.HasField("pending_workflow_task")

    await until(works)
    await case.trailed("request_received", 2)


async def test_a_case_that_does_not_answer_is_told_from_a_server_that_is_away_X7(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, fault = await wedged(house, monkeypatch)
    client = client_of(house)
    asking: list[Callable[[], Any]] = [
        lambda: client.report(case.customer_id, DiscardMessage(reason="x", message_id="m2")),
        lambda: client.status(case.customer_id),
        lambda: client.trail(case.customer_id),
        lambda: client.open_or_join(case.customer_id, CONTACT),
    ]
    for ask in asking:
        with pytest.raises(CaseNotAnswering) as told:
            await ask()
        assert exit_code_of(told.value) == (ExitCode.REFUSED, str(told.value))
        assert "não responde" in str(told.value)

    await heals(case, fault)
    with contextlib.suppress(Refused):  # what waited at the server may have been taken meanwhile
        await client.open_or_join(case.customer_id, CONTACT)
    await house.replays()


@pytest.mark.rest
async def test_without_a_worker_it_is_the_server_that_does_not_answer_X7(
    temporal_env: WorkflowEnvironment,
) -> None:
    house = House(temporal_env)
    async with house.worker():
        case = await house.open()
        await case.quiet()
    for ask in (client_of(house).status, client_of(house).trail):
        with pytest.raises(ServerUnreachable):
            await ask(case.customer_id)
    with pytest.raises(ServerUnreachable):
        await client_of(house).report(case.customer_id, CONTACT)
    await house.close()


async def test_such_a_case_is_in_the_list_of_those_that_need_attention_X7(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, fault = await wedged(house, monkeypatch)

    async def listed() -> Any:
        return [
            one async for one in client_of(house).cases(attention=True) if one.customer_id == case.customer_id
        ]

    (found,) = await until(listed)
    assert found.problems
    assert found.attention == ()
    await heals(case, fault)

    async def gone() -> bool:
        return not await listed()

    await until(gone)
    await house.replays()


@pytest.mark.rest
async def test_mail_for_such_a_case_goes_to_a_person_at_once_X15(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, fault = await wedged(house, monkeypatch)
    received = await case.now()
    original = await house.crm.adapter.keep_original(email_from(case.customer_id), received)
    mail = IncomingMail(sha256=original.sha256, ref=original.ref, received_at=received, envelope=(FINANCE,))
    ledger = MemoryInbox()
    room = Mailroom(
        house.crm.adapter,
        house.crm.adapter,
        ledger,
        client_of(house),
        BOTH,
        ("mx.nuvemjti.com.br",),
        clock=lambda: received,
    )
    assert (await room.handle(mail)).fate is MailFate.TASK
    (task,) = await ledger.mail_tasks()
    assert "não responde" in task.text
    await heals(case, fault)
    await house.replays()
