"""What happens in a case is written down with who and what caused it, and told the CRM when it should be (P20)."""

import json
from datetime import timedelta
from typing import Any

import pytest

from cancellation.application.casefile import CaseFile
from cancellation.application.intake import Incoming, take
from cancellation.domain.case import Case
from cancellation.domain.commands import OpenCase, WriteTrail
from cancellation.domain.due import overdue_reminders
from cancellation.domain.events import Reminded
from cancellation.domain.refusal import Refused
from cancellation.domain.stage import Stage
from cancellation.messages.facts import SIGNALS
from tests.unit.application.house import serve_everything
from tests.unit.domain.build import (
    FINANCE,
    OPENED,
    at_stage,
    declined,
    in_closing,
    in_notice,
    known,
    opened,
    port,
    told,
    with_letter_sent,
)
from tests.unit.messages.garbage import VALID

NOW = OPENED + timedelta(hours=4)
FITTING = {
    "formalization": Stage.AWAITING_FORMALIZATION,
    "portability": Stage.NOTICE,
    "recordings_request": Stage.NOTICE,
    "withdrawal": Stage.NOTICE,
    "resend": Stage.AWAITING_FORMALIZATION,
}
"""Where a signal is right; the others are in retention."""


def send(case: Case, name: str, message: dict[str, Any]) -> None:
    take(case, Incoming(name=name, data=json.dumps(message).encode()), NOW, "auto-1")


def written(file: CaseFile) -> list[str]:
    file.write_down(NOW)
    return [entry.kind for entry in file.trail.entries]


# ---------------------------------------------------------------- which message caused it


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("stage", Stage)
def test_every_entry_that_a_message_caused_names_it_taken_or_refused_P20(name: str, stage: Stage) -> None:
    case = with_letter_sent(at_stage(stage))
    before = len(told(case))
    message = VALID[name] | {"message_id": "m1"}
    for _ in range(2):  # the second time it is a repetition, or refused again
        try:
            send(case, name, message)
        except Refused:
            assert case.refused[-1].message_id == "m1"
    caused = told(case)[before:]
    assert len(caused) >= 2
    assert {entry.message_id for entry in caused} == {"m1"}


@pytest.mark.parametrize("name", SIGNALS)
def test_a_message_without_an_id_is_named_by_the_one_that_it_got_P20(name: str) -> None:
    case = with_letter_sent(at_stage(FITTING.get(name, Stage.RETENTION)))
    before = len(told(case))
    send(case, name, VALID[name])
    caused = told(case)[before:]
    assert caused[-1].kind == "fields_filled"
    assert {entry.message_id for entry in caused} == {"auto-1"}


def test_what_follows_from_a_message_at_once_names_it_too_P20() -> None:
    case = declined()
    send(case, "formalization", VALID["formalization"] | {"message_id": "<1@x>"})
    assert [(entry.kind, entry.message_id) for entry in told(case)][-3:-1] == [
        ("formalization_received", "<1@x>"),
        ("formalized", "<1@x>"),
    ]
    case = declined()
    send(case, "formalization", VALID["formalization"] | {"message_id": "<1@x>", "recipients": [FINANCE]})
    assert [(entry.kind, entry.message_id) for entry in told(case)][-2] == (
        "formalization_incomplete",
        "<1@x>",
    )


def test_what_time_and_systems_do_names_no_message_P20() -> None:
    case = in_notice()
    case.record_port(port(), NOW)
    assert case.notice is not None
    before = len(told(case))
    case.meet_deadlines(case.notice.ends_at)
    overdue = overdue_reminders(case, case.notice.ends_at)
    case.remind(overdue.due, overdue.pointless, case.notice.ends_at)
    with_letter_sent(case)
    case.stop("operador", case.notice.ends_at)
    caused = told(case)[before:]
    assert {"notice_ended", "number_held", "letter_sent", "discarded"} <= {entry.kind for entry in caused}
    assert {entry.message_id for entry in caused} == {None}


