"""A customer with everything that belongs to it, for samples, demo and contract suites."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import AwareDatetime, Field

from cancellation.domain.values import Value
from cancellation.messages.crm import Customer
from cancellation.messages.telephony import Number, Resource

BilledDay = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2999, 12, 31))]
"""A calendar day of America/Sao_Paulo that billing takes into its records (P16)."""


class SubscriptionSeed(Value):
    """Something charged every month."""

    subscription_id: str
    description: str
    monthly: Decimal
    """Reais a month."""
    started_on: BilledDay
    ended_on: BilledDay | None = None
    """Its last day, when it ended before for a reason of its own."""
    billed_through: BilledDay | None = None
    """Days up to this one were billed before the records begin: closing looks for nothing missing there."""


class ChargeSeed(Value):
    """A charge that billing has already made: one subscription, one period of whole days."""

    charge_id: str
    subscription_id: str
    first_day: BilledDay
    last_day: BilledDay
    amount: Decimal
    invoiced: bool = False


class PaymentSeed(Value):
    """What billing knows of the payment of a charge that an invoice took, or of a final invoice (X10)."""

    charge_id: str | None = None
    invoice_id: str | None = None
    """One of the two is given."""
    paid_on: BilledDay | None = None
    """None: the money is waited for."""
    amount: Annotated[Decimal, Field(gt=0)] | None = None
    """What came in, in reais; given with the day."""


class DocumentSeed(Value):
    """A fiscal document (NFCom) that was issued for a charge (X10)."""

    document_id: str
    charge_id: str
    issued_at: AwareDatetime


class CustomerSeed(Value):
    """One customer: master data, billing, inventory."""

    customer: Customer
    subscriptions: tuple[SubscriptionSeed, ...] = ()
    charges: tuple[ChargeSeed, ...] = ()
    payments: tuple[PaymentSeed, ...] = ()
    documents: tuple[DocumentSeed, ...] = ()
    resources: tuple[Resource, ...] = ()
    numbers: tuple[Number, ...] = ()
