"""What every billing adapter must do (P16, P19, X3, X10); `test_billing.py` runs it over each of them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Protocol, TypeVar

import pytest

from cancellation.domain.values import MOST_LEFT_OUT
from cancellation.messages.billing import (
    BillingClosed,
    BillingClosure,
    BillingEndPlan,
    BillingWatch,
    InvoiceLine,
)
from cancellation.messages.crm import Customer
from cancellation.messages.seed import ChargeSeed, CustomerSeed, PaymentSeed, SubscriptionSeed
from cancellation.ports import Billing, BillingAfterwards, DestructionForbidden, PermanentRefusal
from cancellation.ports.billing import BillingPreviews
from tests.contract.formalized import Formalizations, warrant_for

Seed = TypeVar("Seed", SubscriptionSeed, ChargeSeed)

NOON = datetime(2026, 11, 22, 15, tzinfo=UTC)


class RecurringBilling(Billing, BillingAfterwards, BillingPreviews, Protocol):
    """A billing system together with its own monthly run and master data."""

    async def charge_month(self, year: int, month: int) -> int: ...

    async def provision(self, seed: CustomerSeed) -> None: ...


@dataclass
class BillingRig:
    billing: RecurringBilling
    formalizations: Formalizations

    async def customer(
        self,
        *subscriptions: SubscriptionSeed,
        charges: tuple[ChargeSeed, ...] = (),
        payments: tuple[PaymentSeed, ...] = (),
        customer_id: str = "1042",
    ) -> None:
        customer = Customer(customer_id=customer_id, name="Acme Comércio de Ferragens Ltda")
        await self.billing.provision(
            CustomerSeed(customer=customer, subscriptions=subscriptions, charges=charges, payments=payments)
        )

    async def formalized(
        self, last_day: str, *, case_id: str = "case-1", customer_id: str = "1042", late: int = 0
    ) -> BillingClosure:
        """A case whose notice ended with `last_day`, closed `late` days after."""
        day = date.fromisoformat(last_day)
        await self.formalizations.file(case_id, customer_id, day)
        return closure(last_day, case_id=case_id, customer_id=customer_id, late=late)


def closure(
    last_day: str, *, case_id: str = "case-1", customer_id: str = "1042", late: int = 0
) -> BillingClosure:
    day = date.fromisoformat(last_day)
    warrant = warrant_for(case_id, customer_id, day, late=timedelta(days=late))
    return BillingClosure(warrant=warrant, last_day=day)


def plan(last_day: str, *, case_id: str = "case-1", customer_id: str = "1042") -> BillingEndPlan:
    return BillingEndPlan(
        case_id=case_id, customer_id=customer_id, last_day=date.fromisoformat(last_day), at=NOON
    )


def subscription(name: str, monthly: str, started_on: str, **more: str) -> SubscriptionSeed:
    return SubscriptionSeed(
        subscription_id=name,
        description=f"Assinatura {name}",
        monthly=Decimal(monthly),
        started_on=date.fromisoformat(started_on),
        **{key: date.fromisoformat(value) for key, value in more.items()},
    )


def charge(
    name: str, subscription_id: str, first: str, last: str, amount: str, *, invoiced: bool = False
) -> ChargeSeed:
    return ChargeSeed(
        charge_id=name,
        subscription_id=subscription_id,
        first_day=date.fromisoformat(first),
        last_day=date.fromisoformat(last),
        amount=Decimal(amount),
        invoiced=invoiced,
    )


def of_amount(seed: Seed, amount: str) -> Seed:
    """With an amount that a database keeps and no model takes."""
    name = next(name for name in ("monthly", "amount") if hasattr(seed, name))
    return seed.model_copy(update={name: Decimal(amount)})


def shown(line: InvoiceLine) -> tuple[str, str, str, str]:
    return line.subscription_id, str(line.first_day), str(line.last_day), str(line.amount)


def lines(closed: BillingClosed) -> list[tuple[str, str, str, str]]:
    return [shown(line) for line in closed.invoice.lines]


class BillingSuite:
    """Inherit it and give a `rig` fixture."""

    # ------------------------------------------------------------ closing

    async def test_final_invoice_covers_exactly_the_days_due_P16(self, rig: BillingRig) -> None:
        await rig.customer(
            subscription("pabx", "310.00", "2026-10-01"),
            subscription("ramais", "99.90", "2026-11-16"),
            charges=(
                charge("c1", "pabx", "2026-10-01", "2026-10-31", "310.00", invoiced=True),
                charge("c2", "pabx", "2026-11-01", "2026-11-30", "310.00", invoiced=True),
            ),
        )
        closed = await rig.billing.close(await rig.formalized("2026-12-15"))
        assert lines(closed) == [
            ("pabx", "2026-12-01", "2026-12-15", "150.00"),
            ("ramais", "2026-11-16", "2026-11-30", "49.95"),
            ("ramais", "2026-12-01", "2026-12-15", "48.34"),
        ]
        assert closed.invoice.total == Decimal("248.29")
        assert [(line.days, line.period_days) for line in closed.invoice.lines] == [
            (15, 31),
            (15, 30),
            (15, 31),
        ]
        assert closed.voided_charges == 0
        assert (await rig.billing.read_back(closure("2026-12-15"))).is_clean

    async def test_the_preview_is_the_invoice_that_closing_issues_X25(self, rig: BillingRig) -> None:
        await rig.customer(
            subscription("pabx", "310.00", "2026-10-01"),
            subscription("ramais", "99.90", "2026-11-16"),
            charges=(
                charge("c1", "pabx", "2026-10-01", "2026-10-31", "310.00", invoiced=True),
                charge("c2", "pabx", "2026-12-01", "2026-12-31", "310.00", invoiced=True),
                charge("c3", "ramais", "2026-12-01", "2026-12-31", "99.90"),
            ),
        )
        last_day = date(2026, 12, 15)
        preview = await rig.billing.preview("1042", last_day)
        again = await rig.billing.preview("1042", last_day)
        closed = await rig.billing.close(await rig.formalized("2026-12-15"))
        assert preview == again
        assert (preview.lines, preview.total) == (closed.invoice.lines, closed.invoice.total)
        assert preview.credits == Decimal("160.00")
        assert preview.doubtful_count == 0

    async def test_the_preview_counts_amounts_that_cannot_be_charged_X25(self, rig: BillingRig) -> None:
        await rig.customer(of_amount(subscription("odd", "1.00", "2026-12-01"), "NaN"))
        preview = await rig.billing.preview("1042", date(2026, 12, 15))
        assert (preview.total, preview.doubtful_count) == (Decimal("0.00"), 1)

    async def test_the_preview_tells_what_is_open_of_earlier_invoices_beside_its_total_X25(
        self, rig: BillingRig
    ) -> None:
        """Of what has no row nobody knows whether it was paid; what no invoice took is in the final one."""
        months = {"ago": "08", "set": "09", "out": "10"}
        await rig.customer(
            subscription("pabx", "310.00", "2026-08-01", billed_through="2026-10-31"),
            subscription("ramais", "99.90", "2026-08-01", billed_through="2026-10-31"),
            charges=(
                *(
                    charge(f"{name}-{of}", of, f"2026-{n}-01", f"2026-{n}-30", "310.00", invoiced=True)
                    for name, n in months.items()
                    for of in ("pabx", "ramais")
                ),
                charge("nov", "pabx", "2026-11-01", "2026-11-30", "310.00"),
            ),
        )
        unknown = await rig.billing.preview("1042", date(2026, 11, 30))
        assert (unknown.debts, unknown.debts_total) == ((), Decimal(0))
        paid = PaymentSeed(charge_id="ago-pabx", paid_on=date(2026, 9, 5), amount=Decimal("310.00"))
        part = PaymentSeed(charge_id="set-ramais", paid_on=date(2026, 10, 5), amount=Decimal("300.00"))
        waited_for = [PaymentSeed(charge_id=name) for name in ("out-ramais", "set-pabx", "nov")]
        await rig.customer(payments=(paid, part, *waited_for))
        preview = await rig.billing.preview("1042", date(2026, 11, 30))
        assert [(one.description, str(one.first_day), str(one.amount)) for one in preview.debts] == [
            ("Assinatura pabx", "2026-09-01", "310.00"),
            ("Assinatura ramais", "2026-09-01", "10.00"),
            ("Assinatura ramais", "2026-10-01", "310.00"),
        ]
        assert preview.debts_total == Decimal("630.00")
        assert (preview.lines, preview.total) == (unknown.lines, unknown.total)

    async def test_what_an_invoice_gave_back_is_no_open_debt_X25(self, rig: BillingRig) -> None:
        await rig.customer(
            subscription("pabx", "310.00", "2026-12-01"),
            charges=(charge("dez", "pabx", "2026-12-01", "2026-12-31", "310.00", invoiced=True),),
            payments=(PaymentSeed(charge_id="dez"),),
        )
        before = await rig.billing.preview("1042", date(2026, 12, 15))
        assert (before.total, before.debts_total) == (Decimal("-160.00"), Decimal("310.00"))
        await rig.billing.close(await rig.formalized("2026-12-15"))
        after = await rig.billing.preview("1042", date(2026, 12, 15))
        assert (after.total, after.debts_total) == (Decimal("0.00"), Decimal("150.00"))

    async def test_the_letter_of_a_notice_tells_the_debts_that_the_plan_of_its_end_read_X25(
        self, rig: BillingRig
    ) -> None:
        await rig.customer(
            subscription("pabx", "310.00", "2026-11-01"),
            charges=(charge("nov", "pabx", "2026-11-01", "2026-11-30", "310.00", invoiced=True),),
            payments=(PaymentSeed(charge_id="nov"),),
        )
        await rig.billing.plan_end(plan("2026-12-15"))
        assert (await rig.billing.preview("1042", date(2026, 12, 15))).debts_total == Decimal("310.00")

    async def test_before_closing_the_reading_is_not_clean_P16(self, rig: BillingRig) -> None:
        await rig.customer(
            subscription("pabx", "310.00", "2026-12-01"),
            charges=(
                charge("inside", "pabx", "2026-12-01", "2026-12-10", "100.00", invoiced=True),
                charge("after", "pabx", "2026-12-20", "2026-12-31", "120.00"),
            ),
        )
        reading = await rig.billing.read_back(closure("2026-12-15"))
        assert reading.recurring_active == ("pabx",)
        assert reading.charges_after_end == ("after",)
        assert (reading.days_due, reading.days_invoiced) == (15, 10)
        assert not reading.is_clean

    async def test_charges_after_the_end_are_voided_and_one_over_it_is_replaced_P16(
        self, rig: BillingRig
    ) -> None:
        await rig.customer(
            subscription("pabx", "310.00", "2026-12-01"),
            charges=(
                charge("over", "pabx", "2026-12-01", "2026-12-31", "310.00"),
                charge("jan", "pabx", "2027-01-01", "2027-01-31", "310.00"),
                charge("feb", "pabx", "2027-02-01", "2027-02-28", "310.00"),
            ),
        )
        closed = await rig.billing.close(await rig.formalized("2026-12-15"))
        assert lines(closed) == [("pabx", "2026-12-01", "2026-12-15", "150.00")]
        assert closed.voided_charges == 2
        assert (await rig.billing.read_back(closure("2026-12-15"))).is_clean

    async def test_open_charges_of_due_days_are_taken_as_they_are_P16(self, rig: BillingRig) -> None:
        await rig.customer(
            subscription("pabx", "310.00", "2026-11-01"),
            charges=(charge("discounted", "pabx", "2026-11-01", "2026-11-30", "200.00"),),
        )
        closed = await rig.billing.close(await rig.formalized("2026-11-30"))
        assert lines(closed) == [("pabx", "2026-11-01", "2026-11-30", "200.00")]
        assert (await rig.billing.read_back(closure("2026-11-30"))).is_clean

    async def test_days_invoiced_in_advance_are_credited_P16(self, rig: BillingRig) -> None:
        await rig.customer(
            subscription("pabx", "310.00", "2026-12-01"),
            charges=(charge("dec", "pabx", "2026-12-01", "2026-12-31", "310.00", invoiced=True),),
        )
        closed = await rig.billing.close(await rig.formalized("2026-12-15"))
        assert lines(closed) == [("pabx", "2026-12-16", "2026-12-31", "-160.00")]
        assert closed.invoice.lines[0].description == "Crédito: Assinatura pabx"
        assert closed.invoice.total == Decimal("-160.00")
        assert (await rig.billing.read_back(closure("2026-12-15"))).is_clean

    async def test_subscriptions_that_start_or_end_elsewhere_P16(self, rig: BillingRig) -> None:
        await rig.customer(
            subscription("ended", "300.00", "2026-11-01", ended_on="2026-11-10"),
            subscription("later", "80.00", "2027-01-01"),
            subscription("free", "0.00", "2026-12-01"),
            subscription("old", "310.00", "2019-03-01", billed_through="2026-11-30"),
            charges=(charge("ahead", "later", "2027-01-01", "2027-01-31", "80.00"),),
        )
        closed = await rig.billing.close(await rig.formalized("2026-12-10"))
        assert lines(closed) == [
            ("ended", "2026-11-01", "2026-11-10", "100.00"),
            ("free", "2026-12-01", "2026-12-10", "0.00"),
            ("old", "2026-12-01", "2026-12-10", "100.00"),
        ]
        assert closed.voided_charges == 1
        reading = await rig.billing.read_back(closure("2026-12-10"))
        assert reading.is_clean
        assert reading.days_due == 30

    async def test_29_february_is_a_day_like_any_other_P16(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "290.00", "2028-02-01"))
        closed = await rig.billing.close(await rig.formalized("2028-02-29"))
        assert lines(closed) == [("pabx", "2028-02-01", "2028-02-29", "290.00")]

    async def test_several_unbilled_months_are_lines_of_their_own_P16(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "100.00", "2026-01-31"))
        closed = await rig.billing.close(await rig.formalized("2026-04-15"))
        assert lines(closed) == [
            ("pabx", "2026-01-31", "2026-01-31", "3.23"),
            ("pabx", "2026-02-01", "2026-02-28", "100.00"),
            ("pabx", "2026-03-01", "2026-03-31", "100.00"),
            ("pabx", "2026-04-01", "2026-04-15", "50.00"),
        ]

    async def test_a_customer_without_subscriptions_gets_an_empty_invoice_P16(self, rig: BillingRig) -> None:
        closed = await rig.billing.close(await rig.formalized("2026-12-15"))
        assert closed.invoice.lines == ()
        assert closed.invoice.total == 0
        assert (await rig.billing.read_back(closure("2026-12-15"))).is_clean

    async def test_closing_again_changes_and_answers_the_same_P16(self, rig: BillingRig) -> None:
        await rig.customer(
            subscription("pabx", "99.90", "2026-09-10"),
            charges=(
                charge("oct", "pabx", "2026-10-01", "2026-10-31", "99.90", invoiced=True),
                charge("dec", "pabx", "2026-12-01", "2026-12-31", "99.90", invoiced=True),
                charge("jan", "pabx", "2027-01-01", "2027-01-31", "99.90"),
            ),
        )
        order = await rig.formalized("2026-12-15")
        first = await rig.billing.close(order)
        again = [await rig.billing.close(closure("2026-12-15", late=days)) for days in (0, 1, 40)]
        assert again == [first, first, first]
        assert first.voided_charges == 1
        assert (await rig.billing.read_back(order)).is_clean

    async def test_closing_late_voids_what_was_charged_meanwhile_P16(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
        assert await rig.billing.charge_month(2026, 12) == 1
        assert await rig.billing.charge_month(2027, 1) == 1
        closed = await rig.billing.close(await rig.formalized("2026-12-15", late=40))
        assert lines(closed) == [("pabx", "2026-12-01", "2026-12-15", "150.00")]
        assert closed.voided_charges == 1
        assert (await rig.billing.read_back(closure("2026-12-15"))).is_clean

    async def test_closing_again_voids_what_came_since_and_leaves_the_invoice_P16(
        self, rig: BillingRig
    ) -> None:
        await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
        order = await rig.formalized("2026-12-15")
        first = await rig.billing.close(order)
        await rig.customer(charges=(charge("stray", "pabx", "2027-01-01", "2027-01-31", "310.00"),))
        assert not (await rig.billing.read_back(order)).is_clean
        again = await rig.billing.close(order)
        assert again.invoice == first.invoice
        assert again.voided_charges == 1
        assert (await rig.billing.read_back(order)).is_clean

    async def test_another_customer_is_untouched_P16(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
        await rig.customer(
            subscription("other", "50.00", "2026-12-01"),
            charges=(charge("theirs", "other", "2027-01-01", "2027-01-31", "50.00"),),
            customer_id="2077",
        )
        await rig.billing.close(await rig.formalized("2026-12-15"))
        reading = await rig.billing.read_back(closure("2026-12-15", customer_id="2077"))
        assert reading.recurring_active == ("other",)
        assert reading.charges_after_end == ("theirs",)

    async def test_a_case_closed_with_another_last_day_is_refused_P16(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
        await rig.billing.close(await rig.formalized("2026-12-15"))
        with pytest.raises(PermanentRefusal):
            await rig.billing.close(closure("2026-12-16"))

    # ------------------------------------------------------------ without formalization

    async def test_nothing_stops_without_a_formalization_P19(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
        with pytest.raises(DestructionForbidden):
            await rig.billing.close(closure("2026-12-15"))
        await self.assert_untouched(rig)

    async def test_nothing_stops_before_the_notice_has_ended_P19(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
        order = await rig.formalized("2026-12-15")
        early = order.warrant.model_copy(update={"at": order.warrant.notice_ends_at - timedelta(seconds=1)})
        with pytest.raises(DestructionForbidden):
            await rig.billing.close(order.model_copy(update={"warrant": early}))
        await self.assert_untouched(rig)

    async def test_nothing_stops_by_another_customers_formalization_P19(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
        await rig.formalized("2026-12-15", customer_id="2077")
        with pytest.raises(DestructionForbidden):
            await rig.billing.close(closure("2026-12-15"))
        await self.assert_untouched(rig)

    async def test_nothing_stops_on_an_end_that_is_not_the_notices_P19(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
        await rig.formalized("2026-12-20")
        with pytest.raises(DestructionForbidden):
            await rig.billing.close(closure("2026-12-15"))
        await self.assert_untouched(rig)

    async def test_nothing_stops_after_a_withdrawal_P19_X3(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
        order = await rig.formalized("2026-12-15")
        await rig.formalizations.withdraw("case-1")
        with pytest.raises(DestructionForbidden):
            await rig.billing.close(order)
        await self.assert_untouched(rig)

    async def assert_untouched(self, rig: BillingRig) -> None:
        reading = await rig.billing.read_back(closure("2026-12-15"))
        assert reading.recurring_active == ("pabx",)
        assert reading.days_invoiced == 0
        assert await rig.billing.charge_month(2026, 12) == 1

    # ------------------------------------------------------------ the monthly run and the planned end

    async def test_monthly_run_charges_once_P16(self, rig: BillingRig) -> None:
        await rig.customer(
            subscription("pabx", "310.00", "2026-12-11"),
            subscription("later", "10.00", "2027-01-01"),
            subscription("ended", "10.00", "2026-01-01", ended_on="2026-11-30", billed_through="2026-11-30"),
        )
        assert await rig.billing.charge_month(2026, 12) == 1
        assert await rig.billing.charge_month(2026, 12) == 0
        (made,) = await rig.billing.undue("1042", date(2026, 12, 11))
        assert (made.subscription_id, made.amount, made.invoiced) == ("pabx", Decimal("210.00"), False)

    async def test_monthly_run_honours_the_planned_end_P16(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
        await rig.billing.plan_end(plan("2026-12-15"))
        await rig.billing.plan_end(plan("2026-12-15"))
        assert await rig.billing.charge_month(2026, 12) == 1
        assert await rig.billing.charge_month(2027, 1) == 0
        assert await rig.billing.undue("1042", date(2026, 12, 15)) == []

    async def test_monthly_run_charges_nothing_after_closing_P16(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
        order = await rig.formalized("2026-12-15")
        await rig.billing.close(order)
        assert [await rig.billing.charge_month(2026, 12), await rig.billing.charge_month(2027, 1)] == [0, 0]
        assert (await rig.billing.read_back(order)).is_clean

    async def test_a_lifted_end_charges_on_with_nothing_lost_X3(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
        await rig.billing.plan_end(plan("2026-12-15"))
        assert await rig.billing.charge_month(2026, 12) == 1
        await rig.billing.lift_end("case-1")
        await rig.billing.lift_end("case-1")
        assert await rig.billing.charge_month(2026, 12) == 1
        assert await rig.billing.charge_month(2027, 1) == 1
        rest, january = await rig.billing.undue("1042", date(2026, 12, 15))
        assert (rest.first_day, rest.last_day, rest.amount) == (
            date(2026, 12, 16),
            date(2026, 12, 31),
            Decimal("160.00"),
        )
        assert january.amount == Decimal("310.00")

    async def test_a_plan_that_arrives_after_its_lifting_stays_lifted_X3(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
        await rig.billing.plan_end(plan("2026-12-15"))
        await rig.billing.lift_end("case-1")
        await rig.billing.plan_end(plan("2026-12-15"))
        # As when an attempt that was given up acts after all.
        await rig.billing.lift_end("case-2")
        await rig.billing.plan_end(plan("2026-12-15", case_id="case-2"))
        assert await rig.billing.charge_month(2027, 1) == 1

    async def test_only_the_case_that_planned_can_lift_X3(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
        await rig.billing.plan_end(plan("2026-12-15"))
        await rig.billing.lift_end("case-2")
        assert await rig.billing.charge_month(2027, 1) == 0

    async def test_a_customer_who_comes_back_is_charged_again_X1(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
        await rig.billing.plan_end(plan("2026-12-15"))
        await rig.billing.close(await rig.formalized("2026-12-15"))
        await rig.customer(subscription("novo", "280.00", "2027-02-01"))
        assert await rig.billing.charge_month(2027, 2) == 1
        assert await rig.billing.undue("1042", date(2026, 12, 15)) == []

    # ------------------------------------------------------------ the watch

    async def test_watch_voids_what_appears_after_closing_X10(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
        await rig.billing.close(await rig.formalized("2026-12-15"))
        await rig.customer(
            charges=(
                charge("stray", "pabx", "2027-01-01", "2027-01-31", "310.00"),
                charge("billed", "pabx", "2027-02-01", "2027-02-28", "310.00", invoiced=True),
            )
        )
        found = await rig.billing.undue("1042", date(2026, 12, 15))
        assert [(one.charge_id, one.invoiced) for one in found] == [("stray", False), ("billed", True)]
        watch = BillingWatch(case_id="case-1", customer_id="1042", last_day=date(2026, 12, 15), at=NOON)
        assert [one.charge_id for one in await rig.billing.void_undue(watch)] == ["stray"]
        assert [one.charge_id for one in await rig.billing.void_undue(watch)] == ["stray"]
        left = await rig.billing.undue("1042", date(2026, 12, 15))
        assert [one.charge_id for one in left] == ["billed"]
        later = watch.model_copy(update={"at": NOON + timedelta(days=30)})
        assert await rig.billing.void_undue(later) == []

    # ------------------------------------------------------------ master data

    async def test_provisioning_again_resets_nothing(self, rig: BillingRig) -> None:
        order = await rig.formalized("2026-12-15")
        for _ in range(2):
            await rig.customer(
                subscription("pabx", "310.00", "2026-12-01"),
                charges=(charge("jan", "pabx", "2027-01-01", "2027-01-31", "310.00"),),
            )
            await rig.billing.close(order)
        assert (await rig.billing.read_back(order)).is_clean

    # ------------------------------------------------------------ odd amounts

    @pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e40", "10000000.01"])
    async def test_an_amount_that_is_none_is_named_and_the_rest_is_invoiced_P16_P18(
        self, rig: BillingRig, amount: str
    ) -> None:
        november = charge("nov", "pabx", "2026-11-01", "2026-11-30", "310.00")
        december = charge("dez", "pabx", "2026-12-01", "2026-12-31", "310.00", invoiced=True)
        later = charge("fev", "pabx", "2027-02-01", "2027-02-28", "310.00")
        await rig.customer(
            subscription("pabx", "310.00", "2026-11-01"),
            of_amount(subscription("ramais", "0", "2026-12-01"), amount),
            charges=tuple(of_amount(one, amount) for one in (november, december, later)),
        )
        order = await rig.formalized("2026-12-15")
        closed = await rig.billing.close(order)
        assert lines(closed) == [
            ("pabx", "2026-11-01", "2026-11-30", "310.00"),
            ("pabx", "2026-12-16", "2026-12-31", "0.00"),
            ("ramais", "2026-12-01", "2026-12-15", "0.00"),
        ]
        assert closed.invoice.total == Decimal("310.00")
        assert closed.doubtful == (
            "cobrança nov, de 01/11/2026 a 30/11/2026",
            "cobrança dez, de 01/12/2026 a 31/12/2026",
            "assinatura ramais (Assinatura ramais): valor mensal",
        )
        assert closed.doubtful_count == 3
        assert (await rig.billing.read_back(order)).is_clean
        assert await rig.billing.close(order) == closed

    async def test_of_very_many_amounts_that_are_none_the_first_are_named_P16(self, rig: BillingRig) -> None:
        odd = [of_amount(subscription(f"s{n:02d}", "0", "2026-12-01"), "NaN") for n in range(40)]
        await rig.customer(*odd)
        closed = await rig.billing.close(await rig.formalized("2026-12-15"))
        assert (len(closed.doubtful), closed.doubtful_count) == (MOST_LEFT_OUT, 40)

    async def test_an_amount_of_many_digits_is_invoiced_to_the_cent_P16(self, rig: BillingRig) -> None:
        await rig.customer(
            subscription("pabx", "310.00", "2026-11-01"),
            charges=(charge("nov", "pabx", "2026-11-01", "2026-11-30", f"309.99{'5' * 500}"),),
        )
        closed = await rig.billing.close(await rig.formalized("2026-11-30"))
        assert (str(closed.invoice.total), closed.doubtful) == ("310.00", ())

    @pytest.mark.parametrize("amount", ["NaN", "Infinity"])
    async def test_the_monthly_run_leaves_out_a_subscription_without_an_amount_P16(
        self, rig: BillingRig, amount: str
    ) -> None:
        await rig.customer(
            of_amount(subscription("a", "0", "2026-11-01"), amount), subscription("b", "31.00", "2026-11-01")
        )
        assert await rig.billing.charge_month(2026, 12) == 1

    async def test_an_undue_charge_without_an_amount_is_found_and_voided_X10(self, rig: BillingRig) -> None:
        await rig.customer(
            subscription("pabx", "310.00", "2026-11-01"),
            charges=(of_amount(charge("jan", "pabx", "2027-01-01", "2027-01-31", "0"), "NaN"),),
        )
        watch = BillingWatch(case_id="case-1", customer_id="1042", last_day=date(2026, 12, 15), at=NOON)
        assert [one.amount for one in await rig.billing.void_undue(watch)] == [None]
        assert await rig.billing.undue("1042", date(2026, 12, 15)) == []
