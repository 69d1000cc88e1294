"""The embedded billing system over PostgreSQL: subscriptions, monthly charges, invoices (P16)."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from time import monotonic
from typing import Any, Final

import asyncpg

from cancellation.adapters.billing_rules import DOCUMENT_ENDS, may_take_back
from cancellation.adapters.final_invoice import DUE_DAYS, closed, preview_of
from cancellation.adapters.postgres import billing_records as records
from cancellation.adapters.postgres.pool import Pool
from cancellation.adapters.postgres.queries import queries
from cancellation.adapters.postgres.warrants import order_act
from cancellation.domain.proration import is_sound, month_of, settle
from cancellation.messages.billing import (
    Aftermath,
    BillingClosed,
    BillingClosure,
    BillingEndPlan,
    BillingPreview,
    BillingReading,
    BillingWatch,
    Debt,
    FinalInvoice,
    FiscalDocument,
    Paid,
    Remedy,
    TakeBack,
    TakenBack,
    UndueCharge,
)
from cancellation.messages.seed import CustomerSeed

ACT: Final = "billing.close"
_PLAN_IS_FRESH: Final = 5.0
"""Seconds in which what was read for the plan of an end serves the letter that tells of it, once."""
_NO_PLAN: Final[tuple[float, BillingPreview | None]] = (0.0, None)
_INVOICES_REMEMBERED: Final = 100
"""Their letters are sent at once after they were issued."""

SQL: Final = queries("billing")


class PostgresBilling:
    """Billing over our own schema, and the recurring run of the embedded billing system."""

    def __init__(self, pool: Pool, due_days: int = DUE_DAYS) -> None:
        """Bill through the pool; a final invoice is to be paid within `due_days` of its issue."""
        self._pool = pool
        self._due_days = due_days
        self._issued = OrderedDict[str, FinalInvoice]()
        self._planned = _NO_PLAN

    # ---------------------------------------------------------------- the notice

    async def plan_end(self, plan: BillingEndPlan) -> None:
        """Let nothing recur after the last day, until lifted; a lifted plan stays lifted."""
        rows = await self._pool.fetch(
            SQL["plan_end"],
            plan.case_id,
            plan.customer_id,
            plan.last_day,
            plan.at,
        )
        self._planned = (monotonic(), _preview(plan.customer_id, plan.last_day, records.accounts_of(rows)))

    async def lift_end(self, case_id: str) -> None:
        """Undo this case's plan, and no other's; the next monthly run charges what was left out (X3)."""
        await self._pool.execute(SQL["lift_end"], case_id)

    async def charge_month(self, year: int, month: int) -> int:
        """Make the month's recurring charges and answer how many are new.

        Charges every day of the month on which a subscription runs and that was never charged; honours ends,
        planned ends and stops. Run again it makes only what is missing.
        """
        days = month_of(date(year, month, 1))
        customers = await self._pool.fetch(SQL["customers_of_days"], days.first, days.last)
        made = 0
        for row in customers:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(SQL["lock_customer"], row["customer_id"])
                made += await records.charge_days(connection, row["customer_id"], days)
        return made

    async def preview(self, customer_id: str, last_day: date) -> BillingPreview:
        """What `close` would invoice for that last day (X25)."""
        (told_at, planned), self._planned = self._planned, _NO_PLAN
        is_same = planned is not None and (planned.customer_id, planned.last_day) == (customer_id, last_day)
        if planned is not None and is_same and monotonic() - told_at < _PLAN_IS_FRESH:
            return planned
        return _preview(customer_id, last_day, await records.accounts(self._pool, customer_id))

    # ---------------------------------------------------------------- closing

    async def close(self, closure: BillingClosure) -> BillingClosed:
        """Stop charging, issue the one final invoice, void what is dated after the end; see the port."""
        warrant = closure.warrant
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(SQL["lock_customer"], warrant.customer_id)
            await order_act(connection, warrant, ACT)
            invoice = await records.issued_invoice(connection, closure)
            accounts = await records.accounts(connection, warrant.customer_id)
            settlements = {
                account.subscription.subscription_id: settle(
                    account.subscription, account.charges, closure.last_day
                )
                for account in accounts
            }
            await records.void(connection, closure, list(settlements.values()))
            if invoice is None:
                invoice = await records.issue(connection, closure, accounts, settlements, self._due_days)
            voided = await records.stop(connection, closure)
            doubtful = await records.doubtful(connection, closure)
        self._remember(warrant.case_id, invoice)
        return closed(invoice, voided, doubtful)

    async def final_invoice(self, case_id: str) -> FinalInvoice | None:
        """The case's final invoice, or None before it was issued; it never changes, so the newest are remembered."""
        found = self._issued.get(case_id) or await records.held_invoice(self._pool, case_id)
        if found is not None:
            self._remember(case_id, found)
        return found

    def _remember(self, case_id: str, invoice: FinalInvoice) -> None:
        self._issued[case_id] = invoice
        while len(self._issued) > _INVOICES_REMEMBERED:
            self._issued.popitem(last=False)

    async def read_back(self, closure: BillingClosure) -> BillingReading:
        """Read what billing holds, independently of what `close` believes it did."""
        row = await self._pool.fetchrow(SQL["read_back"], closure.warrant.customer_id, closure.last_day)
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
        return list(map(_undue, await self._pool.fetch(SQL["undue"], customer_id, since)))

    async def void_undue(self, watch: BillingWatch) -> Sequence[UndueCharge]:
        """Void the undue charges that no invoice holds; answer the same again for the same watch (X10)."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(SQL["lock_customer"], watch.customer_id)
            rows = await connection.fetch(SQL["undue"], watch.customer_id, watch.last_day)
            found = [row["charge_id"] for row in rows]
            await connection.execute(SQL["void_undue"], watch.case_id, watch.at, found)
            voided = await connection.fetch(SQL["voided_undue"], watch.case_id, watch.at)
        return list(map(_undue, voided))

    async def aftermath(self, case_id: str, customer_id: str, last_day: date) -> Aftermath:
        """What is undue, what was taken back already, and what is still to be paid (X10)."""
        undue = await self.undue(customer_id, last_day)
        row = await self._pool.fetchrow(SQL["aftermath"], case_id, customer_id, last_day)
        assert row is not None
        return Aftermath(
            undue=tuple(undue),
            taken_back=tuple(map(_taken_back, row["taken_back"] or ())),
            debts=tuple(Debt.model_validate(one) for one in row["debts"] or ()),
            returned=row["returned"],
        )

    async def take_back(self, order: TakeBack) -> bool:
        """Void an undue charge of an invoice, and end its fiscal document in the way ordered; see the port."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(SQL["lock_customer"], order.customer_id)
            rows = await connection.fetch(SQL["undue"], order.customer_id, order.last_day)
            charge = next((one for one in map(_undue, rows) if one.charge_id == order.charge_id), None)
            if not may_take_back(charge, order):
                return False
            document = charge.document.document_id if charge and charge.document else None
            await connection.execute(
                SQL["take_back"],
                order.case_id,
                order.at,
                order.charge_id,
                document,
                DOCUMENT_ENDS.get(order.remedy) if document else None,
            )
            return True

    # ---------------------------------------------------------------- master data

    async def provision(self, seed: CustomerSeed) -> None:
        """Put a customer's subscriptions and charges in; what is already there keeps its state."""
        customer_id = seed.customer.customer_id
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(SQL["lock_customer"], customer_id)
            await connection.execute(
                SQL["provision"],
                customer_id,
                [one.model_dump(mode="json") for one in seed.subscriptions],
                [one.model_dump(mode="json") for one in seed.charges],
            )
            payments = [one.model_dump(mode="json") for one in seed.payments]
            if payments:
                await connection.execute(SQL["provision_payments"], payments)
                await connection.execute(SQL["provision_invoice_payments"], payments)
            if seed.documents:
                documents = [one.model_dump(mode="json") for one in seed.documents]
                await connection.execute(SQL["provision_documents"], documents)


