import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cancellation.application.casefile import CaseFile
from cancellation.application.intake import Incoming, content_of, take
from cancellation.domain.case import Case
from cancellation.domain.refusal import Problem, Refused
from cancellation.domain.stage import Stage
from cancellation.messages.facts import SIGNALS
from cancellation.messages.status import Answer
from tests.unit.domain.build import (
    OPENED,
    at_stage,
    declined,
    in_notice,
    kinds,
    known,
    letter_keys,
    opened,
    told,
    with_letter_sent,
)
from tests.unit.messages.garbage import BROKEN, VALID, WRONG_VALUES, spoilt

NOW = OPENED + timedelta(hours=4)
IN = {
    "request": Stage.RETENTION,
    "retention_offer": Stage.RETENTION,
    "retention_outcome": Stage.RETENTION,
    "formalization": Stage.AWAITING_FORMALIZATION,
    "portability": Stage.NOTICE,
    "recordings_request": Stage.NOTICE,
    "withdrawal": Stage.NOTICE,
    "discard": Stage.RETENTION,
    "bounce": Stage.AWAITING_FORMALIZATION,
    "resend": Stage.AWAITING_FORMALIZATION,
}
"""A stage in which each signal is right."""
ENVELOPE = {"message_id": "m1", "actor": "ana", "occurred_at": "2026-11-16T12:00:00-03:00"}


def send(case: Case, name: str, message: Any) -> Answer:
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    return take(case, Incoming(name=name, data=data), NOW, "auto-1")


def fitting(name: str) -> Case:
    """A case in which the right message of that signal is taken."""
    case = at_stage(IN[name])
    return with_letter_sent(case) if name == "bounce" else case


def frozen(case: Case) -> str:
    """Everything that a refused or repeated message must leave alone."""
    return case.model_dump_json(exclude={"refused", "messages_seen"})


def survives_being_written_down(case: Case) -> bool:
    file = CaseFile(case=case)
    file.write_down(NOW)
    return CaseFile.model_validate_json(file.model_dump_json()) == file


def refusal_of(case: Case, name: str, message: Any) -> list[Problem]:
    """The problems of a refused message, which changed nothing and was recorded."""
    before, seen, entries = frozen(case), case.messages_seen, told(case)
    with pytest.raises(Refused) as caught:
        send(case, name, message)
    assert frozen(case) == before
    assert case.messages_seen == seen + 1
    *earlier, entry = told(case)
    shown = case.refused[-1]
    assert earlier == entries
    assert entry.kind == "message_refused"
    assert list(entry.problems) == list(shown.details) == caught.value.problems
    assert shown.name == name[:200]
    assert Case.model_validate_json(case.model_dump_json()).model_dump() == case.model_dump()
    return caught.value.problems


@pytest.mark.parametrize("name", SIGNALS)
def test_every_signal_takes_its_message(name: str) -> None:
    case = fitting(name)
    answer = send(
        case,
        name,
        VALID[name] | ENVELOPE,
    )
    assert (answer.accepted, answer.duplicate, answer.protocol) == (True, False, case.protocol)
    assert answer.stage is case.stage
    assert not case.refused


@pytest.mark.parametrize("name", SIGNALS)
def test_every_signal_sent_twice_changes_nothing_and_is_recorded_X2(name: str) -> None:
    case = fitting(name)
    message = VALID[name] | ENVELOPE
    send(case, name, message)
    once = frozen(case)
    assert send(case, name, message).duplicate
    assert send(case, name, message | {"actor": "leo", "occurred_at": "2026-11-16T12:30:00-03:00"}).duplicate
    assert frozen(case) == once
    assert kinds(case)[-2:] == ["message_repeated"] * 2


@pytest.mark.parametrize("name", SIGNALS)
def test_what_a_person_left_out_is_filled_and_the_trail_says_so(name: str) -> None:
    case = fitting(name)
    send(case, name, VALID[name])
    assert told(case)[-1].kind == "fields_filled"
    assert "sem identificação, data e hora, autor" in told(case)[-1].detail
    assert case.is_repeated(name, "auto-1", content_of(SIGNALS[name].model_validate(VALID[name])))


