"""What an ordinary case costs the engine, held to the budget of the design: actions, events, bytes, payloads."""

from collections.abc import Iterator
from datetime import timedelta

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHistory

from cancellation.client import CancellationClient
from cancellation.domain.values import Channel, Contact
from cancellation.messages.facts import RequestMessage
from starters.cli.budget import ORDINARY_MESSAGES, Limits, budget_of
from tests.durable.customers import new_customer
from tests.durable.house import CaseDriver, House

LARGEST_PAYLOAD = 4096
ACTIONS, EVENTS, BYTES = 30, 130, 40 * 1024
"""What an ordinary case may cost; cases with longer texts may cost what `cancelamento budget` allows."""
PARKED = 32 * 1024
"""Bytes of the history of a case that sleeps in its notice: what is stored for thirty days."""


async def test_an_ordinary_case_stays_within_its_budget(telling: House) -> None:
    case = await asked_by_a_service(telling)
    await ordinary_course(case)
    assert (await case.result()).outcome == "closed"
    cost = await budget_of(case.handle, case.customer_id)
    assert cost.limits == Limits.of(ORDINARY_MESSAGES)
    assert cost.is_kept, cost
    assert cost.actions <= ACTIONS, cost
    assert cost.events <= EVENTS, cost
    assert cost.bytes <= BYTES, cost
    assert max(payload_sizes(await case.history())) <= LARGEST_PAYLOAD


async def test_a_case_that_sleeps_in_its_notice_is_small(house: House) -> None:
    case = await asked_by_a_service(house)
    await to_the_notice(case)
    cost = await budget_of(case.handle, case.customer_id)
    assert cost.bytes <= PARKED, cost
    assert await house.replays() == 1


async def test_a_wake_up_that_finds_nothing_to_do_costs_nothing_more(house: House) -> None:
    no_reminders = {"formalization_reminder_days": [], "awake_interval_hours": 8760}
    case = await house.open(policy=no_reminders)
    await case.quiet()
    await case.decline()
    await case.quiet()
    before = await budget_of(case.handle, case.customer_id)
    await case.forward(timedelta(days=20))
    assert (await budget_of(case.handle, case.customer_id)).events == before.events


async def asked_by_a_service(house: House) -> CaseDriver:
    """A case as the chatbot opens it."""
    case = CaseDriver(house, new_customer())
    await house.provision(case.seed)
    house.cases.append(case)
    request = RequestMessage(
        channel=Channel.CHATBOT, text="Quero cancelar", contact=Contact(name="Rita"), message_id="chat-1"
    )
    client = CancellationClient(house.environment.client, task_queue=house.task_queue)
    with house.environment.with_time_skipping_disabled():
        await client.open_or_join(case.customer_id, request)
    return case


async def ordinary_course(case: CaseDriver) -> None:
    """Declined the same day, formalised by one complete e-mail, closed after the notice."""
    await to_the_notice(case)
    await case.pass_notice()


async def to_the_notice(case: CaseDriver) -> None:
    """Declined the same day, formalised by one complete e-mail, and everything owed done."""
    await case.quiet()
    await case.decline()
    await case.quiet()
    await case.formalize(original_sha256="a" * 64, original_ref="crm:original/" + "a" * 64)
    await case.quiet()


def payload_sizes(history: WorkflowHistory) -> Iterator[int]:
    """The size in bytes of every payload in a history: arguments, results, attributes, labels."""
    for event in history.events:
        yield from (payload.ByteSize() for payload in payloads_in(event))


def payloads_in(message: Message) -> Iterator[Payload]:
    """Every payload anywhere in a protobuf message."""
    if isinstance(message, Payload):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if isinstance(value, Message):
            found = [value]
        else:
            found = list(value.values()) if hasattr(value, "values") else list(value)
        for one in found:
            if isinstance(one, Message):
                yield from payloads_in(one)
