"""Everything an outside tool can send to a running case: refused, recorded, and the case goes on (X8, X2)."""

import asyncio
import json
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from cancellation.language import vocabulary
from cancellation.messages.facts import SIGNALS
from tests.durable.house import CaseDriver, House, until
from tests.unit.messages.garbage import BROKEN, VALID, WRONG_VALUES, spoilt

JSON = {"encoding": b"json/plain"}
ODD_PAYLOADS = {
    "no encoding": Payload(data=b"{}"),
    "an unknown encoding": Payload(metadata={"encoding": b"json/klingon"}, data=b"{}"),
    "an encrypted payload": Payload(metadata={"encoding": b"binary/encrypted"}, data=b"\x01\x02"),
    "an encoding that is no text": Payload(metadata={"encoding": b"\xff\xfe"}, data=b"{}"),
    "plain bytes": Payload(metadata={"encoding": b"binary/plain"}, data=b"\x00\x01"),
    "the binary null": Payload(metadata={"encoding": b"binary/null"}),
    "protobuf as JSON": Payload(metadata={"encoding": b"json/protobuf", "messageType": b"x.Y"}, data=b"{}"),
    **{what: Payload(metadata=JSON, data=data) for what, data in BROKEN.items()},
}


async def goes_on(case: CaseDriver) -> None:
    """The case still takes a right message and can be asked."""
    answer = await case.check("request", channel="phone", text="E aí?")
    assert answer["accepted"]
    assert answer["stage"] == "retention"


async def refusals(case: CaseDriver, count: int) -> Any:
    """Wait until so many refusals were seen; all are in the trail with their problems, and in the status."""
    entries = await case.trailed("message_refused", count)
    assert len(entries) == count
    assert all(entry.problems for entry in entries)
    status = await case.status()
    assert len(status.refused) == min(count, 50)
    return entries


@pytest.mark.some(4)
@pytest.mark.parametrize("name", [*SIGNALS, "cancelar"])
async def test_signals_that_are_no_messages_are_refused_and_recorded_X8(house: House, name: str) -> None:
    case = await house.open()
    for payload in ODD_PAYLOADS.values():
        await case.raw_signal(name, payload)
    await case.raw_signal(name)
    await case.raw_signal(name, *(Payload(metadata=JSON, data=b'{"reason": "x"}'),) * 2)
    await case.raw_signal(name, *(Payload(data=b"\xff"),) * 3)
    entries = await refusals(case, len(ODD_PAYLOADS) + 3)
    assert all(vocabulary.message_name(name) in entry.detail for entry in entries)
    assert not [p for p in entries[-3].problems if p.field not in ("payload", "name")]
    await goes_on(case)


ONE = Payload(metadata=JSON, data=b'{"reason": "x"}')
ODD_UPDATES: dict[str, tuple[Payload, ...]] = {
    "no argument": (),
    "two arguments": (ONE, ONE),
    "three arguments that are no JSON": (Payload(data=b"\xff"),) * 3,
    "bytes that are no JSON": (ODD_PAYLOADS["not JSON"],),
    "an unknown encoding": (ODD_PAYLOADS["an unknown encoding"],),
    "null": (ODD_PAYLOADS["null"],),
    "a list": (ODD_PAYLOADS["a list"],),
}


@pytest.mark.some(2)
@pytest.mark.parametrize("what", ODD_UPDATES)
async def test_updates_that_are_no_messages_are_refused_with_details_X8(house: House, what: str) -> None:
    case = await house.open()
    arguments = [RawValue(payload) for payload in ODD_UPDATES[what]]
    for name in (*SIGNALS, "cancelar"):
        with pytest.raises(WorkflowUpdateFailedError) as caught:
            await case.handle.execute_update(f"{name}_checked", args=arguments)
        error = caught.value.cause
        assert isinstance(error, ApplicationError)
        assert error.type == "Refused"
        assert error.message.startswith("Recusado: ")
        assert error.details
        assert all(set(detail) == {"field", "problem"} for detail in error.details)
    await refusals(case, len(SIGNALS) + 1)
    await goes_on(case)


async def test_every_field_missing_or_of_a_wrong_type_is_named_in_the_refusal_X8(house: House) -> None:
    case = await house.open()
    wrong = [(name, field, message) for name in SIGNALS for field, message in spoilt(name)]
    await asyncio.gather(*(case.signal(name, **message) for name, _, message in wrong))
    entries = await refusals(case, len(wrong))
    named = sorted(p.field.split(".")[0] for entry in entries for p in entry.problems)
    assert set(named) >= {field for _, field, _ in wrong}
    await goes_on(case)


async def test_wrong_values_of_every_type_in_every_signal_X8(house: House) -> None:
    case = await house.open()
    # An empty request for recordings is right: it asks for everything.
    wrong = [(n, v) for n in SIGNALS for v in WRONG_VALUES if (n, v) != ("recordings_request", {})]
    for name, value in wrong:
        await case.handle.signal(name, value)
    await refusals(case, len(wrong))
    await goes_on(case)


@pytest.mark.parametrize("query", ["status", "trail"])
async def test_queries_answer_whatever_arguments_they_get_X8(house: House, query: str) -> None:
    case = await house.open()
    plain = await case.handle.query(query)
    for payloads in ((Payload(metadata=JSON, data=b"[1"),), (Payload(data=b"\xff"),), (Payload(),) * 3):
        answered = await case.handle.query(query, args=[RawValue(payload) for payload in payloads])
        assert type(answered) is type(plain)
    with pytest.raises(WorkflowQueryFailedError):
        await case.handle.query("situation", {"a": 1})
    await goes_on(case)


