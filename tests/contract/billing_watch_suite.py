"""What every billing adapter must do after a customer has left (X10); `test_billing.py` runs it over each."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from cancellation.messages.billing import (
    Aftermath,
    BillingWatch,
    Paid,
    Remedy,
    TakeBack,
)
from cancellation.messages.crm import Customer
from cancellation.messages.seed import CustomerSeed, DocumentSeed, PaymentSeed
from cancellation.ports import PermanentRefusal
from tests.contract.billing_suite import BillingRig, charge, subscription

LAST_DAY = date(2026, 12, 15)
LATER = datetime(2027, 1, 5, 12, tzinfo=UTC)
ISSUED = datetime(2027, 1, 4, 12, tzinfo=UTC)
JANUARY = ("2027-01-01", "2027-01-31", "310.00")
FEBRUARY = ("2027-02-01", "2027-02-28", "310.00")


async def knows(
    rig: BillingRig,
    *payments: PaymentSeed,
    documents: tuple[DocumentSeed, ...] = (),
    customer_id: str = "1042",
) -> None:
    """What billing hears of payments and fiscal documents."""
    customer = Customer(customer_id=customer_id, name="Acme Comércio de Ferragens Ltda")
    await rig.billing.provision(CustomerSeed(customer=customer, payments=payments, documents=documents))


async def closed(rig: BillingRig) -> None:
    """A customer whose only contract was closed on the last day, owing 150,00."""
    await rig.customer(subscription("pabx", "310.00", "2026-12-01"))
    await rig.billing.close(await rig.formalized(str(LAST_DAY)))


async def aftermath(rig: BillingRig, case_id: str = "case-1", last_day: date = LAST_DAY) -> Aftermath:
    return await rig.billing.aftermath(case_id, "1042", last_day)


def paid(charge_id: str, amount: str = "310.00") -> PaymentSeed:
    return PaymentSeed(charge_id=charge_id, paid_on=date(2027, 1, 10), amount=Decimal(amount))


def document(charge_id: str, document_id: str = "nfcom-1", issued_at: datetime = ISSUED) -> DocumentSeed:
    return DocumentSeed(document_id=document_id, charge_id=charge_id, issued_at=issued_at)


def take_back(charge_id: str, remedy: Remedy = Remedy.VOID, at: datetime = LATER) -> TakeBack:
    return TakeBack(
        case_id="case-1", customer_id="1042", charge_id=charge_id, last_day=LAST_DAY, remedy=remedy, at=at
    )


class BillingWatchSuite:
    """Inherit it and give a `rig` fixture."""

    async def test_a_clean_closing_leaves_the_final_invoice_to_be_paid_and_nothing_undue_X10(
        self, rig: BillingRig
    ) -> None:
        await closed(rig)
        found = await aftermath(rig)
        assert (found.undue, found.taken_back, found.returned) == ((), (), False)
        assert [(one.reference, one.amount) for one in found.debts] == [("final-case-1", Decimal("150.00"))]
        assert found.debts[0].due_on is not None

    async def test_what_was_paid_of_the_final_invoice_is_no_debt_X10(self, rig: BillingRig) -> None:
        await closed(rig)
        await knows(rig, PaymentSeed(invoice_id="final-case-1"))
        assert len((await aftermath(rig)).debts) == 1
        part = PaymentSeed(invoice_id="final-case-1", paid_on=date(2026, 12, 20), amount=Decimal("150.00"))
        await knows(rig, part)
        await knows(rig, PaymentSeed(invoice_id="final-case-1"))
        assert (await aftermath(rig)).debts == ()

    async def test_billing_says_of_every_undue_charge_whether_it_was_paid_X10(self, rig: BillingRig) -> None:
        await closed(rig)
        await rig.customer(
            charges=(
                charge("open", "pabx", *JANUARY),
                charge("paid", "pabx", *JANUARY, invoiced=True),
                charge("unpaid", "pabx", *FEBRUARY, invoiced=True),
                charge("unknown", "pabx", *FEBRUARY, invoiced=True),
            )
        )
        await knows(
            rig, paid("paid", "300.00"), PaymentSeed(charge_id="unpaid"), documents=(document("paid"),)
        )
        found = {one.charge_id: one for one in (await aftermath(rig)).undue}
        assert {name: (one.invoiced, one.paid) for name, one in found.items()} == {
            "open": (False, Paid.NO),
            "paid": (True, Paid.YES),
            "unpaid": (True, Paid.NO),
            "unknown": (True, Paid.UNKNOWN),
        }
        assert found["paid"].paid_amount == Decimal("300.00")
        assert found["paid"].document is not None
        assert (found["paid"].document.document_id, found["paid"].document.issued_at) == ("nfcom-1", ISSUED)

    @pytest.mark.parametrize(
        "remedy", [Remedy.CANCEL_DOCUMENT, Remedy.SUBSTITUTE_DOCUMENT, Remedy.CREDIT_DOCUMENT]
    )
    async def test_a_charge_is_taken_back_once_with_its_fiscal_document_X10(
        self, rig: BillingRig, remedy: Remedy
    ) -> None:
        await closed(rig)
        await rig.customer(charges=(charge("jan", "pabx", *JANUARY, invoiced=True),))
        await knows(rig, PaymentSeed(charge_id="jan"), documents=(document("jan"),))
        with pytest.raises(PermanentRefusal):
            await rig.billing.take_back(take_back("jan"))
        assert await rig.billing.take_back(take_back("jan", remedy))
        again = take_back("jan", Remedy.CANCEL_DOCUMENT, LATER + timedelta(days=1))
        assert not await rig.billing.take_back(again)
        found = await aftermath(rig)
        assert found.undue == ()
        (done,) = found.taken_back
        assert (done.charge.charge_id, done.charge.amount, done.remedy, done.at) == (
            "jan",
            Decimal("310.00"),
            remedy,
            LATER,
        )
        assert done.charge.document is not None

    async def test_a_charge_of_an_invoice_without_document_is_voided_alone_X10(self, rig: BillingRig) -> None:
        await closed(rig)
        await rig.customer(charges=(charge("jan", "pabx", *JANUARY, invoiced=True),))
        await knows(rig, PaymentSeed(charge_id="jan"))
        assert await rig.billing.take_back(take_back("jan"))
        (done,) = (await aftermath(rig)).taken_back
        assert (done.remedy, done.charge.document) == (Remedy.VOID, None)

    @pytest.mark.parametrize("remedy", [Remedy.REPAY, Remedy.REVIEW])
    async def test_what_people_do_is_refused_X10(self, rig: BillingRig, remedy: Remedy) -> None:
        await closed(rig)
        await rig.customer(charges=(charge("jan", "pabx", *JANUARY),))
        with pytest.raises(PermanentRefusal):
            await rig.billing.take_back(take_back("jan", remedy))

    async def test_nothing_paid_due_or_unknown_is_taken_back_X10(self, rig: BillingRig) -> None:
        await closed(rig)
        await rig.customer(
            charges=(
                charge("paid", "pabx", *JANUARY, invoiced=True),
                charge("unknown", "pabx", *FEBRUARY, invoiced=True),
                charge("due", "pabx", "2026-11-01", "2026-11-30", "310.00", invoiced=True),
            )
        )
        await knows(rig, paid("paid"), PaymentSeed(charge_id="due"))
        before = await aftermath(rig)
        for name in ("paid", "unknown", "due", "nobody's"):
            assert not await rig.billing.take_back(take_back(name)), name
        assert await aftermath(rig) == before
        assert "due" in [one.reference for one in before.debts]

    async def test_what_is_voided_in_one_go_is_told_as_taken_back_whenever_it_was_X10(
        self, rig: BillingRig
    ) -> None:
        await closed(rig)
        await rig.customer(charges=(charge("jan", "pabx", *JANUARY), charge("feb", "pabx", *FEBRUARY)))
        await knows(rig, documents=(document("feb"),))
        watch = BillingWatch(case_id="case-1", customer_id="1042", last_day=LAST_DAY, at=LATER)
        assert [one.charge_id for one in await rig.billing.void_undue(watch)] == ["jan"]
        found = await aftermath(rig)
        assert [(one.charge.charge_id, one.remedy, one.at) for one in found.taken_back] == [
            ("jan", Remedy.VOID, LATER)
        ]
        # One with a fiscal document is taken back together with it.
        assert [one.charge_id for one in found.undue] == ["feb"]

    async def test_a_new_contract_is_seen_and_left_alone_X10(self, rig: BillingRig) -> None:
        await closed(rig)
        await rig.customer(
            subscription("novo", "280.00", "2027-02-01"),
            charges=(charge("theirs", "novo", "2027-02-01", "2027-02-28", "280.00", invoiced=True),),
        )
        await knows(rig, PaymentSeed(charge_id="theirs"))
        found = await aftermath(rig)
        assert (found.undue, found.returned) == ((), True)
        assert [one.reference for one in found.debts] == ["final-case-1"]

    async def test_a_second_contract_that_was_closed_as_well_is_no_part_of_the_first_one_X10(
        self, rig: BillingRig
    ) -> None:
        await closed(rig)
        if end := getattr(rig.formalizations, "end", None):
            await end("case-1")
        await rig.customer(
            subscription("novo", "280.00", "2027-02-01"),
            charges=(charge("feb", "novo", "2027-02-01", "2027-02-28", "280.00", invoiced=True),),
        )
        await rig.billing.close(await rig.formalized("2027-06-15", case_id="case-2"))
        assert (await aftermath(rig)).undue == ()
        assert (await aftermath(rig, "case-2", date(2027, 6, 15))).undue == ()

    async def test_an_advance_contract_that_closing_stopped_is_watched_X10(self, rig: BillingRig) -> None:
        await rig.customer(subscription("pabx", "310.00", "2027-01-10"))
        await rig.billing.close(await rig.formalized(str(LAST_DAY)))
        await rig.customer(charges=(charge("jan", "pabx", "2027-01-10", "2027-01-31", "220.00"),))
        assert [one.charge_id for one in (await aftermath(rig)).undue] == ["jan"]
