"""What is watched after a customer has left, and what is done about what is found (X10).

Pure. The terms come from the case's policy; instants and days are given.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from cancellation.domain.inventory import Inventory
from cancellation.domain.proration import ONE_DAY, month_of, round_to_cent
from cancellation.domain.values import Brief, Value


class WatchTerms(Value):
    """The watch's part of a policy, kept with the case when it closes."""

    cycles: Annotated[int, Field(ge=0, le=24)]
    """Billing cycles, which are calendar months, after the one in which the service ended; 0: no watch."""
    repay_times: Annotated[int, Field(ge=1, le=2)]
    """How many times what was paid without being due is given back: twice, by article 42 of the consumer code."""
    document_hours: Annotated[int, Field(ge=0, le=24 * 365)]
    """Hours from its issue in which a fiscal document can be cancelled."""
    late_documents: Literal["substitute", "credit"]
    """What takes the place of cancelling a fiscal document when that time is over."""
    overdue_days: Annotated[int, Field(ge=0, le=365)]
    """Days after the last cycle after which Finance hears that a customer still has no statement."""


class Paid(StrEnum):
    """What billing knows of the payment of a charge."""

    YES = "yes"
    NO = "no"
    """It waits for the money, and none came."""
    UNKNOWN = "unknown"
    """It does not say: ordinary invoicing took the charge, and kept that to itself."""


class FiscalDocument(Value):
    """A fiscal document (NFCom) that was issued for a charge and is in force."""

    document_id: str
    issued_at: AwareDatetime


class UndueCharge(Value):
    """A charge of a closed contract for days after its end (X10)."""

    charge_id: str
    subscription_id: str
    first_day: date
    last_day: date
    amount: Decimal | None
    """In reais. None: billing holds none that can be charged."""
    invoiced: bool
    """Whether it is already on an invoice."""
    paid: Paid = Paid.UNKNOWN
    paid_amount: Decimal | None = None
    """What came in, in reais, if anything did."""
    document: FiscalDocument | None = None


class Remedy(StrEnum):
    """What is done about an undue charge."""

    VOID = "void"
    CANCEL_DOCUMENT = "cancel_document"
    """Void, and its fiscal document is cancelled: it is young enough."""
    SUBSTITUTE_DOCUMENT = "substitute_document"
    """Void, and its fiscal document is replaced by another one."""
    CREDIT_DOCUMENT = "credit_document"
    """Void, and its fiscal document is credited."""
    REPAY = "repay"
    """It was paid: people give the money back, never a program."""
    REVIEW = "review"
    """People look: nobody knows whether it was paid, or billing refused to take it back."""

    @property
    def is_done_by_itself(self) -> bool:
        """Whether no person has to act."""
        return self not in (Remedy.REPAY, Remedy.REVIEW)


class TakenBack(Value):
    """An undue charge that a case's watch has voided, as billing holds it."""

    charge: UndueCharge
    remedy: Remedy
    at: AwareDatetime


class Debt(Value):
    """What a customer who has left still has to pay."""

    reference: str
    """The invoice's id, or the charge's."""
    amount: Decimal
    """What is missing, in reais."""
    due_on: date | None = None


class Occupied(StrEnum):
    """What a customer can occupy."""

    EXTENSION = "extension"
    TRUNK = "trunk"
    LICENCE = "licence"
    NUMBER = "number"


class Found(Brief):
    """What an act of the watch is about, as data: a letter and a dossier are written from it."""

    reference: str
    """The charge, the resource, the number or the letter."""
    resource: Occupied | None = None
    remedy: Remedy | None = None
    first_day: date | None = None
    last_day: date | None = None
    amount: Decimal | None = None
    """Of the charge, or of a debt, in reais."""
    paid: Decimal | None = None
    """What was paid without being due, in reais."""
    repay: Decimal | None = None
    """What the law asks to give back, in reais, without correction and interest."""
    document: str | None = None
    refusal: str | None = None
    """What billing says of a charge that it will not take back."""


def watched_until(last_day: date, cycles: int) -> date:
    """The last day of the last cycle: that of the month `cycles` months after the one of the last day due."""
    end = month_of(last_day).last
    for _ in range(cycles):
        end = month_of(end + ONE_DAY).last
    return end


def watched_since(today: date, cycles: int) -> date:
    """The earliest last day due whose watch, of so many cycles, is not over today."""
    first = month_of(today).first
    for _ in range(cycles):
        first = month_of(first - ONE_DAY).first
    return first


def remedy_for(charge: UndueCharge, terms: WatchTerms, at: datetime) -> Remedy:
    """What is to be done about an undue charge at an instant (aware)."""
    if charge.paid is Paid.YES:
        return Remedy.REPAY
    if charge.invoiced and charge.paid is Paid.UNKNOWN:
        return Remedy.REVIEW
    if charge.document is None:
        return Remedy.VOID
    if at - charge.document.issued_at <= timedelta(hours=terms.document_hours):
        return Remedy.CANCEL_DOCUMENT
    return Remedy.CREDIT_DOCUMENT if terms.late_documents == "credit" else Remedy.SUBSTITUTE_DOCUMENT


def to_repay(charge: UndueCharge, terms: WatchTerms) -> Decimal:
    """What the law asks to give back of a paid charge, without correction and interest, to the cent."""
    return round_to_cent((charge.paid_amount or charge.amount or Decimal(0)) * terms.repay_times)


def _cents(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else round_to_cent(amount)


def found_charge(charge: UndueCharge, remedy: Remedy, terms: WatchTerms, refusal: str | None = None) -> Found:
    """An undue charge as its act tells it."""
    repays = remedy is Remedy.REPAY
    return Found(
        reference=charge.charge_id,
        remedy=remedy,
        first_day=charge.first_day,
        last_day=charge.last_day,
        amount=_cents(charge.amount),
        paid=_cents(charge.paid_amount or charge.amount) if repays else None,
        repay=to_repay(charge, terms) if repays else None,
        document=charge.document.document_id if charge.document else None,
        refusal=refusal,
    )


def found_resources(inventory: Inventory) -> list[Found]:
    """What a customer who has left occupies all the same, in order."""
    resources = [
        Found(reference=one.resource_id, resource=Occupied(one.kind.value)) for one in inventory.resources
    ]
    return resources + [Found(reference=one.number, resource=Occupied.NUMBER) for one in inventory.numbers]
