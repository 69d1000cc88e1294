"""The time zone of a case: its rules frozen with the case, from one source (X23).

The rules are the offset changes of America/Sao_Paulo as the `tzdata` wheel has them when the case opens, never the
machine's own. What was computed once, and told, stays as it is whatever the rules become.
"""

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

NAME = "America/Sao_Paulo"
_STEP = timedelta(days=1)
Minutes = Annotated[int, Field(gt=-24 * 60, lt=24 * 60)]
"""How far local time is ahead of UTC; negative: behind."""


class OffsetChange(BaseModel):
    """From this instant on local time is so many minutes ahead of UTC (negative: behind)."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    minutes: Minutes


def _in_order(changes: tuple[OffsetChange, ...]) -> tuple[OffsetChange, ...]:
    if any(later.at <= earlier.at for earlier, later in pairwise(changes)):
        raise PydanticCustomError("changes_out_of_order", "each change comes after the one before")
    return changes


class ZoneRules(BaseModel):
    """Local time over some years: the offset at the beginning, and every change after it."""

    model_config = ConfigDict(frozen=True)

    offset_minutes: Minutes
    changes: Annotated[tuple[OffsetChange, ...], Field(max_length=200), AfterValidator(_in_order)] = ()

    def offset(self, instant: datetime) -> timedelta:
        """How far local time is ahead of UTC at an aware instant."""
        place = bisect_right(self.changes, instant, key=lambda change: change.at)
        minutes = self.changes[place - 1].minutes if place else self.offset_minutes
        return timedelta(minutes=minutes)

    def local(self, instant: datetime) -> datetime:
        """An aware instant by the wall clock of the zone; naive, for its calendar day and hour alone."""
        return instant.astimezone(UTC).replace(tzinfo=None) + self.offset(instant)

    def local_date(self, instant: datetime) -> date:
        """The calendar day of an aware instant."""
        return self.local(instant).date()

    def span(self, first: date, last: date) -> tuple[datetime, datetime]:
        """From the first instant (UTC) of a day to the first one after the last day."""
        return self.at(first), self.at(last + timedelta(days=1))

    def at(self, day: date, clock: time = time(0)) -> datetime:
        """The first instant (UTC) at which the wall clock shows `clock` on that day, or has just passed it."""
        wall = datetime.combine(day, clock)
        candidates = sorted({self.offset_minutes, *(change.minutes for change in self.changes)}, reverse=True)
        for minutes in candidates:
            instant = (wall - timedelta(minutes=minutes)).replace(tzinfo=UTC)
            if self.local(instant) == wall:
                return instant
        # The clock never shows it: it jumps over it, and the jump is the first instant after.
        instant = (wall - timedelta(minutes=max(candidates))).replace(tzinfo=UTC)
        return next((c.at for c in self.changes if c.at >= instant and self.local(c.at) >= wall), instant)


def wheel_zone() -> tzinfo:
    """America/Sao_Paulo from the `tzdata` wheel."""
    return _wheel_zone()


def rules_for(first_year: int, last_year: int) -> ZoneRules:
    """The zone's rules over whole years, as the `tzdata` wheel has them."""
    zone = wheel_zone()
    at, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    first = last = _minutes(zone, at)
    changes = []
    while at < end:
        following = at + _STEP
        if (minutes := _minutes(zone, following)) != last:
            changes.append(OffsetChange(at=_change_between(zone, at, following), minutes=minutes))
            last = minutes
        at = following
    return ZoneRules(offset_minutes=first, changes=tuple(changes))


@cache
def _wheel_zone() -> ZoneInfo:
    with files("tzdata.zoneinfo.America").joinpath("Sao_Paulo").open("rb") as data:
        return ZoneInfo.from_file(data, key=NAME)


@cache
def current_rules() -> ZoneRules:
    """The rules of the years around now, for cases that carry none yet."""
    return rules_for(2000, 2060)


def _minutes(zone: tzinfo, instant: datetime) -> int:
    offset = zone.utcoffset(instant.astimezone(zone))
    assert offset is not None
    return int(offset.total_seconds()) // 60


def _change_between(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    old = _minutes(zone, before)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        before, after = (middle, after) if _minutes(zone, middle) == old else (before, middle)
    return after.replace(microsecond=0)
