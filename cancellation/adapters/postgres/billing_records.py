"""How billing's rows are read and written; every function runs inside its caller's transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final

import asyncpg

from cancellation.adapters.final_invoice import (
    doubtful_charge,
    doubtful_subscription,
    due_after,
    final_invoice,
    invoice_line,
    new_charge_id,
    recurring_charge_id,
)
from cancellation.adapters.postgres.pool import Connection, Pool
from cancellation.adapters.postgres.queries import queries
from cancellation.adapters.postgres.warrants import destroying
from cancellation.domain.proration import (
    MOST_AMOUNT,
    Charge,
    Days,
    Line,
    LineKind,
    Settlement,
    Subscription,
    is_sound,
    missing_lines,
)
from cancellation.messages.billing import BillingClosure, FinalInvoice, InvoiceLine
from cancellation.ports import PermanentRefusal

SQL: Final = queries("billing")


@dataclass(frozen=True)
class Account:
    """Everything that billing holds of one subscription."""

    subscription: Subscription
    description: str
    charges: tuple[Charge, ...]
    """Those that are not void."""
    ever_charged: tuple[Days, ...]
    """The days of every charge, void ones too."""


async def accounts(connection: "Connection | Pool", customer_id: str) -> list[Account]:
    """All subscriptions of a customer with their charges, in the order of their ids."""
    return accounts_of(await connection.fetch(SQL["account"], customer_id))


def accounts_of(rows: Sequence[asyncpg.Record]) -> list[Account]:
    """Subscriptions from the rows of `billing.accounts`, in the order of their ids."""
    return [_account(list(of_one)) for _, of_one in groupby(rows, key=itemgetter("subscription_id"))]


def _account(rows: Sequence[asyncpg.Record]) -> Account:
    """One subscription from its rows: one a charge and credit."""
    first = rows[0]
    charges = [
        list(of_one)
        for charge_id, of_one in groupby(rows, key=itemgetter("charge_id"))
        if charge_id is not None
    ]
    return Account(
        subscription=Subscription(
            subscription_id=first["subscription_id"],
            monthly=first["monthly"],
            started_on=first["started_on"],
            ended_on=first["ended_on"],
            billed_through=first["billed_through"],
        ),
        description=first["description"],
        charges=tuple(_charge(of_one) for of_one in charges if of_one[0]["status"] != "void"),
        ever_charged=tuple(Days(of_one[0]["first_day"], of_one[0]["last_day"]) for of_one in charges),
    )


def _charge(rows: Sequence[asyncpg.Record]) -> Charge:
    first = rows[0]
    return Charge(
        charge_id=first["charge_id"],
        days=Days(first["first_day"], first["last_day"]),
        amount=first["amount"],
        invoiced=first["status"] == "invoiced",
        credited=tuple(
            Days(row["credit_first_day"], row["credit_last_day"])
            for row in rows
            if row["credit_first_day"] is not None
        ),
        paid=first["paid"],
    )


async def issued_invoice(connection: Connection, closure: BillingClosure) -> FinalInvoice | None:
    """The case's final invoice as it was issued, or None.

    Raises:
        PermanentRefusal: it was issued for another customer or last day.
    """
    rows = await connection.fetch(SQL["issued_invoice"], closure.warrant.case_id)
    if not rows:
        return None
    if (rows[0]["customer_id"], rows[0]["invoice_last_day"]) != (
        closure.warrant.customer_id,
        closure.last_day,
    ):
        raise PermanentRefusal("the case's final invoice was issued for another customer or last day")
    return _invoice(closure.warrant.case_id, rows)


async def held_invoice(pool: Pool, case_id: str) -> FinalInvoice | None:
    """The case's final invoice as it was issued, or None."""
    rows = await pool.fetch(SQL["issued_invoice"], case_id)
    return _invoice(case_id, rows) if rows else None


def _invoice(case_id: str, rows: Sequence[asyncpg.Record]) -> FinalInvoice:
    lines = [
        InvoiceLine(**{name: row[name] for name in InvoiceLine.model_fields})
        for row in rows
        if row["subscription_id"] is not None
    ]
    return final_invoice(case_id, lines, rows[0]["due_on"])