def _undue(row: asyncpg.Record) -> UndueCharge:
    return UndueCharge(
        charge_id=row["charge_id"],
        subscription_id=row["subscription_id"],
        first_day=row["first_day"],
        last_day=row["last_day"],
        amount=row["amount"] if is_sound(row["amount"]) else None,
        invoiced=row["invoiced"],
        paid=Paid(row["paid"]),
        paid_amount=row["paid_amount"],
        document=_document(row["document_id"], row["issued_at"]),
    )


def _taken_back(found: dict[str, Any]) -> TakenBack:
    amount = Decimal(found["amount"])
    charge = UndueCharge(
        charge_id=found["charge_id"],
        subscription_id=found["subscription_id"],
        first_day=found["first_day"],
        last_day=found["last_day"],
        amount=amount if is_sound(amount) else None,
        invoiced=False,
        paid=Paid.NO,
        document=_document(found["document_id"], found["issued_at"]),
    )
    remedy = next((one for one, ends in DOCUMENT_ENDS.items() if ends == found["status"]), Remedy.VOID)
    return TakenBack(charge=charge, remedy=remedy, at=found["voided_at"])


def _document(document_id: str | None, issued_at: Any) -> FiscalDocument | None:
    return FiscalDocument(document_id=document_id, issued_at=issued_at) if document_id else None


def _preview(customer_id: str, last_day: date, accounts: Sequence[records.Account]) -> BillingPreview:
    settled = [
        (
            account.subscription,
            account.description,
            account.charges,
            settle(account.subscription, account.charges, last_day),
        )
        for account in accounts
    ]
    return preview_of(customer_id, last_day, settled)
