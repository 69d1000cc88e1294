"""The process in figures: who stayed and why, how long each stage took, what it was worth (X26). Pure.

Every figure is about the cases that were opened in a period. A save counts once it has stood for thirty days: the
customer did not ask again meanwhile. Until then it counts neither as a save nor as a loss. Cases that were opened by
mistake count nowhere but in the funnel.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from math import sqrt
from statistics import median, quantiles
from typing import Final

from pydantic import AwareDatetime

from cancellation.domain.stage import Stage
from cancellation.domain.values import Value
from cancellation.domain.zone import current_rules
from cancellation.messages.desk import CaseFigure, MailFigures

STANDS: Final = timedelta(days=30)
"""How long a save must stand."""
ANSWERED: Final = timedelta(days=7)
"""Within how long the customer's request should have been answered with an outcome."""
FEW: Final = 30
"""Fewer cases than that say little: said beside the figure."""
_Z: Final = 1.959963984540054
"""Of an interval that covers 95 %."""


class Standing(StrEnum):
    """How a case counts."""

    OPEN = "open"
    STOOD = "stood"
    """Saved, and it has stood."""
    FRESH = "fresh"
    """Saved, and too young to count."""
    BACK = "back"
    """Saved, and the customer asked again before it had stood."""
    CLOSED = "closed"
    LAPSED = "lapsed"
    """Never formalised: the customer is still there, and no talk has kept them."""
    DISCARDED = "discarded"


_Standing = tuple[CaseFigure, Standing]
_SAVES: Final = {"retained", "withdrawn"}
_COUNTED: Final = (Standing.STOOD, Standing.BACK, Standing.CLOSED, Standing.LAPSED)
NOBODY: Final = "—"
"""Where nothing was recorded: no reason, no offer, nobody."""


class Dimension(StrEnum):
    """What saves are told apart by."""

    ALL = "all"
    REASON = "reason"
    OFFER = "offer"
    CHANNEL = "channel"
    PERSON = "person"


class Side(StrEnum):
    """What became of a customer's monthly value."""

    KEPT = "kept"
    LOST = "lost"
    UNDECIDED = "undecided"


class Rate(Value):
    """A share with its Wilson interval of 95 %."""

    code: str
    count: int
    of: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None of nothing."""
        return self.count / self.of if self.of else None

    @property
    def is_thin(self) -> bool:
        """Whether there are too few cases to read much into it."""
        return self.of < FEW


class Step(Value):
    """One step of the funnel."""

    code: str
    count: int


class StageTime(Value):
    """How long cases stood in a stage that they have left."""

    stage: Stage
    cases: int
    median_hours: float
    slowest_tenth_hours: float
    """Nine of ten took no longer."""


class Month(Value):
    """What the requests of one month were worth, in reais a month."""

    first_day: date
    kept: Decimal
    """Of saves that have stood, and of cases that lapsed."""
    lost: Decimal
    undecided: Decimal
    """Of cases that are open, and of saves that are too young."""


class Figures(Value):
    """All of it, for a period."""

    since: AwareDatetime
    until: AwareDatetime
    """Not in it."""
    told_at: AwareDatetime
    funnel: tuple[Step, ...]
    saves: dict[Dimension, tuple[Rate, ...]]
    answered: Rate
    """Cases with an outcome within seven days, of those that are old enough to have one."""
    stages: tuple[StageTime, ...]
    months: tuple[Month, ...]
    mails_arrived: int
    mails_left_to_a_person: int


def figures_of(
    cases: Sequence[CaseFigure], mails: MailFigures, since: datetime, until: datetime, now: datetime
) -> Figures:
    """Count the cases of a period.

    Args:
        cases: those that were opened in the period.
        mails: e-mails that arrived in it.
        since: its first instant, aware.
        until: the first instant after it.
        now: when it is told: what has stood by then.
    """
    counted = [(case, standing(case, now)) for case in cases]
    return Figures(
        since=since,
        until=until,
        told_at=now,
        funnel=tuple(Step(code=code, count=sum(map(holds, cases))) for code, holds in FUNNEL.items()),
        saves={dimension: _saves(counted, dimension) for dimension in Dimension},
        answered=_answered(cases, now),
        stages=tuple(_stages(cases)),
        months=tuple(_months(counted)),
        mails_arrived=mails.arrived,
        mails_left_to_a_person=mails.left_to_a_person,
    )


def standing(case: CaseFigure, now: datetime) -> Standing:
    """How a case counts at `now`."""
    if case.outcome is None or case.ended_at is None:
        return Standing.OPEN
    if case.outcome in _SAVES:
        stands_at = case.ended_at + STANDS
        if case.back_at is not None and case.back_at < stands_at:
            return Standing.BACK
        return Standing.STOOD if stands_at <= now else Standing.FRESH
    return {"closed": Standing.CLOSED, "lapsed": Standing.LAPSED}.get(case.outcome, Standing.DISCARDED)


def codes_of(case: CaseFigure, dimension: Dimension) -> tuple[str, ...]:
    """Under which codes a case stands; an offer's under each kind that was offered."""
    match dimension:
        case Dimension.REASON:
            return (case.reason or NOBODY,)
        case Dimension.OFFER:
            return case.offers or (NOBODY,)
        case Dimension.CHANNEL:
            return (case.channel,)
        case Dimension.PERSON:
            return (case.decided_by or NOBODY,)
        case Dimension.ALL:
            return (Dimension.ALL.value,)


def cases_of(
    cases: Iterable[CaseFigure], dimension: Dimension, code: str, now: datetime, *, saved_only: bool = False
) -> list[CaseFigure]:
    """The cases behind a rate of saves."""
    wanted = (Standing.STOOD,) if saved_only else _COUNTED
    return [case for case in cases if code in codes_of(case, dimension) and standing(case, now) in wanted]


