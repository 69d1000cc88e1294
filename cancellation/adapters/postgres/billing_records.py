"""How billing's rows are read and written; every function runs inside its caller's transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cancellation.adapters.final_invoice import (
    final_invoice,
    invoice_line,
    new_charge_id,
    recurring_charge_id,
)
from cancellation.adapters.postgres.pool import Connection
from cancellation.adapters.postgres.warrants import destroying
from cancellation.domain.proration import (
    Charge,
    Days,
    Line,
    LineKind,
    Settlement,
    Subscription,
    missing_lines,
)
from cancellation.messages.billing import BillingClosure, FinalInvoice, InvoiceLine
from cancellation.ports import PermanentRefusal

_SUBSCRIPTIONS: Final = """
select subscription_id, description, monthly, started_on, least(ended_on, stopped_on) as ended_on,
       billed_through, stopped_on
  from billing.subscriptions where customer_id = $1 order by subscription_id
"""

_CHARGES: Final = """
select c.charge_id, c.subscription_id, c.first_day, c.last_day, c.amount, c.status
  from billing.charges c join billing.subscriptions s using (subscription_id)
 where s.customer_id = $1
"""

_CREDITS: Final = """
select l.charge_id, l.first_day, l.last_day
  from billing.invoice_lines l join billing.subscriptions s using (subscription_id)
 where s.customer_id = $1 and l.kind = 'credit'
