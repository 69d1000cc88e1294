from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cancellation.domain.notice import is_business_day, last_safe_port_day, next_business_moment, notice_from
from cancellation.domain.policy import BusinessHours, CancellationPolicy
from tests.unit.domain.build import POLICY, ZONE, local

CHRISTMAS = date(2026, 12, 25)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_notice_ends_thirty_days_after_the_day_of_receipt_P8() -> None:
    notice = notice_from(local(2026, 11, 22, 10, 15), POLICY)
    assert notice.starts_at == local(2026, 11, 22, 10, 15)
    assert notice.last_day == date(2026, 12, 22)
    assert notice.ends_at == local(2026, 12, 23)
    assert notice.clause == "8.2"


def test_an_email_of_the_last_second_of_a_day_counts_for_that_day_P8() -> None:
    received = datetime.fromisoformat("2026-11-22T23:59:59-03:00")
    assert received.astimezone(UTC).date() == date(2026, 11, 23)
    assert notice_from(received, POLICY).last_day == date(2026, 12, 22)


@pytest.mark.parametrize(
    ("received", "last_day"),
    [("2026-11-23T02:59:59Z", date(2026, 12, 22)), ("2026-11-23T03:00:00Z", date(2026, 12, 23))],
)
def test_the_day_changes_at_midnight_in_sao_paulo_whatever_the_zone_P8(received: str, last_day: date) -> None:
    utc = datetime.fromisoformat(received)
    for zone in (UTC, ZONE, ZoneInfo("Asia/Tokyo"), ZoneInfo("America/Los_Angeles")):
        assert notice_from(utc.astimezone(zone), POLICY).last_day == last_day


@pytest.mark.parametrize(
    ("received", "last_day"),
    [
        (date(2026, 1, 31), date(2026, 3, 2)),
        (date(2028, 1, 30), date(2028, 2, 29)),
        (date(2028, 1, 31), date(2028, 3, 1)),
        (date(2028, 2, 29), date(2028, 3, 30)),
        (date(2027, 1, 29), date(2027, 2, 28)),
        (date(2027, 1, 30), date(2027, 3, 1)),
        (date(2026, 12, 31), date(2027, 1, 30)),
        (date(2026, 4, 30), date(2026, 5, 30)),
        (date(2026, 5, 31), date(2026, 6, 30)),
    ],
)
def test_thirty_calendar_days_over_month_ends_and_29_february_P8(received: date, last_day: date) -> None:
    noon = local(received.year, received.month, received.day, 12)
    assert notice_from(noon, POLICY).last_day == last_day


def test_the_notice_ends_at_the_days_end_and_not_a_microsecond_before_P15() -> None:
    notice = notice_from(local(2026, 11, 22, 10), POLICY)
    assert not notice.has_ended(local(2026, 12, 22, 23, 59, 59) + timedelta(microseconds=999_999))
    assert notice.has_ended(local(2026, 12, 23))


def test_days_and_clause_come_from_the_policy_P8() -> None:
    notice = notice_from(local(2026, 11, 22), CancellationPolicy(notice_days=10, clause="9.1"))
    assert (notice.last_day, notice.clause) == (date(2026, 12, 2), "9.1")


def test_a_day_that_starts_with_summer_time_still_ends_at_its_own_midnight_P8() -> None:
    """Brazil moved the clocks forward at midnight of 4 November 2018: that day began at 01:00."""
    notice = notice_from(local(2018, 10, 4, 15), POLICY)
    assert notice.last_day == date(2018, 11, 3)
    assert notice.ends_at.astimezone(UTC) == datetime(2018, 11, 4, 3, tzinfo=UTC)


@given(instants)
def test_the_last_day_is_whole_and_thirty_days_on_P8(received: datetime) -> None:
    notice = notice_from(received, POLICY)
    first = received.astimezone(ZONE).date()
    assert (notice.last_day - first).days == 30
    assert notice.ends_at.astimezone(ZONE).date() == notice.last_day + timedelta(days=1)
    assert timedelta(days=30) < notice.ends_at - received <= timedelta(days=31)