async def charge_days(connection: Connection, customer_id: str, days: Days) -> int:
    """Charge the `days` of one month that were never charged; answers how many charges are new."""
    planned_end = await connection.fetchval(SQL["planned_end"], customer_id)
    new = [
        {
            "charge_id": recurring_charge_id(account.subscription.subscription_id, line),
            "subscription_id": account.subscription.subscription_id,
            "first_day": line.days.first.isoformat(),
            "last_day": line.days.last.isoformat(),
            "amount": str(line.amount),
        }
        for account in await accounts(connection, customer_id)
        if is_sound(account.subscription.monthly)
        and (running := account.subscription.days_to_bill_until(planned_end)) is not None
        for line in missing_lines(
            account.subscription.monthly, running.shared_with(days), account.ever_charged
        )
    ]
    if new:
        await connection.execute(SQL["add_charges"], new)
    return len(new)


async def void(connection: Connection, closure: BillingClosure, settlements: Collection[Settlement]) -> None:
    """Void the open charges of days that are not due."""
    after_end = [charge_id for settled in settlements for charge_id in settled.after_end]
    replaced = [charge_id for settled in settlements for charge_id in settled.replaced]
    if after_end or replaced:
        await connection.execute(
            SQL["void"], closure.warrant.case_id, closure.warrant.at, after_end, replaced
        )


async def doubtful(connection: Connection, closure: BillingClosure) -> list[str]:
    """What has no amount that can be charged, for Finance; the same however often closing runs (P16)."""
    rows = await connection.fetch(
        SQL["doubtful"], closure.warrant.customer_id, closure.last_day, MOST_AMOUNT, closure.warrant.case_id
    )
    return [
        doubtful_subscription(row["subscription_id"], row["description"])
        if row["charge_id"] is None
        else doubtful_charge(row["charge_id"], Days(row["first_day"], row["last_day"]))
        for row in rows
    ]


async def stop(connection: Connection, closure: BillingClosure) -> int:
    """Stop every subscription that would go on after the last day, and settle the notice's plan.

    Answers how many charges the case has voided in all because their days lie after the end.

    Raises:
        DestructionForbidden: the database refuses the warrant (P19).
    """
    warrant = closure.warrant
    with destroying():
        voided: int = await connection.fetchval(
            SQL["stop"],
            warrant.customer_id,
            closure.last_day,
            warrant.at,
            warrant.case_id,
            warrant.notice_ends_at,
        )
    return voided


async def issue(
    connection: Connection,
    closure: BillingClosure,
    customer_accounts: Sequence[Account],
    settlements: Mapping[str, Settlement],
    due_days: int,
) -> FinalInvoice:
    """Issue the case's final invoice, with a charge behind every line.

    Raises:
        DestructionForbidden: the database refuses the warrant (P19).
    """
    warrant = closure.warrant
    lines = [
        (account, line)
        for account in customer_accounts
        for line in settlements[account.subscription.subscription_id].lines
    ]
    invoice = final_invoice(
        warrant.case_id,
        [
            invoice_line(account.subscription.subscription_id, account.description, line)
            for account, line in lines
        ],
        due_after(warrant.at, due_days),
    )
    rows = [
        {
            **shown.model_dump(mode="json"),
            "position": position,
            "kind": line.kind.value,
            "charge_id": _charge_behind(warrant.case_id, account, line),
        }
        for position, (shown, (account, line)) in enumerate(zip(invoice.lines, lines, strict=True), start=1)
    ]
    with destroying():
        await connection.execute(
            SQL["issue_invoice"],
            invoice.invoice_id,
            warrant.case_id,
            warrant.customer_id,
            closure.last_day,
            warrant.at,
            invoice.total,
            warrant.notice_ends_at,
            rows,
            invoice.due_on,
        )
    return invoice


def _charge_behind(case_id: str, account: Account, line: Line) -> str:
    """The charge that a line bills or credits; a pro rata line makes its own."""
    if line.kind is LineKind.PRO_RATA:
        return new_charge_id(case_id, account.subscription.subscription_id, line)
    assert line.charge_id is not None
    return line.charge_id
