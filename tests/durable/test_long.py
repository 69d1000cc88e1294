"""A case whose history grows long goes on in a new execution with everything it knew."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from cancellation.contract import SEARCH_ATTRIBUTES
from cancellation.messages.letter_contents import ShutdownPlan
from embedded import temporal_binary
from embedded.temporal import dynamic_config_arguments
from tests.durable.customers import address_of, own_numbers
from tests.durable.house import CaseDriver, House, until
from tests.durable.test_outcomes import everything_is_told

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EVENTS = 60
"""After so many events the server suggests to continue as new; 4,096 are its default."""


@pytest.fixture(scope="module")
async def short_histories() -> AsyncIterator[WorkflowEnvironment]:
    """A server that finds histories long very soon."""
    attributes = [
        part for name, kind in SEARCH_ATTRIBUTES.items() for part in ("--search-attribute", f"{name}={kind}")
    ]
    suggestion = ["--dynamic-config-value", f"limit.historyCount.suggestContinueAsNew={EVENTS}"]
    async with await WorkflowEnvironment.start_time_skipping_v2(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(temporal_binary()),
        dev_server_extra_args=[*dynamic_config_arguments(virtual_clock=True), *suggestion, *attributes],
        dev_server_startup_timeout=timedelta(seconds=60),
    ) as environment:
        yield environment


@pytest.fixture
async def house(short_histories: WorkflowEnvironment) -> AsyncIterator[House]:
    house = House(short_histories)
    async with house.worker():
        yield house
        await house.close()


async def grow(case: CaseDriver) -> None:
    """Contacts until the case has moved into a new execution."""
    before = (await case.handle.describe()).run_id

    async def moved() -> bool:
        await case.check("request", channel="phone", text="Oi", message_id=uuid.uuid4().hex)
        await case.quiet()
        return bool((await case.handle.describe()).run_id != before)

    await until(moved)


@pytest.mark.rest
async def test_every_stage_goes_on_in_a_new_execution_with_everything_it_knew_X2_P8_P20(house: House) -> None:
    case = await house.open()
    await case.quiet()
    await case.check("retention_offer", offer_id="o1", kind="training", description="x", status="made")
    opened = await case.status()
    await grow(case)
    await case.decline(message_id="d1")
    await grow(case)
    await case.formalize(recipients=["financeiro@nuvemjti.com.br"])
    await grow(case)
    await case.formalize(recipients=["comercial@nuvemjti.com.br"])
    await case.check("recordings_request", deliver_to=address_of(case.customer_id), message_id="r1")
    await case.trailed("recordings_ready")
    number = own_numbers(case.seed)[0]
    await case.check("portability", number=number, status="requested", message_id="p1")
    before = await case.quiet()
    await grow(case)
    after = await case.status()

    same = {"case_id", "protocol", "opened_at", "notice", "formalization", "offers", "recordings", "numbers"}
    assert after.model_dump(include=same) == before.model_dump(include=same)
    assert (after.case_id, after.protocol) == (opened.case_id, opened.protocol)
    # Known either way: an answer lost while the execution changes is asked for again, and is a repetition then.
    first = await case.check("request", channel="whatsapp", text="Quero cancelar", message_id="w1")
    assert first["opened"] or first["duplicate"]
    repeated = {"number": number, "status": "requested", "message_id": "p1"}
    assert (await case.check("portability", **repeated))["duplicate"]
    assert house.crm.count("open_case") == 1
    assert [entry.seq for entry in await case.trail()] == list(range(1, len(await case.trail()) + 1))

    await case.pass_notice()
    await case.stage("closing")
    await case.quiet()
    await grow(case)  # while the number is held
    await case.check("portability", number=number, status="completed")
    result = await case.result()
    assert result.case_id == opened.case_id
    assert [held.ended for held in result.held_numbers] == ["completed"]
    assert result.released.trunks == 1
    for kind in ("request_to_commercial", "request_received", "script", "notice_started", "closed"):
        assert len(case.letters(kind)) == 1, kind
    assert house.billing.count("close") == 1
    assert len(case.letters("shutdown_plan")) == 1
    await everything_is_told(case)


async def test_support_still_hears_of_the_inventory_after_a_new_execution_P13(house: House) -> None:
    case = await house.open()
    await case.quiet()
    await grow(case)
    await case.to_notice()
    await until(lambda: case.letters("shutdown_plan"))
    await case.quiet()
    assert case.said(ShutdownPlan)[0].inventory is not None
    assert "shutdown_plan" in await case.tasks(open_only=True)


async def test_deadlines_survive_a_new_execution_X5(house: House) -> None:
    case = await house.open()
    await case.quiet()
    await case.decline()
    lapse = next(due.at for due in (await case.quiet()).due if due.what == "lapse")
    await case.forward(10 * DAY)
    await grow(case)
    assert next(due.at for due in (await case.status()).due if due.what == "lapse") == lapse
    await case.forward_to(lapse + timedelta(minutes=1))
    assert (await case.result()).outcome == "lapsed"
    assert len(case.letters("remind_formalization")) == 3


async def test_a_new_execution_can_be_stopped_like_the_first(house: House) -> None:
    case = await house.open()
    await case.to_notice()
    await grow(case)
    await case.handle.cancel()
    assert (await case.result()).outcome == "discarded"
    assert house.billing.count("lift_end") == 1


@pytest.mark.rest
async def test_long_texts_do_not_keep_a_case_from_going_on_X8(house: House) -> None:
    case = await house.open()
    await case.quiet()
    text = "não aguento mais 😡 " * 1100
    for number in range(150):
        await case.signal("request", channel="email", text=text[:20_000], message_id=f"long-{number}")
    await case.until(lambda status: len(status.contacts) > 150)
    await case.quiet()
    await grow(case)
    assert len((await case.status()).contacts) > 150
    await case.check("discard", reason="Engano")
    assert (await case.result()).outcome == "discarded"


# -------------------------------------------------------------------- a bot that talks and talks

TALK = 40
PLACES = 4
"""Cases whose histories are found long at one place each."""
LONG_TEXTS = 400
MOST = 3 * EVENTS
"""What an execution may hold: it goes on in a new one at the first quiet moment after the suggestion."""


async def talk(case: CaseDriver, times: int) -> None:
    """One contact after the other, each heard."""
    for _ in range(times):
        await case.check("request", channel="chatbot", text="Oi, tudo bem?", message_id=uuid.uuid4().hex)


async def executions(case: CaseDriver) -> list[int]:
    """How many events each execution of the case holds, the newest one first."""
    query = f"WorkflowId = '{case.handle.id}'"
    client = case.house.environment.client
    found = [one async for one in client.list_workflows(query)]
    handles = [client.get_workflow_handle(one.id, run_id=one.run_id) for one in found]
    return [len((await handle.fetch_history()).events) for handle in handles]


@pytest.mark.rest
@pytest.mark.parametrize(
    "stage",
    [
        pytest.param("retention", marks=pytest.mark.long),
        pytest.param("awaiting_formalization", marks=pytest.mark.long),
        "notice",
        pytest.param("closing", marks=pytest.mark.long),
    ],
)
async def test_a_talkative_bot_makes_no_execution_long_in_any_stage_X8(house: House, stage: str) -> None:
    case = await house.open()
    await case.quiet()
    await case.formalize(message_id="<meio@x>", recipients=["financeiro@nuvemjti.com.br"], reason=None)
    if stage != "retention":
        await case.decline()
    if stage in ("notice", "closing"):
        await case.formalize()
        await case.quiet()
    if stage == "closing":
        number = own_numbers(case.seed)[0]
        await case.check("portability", number=number, status="requested")
        await case.pass_notice()
    await case.stage(stage)
    await talk(case, TALK)
    await case.quiet()
    assert max(await executions(case)) <= MOST
    assert (await case.status()).pending == ()
    contacts = [entry for entry in await case.crm_trail() if entry.kind == "request_received"]
    assert len(contacts) == TALK + 1
    await house.replays()


@pytest.mark.parametrize(
    ("system", "span"),
    [
        ("crm", 5 * MINUTE),
        pytest.param("crm", 3 * HOUR, marks=pytest.mark.long),
        pytest.param("billing", 5 * MINUTE, marks=pytest.mark.long),
        pytest.param("telephony", 3 * HOUR, marks=pytest.mark.long),
        pytest.param("recordings", 5 * MINUTE, marks=pytest.mark.long),
        pytest.param("mailer", 3 * HOUR, marks=pytest.mark.long),
    ],
)
async def test_nor_while_a_system_is_down_X8_X17(house: House, system: str, span: timedelta) -> None:
    case = await house.open()
    await case.quiet()
    await case.decline()
    await case.quiet()
    house.broken[system].goes_down()
    await case.formalize()
    await case.check("recordings_request", actor="ana")
    number = own_numbers(case.seed)[0]
    await case.check("portability", number=number, status="requested")
    await until(lambda: house.broken[system].attempts)
    await case.forward(span)
    await talk(case, TALK)
    assert max(await executions(case)) <= MOST

    house.broken[system].recovers()
    await case.forward(HOUR)
    status = await case.quiet()
    assert (status.pending, status.attention) == ((), ())
    assert house.billing.count("plan_end") == 1
    for kind in ("notice_started", "recordings_ready"):
        assert len(case.letters(kind)) == 1, kind
    contacts = [entry for entry in await case.crm_trail() if entry.kind == "request_received"]
    assert len(contacts) == TALK + 1
    await house.replays()


@pytest.mark.long
async def test_a_worker_that_comes_cold_finds_a_history_long_where_it_was_found_X22(
    short_histories: WorkflowEnvironment,
) -> None:
    """Mail is down and nobody was told yet, so that the case goes on by how much longer its history has grown since.

    A port's two answers come one after the other, and nothing is to be done about either: a worker that comes cold
    sees the second of them, where the history may be found long, as one with the update that it is given.
    """
    house = House(short_histories)
    house.crm.becomes_slow("record")
    cases: list[CaseDriver] = []
    for turn in range(EVENTS):
        async with house.worker():
            if not cases:
                cases = [await house.open() for _ in range(PLACES)]
                await asyncio.gather(*(case.quiet() for case in cases))
                house.mailer.goes_down()
            await asyncio.gather(*(_one_more(case, place, turn) for place, case in enumerate(cases)))
            moved = [len(await executions(case)) > 1 for case in cases]
        if all(moved):
            break
    assert all(moved)
    assert await house.replays() >= 2 * PLACES
    await house.close()


async def _one_more(case: CaseDriver, place: int, turn: int) -> None:
    """What makes a history longer: contacts, to begin at another place, then what becomes of a port."""
    if turn < place:
        await talk(case, 1)
    else:
        status = ("requested", "rejected")[turn % 2]
        number = own_numbers(case.seed)[0]
        await case.check("portability", number=number, status=status, message_id=f"p{turn}")
    await case.quiet_but("send_letters")


@pytest.mark.rest
async def test_long_texts_that_the_crm_has_not_heard_yet_move_too_X8_P20(house: House) -> None:
    case = await house.open()
    await case.quiet()
    house.crm.goes_down("record")
    faces = "".join(map(chr, range(0x1F600, 0x1F640)))
    dice = random.Random(8)
    for number in range(LONG_TEXTS):
        text = "".join(dice.choices(faces, k=4000))
        await case.signal("request", channel="email", text=text, message_id=f"long-{number}")
    await case.until(lambda status: status.messages_seen > LONG_TEXTS)
    await case.forward(2 * HOUR)
    await talk(case, 30)
    assert (await executions(case))[0] <= MOST
    house.crm.recovers()
    await case.forward(HOUR)
    await case.quiet()
    contacts = [entry for entry in await case.crm_trail() if entry.kind == "request_received"]
    assert len(contacts) == 31 + LONG_TEXTS
    assert all(len(entry.detail) > 1900 for entry in contacts[1 : 1 + LONG_TEXTS])
    await house.replays()