@pytest.mark.parametrize("name", [name for name in SIGNALS if name != "formalization"])
def test_a_message_id_used_for_something_else_is_refused_X2(name: str) -> None:
    case = fitting(name)
    case.remember(name, "m1", "something else")
    assert [p.field for p in refusal_of(case, name, VALID[name] | {"message_id": "m1"})] == ["message_id"]


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_message_is_refused_and_recorded_X8(name: str, what: str) -> None:
    problems = refusal_of(fitting(name), name, BROKEN[what])
    assert 1 <= len(problems) <= 20
    for problem in problems:
        assert problem.problem
        assert len(problem.field) <= 200
        assert len(problem.problem) <= 300


CASES = [(name, field, message) for name in SIGNALS for field, message in spoilt(name)]


@pytest.mark.parametrize(("name", "field", "message"), CASES, ids=lambda x: str(x)[:40])
def test_a_refusal_names_the_field_in_portuguese_X8(name: str, field: str, message: dict[str, Any]) -> None:
    problems = refusal_of(fitting(name), name, message)
    assert any(problem.field == field or problem.field.startswith(f"{field}.") for problem in problems)
    assert all(problem.problem != "valor inválido" for problem in problems)


def test_every_problem_of_a_message_is_named_at_once_X8() -> None:
    message = {"outcome": "talvez", "reason": {"category": "x"}, "nota": "y"}
    fields = {p.field for p in refusal_of(known(), "retention_outcome", message)}
    assert fields == {"outcome", "reason.category", "reason.text", "nota"}


def test_an_outcome_without_a_reason_is_refused_P3() -> None:
    for reason in (None, {}, {"category": "price"}, {"category": "price", "text": "  "}):
        problems = refusal_of(known(), "retention_outcome", {"outcome": "retained", "reason": reason})
        assert all(problem.field.startswith("reason") for problem in problems)


def test_an_unknown_name_is_refused_and_the_known_ones_are_listed_X8() -> None:
    problems = refusal_of(known(), "cancelar_tudo" * 100, {"a": 1})
    assert problems[0].field == "name"
    assert all(name in problems[0].problem for name in SIGNALS)


def test_what_could_not_even_be_decoded_is_refused_with_the_reason_X8() -> None:
    case = known()
    with pytest.raises(Refused, match="dois argumentos"):
        take(case, Incoming(name="discard", unreadable="dois argumentos"), NOW, "auto")
    assert case.stage is Stage.RETENTION
    assert case.refused[-1].details[0].field == "payload"


def test_a_refusal_says_who_sent_it_as_far_as_that_can_be_read_X8() -> None:
    case = known()
    refusal_of(case, "discard", {"actor": "robô", "message_id": "m9"})
    assert (case.refused[-1].actor, case.refused[-1].message_id) == ("robô", "m9")
    refusal_of(case, "discard", {"actor": ["robô"], "message_id": {"a": 1}})
    assert (case.refused[-1].actor, case.refused[-1].message_id) == ("não informado", None)


def test_who_and_what_a_refusal_names_can_be_stored_as_text_X8() -> None:
    """PostgreSQL takes no U+0000: one in a trail entry would keep the CRM from ever hearing of the case again."""
    case = known()
    message = b'{"reason": "x", "actor": "a\\u0000b", "message_id": "m\\u00001"}'
    refusal_of(case, "discard", message)
    entry = told(case)[-1]
    assert (entry.actor, entry.message_id) == ("a b", "m 1")


def test_a_refused_message_may_be_sent_again_when_it_fits_X2() -> None:
    case = known()
    message = VALID["withdrawal"] | {"message_id": "m1"}
    refusal_of(case, "withdrawal", message)
    case = in_notice()
    refusal_of(case, "discard", VALID["discard"] | {"message_id": "m1"})
    assert send(case, "withdrawal", message).stage is Stage.WITHDRAWN


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage.is_terminal])
@pytest.mark.parametrize("name", SIGNALS)
def test_every_message_after_the_end_is_refused_and_recorded_X2(name: str, stage: Stage) -> None:
    assert refusal_of(at_stage(stage), name, VALID[name] | {"message_id": "late"})


def test_a_request_after_the_outcome_lets_letters_go_that_hold_up_the_end_X17() -> None:
    case = declined()
    case.discard("engano", "ana", NOW)
    case.settle_ending(NOW)
    case.note_failing(letter_keys(case)[1], NOW, NOW)
    assert "mail:customer" in case.pending.lanes()
    with pytest.raises(Refused):
        send(case, "withdrawal", VALID["withdrawal"])
    assert "mail:customer" in case.pending.lanes()
    with pytest.raises(Refused):
        send(case, "request", VALID["request"])
    assert "mail:customer" not in case.pending.lanes()
    assert "letter_undelivered" in kinds(case)


