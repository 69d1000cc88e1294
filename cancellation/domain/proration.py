"""Which days are due, which are already billed, and what a share of a month costs (P16).

Pure arithmetic over whole calendar days of America/Sao_Paulo and Decimal reais. Billing periods are calendar
months: a day of February costs a twenty-eighth (or twenty-ninth) of the monthly amount, whatever the year.
Amounts are rounded half up to the cent, line by line.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from enum import StrEnum

CENT = Decimal("0.01")
ONE_DAY = timedelta(days=1)
MOST_AMOUNT = Decimal(10_000_000)
"""Reais of one month of one subscription; more is a mistake of whoever typed it, and no reason to invoice it."""


@dataclass(frozen=True, order=True)
class Days:
    """Consecutive calendar days, both ends included, at least one."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            msg = f"no day between {self.first} and {self.last}"
            raise ValueError(msg)

    @property
    def count(self) -> int:
        """How many days these are."""
        return (self.last - self.first).days + 1

    def overlaps(self, other: "Days") -> bool:
        """Whether a day is in both."""
        return self.first <= other.last and other.first <= self.last

    def within(self, other: "Days | None") -> bool:
        """Whether every day is also in `other`."""
        return other is not None and other.first <= self.first and self.last <= other.last

    def shared_with(self, other: "Days | None") -> "Days | None":
        """The days that are in both."""
        if other is None:
            return None
        return between(max(self.first, other.first), min(self.last, other.last))


def between(first: date, last: date | None) -> Days | None:
    """The days from `first` to `last`, or None when there are none."""
    if last is None:
        last = date.max
    return Days(first, last) if first <= last else None


def without(days: Days, taken: Iterable[Days]) -> list[Days]:
    """What is left of `days` when the days in `taken` are removed, in order."""
    left: list[Days] = []
    cursor = days.first
    for gone in sorted(taken):
        if gone.last < cursor or gone.first > days.last:
            continue
        if gone.first > cursor:
            left.append(Days(cursor, gone.first - ONE_DAY))
        if gone.last >= days.last:
            return left
        cursor = gone.last + ONE_DAY
    left.append(Days(cursor, days.last))
    return left


def month_of(day: date) -> Days:
    """The calendar month that holds `day`."""
    return Days(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))


def by_month(days: Days) -> Iterator[Days]:
    """Split days where a calendar month ends, in order."""
    first = days.first
    while True:
        month_end = month_of(first).last
        if month_end >= days.last:
            yield Days(first, days.last)
            return
        yield Days(first, month_end)
        first = month_end + ONE_DAY


def is_sound(amount: Decimal) -> bool:
    """Whether an amount can be charged: PostgreSQL keeps NaN, infinity and a thousand digits as well."""
    return amount.is_finite() and 0 <= amount <= MOST_AMOUNT


