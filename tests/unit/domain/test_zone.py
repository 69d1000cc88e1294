"""One clock: time-zone rules frozen into a case, from one source, and what they make of its dates (X23)."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cancellation.domain.case import Case
from cancellation.domain.due import due_instants
from cancellation.domain.notice import next_business_moment, notice_from
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.stage import Stage
from cancellation.domain.zone import NAME, OffsetChange, ZoneRules, current_rules, rules_for, wheel_zone
from tests.unit.domain.build import OPENED, declined, in_closing, in_notice, mail, port, stage_of

FIRST, LAST = 1990, 2030
RULES = rules_for(FIRST, LAST)
SECOND = timedelta(seconds=1)
instants = st.datetimes(datetime(FIRST, 1, 1), datetime(LAST, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
days = st.dates(date(FIRST, 1, 2), date(LAST, 12, 30))
clocks = st.sampled_from([time(0), time(0, 30), time(1), time(9), time(18), time(23, 59, 59)])

SUMMER_AGAIN = ZoneRules(
    offset_minutes=-180,
    changes=(
        OffsetChange(at=datetime(2026, 12, 6, 3, tzinfo=UTC), minutes=-120),
        OffsetChange(at=datetime(2027, 2, 21, 2, tzinfo=UTC), minutes=-180),
    ),
)
"""Rules of a Brazil that brings summer time back on Sunday, 6 December 2026: its midnight does not exist."""
NO_SUMMER = ZoneRules(offset_minutes=-180)


def wall(instant: datetime) -> datetime:
    """What a wall clock in São Paulo shows, as `zoneinfo` has it."""
    return instant.astimezone(wheel_zone()).replace(tzinfo=None)


# ---------------------------------------------------------------- the rules


def test_rules_are_those_of_the_wheel_and_not_of_the_machine_X23() -> None:
    assert NAME == "America/Sao_Paulo"
    assert str(wheel_zone()) == NAME
    assert wheel_zone() is wheel_zone()


def test_rules_hold_the_offset_at_their_beginning_and_every_change_X23() -> None:
    of_2018 = rules_for(2018, 2019)
    assert of_2018.offset_minutes == -120
    assert [(change.at, change.minutes) for change in of_2018.changes] == [
        (datetime(2018, 2, 18, 2, tzinfo=UTC), -180),
        (datetime(2018, 11, 4, 3, tzinfo=UTC), -120),
        (datetime(2019, 2, 17, 2, tzinfo=UTC), -180),
    ]
    assert rules_for(2020, 2030) == NO_SUMMER


def test_changes_come_in_order_and_each_changes_something_X23() -> None:
    minutes = [RULES.offset_minutes, *(change.minutes for change in RULES.changes)]
    assert len(minutes) > 50
    assert all(before != after for before, after in pairwise(minutes))
    assert all(before.at < after.at for before, after in pairwise(RULES.changes))


@given(instants)
def test_the_wall_clock_is_that_of_zoneinfo_X23(instant: datetime) -> None:
    assert RULES.local(instant) == wall(instant)
    assert RULES.local_date(instant) == wall(instant).date()
    assert RULES.offset(instant) == instant.astimezone(wheel_zone()).utcoffset()


@pytest.mark.parametrize("change", RULES.changes, ids=lambda change: f"{change.at:%Y-%m-%d}")
@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_the_wall_clock_is_that_of_zoneinfo_round_every_change_X23(
    change: OffsetChange, seconds: int
) -> None:
    instant = change.at + seconds * SECOND
    assert RULES.local(instant) == wall(instant)


@given(days, clocks)
@example(date(2018, 11, 4), time(0))
@example(date(2018, 11, 4), time(0, 30))
@example(date(2019, 2, 16), time(23, 30))
def test_a_wall_clock_time_is_the_first_instant_that_shows_it_or_has_passed_it_X23(
    day: date, clock: time
) -> None:
    wanted = datetime.combine(day, clock)
    instant = RULES.at(day, clock)
    assert instant.tzinfo is UTC
    assert wall(instant) >= wanted
    assert wall(instant - timedelta(microseconds=1)) < wanted
    named = wanted.replace(tzinfo=wheel_zone())
    if wall(named.astimezone(UTC)) == wanted:  # the clock shows it, once or twice: the first time
        assert instant == named.astimezone(UTC)


@pytest.mark.parametrize("change", RULES.changes, ids=lambda change: f"{change.at:%Y-%m-%d}")
def test_days_of_a_change_begin_where_zoneinfo_has_them_begin_X23(change: OffsetChange) -> None:
    for day in (RULES.local_date(change.at) + timedelta(days=n) for n in (-1, 0, 1)):
        begins = RULES.at(day)
        assert wall(begins).date() == day
        assert wall(begins - timedelta(microseconds=1)).date() == day - timedelta(days=1)


@given(days)
def test_days_follow_each_other_without_gap_X23(day: date) -> None:
    length = RULES.at(day + timedelta(days=1)) - RULES.at(day)
    assert length in {timedelta(hours=hours) for hours in (23, 24, 25)}
    assert RULES.local_date(RULES.at(day)) == day


def test_rules_stay_the_same_when_they_are_written_down_X23() -> None:
    policy = CancellationPolicy(zone_rules=SUMMER_AGAIN)
    assert CancellationPolicy.model_validate_json(policy.model_dump_json()) == policy


def test_a_case_without_rules_of_its_own_takes_the_wheels_X23() -> None:
    assert CancellationPolicy().zone == current_rules()
    assert CancellationPolicy(zone_rules=SUMMER_AGAIN).zone is SUMMER_AGAIN


# ---------------------------------------------------------------- a case that carries them


def summery(**changes: object) -> CancellationPolicy:
    return CancellationPolicy(zone_rules=SUMMER_AGAIN).model_copy(update=changes)


def test_a_case_keeps_the_dates_of_its_own_rules_whatever_the_wheel_says_X23() -> None:
    case = in_notice(policy=summery())
    assert case.notice is not None
    assert case.notice.last_day == date(2026, 12, 16)
    # 17 December begins an hour earlier than by the wheel's rules, which know of no summer time.
    assert case.notice.ends_at == datetime(2026, 12, 17, 2, tzinfo=UTC)
    assert in_notice().notice != case.notice
    case.meet_deadlines(case.notice.ends_at - SECOND)
    assert stage_of(case) is Stage.NOTICE
    case.meet_deadlines(case.notice.ends_at)
    assert stage_of(case) is Stage.CLOSING


def test_every_instant_of_such_a_case_follows_its_own_rules_X23() -> None:
    waiting, noticed = declined(policy=summery()), in_notice(policy=summery())
    assert waiting.lapses_at == datetime(2026, 12, 17, 2, tzinfo=UTC)
    dues = {due.what: due.at for due in due_instants(noticed, OPENED + timedelta(hours=3))}
    assert dues["notice_end"] == datetime(2026, 12, 17, 2, tzinfo=UTC)
    assert dues["remind_portability"] == datetime(2026, 12, 7, 11, tzinfo=UTC)  # nine o'clock in summer time
    assert noticed.notice is not None
    noticed.record_port(port(), OPENED + timedelta(hours=3))
    noticed.end_notice(noticed.notice.ends_at)
    assert noticed.held[0].held_until == datetime(2027, 1, 1, 2, tzinfo=UTC)


def test_a_day_whose_midnight_does_not_exist_begins_with_the_change_X23_P8() -> None:
    notice = notice_from(datetime(2026, 11, 5, 15, tzinfo=UTC), summery())
    assert notice.last_day == date(2026, 12, 5)
    assert notice.ends_at == datetime(2026, 12, 6, 3, tzinfo=UTC)


def test_business_hours_are_those_of_the_cases_rules_X23_X4() -> None:
    at_nine = next_business_moment(datetime(2026, 12, 7, 11, 30, tzinfo=UTC), summery())
    assert at_nine == datetime(2026, 12, 7, 11, 30, tzinfo=UTC)
    evening = datetime(
        2026, 12, 7, 20, 30, tzinfo=UTC
    )  # half past six in summer time, half past five without
    assert next_business_moment(evening, summery()) == datetime(2026, 12, 8, 11, tzinfo=UTC)
    assert next_business_moment(evening, CancellationPolicy(zone_rules=NO_SUMMER)) == evening


def test_a_case_that_continues_elsewhere_keeps_its_rules_X23() -> None:
    case = in_notice(policy=summery())
    again = Case.model_validate_json(case.model_dump_json())
    assert again.policy.zone_rules == SUMMER_AGAIN
    assert again.lapses_at == case.lapses_at
    assert due_instants(again, OPENED) == due_instants(case, OPENED)


def test_the_policy_is_frozen_once_and_whole_X23() -> None:
    case = declined()
    case.freeze(summery(notice_days=10))
    case.receive_formalization(mail(), "inbox", OPENED + timedelta(hours=3))
    assert case.notice is not None
    assert case.notice.last_day == date(2026, 11, 26)


# ---------------------------------------------------------------- a notice of no days (P8)


def test_a_notice_of_no_days_ends_with_the_day_of_receipt_P8() -> None:
    case = in_notice(policy=CancellationPolicy(notice_days=0))
    assert case.notice is not None
    assert case.notice.last_day == date(2026, 11, 16)
    assert case.notice.ends_at == datetime(2026, 11, 17, 3, tzinfo=UTC)
    case.meet_deadlines(case.notice.ends_at - SECOND)
    assert stage_of(case) is Stage.NOTICE
    case.meet_deadlines(case.notice.ends_at)
    assert stage_of(case) is Stage.CLOSING


def test_in_a_notice_of_no_days_nobody_is_reminded_of_what_is_too_late_P8_X4() -> None:
    case = in_notice(policy=CancellationPolicy(notice_days=0))
    assert [due.what for due in due_instants(case, OPENED + timedelta(hours=3))] == ["notice_end"]


def test_holds_and_links_of_a_notice_of_no_days_end_with_it_P8_X6() -> None:
    case = in_closing(policy=CancellationPolicy(notice_days=0, port_grace_days=0))
    assert case.notice is not None
    assert case.held == []
    case.pass_point_of_no_return(case.notice.ends_at)
    assert case.past_no_return