def test_an_instant_that_no_calendar_can_reckon_with_is_refused_P8_X8() -> None:
    for instant in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "1970-01-01T00:00:00Z"):
        message = VALID["formalization"] | {"received_at": instant}
        assert [p.field for p in refusal_of(declined(), "formalization", message)] == ["received_at"]
    for day in ("0001-01-01", "9999-12-31"):
        message = VALID["recordings_request"] | {"to_date": day}
        assert [p.field for p in refusal_of(in_notice(), "recordings_request", message)] == ["to_date"]


def test_occurred_at_informs_the_trail_and_moves_no_date_P8() -> None:
    case, other = declined(), declined()
    send(
        case,
        "formalization",
        VALID["formalization"] | {"occurred_at": "2020-01-01T00:00:00Z", "message_id": "a"},
    )
    send(other, "formalization", VALID["formalization"] | {"message_id": "a"})
    assert case.notice == other.notice is not None


def test_the_same_email_through_both_mailboxes_is_complete_when_the_second_arrives_P7_X2() -> None:
    case = declined()
    email = VALID["formalization"] | {"message_id": "<1@acme.com.br>"}
    first = email | {"recipients": ["financeiro@nuvemjti.com.br"]}
    second = email | {"recipients": ["comercial@nuvemjti.com.br"], "received_at": "2026-11-16T12:20:00-03:00"}
    assert send(case, "formalization", first).stage is Stage.AWAITING_FORMALIZATION
    assert send(case, "formalization", first).duplicate
    answer = send(case, "formalization", second)
    assert (answer.stage, answer.duplicate) == (Stage.NOTICE, False)
    assert case.notice is not None
    assert case.notice.starts_at.isoformat() == "2026-11-16T12:20:00-03:00"
    assert send(case, "formalization", second).duplicate


def test_the_opening_request_as_an_update_opened_the_case_and_is_no_second_contact_X1() -> None:
    case = opened()
    case.opening_id = "w1"
    message = {"channel": "whatsapp", "text": "Quero cancelar", "message_id": "w1"}
    opening = SIGNALS["request"].model_validate(message)
    case.remember("request", "w1", content_of(opening))
    assert [p.field for p in refusal_of(case, "request", message | {"text": "Outra coisa"})] == ["message_id"]
    answer = send(case, "request", message)
    assert (answer.opened, answer.duplicate, len(case.contacts)) == (True, False, 1)
    again = send(case, "request", message)
    assert (again.opened, again.duplicate, len(case.contacts)) == (False, True, 1)
    joined = send(case, "request", message | {"message_id": "w2"})
    assert (joined.opened, joined.duplicate, len(case.contacts)) == (False, False, 2)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["pass", "phone"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data(), name=st.sampled_from(list(SIGNALS)))
def test_any_json_in_any_field_is_taken_or_refused_and_never_breaks_X8(
    data: st.DataObject, name: str
) -> None:
    fields = [*SIGNALS[name].model_fields, "x"]
    message = VALID[name] | data.draw(st.dictionaries(st.sampled_from(fields), json_values, max_size=3))
    case = fitting(name)
    before = frozen(case)
    try:
        send(case, name, json.dumps(message).encode())
    except Refused:
        refused = True
    else:
        refused = False
    if refused:
        assert frozen(case) == before
        assert case.refused
    assert survives_being_written_down(case)


@given(data=st.binary(max_size=300), name=st.sampled_from([*SIGNALS, "outra"]))
def test_any_bytes_are_refused_X8(data: bytes, name: str) -> None:
    assert refusal_of(known(), name, data)


@pytest.mark.parametrize("value", WRONG_VALUES, ids=lambda x: str(x)[:12] or "empty")
@pytest.mark.parametrize(
    "field", ["sender", "recipients", "received_at", "explicit_request", "authentication"]
)
def test_no_wrong_value_in_a_formalization_slips_through_P7_X8(field: str, value: Any) -> None:
    if field == "recipients" and value == []:
        return  # an e-mail that reached neither mailbox is incomplete, not wrong
    if field == "explicit_request" and value is True:
        return
    problems = refusal_of(declined(), "formalization", VALID["formalization"] | {field: value})
    assert all(problem.field.split(".")[0] == field for problem in problems)