def round_to_cent(amount: Decimal) -> Decimal:
    """Round half away from zero to the cent."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def share(amount: Decimal, part: int, whole: int) -> Decimal:
    """`amount` * `part` / `whole` days, rounded half up to the cent."""
    with localcontext(prec=60):
        return round_to_cent(amount * part / whole)


def pro_rata(monthly: Decimal, days: Days) -> Decimal:
    """What `days` of one calendar month cost: monthly amount * days / days of that month, to the cent.

    Raises:
        ValueError: `days` reach over the end of a month.
    """
    month = month_of(days.first)
    if days.last > month.last:
        msg = f"{days.first} to {days.last} is more than one month"
        raise ValueError(msg)
    return share(monthly, days.count, month.count)


@dataclass(frozen=True)
class Subscription:
    """Something charged every month, as far as arithmetic needs it."""

    subscription_id: str
    monthly: Decimal
    started_on: date
    ended_on: date | None = None
    """Its last day, when it ended for a reason of its own."""
    billed_through: date | None = None
    """Days up to this one were settled before the records begin: nothing is missing there."""

    def days_until(self, last_day: date | None) -> Days | None:
        """Its days up to `last_day`, or without end for None."""
        ends = [day for day in (self.ended_on, last_day) if day is not None]
        return between(self.started_on, min(ends) if ends else None)

    def days_to_bill_until(self, last_day: date | None) -> Days | None:
        """As `days_until`, without the days that were settled before the records begin."""
        days = self.days_until(last_day)
        if days is None or self.billed_through is None:
            return days
        return between(max(days.first, self.billed_through + ONE_DAY), days.last)


@dataclass(frozen=True)
class Charge:
    """A charge that is not void: one subscription, one period of whole days."""

    charge_id: str
    days: Days
    amount: Decimal
    invoiced: bool
    credited: tuple[Days, ...] = ()
    """Days that an invoice has already given back."""
    paid: Decimal | None = None
    """What has come in for it, in reais; None: nobody knows whether it was paid."""

    @property
    def owed(self) -> Decimal:
        """What is still to be paid of a charge that an invoice took, to the cent; zero where nobody knows (X25)."""
        if not self.invoiced or self.paid is None or not is_sound(self.amount):
            return Decimal("0.00")
        given = share(self.amount, sum(run.count for run in self.credited), self.days.count)
        return max(round_to_cent(self.amount - given - self.paid), Decimal("0.00"))


class LineKind(StrEnum):
    """Where a line of the final invoice comes from."""

    CHARGE = "charge"
    """An open charge whose days are all due: taken with its own amount."""
    PRO_RATA = "pro_rata"
    """Due days that no charge covers: computed from the monthly amount, zero where that is not sound."""
    CREDIT = "credit"
    """Days of an invoiced charge that are not due: given back in proportion to what was charged, if that is sound."""


@dataclass(frozen=True)
class Line:
    """One line of the final invoice, for one subscription."""

    kind: LineKind
    days: Days
    period_days: int
    amount: Decimal
    charge_id: str | None = None


@dataclass(frozen=True)
class Settlement:
    """What closing does to one subscription."""

    lines: tuple[Line, ...]
    absorbed: tuple[str, ...]
    """Open charges that the final invoice takes as they are."""
    after_end: tuple[str, ...]
    """Open charges of days after the end only: voided for nothing in return."""
    replaced: tuple[str, ...]
    """Open charges with days that are not due, or are already billed: voided, the due days stand as lines."""


def settle(subscription: Subscription, charges: Sequence[Charge], last_day: date) -> Settlement:
    """Make every due day up to `last_day` billed exactly once, and no other day billed.

    Invoiced charges come first: what they bill beyond the due days, or a second time, is credited. Open
    charges whose days are all due are invoiced as they are; an open charge past the end is voided
    and its due days billed pro rata, as is one without a sound amount. What is still missing is billed pro rata,
    one line for each run of days in a month. What was invoiced for days before the start is an old agreement and
    stays. An amount that is not sound counts as zero: the days are billed, and a person sees to the money.
    """
    due = subscription.days_until(last_day)
    before = between(date.min, min(subscription.started_on - ONE_DAY, last_day))
    not_ours = [before] if before else []
    covered: list[Days] = []
    lines: list[Line] = []
    for charge in _in_order(charges, invoiced=True):
        billed = without(charge.days, charge.credited)
        fresh = [run for part in billed if (hit := part.shared_with(due)) for run in without(hit, covered)]
        surplus = [run for part in billed for run in without(part, fresh + not_ours)]
        covered += fresh
        lines += _credits(charge, surplus)

    absorbed, after_end, replaced = [], [], []
    for charge in _in_order(charges, invoiced=False):
        fits = charge.days.within(due) and not any(charge.days.overlaps(run) for run in covered)
        if fits and is_sound(charge.amount):
            absorbed.append(charge.charge_id)
            covered.append(charge.days)
            amount = round_to_cent(charge.amount)
            lines.append(Line(LineKind.CHARGE, charge.days, charge.days.count, amount, charge.charge_id))
        elif charge.days.first > last_day:
            after_end.append(charge.charge_id)
        else:
            replaced.append(charge.charge_id)

    to_bill = subscription.days_to_bill_until(last_day)
    lines += missing_lines(subscription.monthly, to_bill, covered)
    lines.sort(key=lambda line: (line.days, line.kind, line.charge_id or ""))
    return Settlement(tuple(lines), tuple(absorbed), tuple(after_end), tuple(replaced))


def missing_lines(monthly: Decimal, to_bill: Days | None, covered: Iterable[Days]) -> list[Line]:
    """Pro rata lines for the days of `to_bill` that nothing in `covered` bills, each within one month."""
    if to_bill is None:
        return []
    sound = monthly if is_sound(monthly) else Decimal(0)
    return [
        Line(LineKind.PRO_RATA, part, month_of(part.first).count, pro_rata(sound, part))
        for run in without(to_bill, covered)
        for part in by_month(run)
    ]


def _in_order(charges: Iterable[Charge], *, invoiced: bool) -> list[Charge]:
    chosen = (charge for charge in charges if charge.invoiced is invoiced)
    return sorted(chosen, key=lambda charge: (charge.days, charge.charge_id))


def _credits(charge: Charge, surplus: Iterable[Days]) -> Iterator[Line]:
    """Credit lines for `surplus`, never more in all than was charged, rounding included."""
    whole = charge.days.count
    charged = charge.amount if is_sound(charge.amount) else Decimal(0)
    gone = sum(run.count for run in charge.credited)
    given = share(charged, gone, whole)
    for run in surplus:
        gone += run.count
        total = share(charged, gone, whole)
        yield Line(LineKind.CREDIT, run, whole, given - total, charge.charge_id)
        given = total