"""

_PLANNED_END: Final = """
select min(last_day) from billing.end_plans where customer_id = $1 and state = 'planned'
"""

_NEW_CHARGE: Final = """
insert into billing.charges (charge_id, subscription_id, first_day, last_day, amount, status, invoice_id)
values ($1, $2, $3, $4, $5, $6, $7) on conflict (charge_id) do nothing
"""


@dataclass(frozen=True)
class Account:
    """Everything that billing holds of one subscription."""

    subscription: Subscription
    description: str
    charges: tuple[Charge, ...]
    """Those that are not void."""
    ever_charged: tuple[Days, ...]
    """The days of every charge, void ones too."""


async def accounts(connection: Connection, customer_id: str) -> list[Account]:
    """All subscriptions of a customer with their charges, in the order of their ids."""
    subscriptions = await connection.fetch(_SUBSCRIPTIONS, customer_id)
    credited: dict[str, list[Days]] = defaultdict(list)
    for row in await connection.fetch(_CREDITS, customer_id):
        credited[row["charge_id"]].append(Days(row["first_day"], row["last_day"]))
    standing: dict[str, list[Charge]] = defaultdict(list)
    ever: dict[str, list[Days]] = defaultdict(list)
    for row in await connection.fetch(_CHARGES, customer_id):
        days = Days(row["first_day"], row["last_day"])
        ever[row["subscription_id"]].append(days)
        if row["status"] != "void":
            charge = Charge(
                charge_id=row["charge_id"],
                days=days,
                amount=row["amount"],
                invoiced=row["status"] == "invoiced",
                credited=tuple(credited[row["charge_id"]]),
            )
            standing[row["subscription_id"]].append(charge)
    return [
        Account(
            subscription=Subscription(
                subscription_id=row["subscription_id"],
                monthly=row["monthly"],
                started_on=row["started_on"],
                ended_on=row["ended_on"],
                billed_through=row["billed_through"],
            ),
            description=row["description"],
            charges=tuple(standing[row["subscription_id"]]),
            ever_charged=tuple(ever[row["subscription_id"]]),
        )
        for row in subscriptions
    ]


async def issued_invoice(connection: Connection, closure: BillingClosure) -> FinalInvoice | None:
    """The case's final invoice as it was issued, or None.

    Raises:
        PermanentRefusal: it was issued for another customer or last day.
    """
    row = await connection.fetchrow(
        "select customer_id, last_day from billing.invoices where case_id = $1", closure.warrant.case_id
    )
    if row is None:
        return None
    if (row["customer_id"], row["last_day"]) != (closure.warrant.customer_id, closure.last_day):
        raise PermanentRefusal("the case's final invoice was issued for another customer or last day")
    lines = await connection.fetch(
        """
        select l.subscription_id, l.description, l.first_day, l.last_day, l.days, l.period_days, l.amount
          from billing.invoice_lines l join billing.invoices i using (invoice_id)
         where i.case_id = $1 order by l.position
        """,
        closure.warrant.case_id,
    )
    return final_invoice(closure.warrant.case_id, [InvoiceLine(**dict(line)) for line in lines])


async def charge_days(connection: Connection, customer_id: str, days: Days) -> int:
    """Charge the `days` of one month that were never charged; answers how many charges are new."""
    planned_end = await connection.fetchval(_PLANNED_END, customer_id)
    new = [
        (
            recurring_charge_id(account.subscription.subscription_id, line),
            account.subscription.subscription_id,
            line.days.first,
            line.days.last,
            line.amount,
            "open",
            None,
        )
        for account in await accounts(connection, customer_id)
        if (running := account.subscription.days_to_bill_until(planned_end)) is not None
        for line in missing_lines(
            account.subscription.monthly, running.shared_with(days), account.ever_charged
        )
    ]
    await connection.executemany(_NEW_CHARGE, new)
    return len(new)


async def void(connection: Connection, closure: BillingClosure, settlements: Iterable[Settlement]) -> None:
    """Void the open charges of days that are not due."""
    for settled in settlements:
        for reason, charge_ids in (("after_end", settled.after_end), ("replaced", settled.replaced)):
            await connection.execute(
                """
                update billing.charges
                   set status = 'void', void_reason = $1, void_case = $2, voided_at = $3
                 where charge_id = any($4) and status = 'open'
                """,
                reason,
                closure.warrant.case_id,
                closure.warrant.at,
                charge_ids,
            )


async def stop(connection: Connection, closure: BillingClosure) -> None:
    """Stop every subscription that would go on after the last day, and settle the notice's plan.

    Raises:
        DestructionForbidden: the database refuses the warrant (P19).
    """
    warrant = closure.warrant
    with destroying():
        await connection.execute(
            """
            update billing.subscriptions
               set stopped_on = $2, stopped_at = $3, warrant_case = $4, warrant_notice_ends_at = $5
             where customer_id = $1 and stopped_on is null and (ended_on is null or ended_on > $2)
            """,
            warrant.customer_id,
            closure.last_day,
            warrant.at,
            warrant.case_id,
            warrant.notice_ends_at,
        )
    await connection.execute(
        "update billing.end_plans set state = 'settled' where case_id = $1 and state = 'planned'",
        warrant.case_id,
    )


async def issue(
    connection: Connection,
    closure: BillingClosure,
    customer_accounts: Sequence[Account],
    settlements: Mapping[str, Settlement],
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
    )
    with destroying():
        await connection.execute(
            """
            insert into billing.invoices
                (invoice_id, case_id, customer_id, last_day, issued_at, total, warrant_notice_ends_at)
            values ($1, $2, $3, $4, $5, $6, $7)
            """,
            invoice.invoice_id,
            warrant.case_id,
            warrant.customer_id,
            closure.last_day,
            warrant.at,
            invoice.total,
            warrant.notice_ends_at,
        )
    charged = [
        await _charge_behind(connection, warrant.case_id, invoice.invoice_id, account, line)
        for account, line in lines
    ]
    await connection.executemany(
        """
        insert into billing.invoice_lines
            (invoice_id, position, subscription_id, charge_id, kind, description, first_day, last_day, days,
             period_days, amount)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        [
            (
                invoice.invoice_id,
                position,
                shown.subscription_id,
                charge_id,
                line.kind.value,
                shown.description,
                shown.first_day,
                shown.last_day,
                shown.days,
                shown.period_days,
                shown.amount,
            )
            for position, (shown, (_, line), charge_id) in enumerate(
                zip(invoice.lines, lines, charged, strict=True), start=1
            )
        ],
    )
    return invoice


async def _charge_behind(
    connection: Connection, case_id: str, invoice_id: str, account: Account, line: Line
) -> str:
    """The charge that a line bills or credits; a pro rata line makes its own."""
    subscription_id = account.subscription.subscription_id
    match line.kind:
        case LineKind.PRO_RATA:
            charge_id = new_charge_id(case_id, subscription_id, line)
            await connection.execute(
                _NEW_CHARGE,
                charge_id,
                subscription_id,
                line.days.first,
                line.days.last,
                line.amount,
                "invoiced",
                invoice_id,
            )
            return charge_id
        case LineKind.CHARGE:
            assert line.charge_id is not None
            await connection.execute(
                "update billing.charges set status = 'invoiced', invoice_id = $2 where charge_id = $1",
                line.charge_id,
                invoice_id,
            )
            return line.charge_id
        case LineKind.CREDIT:
            assert line.charge_id is not None
            return line.charge_id
