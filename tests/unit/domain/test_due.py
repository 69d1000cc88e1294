from datetime import date, datetime, timedelta

import pytest

from cancellation.domain.due import due_instants, overdue_reminders
from cancellation.domain.instants import Due
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.stage import Stage
from cancellation.domain.values import Archive, Outcome, PortStatus
from tests.unit.domain.build import (
    OPENED,
    OTHER_NUMBER,
    OWN_NUMBER,
    REASON,
    at_stage,
    declined,
    in_closing,
    in_notice,
    known,
    letters,
    local,
    port,
    stage_of,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def at(dues: list[Due], what: str) -> datetime:
    return next(due.at for due in dues if due.what == what)


def names(dues: list[Due]) -> set[str]:
    return {due.what for due in dues}


def test_commercial_is_reminded_from_the_opening_in_business_hours_X4() -> None:
    dues = due_instants(known(), OPENED)
    assert [(due.what, due.at) for due in dues] == [
        ("remind_commercial:4", local(2026, 11, 16, 14, 15)),
        ("remind_commercial:24", local(2026, 11, 17, 10, 15)),
        ("remind_commercial:72", local(2026, 11, 19, 10, 15)),
        ("remind_commercial:168", local(2026, 11, 23, 10, 15)),
    ]
    assert all(due.what.startswith("remind_") for due in dues)


def test_a_reminder_at_night_waits_for_the_morning_X4() -> None:
    case = known(opened_at=local(2026, 11, 17, 17))
    assert at(due_instants(case, case.opened_at), "remind_commercial:4") == local(2026, 11, 18, 9)


def test_of_what_a_weekend_puts_off_to_one_morning_the_last_is_due_and_is_what_goes_out_X4() -> None:
    case = known(opened_at=local(2026, 11, 20, 17))
    monday = local(2026, 11, 23, 9)
    assert [due.what for due in due_instants(case, case.opened_at) if due.at == monday] == [
        "remind_commercial:24"
    ]
    overdue = overdue_reminders(case, monday)
    case.remind(overdue.due, overdue.pointless, monday)
    assert [letter.ordinal for letter in letters(case, LetterKind.REMIND_COMMERCIAL)] == [
        "remind_commercial:24"
    ]


def test_holidays_of_the_policy_hold_reminders_up_X4() -> None:
    policy = CancellationPolicy(holidays=(date(2026, 11, 20),))
    case = known(opened_at=local(2026, 11, 19, 17), policy=policy)
    assert at(due_instants(case, case.opened_at), "remind_commercial:72") == local(2026, 11, 23, 9)


def test_reminders_come_from_the_policy_and_once_X4() -> None:
    case = known(policy=CancellationPolicy(commercial_reminder_hours=(1, 2)))
    case.reminded.append("remind_commercial:1")
    assert names(due_instants(case, OPENED)) == {"remind_commercial:2"}


def test_an_overdue_reminder_is_due_now_and_not_in_the_past_X4() -> None:
    now = local(2026, 11, 16, 16)
    assert at(due_instants(known(), now), "remind_commercial:4") == now


def test_a_case_that_waits_for_the_formalization_lapses_after_the_term_X5() -> None:
    case = declined()
    assert case.declined_at == OPENED + HOUR
    assert case.lapses_at == local(2026, 12, 17)
    dues = due_instants(case, OPENED + 2 * HOUR)
    assert at(dues, "lapse") == local(2026, 12, 17) + 24 * HOUR
    assert names(dues) == {"lapse", *(f"remind_formalization:{days}" for days in (7, 20, 27))}


@pytest.mark.parametrize("grace", [0, 1, 24, 24 * 14])
def test_the_term_is_whole_days_like_the_notice_and_the_policys_grace_follows_X5_X21(grace: int) -> None:
    case = declined(policy=CancellationPolicy(late_handling_hours=grace))
    decided = local(2026, 12, 17) + grace * HOUR
    assert case.lapses_at == local(2026, 12, 17)
    case.meet_deadlines(decided - timedelta(microseconds=1))
    assert stage_of(case) is Stage.AWAITING_FORMALIZATION
    case.meet_deadlines(decided)
    assert stage_of(case) is Stage.LAPSED


def test_a_reminder_that_would_come_with_the_lapse_or_after_is_pointless_X4() -> None:
    case = declined(policy=CancellationPolicy(formalization_reminder_days=(7, 30, 40)))
    assert names(due_instants(case, OPENED + 2 * HOUR)) == {
        "lapse",
        "remind_formalization:7",
        "remind_formalization:30",
    }
    late_on_the_last_day = local(2026, 12, 16, 18, 30)
    assert names(due_instants(case, late_on_the_last_day)) == {"lapse"}


def test_the_customer_is_reminded_before_the_last_safe_day_for_portability_X4() -> None:
    case = in_notice()  # last day Wednesday 16 December, so Friday 11 is the last safe day
    dues = due_instants(case, OPENED + 3 * HOUR)
    assert at(dues, "notice_end") == local(2026, 12, 17)
    assert at(dues, "remind_portability") == local(2026, 12, 7, 9)  # five days before is a Sunday


def test_a_portability_reminder_after_the_last_safe_day_is_pointless_X4() -> None:
    case = in_notice()
    assert "remind_portability" in names(due_instants(case, local(2026, 12, 11, 17)))
    assert "remind_portability" not in names(due_instants(case, local(2026, 12, 11, 19)))


def test_who_asked_for_every_number_is_not_reminded_X4() -> None:
    case = in_notice()
    now = OPENED + 4 * HOUR
    case.record_port(port(OWN_NUMBER), now)
    assert "remind_portability" in names(due_instants(case, now))
    case.record_port(port(OTHER_NUMBER), now)
    assert "remind_portability" not in names(due_instants(case, now))
    case.record_port(port(OTHER_NUMBER, PortStatus.REJECTED), now)
    assert "remind_portability" in names(due_instants(case, now))


def test_who_owns_no_number_is_not_reminded_X4() -> None:
    case = in_notice()
    case.learn_numbers([])
    assert "remind_portability" not in names(due_instants(case, OPENED + 4 * HOUR))


def test_the_customer_is_reminded_before_the_link_dies_X4() -> None:
    case = in_notice()
    assert case.notice is not None
    case.archive = Archive(link_id="l", files=3, size=10, sha256="0" * 64, expires_at=case.notice.ends_at)
    assert at(due_instants(case, OPENED + 4 * HOUR), "remind_link") == local(2026, 12, 14, 9)
    assert "remind_link" not in names(due_instants(case, local(2026, 12, 16, 18)))


def test_held_numbers_are_due_at_the_end_of_the_grace_X6() -> None:
    case = in_notice()
    case.record_port(port(OWN_NUMBER), OPENED + 4 * HOUR)
    assert case.notice is not None
    case.end_notice(case.notice.ends_at)
    assert due_instants(case, case.notice.ends_at) == [Due(what="hold_end", at=local(2027, 1, 1))]


def test_a_case_that_is_closing_or_has_ended_waits_for_nothing() -> None:
    assert due_instants(in_closing(), OPENED + 60 * DAY) == []
    for stage in Stage:
        if stage.is_terminal:
            assert due_instants(at_stage(stage), OPENED + 4 * HOUR) == []


def test_due_instants_come_in_order() -> None:
    case = known()
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", OPENED)
    dues = due_instants(case, OPENED)
    assert dues == sorted(dues, key=lambda due: due.at)
