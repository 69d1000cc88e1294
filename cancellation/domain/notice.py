"""Clause 8.2 arithmetic: from when the notice counts, its last day and end, the last safe day for a port."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict

from cancellation.domain.policy import CancellationPolicy


class Notice(BaseModel):
    """The notice period of a formalised case (P8).

    `ends_at` is the first instant after the last day: midnight in the policy's time zone. Services run until
    then, and nothing destructive happens before it (P15).
    """

    model_config = ConfigDict(frozen=True)

    starts_at: AwareDatetime
    last_day: date
    ends_at: AwareDatetime
    clause: str

    def has_ended(self, now: datetime) -> bool:
        """Whether the whole last day is over at `now`."""
        return now >= self.ends_at


def notice_from(received_at: datetime, policy: CancellationPolicy) -> Notice:
    """Compute the notice that starts with a formalization received at `received_at` (aware).

    The day of receipt in America/Sao_Paulo is not counted, the last day is (P8).
    """
    last_day = policy.local_date(received_at) + policy.notice
    return Notice(
        starts_at=received_at,
        last_day=last_day,
        ends_at=policy.day_start(last_day + timedelta(days=1)),
        clause=policy.clause,
    )


def is_business_day(day: date, holidays: Collection[date] = ()) -> bool:
    """Whether banks and operators work on `day`: a weekday that is no holiday."""
    return day.weekday() < 5 and day not in holidays


def last_safe_port_day(notice: Notice, policy: CancellationPolicy, holidays: Collection[date] = ()) -> date:
    """The last day on which a portability asked for still finishes within the notice (X4).

    Counts `policy.port_business_days` business days back from the last day of the notice.
    """
    day = notice.last_day
    remaining = policy.port_business_days
    while remaining > 0:
        if is_business_day(day, holidays):
            remaining -= 1
        day -= timedelta(days=1)
    while not is_business_day(day, holidays):
        day -= timedelta(days=1)
    return day


def next_business_moment(
    instant: datetime, policy: CancellationPolicy, holidays: Collection[date] = ()
) -> datetime:
    """The first moment at or after `instant` that lies in business hours of the policy's time zone (X4)."""
    local = policy.zone.local(instant)
    hours = policy.business_hours
    day = local.date()
    if is_business_day(day, holidays) and local.time() < hours.closes:
        return max(instant, policy.zone.at(day, hours.opens))
    day += timedelta(days=1)
    while not is_business_day(day, holidays):
        day += timedelta(days=1)
    return policy.zone.at(day, hours.opens)


def business_days_later(
    instant: datetime, days: int, policy: CancellationPolicy, holidays: Collection[date] = ()
) -> datetime:
    """The end of the last of `days` business days from `instant` on; the instant's own day is the first (X15)."""
    day, counted = policy.local_date(instant), 0
    while counted < days:
        if is_business_day(day, holidays):
            counted += 1
        day += timedelta(days=1)
    return policy.day_start(day) if days else instant