@pytest.mark.parametrize("name", ["retention_offer", "request", "recordings_request", "portability"])
async def test_a_signal_sent_twice_counts_once_X2(house: House, name: str) -> None:
    case = await house.open()
    await case.quiet()
    message = VALID[name] | {"message_id": "m1", "actor": "ana"}
    if name == "portability":
        message |= {"number": (await case.status()).numbers[0].number}
    await case.signal(name, **message)
    once = await case.quiet()
    await case.signal(name, **message)
    await case.trailed("message_repeated")
    assert (await case.check(name, **message))["duplicate"]
    twice = await case.quiet()
    what_is_heard = {"messages_seen", "due", "trail_entries", "trail_recorded"}
    assert twice.model_dump(exclude=what_is_heard) == once.model_dump(exclude=what_is_heard)
    assert twice.messages_seen == once.messages_seen + 2


async def test_a_message_that_arrives_during_a_record_is_not_slept_through_X2(house: House) -> None:
    case = await house.open()
    await case.to_notice()
    number = (await case.status()).numbers[0].number
    before = house.crm.attempts["record"]
    released = house.crm.pauses("record")
    await case.check("request", channel="phone", text="E aí?")
    await until(lambda: house.crm.attempts["record"] > before)
    await case.check("portability", number=number, status="requested")
    released.set()
    await until(lambda: house.telephony.count("record_port"))


async def test_every_signal_of_the_process_sent_twice_ends_in_the_same_case_X2(house: House) -> None:
    case = await house.open()
    await case.quiet()
    number = (await case.status()).numbers[0].number
    outcome = VALID["retention_outcome"] | {"message_id": "o1"}
    email = await case.email()
    port = {"number": number, "status": "requested", "message_id": "p1"}
    for name, message in (
        ("retention_outcome", outcome),
        ("formalization", email),
        ("portability", port),
        ("recordings_request", {"message_id": "r1"}),
        ("withdrawal", {"reason": "Fica", "message_id": "d1"}),
    ):
        await case.signal(name, **message)
        await case.signal(name, **message)
        if name != "withdrawal":
            await case.quiet()
    result = await case.result()
    assert result.outcome == "withdrawn"
    assert (await case.kinds()).count("message_repeated") == 5
    assert not (await case.status()).refused
    for kind in ("script", "notice_started", "withdrawn"):
        assert len(case.letters(kind)) == 1
    assert house.billing.count("plan_end") == 1


RIGHT_STAGES = {
    "request": {"retention", "awaiting_formalization", "notice"},
    "retention_offer": {"retention", "awaiting_formalization", "notice"},
    "retention_outcome": {"retention"},
    "formalization": {"retention", "awaiting_formalization", "notice"},
    "portability": {"retention", "awaiting_formalization", "notice"},
    "recordings_request": {"retention", "awaiting_formalization", "notice"},
    "withdrawal": {"notice"},
    "discard": {"retention", "awaiting_formalization"},
}


@pytest.mark.parametrize("stage", ["retention", "awaiting_formalization", "notice"])
async def test_every_signal_in_a_wrong_stage_is_refused_recorded_and_harmless_X2(
    house: House, stage: str
) -> None:
    case = await house.open()
    await case.quiet()
    if stage != "retention":
        await case.decline()
    if stage == "notice":
        await case.formalize()
    before = await case.quiet()
    wrong = [name for name, stages in RIGHT_STAGES.items() if stage not in stages]
    for name in wrong:
        await case.signal(name, **VALID[name] | {"message_id": f"wrong-{name}"})
        with pytest.raises(WorkflowUpdateFailedError):
            await case.check(name, **VALID[name] | {"message_id": f"wrong-{name}"})
    after = await case.quiet()
    assert after.stage is before.stage
    assert after.notice == before.notice
    await refusals(case, 2 * len(wrong))


@pytest.mark.rest
async def test_a_flood_of_large_refusals_neither_wedges_nor_kills_the_case_X8(house: House) -> None:
    case = await house.open()
    await case.quiet()
    field = "🙈" * 200
    large = json.dumps({f"{number}{field}": 1 for number in range(30)}, ensure_ascii=False).encode()
    house.crm.goes_down("record")
    for _ in range(250):
        await case.raw_signal("discard", Payload(metadata=JSON, data=large))
    await case.trailed("message_refused", 250)
    house.crm.recovers()
    await goes_on(case)
    await case.check("discard", reason="Engano")
    result = await case.result()
    assert result.outcome == "discarded"
    assert len(await house.crm.adapter.trail(result.case_id)) == result.trail_entries


async def test_a_message_id_is_free_text_and_breaks_no_letter_X8(house: House) -> None:
    case = await house.open()
    await case.quiet()
    await case.decline()
    odd = "<1@x>\r\nBcc: vitima@exemplo.com\r\n\r\noi " + "é" * 100
    await case.formalize(message_id=odd, recipients=["financeiro@nuvemjti.com.br"], subject="a\nb\rc")
    await case.quiet()
    letters = case.letters("what_is_missing")
    assert len(letters) == 1
    sent = house.mailer.adapter.sent[-1].message
    assert sent["Bcc"] is None
    assert (await case.status()).attention == ()
