"""What is done about what is found after a customer has left (X10)."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cancellation.adapters.memory.billing import MemoryBilling
from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.memory.desk import MemoryDesk
from cancellation.adapters.memory.inbox import MemoryInbox
from cancellation.adapters.memory.telephony import MemoryTelephony
from cancellation.adapters.memory.watch import MemoryWatches
from cancellation.domain.billing_watch import (
    FiscalDocument,
    Paid,
    Remedy,
    UndueCharge,
    remedy_for,
    to_repay,
    watched_since,
    watched_until,
)
from cancellation.domain.policy import CancellationPolicy
from cancellation.messages.watch import WatchAct
from tests.contract.watch_suite import LAST_DAY, OVER, SOON, TERMS, WatchRig

DAY = date(2027, 1, 1)


@dataclass(frozen=True)
class Slipped:
    """A charge of some kind, and what must become of it."""

    invoiced: bool
    paid: Paid
    age_hours: int | None
    """Of its fiscal document."""
    due: bool
    """Of days before the end."""

    @property
    def outcome(self) -> str | None:
        """By which count it is told; None: nobody touches it."""
        if self.due:
            return None
        if self.paid is Paid.YES:
            return "to_repay"
        return "to_review" if self.invoiced and self.paid is Paid.UNKNOWN else "voided"


def slipped() -> st.SearchStrategy[Slipped]:
    kinds = st.sampled_from([(False, Paid.NO), (True, Paid.NO), (True, Paid.YES), (True, Paid.UNKNOWN)])
    return st.builds(
        lambda kind, age, due: Slipped(kind[0], kind[1], age, due),
        kinds,
        st.sampled_from([None, 0, TERMS.document_hours, TERMS.document_hours + 1, 5000]),
        st.booleans(),
    )


async def run_over(charges: list[Slipped]) -> None:
    crm = MemoryCrm()
    watches = MemoryWatches(crm)

    async def recorded(case_id: str) -> list[WatchAct]:
        return watches.acts(case_id)

    desk = MemoryDesk(crm, MemoryInbox())
    rig = WatchRig(crm, MemoryBilling(crm.formalization), MemoryTelephony(crm), watches, desk, recorded)
    await rig.closed()
    for number, one in enumerate(charges):
        month = ("2026-11-01", "2026-11-30") if one.due else ("2027-01-01", "2027-01-31")
        await rig.charge(
            f"c{number}",
            invoiced=one.invoiced or one.due,
            unpaid=one.invoiced and one.paid is Paid.NO,
            paid="310.00" if one.paid is Paid.YES else None,
            document=SOON - timedelta(hours=one.age_hours) if one.age_hours is not None else None,
            days=(*month, "310.00"),
        )
    expected = Counter(one.outcome for one in charges if one.outcome)
    first = await rig.look()
    assert {name: getattr(first, name) for name in ("voided", "to_repay", "to_review")} == {
        name: expected[name] for name in ("voided", "to_repay", "to_review")
    }
    assert first.failed == 0
    again = await rig.look(SOON + timedelta(days=1))
    assert (again.voided, again.to_repay, again.to_review, again.failed) == (0, 0, 0, 0)
    left = {one.charge_id for one in (await rig.billing.aftermath("case-a", "1042", LAST_DAY)).undue}
    assert left == {f"c{n}" for n, one in enumerate(charges) if one.outcome in ("to_repay", "to_review")}
    assert len(rig.letters) == bool(expected)
    acts = await rig.recorded("case-a")
    repaid = sum((act.found.repay or Decimal(0) for act in acts), Decimal(0))
    assert repaid == 620 * expected["to_repay"]
    # Nothing of it lets a customer off who still owes the final invoice.
    assert (await rig.look(OVER)).settled == 0


@settings(max_examples=40)
@given(st.lists(slipped(), max_size=6))
def test_every_kind_of_charge_ends_as_it_must_and_counts_once_X10(charges: list[Slipped]) -> None:
    asyncio.run(run_over(charges))


@pytest.mark.parametrize(
    ("last_day", "cycles", "until"),
    [
        (date(2026, 12, 15), 0, date(2026, 12, 31)),
        (date(2026, 12, 15), 2, date(2027, 2, 28)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)),
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2026, 1, 1), 24, date(2028, 1, 31)),
    ],
)
def test_cycles_are_calendar_months_after_the_one_of_the_last_day_X10(
    last_day: date, cycles: int, until: date
) -> None:
    assert watched_until(last_day, cycles) == until
    assert watched_since(until, cycles) <= last_day
    assert watched_since(until + timedelta(days=1), cycles) > last_day


def charge(paid: Paid, *, invoiced: bool = True, issued_at: datetime | None = None) -> UndueCharge:
    return UndueCharge(
        charge_id="c",
        subscription_id="s",
        first_day=DAY,
        last_day=DAY,
        amount=Decimal("10.005"),
        invoiced=invoiced,
        paid=paid,
        document=FiscalDocument(document_id="n", issued_at=issued_at) if issued_at else None,
    )


def test_a_fiscal_document_can_be_cancelled_to_the_last_second_of_its_time_X10() -> None:
    issued = datetime(2027, 1, 1, tzinfo=UTC)
    end = issued + timedelta(hours=TERMS.document_hours)
    one = charge(Paid.NO, issued_at=issued)
    assert remedy_for(one, TERMS, end) is Remedy.CANCEL_DOCUMENT
    later = end + timedelta(microseconds=1)
    assert remedy_for(one, TERMS, later) is Remedy.SUBSTITUTE_DOCUMENT
    credit = TERMS.model_copy(update={"late_documents": "credit"})
    assert remedy_for(one, credit, later) is Remedy.CREDIT_DOCUMENT


def test_what_was_paid_is_given_back_as_often_as_the_policy_says_to_the_cent_X10() -> None:
    once = CancellationPolicy(undue_repay_times=1).watch
    paid = charge(Paid.YES)
    assert (to_repay(paid, TERMS), to_repay(paid, once)) == (Decimal("20.01"), Decimal("10.01"))
