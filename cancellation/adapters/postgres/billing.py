"""The embedded billing system over PostgreSQL: subscriptions, monthly charges, invoices (P16)."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import asyncpg

from cancellation.adapters.postgres import billing_records as records
from cancellation.adapters.postgres.pool import Pool
from cancellation.adapters.postgres.warrants import order_act
from cancellation.domain.proration import month_of, settle
from cancellation.messages.billing import (
    BillingClosed,
    BillingClosure,
    BillingEndPlan,
    BillingReading,
    BillingWatch,
    UndueCharge,
)
from cancellation.messages.seed import CustomerSeed

ACT: Final = "billing.close"

# One writer a customer: the monthly run and a closing case never interleave.
_LOCK: Final = "select pg_advisory_xact_lock(hashtextextended('billing:' || $1, 0))"

# Counted day by day from the records themselves: no word of what `close` computed.
_READ_BACK: Final = """
with ends as (
    select subscription_id, greatest(started_on, billed_through + 1) as first_day,
           least(ended_on, stopped_on, $2) as last_day
      from billing.subscriptions where customer_id = $1
), due as (
    select e.subscription_id, e.first_day + n as day
      from ends e, generate_series(0, e.last_day - e.first_day) n
), billed as (
    select subscription_id, first_day, last_day, 1 as times from billing.charges where status = 'invoiced'
    union all
    select subscription_id, first_day, last_day, -1 from billing.invoice_lines where kind = 'credit'
), times as (
    select d.subscription_id, d.day, coalesce(sum(b.times), 0) as times
      from due d left join billed b
        on b.subscription_id = d.subscription_id and d.day between b.first_day and b.last_day
     group by d.subscription_id, d.day
)
select
    array(select subscription_id from billing.subscriptions
           where customer_id = $1 and (stopped_on is null or stopped_on > $2)
             and (ended_on is null or ended_on > $2)
           order by subscription_id) as recurring_active,
    array(select c.charge_id from billing.charges c join ends e using (subscription_id)
           where c.status <> 'void' and c.last_day > e.last_day
             and exists (select 1 from generate_series(0, c.last_day - c.first_day) n
                          where c.first_day + n > e.last_day
                            and not exists (select 1 from billing.invoice_lines l
                                             where l.charge_id = c.charge_id and l.kind = 'credit'
                                               and c.first_day + n between l.first_day and l.last_day))
           order by c.charge_id) as charges_after_end,
    (select count(*) from times) as days_due,
    (select count(*) from times where times = 1) as days_invoiced
"""

_UNDUE: Final = """
select c.charge_id, c.subscription_id, c.first_day, c.last_day, c.amount, c.status
  from billing.charges c join billing.subscriptions s using (subscription_id)
 where s.customer_id = $1 and c.status <> 'void' and c.last_day > $2
   and (s.stopped_on is not null or s.started_on <= $2)
   and exists (select 1 from generate_series(0, c.last_day - c.first_day) n
                where c.first_day + n > $2
                  and not exists (select 1 from billing.invoice_lines l
                                   where l.charge_id = c.charge_id and l.kind = 'credit'
                                     and c.first_day + n between l.first_day and l.last_day))
 order by c.first_day, c.charge_id
