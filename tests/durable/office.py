"""When somebody is at work (X4), found without the product's own reckoning."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from tests.durable.customers import ZONE
from workers.worker import brazilian_holidays

OPENS, CLOSES = time(9), time(18)


def office_moment(instant: datetime, holidays: Sequence[date] = ()) -> datetime:
    """The first moment from then on at which somebody is at work, found by trying every quarter of an hour."""
    moment = instant.astimezone(ZONE)
    while not is_office_time(moment, holidays):
        moment = (moment + timedelta(minutes=15)).replace(second=0, microsecond=0)
        moment = moment.replace(minute=moment.minute // 15 * 15)
    return moment


def is_office_time(moment: datetime, holidays: Sequence[date] = ()) -> bool:
    return moment.weekday() < 5 and moment.date() not in holidays and OPENS <= moment.time() < CLOSES


def reminder_moments(since: datetime, hours: Iterable[int]) -> set[datetime]:
    """When reminders go out: several that a night, a weekend or a holiday puts off to one morning are one letter."""
    holidays = brazilian_holidays(since.date())
    return {office_moment(since + timedelta(hours=one), holidays) for one in hours}
