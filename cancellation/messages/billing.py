"""What the case tells billing, and what it reads back (P16)."""

from datetime import date
from decimal import Decimal
from typing import Final

from pydantic import AwareDatetime

from cancellation.domain.billing_watch import Debt as Debt
from cancellation.domain.billing_watch import FiscalDocument as FiscalDocument
from cancellation.domain.billing_watch import Paid as Paid
from cancellation.domain.billing_watch import Remedy as Remedy
from cancellation.domain.billing_watch import TakenBack as TakenBack
from cancellation.domain.billing_watch import UndueCharge as UndueCharge
from cancellation.domain.values import Label, Value
from cancellation.messages.warrant import Warrant

CREDIT: Final = "Crédito: "
"""Begins the description of a line that gives something back."""


class BillingEndPlan(Value):
    """From `last_day` on nothing recurs: a plan that can be lifted, made when the notice starts."""

    case_id: str
    customer_id: str
    last_day: date
    """The last day that is due, in America/Sao_Paulo."""
    at: AwareDatetime


class BillingClosure(Value):
    """Stop charging for good, invoice exactly the days due, void what is dated after the end."""

    warrant: Warrant
    last_day: date


class InvoiceLine(Value):
    """One subscription's share of the final invoice: whole calendar days of one period."""

    subscription_id: str
    description: Label
    first_day: date
    last_day: date
    days: int
    period_days: int
    amount: Decimal
    """Reais, rounded half up to the cent, line by line. Negative: a credit for days billed in advance."""


class FinalInvoice(Value):
    """The case's one final invoice."""

    invoice_id: str
    lines: tuple[InvoiceLine, ...]
    total: Decimal
    due_on: date | None = None
    """Until when it is to be paid, in America/Sao_Paulo; None: nothing is, or billing does not say."""


class OpenDebt(Value):
    """What is still to be paid of a charge that ordinary invoicing took (X25)."""

    description: Label
    """The subscription's."""
    first_day: date
    last_day: date
    amount: Decimal
    """In reais, above zero: less what was given back of it and what has come in."""


class BillingPreview(Value):
    """What the final invoice would be if the last day were this one (X25). Nothing is written for it."""

    customer_id: str
    last_day: date
    lines: tuple[InvoiceLine, ...]
    total: Decimal
    doubtful_count: int = 0
    """Amounts that cannot be charged as they stand: they count as zero here, and Finance sees to them."""
    debts: tuple[OpenDebt, ...] = ()
    """What is open of earlier invoices, the oldest first: beside the final invoice, no part of its total."""
    debts_total: Decimal = Decimal("0.00")
    """Of all of them, where fewer are listed too."""

    @property
    def credits(self) -> Decimal:
        """What is given back, as a positive amount."""
        return -sum((line.amount for line in self.lines if line.amount < 0), Decimal(0))


class BillingClosed(Value):
    """What closing billing did, the same however often it ran."""

    invoice: FinalInvoice
    voided_charges: int
    """Open charges voided because all their days lie after the end.

    One that reaches over the end is not counted: it is replaced by an invoice line of its due days.
    """
    doubtful: tuple[str, ...] = ()
    """What has no amount that can be charged, as people can read it, at most `MOST_LEFT_OUT`: for Finance."""
    doubtful_count: int = 0
    """How many those are in all."""


class BillingReading(Value):
    """What billing holds of a customer, read back independently of what was written (P16)."""

    recurring_active: tuple[str, ...]
    """Subscriptions that would still charge after the last day."""
    charges_after_end: tuple[str, ...]
    """Charges, open or invoiced, with days after the end that are neither void nor credited."""
    days_due: int
    days_invoiced: int
    """Subscription days up to the end that should be, and are, covered exactly once."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing undue survives and nothing due is missing."""
        return (
            not self.recurring_active and not self.charges_after_end and self.days_due == self.days_invoiced
        )


class BillingWatch(Value):
    """Look again, some time after closing, for what should not be there (X10)."""

    case_id: str
    customer_id: str
    last_day: date
    """The last day that was due."""
    at: AwareDatetime
    """When the watch looks; with the case it names this run."""


class TakeBack(Value):
    """Void an undue charge that an invoice holds and nobody has paid (X10)."""

    case_id: str
    customer_id: str
    charge_id: str
    last_day: date
    """The last day that was due."""
    remedy: Remedy
    """Void alone, or with what becomes of its fiscal document."""
    at: AwareDatetime


class Aftermath(Value):
    """What billing holds of a customer who has left, for one of their cases (X10)."""

    undue: tuple[UndueCharge, ...] = ()
    """Charges for days after the end of what was contracted until then, neither void nor credited, in order."""
    taken_back: tuple[TakenBack, ...] = ()
    """What the case's watch has voided so far, whenever that was."""
    debts: tuple[Debt, ...] = ()
    """What is still to be paid for days up to the end."""
    returned: bool = False
    """Whether a contract runs that began after the end."""