def test_a_refusal_that_names_no_message_is_an_entry_without_one_X8_P20() -> None:
    case = known()
    with pytest.raises(Refused):
        take(case, Incoming(name="discard", data=b"[]"), NOW, "auto-1")
    assert told(case)[-1].message_id is None


# ---------------------------------------------------------------- writing it down


def test_what_has_happened_is_written_once_and_in_order_P20() -> None:
    file = CaseFile(case=declined())
    first = written(file)
    assert first == ["request_received", "declined"]
    assert written(file) == first
    assert [entry.seq for entry in file.trail.entries] == [1, 2]


def test_an_entry_says_when_it_happened_not_when_it_was_written_P20() -> None:
    file = CaseFile(case=known())
    file.write_down(NOW + timedelta(days=3))
    assert [entry.at for entry in file.trail.entries] == [OPENED]


def test_a_refusal_keeps_its_problems_in_the_trail_X8() -> None:
    file = CaseFile(case=known())
    with pytest.raises(Refused) as caught:
        send(file.case, "withdrawal", VALID["withdrawal"])
    file.write_down(NOW)
    assert list(file.trail.entries[-1].problems) == caught.value.problems


# ---------------------------------------------------------------- when the CRM hears (P20)


def test_before_the_crm_knows_the_case_nothing_is_recorded_beside_its_opening_P2() -> None:
    file = CaseFile(case=opened())
    file.write_down(NOW)
    assert file.case.pending.owes(OpenCase)
    assert not file.case.pending.owes(WriteTrail)


def test_the_crm_hears_of_what_is_urgent_and_once_P20() -> None:
    file = CaseFile(case=known())
    for _ in range(2):
        file.write_down(NOW)
    assert [one.key for one in file.case.pending.owed if isinstance(one.command, WriteTrail)] == ["trail"]


def test_what_is_not_urgent_waits_for_the_next_record_P20() -> None:
    file = CaseFile(case=known())
    serve_everything(file, NOW)
    file.case.note(Reminded(what="remind_commercial:4"), NOW)
    file.write_down(NOW)
    assert not file.trail.is_recorded
    assert not file.case.pending.owed


def test_closing_tells_the_crm_at_its_end_all_at_once_P20() -> None:
    file = CaseFile(case=in_closing())
    serve_everything(file, NOW)
    case = file.case
    assert case.notice is not None
    case.pass_point_of_no_return(case.notice.ends_at)
    file.write_down(case.notice.ends_at)
    assert not case.pending.owed
    assert not file.trail.is_recorded


def test_a_case_that_holds_numbers_tells_the_crm_meanwhile_P20_X6() -> None:
    case = in_notice()
    case.record_port(port(), NOW)
    file = CaseFile(case=case)
    serve_everything(file, NOW)
    assert case.notice is not None
    case.end_notice(case.notice.ends_at)
    file.write_down(NOW)
    assert case.pending.owes(WriteTrail)


def test_nothing_is_missing_from_the_crm_when_the_case_has_ended_P20() -> None:
    file = CaseFile(case=declined())
    file.case.discard("engano", "ana", NOW)
    file.case.settle_ending(NOW)
    serve_everything(file, NOW)
    file.case.end(NOW)
    serve_everything(file, NOW)
    assert file.trail.is_recorded
    file.case.hear_of_bounce(next(iter(file.case.letters)), "5.1.1", "inbox", NOW)
    file.write_down(NOW)
    assert file.case.pending.owes(WriteTrail)
    serve_everything(file, NOW)
    assert file.trail.is_recorded


def test_a_case_and_its_trail_go_on_as_they_were_in_a_new_execution_P20() -> None:
    for stage in Stage:
        file = CaseFile(case=at_stage(stage))
        file.write_down(NOW)
        again = CaseFile.model_validate_json(file.model_dump_json())
        assert again == file
        assert again.case.pending == file.case.pending
