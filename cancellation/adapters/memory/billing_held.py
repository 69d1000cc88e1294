"""What the memory billing holds: contracts and charges, and how the watch sees them (P16, X10)."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from cancellation.domain.proration import Charge, Days, Subscription, is_sound
from cancellation.messages.billing import FiscalDocument, Paid, Remedy, TakenBack, UndueCharge


@dataclass
class HeldCharge:
    """A charge, whatever became of it."""

    charge: Charge
    subscription_id: str
    void: tuple[str, str, datetime] | None = None
    """Reason, case, instant."""
    paid: Paid = Paid.UNKNOWN
    paid_amount: Decimal | None = None
    document: FiscalDocument | None = None
    document_ended: Remedy | None = None

    @property
    def as_paid(self) -> Charge:
        """The charge with what has come in for it, as far as anybody knows."""
        known = None if self.paid is Paid.UNKNOWN else self.paid_amount or Decimal(0)
        return replace(self.charge, paid=known)


@dataclass
class HeldContract:
    """A subscription of a customer."""

    customer_id: str
    description: str
    terms: Subscription
    stopped_on: date | None = None
    stopped_by: tuple[str, datetime] | None = None
    """Which case stopped it, and when."""

    @property
    def subscription(self) -> Subscription:
        """The terms as they stand, a stop included."""
        ends = [day for day in (self.terms.ended_on, self.stopped_on) if day is not None]
        return replace(self.terms, ended_on=min(ends) if ends else None)


def each_day(days: Days | None) -> list[date]:
    """Day after day."""
    return [] if days is None else [days.first + timedelta(days=n) for n in range(days.count)]


def standing_days(charge: Charge) -> list[date]:
    """The days of a charge that were not given back."""
    given_back = {day for run in charge.credited for day in each_day(run)}
    return [day for day in each_day(charge.days) if day not in given_back]


def was_contracted(contract: HeldContract, by: date) -> bool:
    """Whether it began, or was stopped, until that day: one that was signed afterwards was not."""
    return contract.terms.started_on <= by or (contract.stopped_on is not None and contract.stopped_on <= by)


def undue_of(one: HeldCharge) -> UndueCharge:
    """The charge as the watch sees it; a void one as it was taken back."""
    standing = one.void is None
    return UndueCharge(
        charge_id=one.charge.charge_id,
        subscription_id=one.subscription_id,
        first_day=one.charge.days.first,
        last_day=one.charge.days.last,
        amount=one.charge.amount if is_sound(one.charge.amount) else None,
        invoiced=one.charge.invoiced and standing,
        paid=one.paid if standing and (one.charge.invoiced or one.paid is Paid.YES) else Paid.NO,
        paid_amount=one.paid_amount,
        document=one.document if standing else None,
    )


def taken_back_of(one: HeldCharge, at: datetime) -> TakenBack:
    """A charge that a watch has voided at that instant."""
    charge = undue_of(one)
    if one.document_ended is not None:
        charge = charge.model_copy(update={"document": one.document})
    return TakenBack(charge=charge, remedy=one.document_ended or Remedy.VOID, at=at)
