"""What a case owes outside, lane by lane, and what becomes of work that does not succeed."""

from datetime import datetime, timedelta

import pytest

from cancellation.application.views import status_of
from cancellation.domain.case import Case
from cancellation.domain.commands import (
    CloseTask,
    ExportRecordings,
    LiftBillingEnd,
    OpenTask,
    Owed,
    PlanBillingEnd,
    PurgeRecordings,
    ReadInventory,
    RecordPort,
    ReleaseResources,
    RevokeLinks,
    SendLetter,
    TaskKind,
)
from cancellation.domain.due import next_wake
from cancellation.domain.instants import Due
from cancellation.domain.ledger import Ledger
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.refusal import RuleBroken
from cancellation.domain.values import PortStatus, Team
from tests.unit.domain.build import (
    LETTER_ID,
    OPENED,
    OTHER_NUMBER,
    OWN_NUMBER,
    POLICY,
    declined,
    in_closing,
    in_notice,
    kinds,
    known,
    letter_keys,
    letters,
    mail,
    one_owed,
    opened,
    owed,
    port,
    recordings,
    tasks,
    told,
    with_letter_sent,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOW = OPENED + 4 * HOUR
PATIENCE = POLICY.attention_after_minutes * MINUTE


def announced() -> Case:
    """A case of which everybody has to hear that the notice runs."""
    case = in_notice()
    case.announce_notice(NOW)
    return case


def steps(queue: list[Owed]) -> list[str]:
    return [one.command.do for one in queue]


# ---------------------------------------------------------------- lanes (X17)


def test_each_outside_system_is_a_lane_and_for_mail_each_audience_X17() -> None:
    lanes = announced().pending.lanes()
    assert set(lanes) == {
        "crm",
        "billing",
        "mail:customer",
        "mail:commercial",
        "mail:finance",
        "mail:support",
    }
    assert steps(lanes["billing"]) == ["plan_billing_end"]
    for lane, queue in lanes.items():
        assert {one.lane for one in queue} == {lane}


def test_a_lane_keeps_the_order_in_which_its_work_arose_X17() -> None:
    case = announced()
    case.record_port(port(), NOW)
    case.withdraw("fica", "ana", NOW)
    case.settle_ending(NOW)
    for queue in case.pending.lanes().values():
        places = [case.pending.owed.index(one) for one in queue]
        assert places == sorted(places)
    crm = steps(case.pending.lanes()["crm"])
    assert crm.index("open_task") < crm.index("register_formalization") < len(crm) - 1


def test_one_key_is_owed_once_and_every_other_command_has_its_own_key() -> None:
    ledger = Ledger()
    for _ in range(2):
        ledger.add(ReadInventory(), NOW)
        ledger.add(RevokeLinks(case_id="run-1"), NOW, key="mine")
    assert [one.key for one in ledger.owed] == ["read_inventory:1", "mine", "read_inventory:3"]


def test_a_key_is_not_given_twice_even_if_its_command_is_done() -> None:
    ledger = Ledger()
    ledger.add(ReadInventory(), NOW)
    ledger.settle("read_inventory:1")
    ledger.add(ReadInventory(), NOW)
    assert [one.key for one in ledger.owed] == ["read_inventory:2"]


def test_two_facts_of_one_number_go_to_telephony_both_and_in_order_P9() -> None:
    case = in_notice()
    case.record_port(port(OWN_NUMBER, PortStatus.REQUESTED, operator="Vozel"), NOW)
    case.record_port(port(OWN_NUMBER, PortStatus.COMPLETED), NOW + HOUR)
    queue = case.pending.lanes()["telephony"]
    assert [one.command for one in queue] == owed(case, RecordPort)
    assert [(fact.number, fact.status, fact.operator) for fact in owed(case, RecordPort)] == [
        (OWN_NUMBER, PortStatus.REQUESTED, "Vozel"),
        (OWN_NUMBER, PortStatus.COMPLETED, None),
    ]


def test_status_shows_what_is_owed_since_when_and_since_when_it_fails_X7_X17() -> None:
    case = announced()
    key = one_owed(case, PlanBillingEnd).key
    case.note_failing(key, NOW, NOW + PATIENCE)
    shown = next(one for one in status_of(case, NOW).pending if one.what == "plan_billing_end")
    assert (shown.system, shown.since, shown.failing_since, shown.attention) == ("billing", NOW, NOW, True)


# ---------------------------------------------------------------- failures (X7, X17)


@pytest.mark.parametrize("minutes", [1, 60, 600])
def test_people_are_told_of_a_failure_after_the_policys_minutes_and_once_X7(minutes: int) -> None:
    case = in_notice(policy=CancellationPolicy(attention_after_minutes=minutes))
    case.announce_notice(NOW)
    key = one_owed(case, PlanBillingEnd).key
    told_at = NOW + minutes * MINUTE
    for now in (NOW, told_at - timedelta(microseconds=1)):
        case.note_failing(key, NOW, now)
        assert case.attention == []
        assert "attention_raised" not in kinds(case)
    for now in (told_at, told_at + DAY):
        case.note_failing(key, now, now)
    assert case.attention == ["plan_billing_end"]
    assert kinds(case).count("attention_raised") == 1
    assert [(task.about, task.since) for task in tasks(case, TaskKind.ATTENTION)] == [
        ("plan_billing_end", NOW)
    ]
    assert [(one.team, one.step, one.since) for one in letters(case, LetterKind.ATTENTION)] == [
        (Team.SUPPORT, "plan_billing_end", NOW)
    ]


def test_attention_ends_when_the_work_succeeds_and_its_task_is_closed_X7() -> None:
    case = announced()
    key = one_owed(case, PlanBillingEnd).key
    case.note_failing(key, NOW, NOW + PATIENCE)
    case.note_done(key, NOW + 2 * PATIENCE)
    assert case.attention == []
    assert kinds(case)[-1] == "attention_cleared"
    assert owed(case, CloseTask)[-1] == CloseTask(key=tasks(case, TaskKind.ATTENTION)[0].key)


def test_what_succeeds_before_people_were_told_is_nothing_to_tell_X7() -> None:
    case = announced()
    key = one_owed(case, PlanBillingEnd).key
    case.note_failing(key, NOW, NOW + MINUTE)
    case.note_done(key, NOW + 2 * MINUTE)
    assert not {"attention_raised", "attention_cleared"} & set(kinds(case))


def test_attention_to_one_letter_is_not_cleared_by_another_ones_success_X17() -> None:
    case = announced()
    customers = letter_keys(case, LetterKind.NOTICE_STARTED)[0]
    finances = letter_keys(case, LetterKind.FINAL_BILLING)[0]
    case.note_failing(customers, NOW, NOW + PATIENCE)
    case.note_letter(finances, "<2@x>", None, None, NOW + PATIENCE)
    assert case.attention == ["send_letters"]
    assert "attention_cleared" not in kinds(case)
    case.note_letter(customers, "<3@x>", None, None, NOW + DAY)
    assert case.attention == []
    assert kinds(case)[-1] == "attention_cleared"


def test_attention_tells_audiences_of_mail_apart_and_asks_nobody_by_mail_X17() -> None:
    case = announced()
    for kind in (LetterKind.NOTICE_STARTED, LetterKind.FINAL_BILLING):
        case.note_failing(letter_keys(case, kind)[0], NOW, NOW + PATIENCE)
    assert [task.about for task in tasks(case, TaskKind.ATTENTION)] == [
        "send_letters:customer",
        "send_letters:finance",
    ]
    assert case.attention == ["send_letters"]
    assert letters(case, LetterKind.ATTENTION) == []


def test_the_next_piece_of_failing_work_is_told_of_anew_X17() -> None:
    case = in_notice()
    for number in (OWN_NUMBER, OTHER_NUMBER):
        case.record_port(port(number), NOW)
    first, second = [one.key for one in case.pending.lanes()["telephony"]]
    case.note_failing(first, NOW, NOW + PATIENCE)
    case.note_done(first, NOW + 2 * PATIENCE)
    case.note_failing(second, NOW + 2 * PATIENCE, NOW + 3 * PATIENCE)
    told_of = [(entry.kind, entry.at) for entry in told(case) if entry.kind.startswith("attention")]
    assert told_of == [
        ("attention_raised", NOW + PATIENCE),
        ("attention_cleared", NOW + 2 * PATIENCE),
        ("attention_raised", NOW + 3 * PATIENCE),
    ]
    keys = [one.key for one in letters_about_attention(case)]
    assert len(keys) == len(set(keys)) == 2


def letters_about_attention(case: Case) -> list[Owed]:
    return [
        one
        for one in case.pending.owed
        if isinstance(one.command, SendLetter) and one.command.letter.kind is LetterKind.ATTENTION
    ]


def test_a_result_of_what_is_owed_no_more_changes_nothing() -> None:
    case = known()
    before = case.model_dump()
    case.note_done("read_inventory:77", NOW)
    case.note_failing("read_inventory:77", NOW, NOW + DAY)
    case.note_refused("read_inventory:77", NOW, NOW + DAY, "não")
    case.note_letter("letter:script:customer:", "<1@x>", None, None, NOW)
    case.omit_letter("letter:script:customer:", NOW)
    case.give_up_letter("letter:script:customer:", "put_off", NOW)
    case.give_up_letter(one_owed(announced(), PlanBillingEnd).key, "put_off", NOW)
    assert case.model_dump() == before


# ---------------------------------------------------------------- refusals (X7)


def test_pauses_after_refusals_grow_from_ten_minutes_to_a_day_X7() -> None:
    case = announced()
    key = one_owed(case, PlanBillingEnd).key
    pauses = []
    now = NOW
    for _ in range(12):
        case.note_refused(key, NOW, now, "contrato bloqueado")
        retry_at = one_owed(case, PlanBillingEnd).retry_at
        assert retry_at is not None
        pauses.append((retry_at - now) // MINUTE)
        now = retry_at
    assert pauses == [10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440, 1440, 1440]


def test_a_refusal_is_told_at_once_with_the_systems_words_and_once_X7() -> None:
    case = announced()
    key = one_owed(case, PlanBillingEnd).key
    for now in (NOW, NOW + HOUR):
        case.note_refused(key, NOW, now, "contrato bloqueado")
    assert case.attention == ["plan_billing_end"]
    assert [(task.about, task.words) for task in tasks(case, TaskKind.ATTENTION)] == [
        ("plan_billing_end", "contrato bloqueado")
    ]
    assert [one.words for one in letters(case, LetterKind.ATTENTION)] == ["contrato bloqueado"]
    case.note_done(key, NOW + DAY)
    assert case.attention == []


def test_the_case_wakes_for_a_new_attempt_after_the_pause_and_not_for_one_under_way_X7() -> None:
    case = in_closing()
    key = one_owed(in_closing_with_steps(case), ReleaseResources).key
    now = case.pending.owed[-1].since
    case.note_refused(key, now, now, "não")
    retry_at = now + 10 * MINUTE
    assert next_wake(case, now) == Due(what="retry", at=retry_at)
    assert next_wake(case, retry_at) is None
    assert next_wake(case, retry_at + DAY) is None


def in_closing_with_steps(case: Case) -> Case:
    assert case.notice is not None
    case.pass_point_of_no_return(case.notice.ends_at)
    case.end_services(case.notice.ends_at)
    return case


def test_a_port_that_telephony_refuses_is_not_asked_for_again_and_not_held_X6_X7() -> None:
    case = in_notice()
    for number in (OWN_NUMBER, OTHER_NUMBER):
        case.record_port(port(number), NOW)
    case.learn_numbers([OTHER_NUMBER])
    assert case.notice is not None
    case.end_notice(case.notice.ends_at)
    assert [hold.number for hold in case.held_now] == [OWN_NUMBER, OTHER_NUMBER]
    case.note_refused(one_owed(case, RecordPort).key, NOW, case.notice.ends_at, "número de outro cliente")
    assert [fact.number for fact in owed(case, RecordPort)] == [OTHER_NUMBER]
    assert [hold.number for hold in case.held_now] == [OTHER_NUMBER]
    assert [port.number for port in case.ports] == [OTHER_NUMBER]
    assert kinds(case)[-2:] == ["step_refused", "hold_lifted"]
    assert case.attention == []


def test_a_port_that_failed_before_it_was_refused_needs_no_attention_any_more_X7() -> None:
    case = in_notice()
    case.record_port(port(), NOW)
    key = one_owed(case, RecordPort).key
    case.note_failing(key, NOW, NOW + PATIENCE)
    case.learn_numbers([OTHER_NUMBER])
    case.note_refused(key, NOW, NOW + DAY, "número de outro cliente")
    assert case.attention == []
    assert owed(case, CloseTask)[-1].key == tasks(case, TaskKind.ATTENTION)[0].key


def test_the_port_of_an_own_number_is_not_lost_by_a_refusal_P9_X6_X7() -> None:
    case = in_notice()
    case.record_port(port(), NOW)
    key = one_owed(case, RecordPort).key
    case.note_refused(key, NOW, NOW, "fora de serviço")
    assert case.attention == ["record_port"]
    assert one_owed(case, RecordPort).retry_at == NOW + 10 * MINUTE
    assert case.notice is not None
    case.end_notice(case.notice.ends_at)
    assert [hold.number for hold in case.held_now] == [OWN_NUMBER]


# ---------------------------------------------------------------- work that nobody needs any more


def failing_export() -> Case:
    case = in_notice()
    case.request_recordings(recordings(), NOW)
    case.note_failing(one_owed(case, ExportRecordings).key, NOW, NOW + PATIENCE)
    assert case.attention == ["export_recordings"]
    return case


def test_a_new_wish_for_recordings_replaces_the_one_before_P10() -> None:
    case = in_notice()
    for _ in range(2):
        case.request_recordings(recordings(), NOW)
    assert owed(case, ExportRecordings) == [ExportRecordings(ordinal=2)]


def test_failing_work_that_nobody_needs_any_more_needs_no_attention_X17() -> None:
    replaced, ended = failing_export(), failing_export()
    replaced.request_recordings(recordings(), NOW + DAY)
    assert ended.notice is not None
    ended.end_notice(ended.notice.ends_at)
    for case in (replaced, ended):
        assert case.attention == []
        assert owed(case, CloseTask)[-1].key == tasks(case, TaskKind.ATTENTION)[0].key


def test_who_stays_keeps_no_work_of_leaving_X3() -> None:
    case = announced()
    case.request_recordings(recordings(), NOW)
    case.withdraw("fica", "ana", NOW)
    case.settle_ending(NOW)
    assert not case.pending.owes(PlanBillingEnd, ExportRecordings, ReadInventory)
    assert owed(case, LiftBillingEnd) == [LiftBillingEnd(case_id="run-1")]
    assert owed(case, RevokeLinks) == [RevokeLinks(case_id="run-1")]


def test_no_purge_where_the_policy_keeps_recordings_but_the_links_die_P10() -> None:
    case = in_closing(policy=CancellationPolicy(purge_recordings=False))
    in_closing_with_steps(case)
    assert not case.pending.owes(PurgeRecordings)
    assert owed(case, RevokeLinks) == [RevokeLinks(case_id="run-1")]


# ---------------------------------------------------------------- letters that do not arrive (X16, X17)


def put_off(case: Case, key: str, since: datetime = NOW) -> None:
    case.note_failing(key, since, since)


def test_a_letter_put_off_for_the_policys_days_is_given_up_to_commercial_X17() -> None:
    case = declined(policy=CancellationPolicy(letter_gives_up_days=2))
    with_letter_sent(case)
    (key,) = letter_keys(case, LetterKind.SCRIPT)
    put_off(case, key)
    until = OPENED + HOUR + 2 * DAY
    assert next_wake(case, until - HOUR) == Due(what="give_up", at=until)
    case.meet_deadlines(until - timedelta(microseconds=1))
    assert letter_keys(case, LetterKind.SCRIPT) == [key]
    case.meet_deadlines(until)
    assert letter_keys(case, LetterKind.SCRIPT) == []
    assert kinds(case)[-1] == "letter_undelivered"
    (task,) = tasks(case, TaskKind.UNDELIVERED)
    (letter,) = letters(case, LetterKind.UNDELIVERED)
    assert (task.words, letter.words) == ("put_off", "put_off")
    assert task.letter is not None
    assert (task.letter.kind, letter.about) == (LetterKind.SCRIPT, LetterKind.SCRIPT)
    assert letter.team is Team.COMMERCIAL
    assert task in case.lasting


def test_what_waits_behind_a_letter_that_is_put_off_is_given_up_in_its_own_time_X17() -> None:
    case = known()
    (first,) = letter_keys(case, LetterKind.REQUEST_RECEIVED)
    case.receive_formalization(mail(), "inbox", NOW)
    (second,) = letter_keys(case, LetterKind.FORMALIZED_EARLY)
    put_off(case, first, OPENED)
    found = {owed.key: until for owed, until in case.letters_put_off()}
    assert found == {first: OPENED + 5 * DAY, second: NOW + 5 * DAY}


def test_letters_of_an_audience_that_takes_mail_are_not_given_up_X17() -> None:
    case = announced()
    put_off(case, letter_keys(case)[0])
    lanes = {owed.lane for owed, _ in case.letters_put_off()}
    assert len(lanes) == 1
    case.meet_deadlines(NOW + 6 * DAY)
    assert set(case.pending.lanes()) & {"mail:finance", "mail:support"} == {"mail:finance", "mail:support"}


def test_attention_to_a_letter_ends_when_it_is_given_up_X17() -> None:
    case = announced()
    key = letter_keys(case, LetterKind.REQUEST_RECEIVED)[0]
    case.note_failing(key, NOW, NOW + PATIENCE)
    case.give_up_letter(key, "put_off", NOW + 5 * DAY)
    assert case.attention == []
    assert owed(case, CloseTask)[-1].key == "attention:send_letters:customer"


def test_commercial_is_not_written_to_about_letters_that_commercial_does_not_get_X17() -> None:
    case = opened()
    (key,) = letter_keys(case, LetterKind.REQUEST_TO_COMMERCIAL)
    case.give_up_letter(key, "put_off", NOW)
    assert len(tasks(case, TaskKind.UNDELIVERED)) == 1
    assert letters(case, LetterKind.UNDELIVERED) == []


def test_two_lost_letters_are_two_tasks_and_two_letters_X16_X17() -> None:
    case = declined()
    for number in (1, 2):
        case.receive_formalization(mail(f"<{number}@x>", reason=None), "inbox", NOW)
    lost = letter_keys(case, LetterKind.WHAT_IS_MISSING)
    for key in lost:
        case.note_letter(key, "<x@y>", "550 5.1.1", None, NOW)
    assert len({task.key for task in tasks(case, TaskKind.UNDELIVERED)}) == len(lost) == 2
    assert len({one.key for one in letters(case, LetterKind.UNDELIVERED)}) == 2


def test_who_waits_for_the_end_waits_for_no_letter_that_is_put_off_X17() -> None:
    case = declined()
    case.discard("engano", "ana", NOW)
    case.settle_ending(NOW)
    customers = [one.key for one in case.pending.lanes()["mail:customer"]]
    put_off(case, customers[0])
    case.let_letters_go(NOW + HOUR)
    assert "mail:customer" not in case.pending.lanes()
    assert kinds(case).count("letter_undelivered") == len(customers) == 3
    assert letter_keys(case, LetterKind.DISCARDED_TO_COMMERCIAL)


def test_a_letter_that_was_given_up_and_went_out_all_the_same_is_in_the_trail_P20_X17() -> None:
    case = declined()
    case.discard("engano", "ana", NOW)
    case.settle_ending(NOW)
    key, *_ = letter_keys(case)
    order = letters(case)[0]
    put_off(case, key)
    case.let_letters_go(NOW + HOUR)
    before = kinds(case).count("letter_sent")
    case.note_letter(key, "<1@x>", None, None, NOW + HOUR, of=order)
    assert kinds(case).count("letter_sent") == before + 1
    # Refused, it is what it was: given up.
    lost = kinds(case).count("letter_undelivered")
    case.note_letter(key, "<1@x>", "550", None, NOW + HOUR, of=order)
    assert kinds(case).count("letter_undelivered") == lost


def test_letters_on_their_way_are_not_let_go_of_X17() -> None:
    case = declined()
    before = case.model_dump()
    case.let_letters_go(NOW)
    assert case.model_dump() == before


# ---------------------------------------------------------------- letters that come back (X16)


def test_a_letter_that_comes_back_is_told_to_commercial_once_X16() -> None:
    case = with_letter_sent(known())
    case.hear_of_bounce(LETTER_ID, "5.1.1", "inbox", NOW)
    case.hear_of_bounce(LETTER_ID, "5.2.2", "inbox", NOW + HOUR)
    (task,) = tasks(case, TaskKind.UNDELIVERED)
    (letter,) = letters(case, LetterKind.BOUNCED)
    assert task.letter is not None
    assert (task.letter.kind, task.words, letter.words) == (LetterKind.REQUEST_RECEIVED, "5.1.1", "5.1.1")
    assert (letter.team, letter.about) == (Team.COMMERCIAL, LetterKind.REQUEST_RECEIVED)
    assert kinds(case).count("letter_bounced") == 1


def test_only_letters_of_this_case_can_come_back_X16() -> None:
    with pytest.raises(RuleBroken, match="unknown_letter"):
        opened().hear_of_bounce("<outra@nuvemjti.com.br>", "5.1.1", "inbox", NOW)


def test_a_letter_to_commercial_that_comes_back_is_a_task_and_no_further_letter_X16() -> None:
    case = opened()
    case.note_letter(letter_keys(case)[0], "<2@x>", None, None, NOW)
    case.hear_of_bounce("<2@x>", "5.1.1", "inbox", NOW)
    (task,) = tasks(case, TaskKind.UNDELIVERED)
    assert task.letter is not None
    assert task.letter.team is Team.COMMERCIAL
    assert letters(case, LetterKind.BOUNCED) == []


def test_a_letter_about_the_end_that_comes_back_before_the_end_counts_too_X16() -> None:
    case = with_letter_sent(declined())
    case.discard("engano", "ana", NOW)
    case.settle_ending(NOW)
    case.hear_of_bounce(LETTER_ID, "5.1.1", "inbox", NOW)
    assert len(letters(case, LetterKind.BOUNCED)) == 1
    assert [task for task in case.lasting if task.task is TaskKind.UNDELIVERED] == tasks(
        case, TaskKind.UNDELIVERED
    )


def test_when_everything_has_ended_a_letter_that_comes_back_is_recorded_X16() -> None:
    case = with_letter_sent(declined())
    case.discard("engano", "ana", NOW)
    case.end(NOW)
    before = case.pending.model_dump()
    case.hear_of_bounce(LETTER_ID, "5.1.1", "inbox", NOW)
    assert kinds(case)[-1] == "letter_bounced"
    assert case.pending.model_dump() == before


def test_the_newest_letters_are_remembered_for_when_they_come_back_X16() -> None:
    case = known()
    for number in range(120):
        case.remind([f"remind_formalization:{number}"], [], NOW)
        case.note_letter(
            letter_keys(case, LetterKind.REMIND_FORMALIZATION)[0], f"<{number}@x>", None, None, NOW
        )
    assert len(case.letters) == 100
    case.hear_of_bounce("<119@x>", "5.1.1", "inbox", NOW)
    with pytest.raises(RuleBroken):
        case.hear_of_bounce("<0@x>", "5.1.1", "inbox", NOW)


def test_lasting_tasks_are_those_that_somebody_still_has_to_do_at_the_end() -> None:
    case = with_letter_sent(known())
    case.hear_of_bounce(LETTER_ID, "5.1.1", "inbox", NOW)
    case.note_left_out(["a.wav"], 1, NOW, purging=True)
    case.send_script(NOW)
    assert [task.task for task in case.lasting] == [TaskKind.UNDELIVERED, TaskKind.NOT_REMOVED]
    case.note_left_out(["a.wav", "b.wav"], 30, NOW, purging=True)
    assert [task for task in case.lasting if task.task is TaskKind.NOT_REMOVED] == [
        OpenTask(task=TaskKind.NOT_REMOVED, names=("a.wav", "b.wav"), count=30)
    ]


def test_recordings_left_out_of_an_archive_are_a_task_for_the_notice_alone_P10_X18() -> None:
    case, late = in_notice(), known()
    for one in (case, late):
        one.note_left_out(["a.wav"], 1, NOW, purging=False)
    assert OpenTask(task=TaskKind.NOT_DELIVERED, names=("a.wav",), count=1) in tasks(case)
    assert case.lasting == []
    assert "recordings_left_out" in kinds(case)
    assert "recordings_left_out" not in kinds(late)


@pytest.mark.parametrize("purging", [True, False])
def test_without_recordings_left_out_nobody_is_bothered_P10(purging: bool) -> None:
    case = in_notice()
    before = case.pending.model_dump()
    case.note_left_out([], 0, NOW, purging=purging)
    assert case.pending.model_dump() == before
