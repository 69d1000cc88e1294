"""How cases open: once a customer, through any channel, and not at all for garbage."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    Interceptor,
    ListWorkflowsInput,
    OutboundInterceptor,
    WorkflowExecutionAsyncIterator,
    WorkflowFailureError,
)
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from cancellation.client import CancellationClient
from cancellation.domain.identity import workflow_id
from cancellation.domain.refusal import Refused
from cancellation.domain.values import Channel
from cancellation.failures import CaseNotFound
from cancellation.messages.facts import RequestMessage
from cancellation.messages.status import Answer
from tests.durable.customers import new_customer
from tests.durable.house import CaseDriver, House, until
from tests.unit.messages.garbage import BROKEN

GOOD = {"channel": "phone", "text": "Quero cancelar"}


async def open_or_join(house: House, customer_id: str, message_id: str) -> Answer:
    """A service asks for a cancellation."""
    client = CancellationClient(house.environment.client, task_queue=house.task_queue)
    request = RequestMessage(channel=Channel.PHONE, text="Quero cancelar", message_id=message_id)
    return await client.open_or_join(customer_id, request)


async def test_fifty_concurrent_opens_make_one_case_with_fifty_contacts_X1(house: House) -> None:
    seed = new_customer()
    await house.provision(seed)
    case = CaseDriver(house, seed)
    house.cases.append(case)
    with house.environment.with_time_skipping_disabled():
        answers = await asyncio.gather(
            *(open_or_join(house, case.customer_id, f"m{number}") for number in range(50))
        )
    status = await case.quiet()
    assert sum(answer.opened for answer in answers) == 1
    assert {answer.protocol for answer in answers} == {status.protocol}
    assert not any(answer.duplicate for answer in answers)
    assert len(status.contacts) == 50
    assert house.crm.count("open_case") == 1
    assert len(case.letters("request_to_commercial")) == 1
    assert (await case.kinds()).count("request_received") == 50
    again = await open_or_join(house, case.customer_id, "m7")
    assert (again.opened, again.duplicate) == (False, True)
    assert len((await case.status()).contacts) == 50


async def test_a_second_request_joins_and_moves_no_date_X1(house: House) -> None:
    case = await house.open()
    before = await case.to_notice()
    await case.check("request", channel="email", text="Cadê?", message_id="<x@y>")
    after = await case.quiet()
    assert (after.notice, after.opened_at, after.channel) == (before.notice, before.opened_at, before.channel)
    assert [contact.channel.value for contact in after.contacts] == ["whatsapp", "email"]
    assert house.crm.count("open_case") == 1


async def refused_start(house: House, customer_id: str, *arguments: Any) -> list[dict[str, str]]:
    """The details with which an execution failed that should not have begun."""
    handle = await house.start_raw(customer_id, *arguments)
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    cause = caught.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "Refused"
    assert cause.message.startswith("Recusado: ")
    assert not house.crm.attempts
    assert not house.mailer.attempts
    details: list[dict[str, str]] = list(cause.details)
    assert all(set(detail) == {"field", "problem"} for detail in details)
    return details


@pytest.mark.parametrize(
    ("argument", "fields"),
    [
        ({}, {"customer_id", "request"}),
        ({"customer_id": 1042, "request": GOOD}, {"customer_id"}),
        ({"customer_id": "", "request": GOOD}, {"customer_id"}),
        ({"customer_id": "../etc", "request": GOOD}, {"customer_id"}),
        ({"customer_id": "x", "request": None}, {"request"}),
        ({"customer_id": "x", "request": {"channel": "fax"}}, {"request.channel"}),
        ({"customer_id": "x", "request": GOOD, "police": {}}, {"police"}),
        ({"customer_id": "x", "request": GOOD, "policy": {"notice_days": "30"}}, {"policy.notice_days"}),
        (
            {"customer_id": "x", "request": GOOD, "policy": {"mailboxes": ["x"]}},
            {"policy.mailboxes", "policy.mailboxes.0"},
        ),
        (
            {"customer_id": "x", "request": GOOD, "policy": {"business_hours": {"closes": "18:00Z"}}},
            {"policy.business_hours.closes"},
        ),
        ({"customer_id": "another", "request": GOOD}, {"customer_id"}),
        ({"customer_id": "x", "request": GOOD | {"occurred_at": "ontem"}}, {"request.occurred_at"}),
        (None, {"payload"}),
        ([], {"payload"}),
        ("cancelar", {"payload"}),
    ],
)
async def test_a_start_argument_that_cannot_be_read_ends_as_refused_X8(
    house: House, argument: Any, fields: set[str]
) -> None:
    details = await refused_start(house, "x", argument)
    assert {detail["field"] for detail in details} == fields


async def test_a_start_with_no_argument_or_two_or_other_bytes_ends_as_refused_X8(house: House) -> None:
    good = {"customer_id": "x", "request": GOOD}
    json = {"encoding": b"json/plain"}
    odd = [
        (),
        (good, good),
        (RawValue(Payload(metadata={"encoding": b"binary/plain"}, data=b"\x00\x01")),),
        (RawValue(Payload(metadata={"encoding": b"binary/encrypted"}, data=b"x")),),
        (RawValue(Payload(data=b"{}")),),
        (RawValue(Payload(metadata=json, data=b'{"customer_id":')),),
        (RawValue(Payload(metadata=json, data=BROKEN["100,000 brackets"])),),
        (RawValue(Payload(metadata=json, data=BROKEN["one megabyte of text"])),),
    ]
    for arguments in odd:
        assert await refused_start(house, "x", *arguments)


async def test_messages_to_a_refused_start_do_no_harm_X8(house: House) -> None:
    with house.environment.with_time_skipping_disabled():
        handle = await house.environment.client.start_workflow(
            "Cancellation",
            {"customer_id": "y"},
            id=workflow_id("y"),
            task_queue=house.task_queue,
            start_signal="discard",
            start_signal_args=[{"reason": "x"}],
        )
    with pytest.raises(WorkflowFailureError):
        await handle.result()


async def test_a_customer_the_crm_does_not_know_is_commercials_and_the_case_ends(house: House) -> None:
    case = await house.open(known=False, contact={"name": "Zé", "phone": "+55 11 9 9999"}, text="quero sair")
    result = await case.result()
    assert result.outcome == "discarded"
    tasks = await case.tasks(open_only=True)
    assert list(tasks) == ["commercial"]
    assert "Zé" in tasks["commercial"].order.text
    assert [letter.kind.value for letter in case.letters()] == ["request_to_commercial"]
    assert not house.telephony.attempts
    assert [e.seq for e in await house.crm.adapter.trail(result.case_id)] == list(
        range(1, result.trail_entries + 1)
    )


async def test_who_opens_a_case_of_a_customer_whom_the_crm_does_not_know_hears_it_X8(house: House) -> None:
    stranger = new_customer()
    with pytest.raises(Refused) as refused:
        await open_or_join(house, stranger.customer.customer_id, "w1")
    assert [problem.field for problem in refused.value.problems] == ["customer_id"]
    case = CaseDriver(house, stranger)
    house.cases.append(case)
    assert (await case.result()).outcome == "discarded"
    assert set(await case.tasks(open_only=True)) == {"commercial"}
    [refusal] = [entry for entry in await case.crm_trail() if entry.kind == "message_refused"]
    assert (refusal.message_id, refusal.problems[0].field) == ("w1", "customer_id")
    assert await house.replays() == 1


async def test_who_opens_a_case_is_answered_though_the_crm_is_away_P2_X7(house: House) -> None:
    seed = new_customer()
    await house.provision(seed)
    house.crm.goes_down()
    case = CaseDriver(house, seed)
    house.cases.append(case)
    answer = await open_or_join(house, seed.customer.customer_id, "w1")
    assert (answer.opened, answer.stage.value) == (True, "retention")
    assert case.letters("request_to_commercial")
    house.crm.recovers()
    await case.until(lambda status: not status.pending)
    assert (await case.status()).customer_name == seed.customer.name
    assert await house.replays() == 1


@pytest.mark.some(1)
@pytest.mark.parametrize(
    "stage", ["discarded", "retained", "awaiting_formalization", "awaiting and vouched for"]
)
async def test_an_unknown_customers_case_may_move_on_before_the_crm_answers_X2(
    house: House, stage: str
) -> None:
    house.crm.goes_down()
    case = await house.open(known=False)
    await until(lambda: house.crm.attempts["open_case"])
    if stage == "discarded":
        await case.check("discard", reason="Engano")
    elif stage == "retained":
        await case.check(
            "retention_outcome", outcome="retained", reason={"category": "price", "text": "ficou"}
        )
    else:
        await case.decline()
        if "vouched" in stage:
            await case.formalize(confirmed_by="Ana")
    house.crm.recovers()
    result = await case.result()
    assert result.outcome == ("retained" if stage == "retained" else "discarded")
    assert result.notice is None


async def test_discarded_before_the_crm_answers_the_customer_hears_nothing(house: House) -> None:
    house.crm.goes_down()
    case = await house.open()
    await until(lambda: house.crm.attempts["open_case"])
    await case.check("discard", reason="Engano")
    house.crm.recovers()
    assert (await case.result()).outcome == "discarded"
    assert all(letter.team is not None for letter in case.letters())


async def test_after_a_terminated_execution_the_customer_can_ask_again_X1_P16_P17(house: House) -> None:
    """An operator pressed Terminate in the middle of the notice: the new case goes the whole way."""
    forsaken = await house.open()
    await forsaken.to_notice()
    await forsaken.handle.terminate("wrong button")
    case = await house.open(forsaken.seed, known=False, message_id="w2")
    await case.to_notice(message_id="<de-novo@cliente>")
    await case.pass_notice()
    result = await case.result()
    assert (result.outcome, result.released.numbers) == ("closed", len(case.seed.numbers))
    held = await house.crm.adapter.list_cases(customer_id=case.customer_id)
    assert [one.outcome for one in held] == ["closed", "discarded"]
    assert await case.tasks(open_only=True) == {}
    assert len(house.billing.adapter._invoices) == 1


async def test_a_request_while_the_last_case_sends_its_last_letters_opens_a_new_one_X1(house: House) -> None:
    case = await house.open()
    before = await case.quiet()
    mail_is_back = house.mailer.pauses("send")
    await case.check("discard", reason="Cliente errado", actor="ana")
    asked_again = asyncio.create_task(open_or_join(house, case.customer_id, "again"))
    await case.trailed("message_refused")
    assert not asked_again.done()
    mail_is_back.set()
    answer = await asked_again
    assert answer.opened
    assert answer.protocol != before.protocol


async def test_who_opens_a_case_says_how_long_a_worker_that_died_is_missed_X7(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience = timedelta(seconds=4)
    monkeypatch.setattr("cancellation.client.TASK_TIMEOUT", patience)
    case = CaseDriver(house, new_customer())
    house.cases.append(case)
    await house.provision(case.seed)
    await open_or_join(house, case.customer_id, "w1")
    started = (await case.history()).events[0].workflow_execution_started_event_attributes
    assert started.workflow_task_timeout.ToTimedelta() == patience


# -------------------------------------------------------------------- the protocol number


@dataclass
class Behind(Interceptor):
    """A list of executions that runs behind: nothing is in it when somebody looks these times."""

    looks: int

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        """Around every call of a client."""
        return _EmptyList(self, next)


class _EmptyList(OutboundInterceptor):
    def __init__(self, behind: Behind, next: OutboundInterceptor) -> None:
        super().__init__(next)
        self._behind = behind

    def list_workflows(self, input: ListWorkflowsInput) -> WorkflowExecutionAsyncIterator:
        self._behind.looks -= 1
        if self._behind.looks >= 0:
            input = replace(input, query="WorkflowType = 'nothing'")
        return super().list_workflows(input)


def whose_list_runs_behind(house: House, looks: int) -> Client:
    config = house.environment.client.config()
    config["interceptors"] = [*config["interceptors"], Behind(looks)]
    return Client(**config)


async def test_a_protocol_just_given_is_found_though_the_list_runs_behind_X12(house: House) -> None:
    case = CaseDriver(house, new_customer())
    await house.provision(case.seed)
    house.cases.append(case)
    client = CancellationClient(whose_list_runs_behind(house, 3), task_queue=house.task_queue)
    with house.environment.with_time_skipping_disabled():
        request = RequestMessage(channel=Channel.PHONE, text="Quero cancelar", message_id="m1")
        answer = await client.open_or_join(case.customer_id, request)
    assert (await client.status(answer.protocol)).customer_id == case.customer_id


@pytest.mark.rest
async def test_the_crm_knows_the_protocol_of_an_open_case_that_no_list_shows_X12(house: House) -> None:
    case = await house.open()
    protocol = (await case.quiet()).protocol
    behind = whose_list_runs_behind(house, 10_000)

    async def registry(wanted: str) -> str | None:
        found = await house.crm.adapter.case_by_protocol(wanted)
        return found.workflow_id if found else None

    with pytest.raises(CaseNotFound):
        await CancellationClient(behind).status(protocol)
    found = await CancellationClient(behind, registry=registry).status(protocol)
    assert found.customer_id == case.customer_id
    with pytest.raises(CaseNotFound):
        await CancellationClient(behind, registry=registry).status("CAN-20200101-AAAAAA")
