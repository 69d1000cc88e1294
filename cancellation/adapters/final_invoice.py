"""How a settlement becomes the case's one final invoice, the same in every billing adapter (P16)."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from cancellation.domain.proration import Charge, Days, Line, LineKind, Settlement, Subscription, is_sound
from cancellation.domain.values import MOST_LEFT_OUT, readable
from cancellation.language import words
from cancellation.messages.billing import (
    CREDIT,
    BillingClosed,
    BillingPreview,
    FinalInvoice,
    InvoiceLine,
    OpenDebt,
)

DUE_DAYS: Final = 10
"""Days from its issue in which the final invoice is to be paid, unless the settings say otherwise."""


def invoice_id(case_id: str) -> str:
    """The final invoice's id; a case has one."""
    return f"final-{case_id}"


def new_charge_id(case_id: str, subscription_id: str, line: Line) -> str:
    """Under which id billing keeps a pro rata line as a charge."""
    return f"{invoice_id(case_id)}:{subscription_id}:{line.days.first:%Y%m%d}"


def recurring_charge_id(subscription_id: str, line: Line) -> str:
    """Under which id the monthly run makes a charge, so that it makes it once."""
    return f"{subscription_id}:{line.days.first:%Y%m%d}"


def invoice_line(subscription_id: str, description: str, line: Line) -> InvoiceLine:
    """One line as the customer and Finance read it."""
    credit = CREDIT if line.kind is LineKind.CREDIT else ""
    return InvoiceLine(
        subscription_id=subscription_id,
        description=credit + description,
        first_day=line.days.first,
        last_day=line.days.last,
        days=line.days.count,
        period_days=line.period_days,
        amount=line.amount,
    )


def final_invoice(case_id: str, lines: Sequence[InvoiceLine], due_on: date | None) -> FinalInvoice:
    """The invoice of these lines, to be paid until then if anything is to be paid."""
    total = sum((line.amount for line in lines), Decimal("0.00"))
    return FinalInvoice(
        invoice_id=invoice_id(case_id), lines=tuple(lines), total=total, due_on=due_on if total > 0 else None
    )


def due_after(issued_at: datetime, days: int) -> date:
    """Until when an invoice is to be paid that is issued at that instant."""
    return words.days_after(issued_at, days)


def preview_of(
    customer_id: str,
    last_day: date,
    settled: Sequence[tuple[Subscription, str, Sequence[Charge], Settlement]],
) -> BillingPreview:
    """The invoice that closing would issue, and beside it what is open of earlier ones.

    Args:
        customer_id: whose it is.
        last_day: the last day that is due.
        settled: each subscription with its description, its charges, and what closing would do to it.
    """
    lines = tuple(
        invoice_line(subscription.subscription_id, description, line)
        for subscription, description, _, settlement in settled
        for line in settlement.lines
    )
    doubtful = sum(
        int(not is_sound(subscription.monthly)) + sum(not is_sound(charge.amount) for charge in charges)
        for subscription, _, charges, _ in settled
    )
    debts = [
        OpenDebt(
            description=description,
            first_day=charge.days.first,
            last_day=charge.days.last,
            amount=charge.owed,
        )
        for _, description, charges, _ in settled
        for charge in charges
        if charge.owed > 0
    ]
    return BillingPreview(
        customer_id=customer_id,
        last_day=last_day,
        lines=lines,
        total=sum((line.amount for line in lines), Decimal("0.00")),
        doubtful_count=doubtful,
        debts=tuple(sorted(debts, key=lambda debt: (debt.first_day, debt.last_day))),
        debts_total=sum((debt.amount for debt in debts), Decimal("0.00")),
    )


def doubtful_subscription(subscription_id: str, description: str) -> str:
    """A subscription whose monthly amount cannot be charged, as Finance finds it."""
    return f"assinatura {readable(subscription_id)} ({readable(description)}): valor mensal"


def doubtful_charge(charge_id: str, days: Days) -> str:
    """A charge whose amount cannot be charged, as Finance finds it."""
    return f"cobrança {readable(charge_id)}, de {days.first:%d/%m/%Y} a {days.last:%d/%m/%Y}"


def closed(invoice: FinalInvoice, voided_charges: int, doubtful: Sequence[str]) -> BillingClosed:
    """What closing answers; of very many doubtful amounts the first are named."""
    return BillingClosed(
        invoice=invoice,
        voided_charges=voided_charges,
        doubtful=tuple(doubtful[:MOST_LEFT_OUT]),
        doubtful_count=len(doubtful),
    )