@given(st.lists(instants, min_size=2, max_size=5))
def test_a_later_email_never_ends_the_notice_earlier_P8(received: list[datetime]) -> None:
    ends = [notice_from(instant, POLICY).ends_at for instant in sorted(received)]
    assert all(earlier <= later for earlier, later in pairwise(ends))


# ---------------------------------------------------------------- business days (X4)


def test_weekends_and_holidays_are_no_business_days_X4() -> None:
    week = [date(2026, 12, day) for day in range(21, 28)]
    assert [is_business_day(day, (CHRISTMAS,)) for day in week] == [True] * 4 + [False] * 3


@pytest.mark.parametrize(
    ("last_day", "safe"),
    [
        (date(2026, 12, 18), date(2026, 12, 15)),  # Friday: Wednesday, Thursday and Friday are left
        (date(2026, 12, 20), date(2026, 12, 15)),  # Sunday: the same three
        (date(2026, 12, 21), date(2026, 12, 16)),  # Monday
        (date(2026, 12, 23), date(2026, 12, 18)),  # Wednesday: Monday to Wednesday; asked for on Friday
        (date(2026, 12, 25), date(2026, 12, 21)),  # Christmas itself does not count
    ],
)
def test_last_safe_port_day_leaves_three_business_days_X4(last_day: date, safe: date) -> None:
    received = local(last_day.year, last_day.month, last_day.day) - timedelta(days=30)
    notice = notice_from(received, POLICY)
    assert notice.last_day == last_day
    assert last_safe_port_day(notice, POLICY, (CHRISTMAS,)) == safe


@given(instants, st.integers(0, 10))
def test_exactly_the_policys_business_days_lie_after_the_last_safe_day_X4(
    received: datetime, days: int
) -> None:
    policy = CancellationPolicy(port_business_days=days)
    notice = notice_from(received, policy)
    safe = last_safe_port_day(notice, policy, (CHRISTMAS,))
    after = [safe + timedelta(days=n) for n in range(1, (notice.last_day - safe).days + 1)]
    assert is_business_day(safe, (CHRISTMAS,))
    assert sum(is_business_day(day, (CHRISTMAS,)) for day in after) == days


@pytest.mark.parametrize(
    ("instant", "moment"),
    [
        (local(2026, 12, 21, 10, 30), local(2026, 12, 21, 10, 30)),  # inside
        (local(2026, 12, 21, 7), local(2026, 12, 21, 9)),  # too early
        (local(2026, 12, 21, 17, 59, 59), local(2026, 12, 21, 17, 59, 59)),
        (local(2026, 12, 21, 18), local(2026, 12, 22, 9)),  # closed
        (local(2026, 12, 19, 12), local(2026, 12, 21, 9)),  # Saturday
        (local(2026, 12, 24, 20), local(2026, 12, 28, 9)),  # Christmas and a weekend follow
        (datetime(2026, 12, 21, 2, tzinfo=UTC), local(2026, 12, 21, 9)),  # still Sunday in São Paulo
    ],
)
def test_reminders_wait_for_business_hours_X4(instant: datetime, moment: datetime) -> None:
    assert next_business_moment(instant, POLICY, (CHRISTMAS,)) == moment


@given(instants)
def test_a_business_moment_is_never_before_and_stays_where_it_is_X4(instant: datetime) -> None:
    moment = next_business_moment(instant, POLICY, (CHRISTMAS,))
    assert moment >= instant
    assert is_business_day(moment.astimezone(ZONE).date(), (CHRISTMAS,))
    hours = BusinessHours()
    assert hours.opens <= moment.astimezone(ZONE).time() < hours.closes
    assert next_business_moment(moment, POLICY, (CHRISTMAS,)) == moment
