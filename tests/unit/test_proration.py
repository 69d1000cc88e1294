"""Which days the final invoice covers, and what they cost (P16)."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cancellation.domain.proration import (
    Charge,
    Days,
    LineKind,
    Settlement,
    Subscription,
    by_month,
    month_of,
    pro_rata,
    settle,
    without,
)


def days(first: str, last: str) -> Days:
    return Days(date.fromisoformat(first), date.fromisoformat(last))


def charge(first: str, last: str, amount: str, *, invoiced: bool, name: str = "c1") -> Charge:
    return Charge(name, days(first, last), Decimal(amount), invoiced)


def subscription(
    monthly: str, started_on: str, *, ended_on: str | None = None, billed_through: str | None = None
) -> Subscription:
    return Subscription(
        "s1",
        Decimal(monthly),
        date.fromisoformat(started_on),
        ended_on=date.fromisoformat(ended_on) if ended_on else None,
        billed_through=date.fromisoformat(billed_through) if billed_through else None,
    )


def amounts(settlement: Settlement) -> list[tuple[Days, Decimal]]:
    return [(line.days, line.amount) for line in settlement.lines]


@pytest.mark.parametrize(
    ("monthly", "first", "last", "amount"),
    [
        ("99.90", "2026-12-01", "2026-12-31", "99.90"),
        ("99.90", "2026-12-01", "2026-12-22", "70.90"),  # 70.8967...
        ("100.00", "2028-02-29", "2028-02-29", "3.45"),  # a twenty-ninth in a leap year
        ("100.00", "2026-02-28", "2026-02-28", "3.57"),  # a twenty-eighth otherwise
        ("0.30", "2026-11-01", "2026-11-01", "0.01"),
        ("0.15", "2026-11-01", "2026-11-01", "0.01"),  # half a cent goes up
        ("0.14", "2026-11-01", "2026-11-01", "0.00"),
        ("0.00", "2026-11-01", "2026-11-30", "0.00"),
    ],
)
def test_a_day_costs_its_share_of_its_own_month_rounded_half_up_P16(
    monthly: str, first: str, last: str, amount: str
) -> None:
    assert pro_rata(Decimal(monthly), days(first, last)) == Decimal(amount)


def test_pro_rata_refuses_more_than_one_month_P16() -> None:
    with pytest.raises(ValueError, match="more than one month"):
        pro_rata(Decimal(10), days("2026-01-31", "2026-02-01"))


def test_months_without_any_charge_are_all_invoiced_month_by_month_P16() -> None:
    settled = settle(subscription("99.90", "2026-09-10"), [], date(2026, 12, 15))
    assert amounts(settled) == [
        (days("2026-09-10", "2026-09-30"), Decimal("69.93")),
        (days("2026-10-01", "2026-10-31"), Decimal("99.90")),
        (days("2026-11-01", "2026-11-30"), Decimal("99.90")),
        (days("2026-12-01", "2026-12-15"), Decimal("48.34")),
    ]


def test_days_settled_before_the_records_begin_are_not_billed_again_P16() -> None:
    old = subscription("310.00", "2019-03-01", billed_through="2026-11-30")
    assert amounts(settle(old, [], date(2026, 12, 10))) == [
        (days("2026-12-01", "2026-12-10"), Decimal("100.00"))
    ]


def test_days_invoiced_in_advance_after_the_end_are_credited_P16() -> None:
    invoiced = charge("2026-12-01", "2026-12-31", "310.00", invoiced=True)
    settled = settle(subscription("310.00", "2026-12-01"), [invoiced], date(2026, 12, 15))
    assert amounts(settled) == [(days("2026-12-16", "2026-12-31"), Decimal("-160.00"))]
    assert settled.lines[0].kind is LineKind.CREDIT
    assert settled.lines[0].period_days == 31


def test_an_open_charge_of_due_days_is_invoiced_with_its_own_amount_P16() -> None:
    agreed = charge("2026-11-01", "2026-11-30", "80.00", invoiced=False)
    settled = settle(subscription("99.90", "2026-11-01"), [agreed], date(2026, 11, 30))
    assert settled.absorbed == ("c1",)
    assert amounts(settled) == [(days("2026-11-01", "2026-11-30"), Decimal("80.00"))]


def test_an_open_charge_over_the_end_is_replaced_by_its_due_days_P16() -> None:
    crossing = charge("2026-12-01", "2026-12-31", "310.00", invoiced=False)
    settled = settle(subscription("310.00", "2026-12-01"), [crossing], date(2026, 12, 15))
    assert (settled.replaced, settled.after_end) == (("c1",), ())
    assert amounts(settled) == [(days("2026-12-01", "2026-12-15"), Decimal("150.00"))]


def test_open_charges_after_the_end_are_voided_for_nothing_P16() -> None:
    late = [
        charge("2027-01-01", "2027-01-31", "310.00", invoiced=False, name="c1"),
        charge("2027-02-01", "2027-02-28", "310.00", invoiced=False, name="c2"),
    ]
    settled = settle(subscription("310.00", "2026-12-16"), late, date(2026, 12, 31))
    assert settled.after_end == ("c1", "c2")
    assert [line.days for line in settled.lines] == [days("2026-12-16", "2026-12-31")]


def test_a_subscription_that_starts_after_the_last_day_owes_nothing_and_is_given_back_P16() -> None:
    paid = charge("2027-01-01", "2027-01-31", "50.00", invoiced=True, name="paid")
    waiting = charge("2027-02-01", "2027-02-28", "50.00", invoiced=False, name="waiting")
    settled = settle(subscription("50.00", "2027-01-01"), [paid, waiting], date(2026, 12, 15))
    assert amounts(settled) == [(days("2027-01-01", "2027-01-31"), Decimal("-50.00"))]
    assert settled.after_end == ("waiting",)


def test_a_subscription_that_ended_in_the_middle_is_due_until_its_own_end_P16() -> None:
    ended = subscription("300.00", "2026-11-01", ended_on="2026-11-10")
    assert amounts(settle(ended, [], date(2026, 12, 15))) == [
        (days("2026-11-01", "2026-11-10"), Decimal("100.00"))
    ]


def test_a_day_invoiced_twice_is_given_back_once_P16() -> None:
    twice = [
        charge("2026-11-01", "2026-11-30", "300.00", invoiced=True, name="a"),
        charge("2026-11-21", "2026-11-30", "100.00", invoiced=True, name="b"),
    ]
    settled = settle(subscription("300.00", "2026-11-01"), twice, date(2026, 11, 30))
    assert [(line.charge_id, line.amount) for line in settled.lines] == [("b", Decimal("-100.00"))]


def test_what_was_credited_before_is_not_credited_again_P16() -> None:
    half = days("2026-12-16", "2026-12-31")
    given_back = Charge("a", days("2026-12-01", "2026-12-31"), Decimal("310.00"), True, (half,))
    settled = settle(subscription("310.00", "2026-12-01"), [given_back], date(2026, 12, 15))
    assert settled.lines == ()


# --- properties

dates = st.dates(date(2026, 1, 1), date(2028, 12, 31))
money = st.decimals(min_value=0, max_value=100_000, places=2)


@st.composite
def spans(draw: st.DrawFn) -> Days:
    first = draw(st.dates(date(2027, 9, 1), date(2028, 6, 30)))
    return Days(first, first + timedelta(days=draw(st.integers(0, 70))))


@st.composite
def subscriptions(draw: st.DrawFn) -> Subscription:
    started_on = draw(st.dates(date(2027, 8, 1), date(2028, 6, 30)))
    ended_on = draw(st.none() | st.integers(0, 200).map(lambda n: started_on + timedelta(days=n)))
    billed_through = draw(st.none() | st.integers(-10, 60).map(lambda n: started_on + timedelta(days=n)))
    return Subscription("s", draw(money), started_on, ended_on, billed_through)


@st.composite
def charge_lists(draw: st.DrawFn) -> list[Charge]:
    return [
        Charge(f"c{place}", draw(spans()), draw(money), draw(st.booleans()))
        for place in range(draw(st.integers(0, 6)))
    ]


def each(span: Days | None) -> list[date]:
    return [] if span is None else [span.first + timedelta(days=n) for n in range(span.count)]


@given(subscriptions(), charge_lists(), st.dates(date(2027, 9, 1), date(2028, 6, 30)))
def test_every_due_day_is_billed_exactly_once_and_no_other_P16(
    owed: Subscription, charges: list[Charge], last_day: date
) -> None:
    settled = settle(owed, charges, last_day)
    billed: dict[date, int] = {}
    for span, count in [(known.days, 1) for known in charges if known.invoiced] + [
        (line.days, -1 if line.kind is LineKind.CREDIT else 1) for line in settled.lines
    ]:
        for day in each(span):
            billed[day] = billed.get(day, 0) + count

    due = set(each(owed.days_to_bill_until(last_day)))
    assert all(billed.get(day) == 1 for day in due)
    assert all(billed.get(day, 0) <= 1 for day in each(owed.days_until(last_day)))
    end = min(day for day in (owed.ended_on, last_day) if day is not None)
    assert all(count == 0 for day, count in billed.items() if day > end)
    dropped = {*settled.absorbed, *settled.after_end, *settled.replaced}
    assert dropped == {known.charge_id for known in charges if not known.invoiced}


@given(subscriptions(), charge_lists(), st.dates(date(2027, 9, 1), date(2028, 6, 30)))
def test_only_credits_are_negative_and_none_exceeds_what_was_charged_P16(
    owed: Subscription, charges: list[Charge], last_day: date
) -> None:
    settled = settle(owed, charges, last_day)
    credited: dict[str, Decimal] = {}
    for line in settled.lines:
        assert line.amount == line.amount.quantize(Decimal("0.01"))
        if line.kind is LineKind.CREDIT:
            assert line.amount <= 0
            assert line.charge_id is not None
            credited[line.charge_id] = credited.get(line.charge_id, Decimal(0)) - line.amount
        else:
            assert line.amount >= 0
    charged = {known.charge_id: known.amount for known in charges}
    assert all(amount <= charged[charge_id] for charge_id, amount in credited.items())


@given(subscriptions(), charge_lists(), st.dates(date(2027, 9, 1), date(2028, 6, 30)))
def test_settling_what_is_settled_changes_nothing_P16(
    owed: Subscription, charges: list[Charge], last_day: date
) -> None:
    first = settle(owed, charges, last_day)
    after = [
        Charge(
            known.charge_id,
            known.days,
            known.amount,
            True,
            tuple(
                line.days
                for line in first.lines
                if line.kind is LineKind.CREDIT and line.charge_id == known.charge_id
            ),
        )
        for known in charges
        if known.invoiced or known.charge_id in first.absorbed
    ]
    after += [
        Charge(f"new{place}", line.days, line.amount, True)
        for place, line in enumerate(first.lines)
        if line.kind is LineKind.PRO_RATA
    ]
    again = settle(owed, after, last_day)
    assert (again.lines, again.absorbed, again.after_end, again.replaced) == ((), (), (), ())


@given(money, dates, st.lists(st.integers(1, 30), max_size=6))
def test_splitting_a_month_moves_the_sum_by_rounding_alone_P16(
    monthly: Decimal, day: date, cuts: list[int]
) -> None:
    month = month_of(day)
    edges = sorted({0, month.count, *(cut for cut in cuts if cut < month.count)})
    parts = [
        Days(month.first + timedelta(days=start), month.first + timedelta(days=stop - 1))
        for start, stop in pairwise(edges)
    ]
    total = sum((pro_rata(monthly, part) for part in parts), Decimal(0))
    assert abs(total - monthly) <= Decimal("0.005") * len(parts)


@given(spans(), st.lists(spans(), max_size=5))
def test_removing_days_leaves_exactly_the_others_P16(whole: Days, taken: list[Days]) -> None:
    gone = {day for span in taken for day in each(span)}
    left = without(whole, taken)
    assert [day for span in left for day in each(span)] == [day for day in each(whole) if day not in gone]
    assert [day for span in left for part in by_month(span) for day in each(part)] == [
        day for span in left for day in each(span)
    ]