"""


class PostgresBilling:
    """Billing over our own schema, and the recurring run of the embedded billing system."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    # ---------------------------------------------------------------- the notice

    async def plan_end(self, plan: BillingEndPlan) -> None:
        """Let nothing recur after the last day, until lifted; a lifted plan stays lifted."""
        await self._pool.execute(
            """
            insert into billing.end_plans (case_id, customer_id, last_day, planned_at) values ($1, $2, $3, $4)
            on conflict (case_id) do update set last_day = excluded.last_day, planned_at = excluded.planned_at
             where end_plans.state = 'planned'
            """,
            plan.case_id,
            plan.customer_id,
            plan.last_day,
            plan.at,
        )

    async def lift_end(self, case_id: str) -> None:
        """Undo this case's plan, and no other's; the next monthly run charges what was left out (X3)."""
        await self._pool.execute(
            """
            update billing.end_plans set state = 'lifted' where case_id = $1 and state = 'planned'
            """,
            case_id,
        )

    async def charge_month(self, year: int, month: int) -> int:
        """Make the month's recurring charges and answer how many are new.

        Charges every day of the month on which a subscription runs and that was never charged; honours ends,
        planned ends and stops. Run again it makes only what is missing.
        """
        days = month_of(date(year, month, 1))
        customers = await self._pool.fetch(
            """
            select distinct customer_id from billing.subscriptions
             where started_on <= $2 and (ended_on is null or ended_on >= $1)
               and (stopped_on is null or stopped_on >= $1)
             order by customer_id
            """,
            days.first,
            days.last,
        )
        made = 0
        for row in customers:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(_LOCK, row["customer_id"])
                made += await records.charge_days(connection, row["customer_id"], days)
        return made

    # ---------------------------------------------------------------- closing

    async def close(self, closure: BillingClosure) -> BillingClosed:
        """Stop charging, issue the one final invoice, void what is dated after the end; see the port."""
        warrant = closure.warrant
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_LOCK, warrant.customer_id)
            await order_act(connection, warrant, ACT)
            invoice = await records.issued_invoice(connection, closure)
            accounts = await records.accounts(connection, warrant.customer_id)
            settlements = {
                account.subscription.subscription_id: settle(
                    account.subscription, account.charges, closure.last_day
                )
                for account in accounts
            }
            await records.void(connection, closure, settlements.values())
            if invoice is None:
                invoice = await records.issue(connection, closure, accounts, settlements)
            await records.stop(connection, closure)
            voided = await connection.fetchval(
                "select count(*) from billing.charges where void_case = $1 and void_reason = 'after_end'",
                warrant.case_id,
            )
        return BillingClosed(invoice=invoice, voided_charges=voided)

    async def read_back(self, closure: BillingClosure) -> BillingReading:
        """Read what billing holds, independently of what `close` believes it did."""
        row = await self._pool.fetchrow(_READ_BACK, closure.warrant.customer_id, closure.last_day)
        assert row is not None
        return BillingReading(
            recurring_active=tuple(row["recurring_active"]),
            charges_after_end=tuple(row["charges_after_end"]),
            days_due=row["days_due"],
            days_invoiced=row["days_invoiced"],
        )

    # ---------------------------------------------------------------- after closing

    async def undue(self, customer_id: str, since: date) -> Sequence[UndueCharge]:
        """Charges for days after `since` of what was contracted until then (X10)."""
        return [_undue(row) for row in await self._pool.fetch(_UNDUE, customer_id, since)]

    async def void_undue(self, watch: BillingWatch) -> Sequence[UndueCharge]:
        """Void the undue charges that no invoice holds; answer the same again for the same watch (X10)."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_LOCK, watch.customer_id)
            rows = await connection.fetch(_UNDUE, watch.customer_id, watch.last_day)
            await connection.execute(
                """
                update billing.charges
                   set status = 'void', void_reason = 'undue', void_case = $1, voided_at = $2
                 where charge_id = any($3) and status = 'open'
                """,
                watch.case_id,
                watch.at,
                [row["charge_id"] for row in rows],
            )
            voided = await connection.fetch(
                """
                select charge_id, subscription_id, first_day, last_day, amount, status from billing.charges
                 where void_case = $1 and void_reason = 'undue' and voided_at = $2
                 order by first_day, charge_id
                """,
                watch.case_id,
                watch.at,
            )
        return [_undue(row) for row in voided]

    # ---------------------------------------------------------------- master data

    async def provision(self, seed: CustomerSeed) -> None:
        """Put a customer's subscriptions and charges in; what is already there keeps its state."""
        customer_id = seed.customer.customer_id
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_LOCK, customer_id)
            await connection.executemany(
                """
                insert into billing.subscriptions
                    (subscription_id, customer_id, description, monthly, started_on, ended_on, billed_through)
                values ($1, $2, $3, $4, $5, $6, $7)
                on conflict (subscription_id) do update
                   set description = excluded.description, monthly = excluded.monthly
                """,
                [
                    (
                        one.subscription_id,
                        customer_id,
                        one.description,
                        one.monthly,
                        one.started_on,
                        one.ended_on,
                        one.billed_through,
                    )
                    for one in seed.subscriptions
                ],
            )
            await connection.executemany(
                """
                insert into billing.charges (charge_id, subscription_id, first_day, last_day, amount, status)
                values ($1, $2, $3, $4, $5, $6) on conflict (charge_id) do nothing
                """,
                [
                    (
                        one.charge_id,
                        one.subscription_id,
                        one.first_day,
                        one.last_day,
                        one.amount,
                        "invoiced" if one.invoiced else "open",
                    )
                    for one in seed.charges
                ],
            )


def _undue(row: asyncpg.Record) -> UndueCharge:
    values = dict(row)
    invoiced = values.pop("status") == "invoiced"
    return UndueCharge(**values, invoiced=invoiced)