def answered_cases(cases: Iterable[CaseFigure], now: datetime, *, in_time: bool) -> list[CaseFigure]:
    """The cases with an outcome within seven days; or those that could have had one by then and had none."""
    return [case for case in cases if _could_be_answered(case, now) and _was_answered(case) is in_time]


def cases_of_stage(cases: Iterable[CaseFigure], stage: Stage) -> list[CaseFigure]:
    """The cases behind the times of a stage: those that have left it."""
    span = _SPANS.get(stage)
    return [case for case in cases if span is not None and _hours(span(case)) is not None]


def cases_of_month(
    cases: Iterable[CaseFigure], first_day: date, side: Side, now: datetime
) -> list[CaseFigure]:
    """The cases behind what a month was worth."""
    return [case for case in cases if _SIDES[standing(case, now)] is side and _month_of(case) == first_day]


def wilson(count: int, of: int) -> tuple[float, float]:
    """Wilson's score interval of 95 % for `count` of `of`; of nothing, everything is possible."""
    if of == 0:
        return 0.0, 1.0
    share, square = count / of, _Z * _Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = _Z * sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    # The share lies in between; in numbers of a computer it can lie a hair beside.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


FUNNEL: Final[dict[str, Callable[[CaseFigure], bool]]] = {
    "opened": lambda case: True,
    "offered": lambda case: bool(case.offers),
    "decided": lambda case: case.decision is not None,
    "retained": lambda case: case.outcome == "retained",
    "declined": lambda case: case.declined_at is not None,
    "formalized": lambda case: case.notice_at is not None,
    "withdrawn": lambda case: case.outcome == "withdrawn",
    "closed": lambda case: case.outcome == "closed",
    "lapsed": lambda case: case.outcome == "lapsed",
    "discarded": lambda case: case.outcome == "discarded",
    "open": lambda case: case.outcome is None,
}
"""Each step, and which cases have come there."""


def _rate(code: str, count: int, of: int) -> Rate:
    low, high = wilson(count, of)
    return Rate(code=code, count=count, of=of, low=low, high=high)


def _saves(cases: Sequence[_Standing], dimension: Dimension) -> tuple[Rate, ...]:
    """The most frequent first."""
    counted: dict[str, tuple[int, int]] = {}
    for case, stands in cases:
        if stands not in _COUNTED:
            continue
        for code in codes_of(case, dimension):
            count, of = counted.get(code, (0, 0))
            counted[code] = (count + (stands is Standing.STOOD), of + 1)
    rates = [_rate(code, count, of) for code, (count, of) in counted.items()]
    return tuple(sorted(rates, key=lambda rate: (-rate.of, rate.code)))


def _answered(cases: Sequence[CaseFigure], now: datetime) -> Rate:
    in_time = len(answered_cases(cases, now, in_time=True))
    return _rate("answered", in_time, in_time + len(answered_cases(cases, now, in_time=False)))


def _was_answered(case: CaseFigure) -> bool:
    """By the first outcome: the customer may change their mind later, and then another one is recorded."""
    first = min((at for at in (case.declined_at, case.decided_at) if at is not None), default=None)
    return first is not None and first - case.opened_at <= ANSWERED


def _could_be_answered(case: CaseFigure, now: datetime) -> bool:
    return case.outcome != "discarded" and (_was_answered(case) or now - case.opened_at > ANSWERED)


def _stages(cases: Sequence[CaseFigure]) -> Iterable[StageTime]:
    for stage, span in _SPANS.items():
        hours = sorted(one for one in map(_hours, map(span, cases)) if one is not None)
        if hours:
            slowest = quantiles(hours, n=10, method="inclusive")[-1] if len(hours) > 1 else hours[0]
            yield StageTime(
                stage=stage, cases=len(hours), median_hours=median(hours), slowest_tenth_hours=slowest
            )


_Span = tuple[datetime | None, datetime | None]
_SPANS: Final[dict[Stage, Callable[[CaseFigure], _Span]]] = {
    Stage.RETENTION: lambda case: (case.opened_at, case.declined_at or case.notice_at or case.ended_at),
    Stage.AWAITING_FORMALIZATION: lambda case: (case.declined_at, case.notice_at or case.ended_at),
    Stage.NOTICE: lambda case: (case.notice_at, case.closing_at or case.ended_at),
    Stage.CLOSING: lambda case: (case.closing_at, case.ended_at),
}


def _hours(span: _Span) -> float | None:
    """How long a case stood there; None where it did not, or still does."""
    came, left = span
    return (left - came).total_seconds() / 3600 if came and left and left >= came else None


def _months(cases: Sequence[_Standing]) -> Iterable[Month]:
    nothing = Decimal("0.00")
    sums: dict[date, dict[Side, Decimal]] = {}
    for case, stands in cases:
        side = _SIDES[stands]
        if side is not None:
            sums.setdefault(_month_of(case), dict.fromkeys(Side, nothing))[side] += case.monthly
    return [
        Month(first_day=month, kept=at[Side.KEPT], lost=at[Side.LOST], undecided=at[Side.UNDECIDED])
        for month, at in sorted(sums.items())
    ]


def _month_of(case: CaseFigure) -> date:
    return current_rules().local_date(case.opened_at).replace(day=1)


_SIDES: Final[dict[Standing, Side | None]] = {
    Standing.STOOD: Side.KEPT,
    Standing.LAPSED: Side.KEPT,
    Standing.CLOSED: Side.LOST,
    Standing.OPEN: Side.UNDECIDED,
    Standing.FRESH: Side.UNDECIDED,
    # Its later case of the customer says what became of the money.
    Standing.BACK: None,
    Standing.DISCARDED: None,
}
