"""The billing suites, up to closing and afterwards, over memory and over a real PostgreSQL."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import asyncpg
import pytest
from pydantic import ValidationError

from cancellation.adapters.crm_views import ReadableCrm
from cancellation.adapters.memory.billing import MemoryBilling
from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.messages.billing import BillingClosed, BillingClosure
from cancellation.messages.crm import Customer
from cancellation.messages.seed import ChargeSeed, CustomerSeed, SubscriptionSeed
from cancellation.ports import DestructionForbidden
from tests.contract import billing_watch_suite as afterwards
from tests.contract import cases
from tests.contract.billing_suite import BillingRig, BillingSuite, charge, closure, plan, subscription
from tests.contract.billing_watch_suite import JANUARY, BillingWatchSuite
from tests.contract.formalized import MemoryFormalizations, PostgresFormalizations


class TestMemoryBilling(BillingSuite, BillingWatchSuite):
    @pytest.fixture
    def rig(self) -> BillingRig:
        formalizations = MemoryFormalizations()
        return BillingRig(MemoryBilling(formalizations.of), formalizations)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    opened = await open_pool(database)
    yield opened
    await opened.close()


@pytest.fixture
def postgres_rig(pool: Pool) -> BillingRig:
    return BillingRig(PostgresBilling(pool), PostgresFormalizations(pool))


class TestPostgresBilling(BillingSuite, BillingWatchSuite):
    @pytest.fixture
    def rig(self, postgres_rig: BillingRig) -> BillingRig:
        return postgres_rig


async def test_twenty_closings_and_monthly_runs_at_once_leave_one_invoice_P16(
    postgres_rig: BillingRig, pool: Pool
) -> None:
    await postgres_rig.customer(
        subscription("pabx", "310.00", "2026-11-01"),
        charges=(charge("jan", "pabx", "2027-01-01", "2027-01-31", "310.00"),),
    )
    order = await postgres_rig.formalized("2026-12-15")
    billing = postgres_rig.billing
    done = await asyncio.gather(
        *(billing.close(order) for _ in range(10)), *(billing.charge_month(2026, 12) for _ in range(10))
    )
    closings = [one for one in done if isinstance(one, BillingClosed)]
    assert len({closed.model_dump_json() for closed in closings}) == 1
    assert await pool.fetchval("select count(*) from billing.invoices") == 1
    assert (await billing.read_back(order)).is_clean


STOP = """
update billing.subscriptions
   set stopped_on = $1, stopped_at = $2, warrant_case = $3, warrant_notice_ends_at = $4
"""
ENDS_AT = datetime(2026, 12, 16, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "statement",
    [
        "update billing.subscriptions set stopped_on = '2026-12-15'",
        "update billing.subscriptions set stopped_on = '2026-12-15', stopped_at = '2027-01-01'",
        "update billing.subscriptions set ended_on = '2026-12-15'",
        "update billing.subscriptions set started_on = '2099-12-15'",
        "update billing.subscriptions set customer_id = '2077'",
        "delete from billing.subscriptions",
        "truncate billing.subscriptions cascade",
        "delete from billing.charges",
        "truncate billing.charges cascade",
        "update billing.charges set status = 'void'",
        "update billing.charges set amount = 0",
        "update billing.charges set last_day = first_day",
        """insert into billing.subscriptions (subscription_id, customer_id, description, monthly, started_on,
                                              stopped_on)
           values ('x', '1042', '', 1, '2026-01-01', '2026-12-15')""",
        """insert into billing.invoices (invoice_id, case_id, customer_id, last_day, issued_at, total,
                                         warrant_notice_ends_at)
           values ('x', 'case-9', '1042', '2026-12-15', '2027-01-01', 0, '2026-12-16 03:00Z')""",
    ],
)
async def test_no_statement_typed_by_hand_stops_billing_without_formalization_P19(
    postgres_rig: BillingRig, pool: Pool, statement: str
) -> None:
    await postgres_rig.customer(
        subscription("pabx", "310.00", "2026-12-01"),
        charges=(charge("jan", "pabx", "2027-01-01", "2027-01-31", "310.00"),),
    )
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await pool.execute(statement)


@pytest.mark.parametrize(
    ("stopped_on", "stopped_at", "case_id", "ends_at"),
    [
        (date(2026, 12, 15), ENDS_AT.replace(hour=2), "case-1", ENDS_AT),  # an hour early
        (date(2026, 12, 14), ENDS_AT, "case-1", ENDS_AT),  # a day of the notice left out
        (date(2026, 12, 15), ENDS_AT, "case-2", ENDS_AT),  # another customer's
        (date(2026, 12, 15), ENDS_AT, "case-3", ENDS_AT),  # nobody's
        (date(2026, 11, 15), ENDS_AT, "case-1", ENDS_AT.replace(month=11)),  # an end that is not the notice's
    ],
)
async def test_no_false_warrant_stops_billing_P19(
    postgres_rig: BillingRig,
    pool: Pool,
    stopped_on: date,
    stopped_at: datetime,
    case_id: str,
    ends_at: datetime,
) -> None:
    await postgres_rig.customer(subscription("pabx", "310.00", "2026-12-01"))
    await postgres_rig.formalized("2026-12-15")
    await postgres_rig.formalized("2026-12-15", case_id="case-2", customer_id="2077")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await pool.execute(STOP, stopped_on, stopped_at, case_id, ends_at)
    await pool.execute(STOP, date(2026, 12, 15), ENDS_AT, "case-1", ENDS_AT)


async def test_a_stop_stays_and_its_formalization_cannot_be_revoked_P19(
    postgres_rig: BillingRig, pool: Pool
) -> None:
    await postgres_rig.customer(subscription("pabx", "310.00", "2026-12-01"))
    await postgres_rig.billing.close(await postgres_rig.formalized("2026-12-15"))
    for statement in (
        "update billing.subscriptions set stopped_on = null, stopped_at = null, warrant_case = null, "
        "warrant_notice_ends_at = null",
        "update crm.formalizations set in_force = false, revoked_at = now()",
        "update billing.invoices set total = 0",
        "delete from billing.invoice_lines",
        "update billing.invoice_lines set amount = 0",
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await pool.execute(statement)


async def test_a_second_case_of_a_customer_who_came_back_bills_its_own_days_X1(
    postgres_rig: BillingRig, pool: Pool
) -> None:
    await postgres_rig.customer(
        subscription("pabx", "310.00", "2026-12-01"),
        charges=(charge("dec", "pabx", "2026-12-01", "2026-12-31", "310.00", invoiced=True),),
    )
    await postgres_rig.billing.close(await postgres_rig.formalized("2026-12-15"))
    await PostgresFormalizations(pool).end("case-1")
    await postgres_rig.customer(subscription("novo", "280.00", "2027-02-01"))
    again = await postgres_rig.billing.close(await postgres_rig.formalized("2027-02-28", case_id="case-2"))
    assert [(line.subscription_id, line.amount) for line in again.invoice.lines] == [
        ("novo", Decimal("280.00"))
    ]
    assert (await postgres_rig.billing.read_back(closure("2027-02-28", case_id="case-2"))).is_clean


def _random_account(rng: random.Random, customer_id: str) -> CustomerSeed:
    """Up to three subscriptions with charges of any kind around the end, some overlapping."""
    base = date(2027, 10, 1)

    def some_day(span: int) -> date:
        return base + timedelta(days=rng.randrange(span))

    subscriptions, charges = [], []
    for place in range(rng.randrange(4)):
        started_on = some_day(170)
        name = f"{customer_id}-s{place}"
        subscriptions.append(
            SubscriptionSeed(
                subscription_id=name,
                description="Assinatura",
                monthly=Decimal(rng.randrange(100_000)) / 100,
                started_on=started_on,
                ended_on=rng.choice([None, None, started_on + timedelta(days=rng.randrange(90))]),
                billed_through=rng.choice([None, None, some_day(120)]),
            )
        )
        for number in range(rng.randrange(6)):
            first_day = some_day(200)
            charges.append(
                ChargeSeed(
                    charge_id=f"{name}-c{number}",
                    subscription_id=name,
                    first_day=first_day,
                    last_day=first_day + timedelta(days=rng.randrange(62)),
                    amount=Decimal(rng.randrange(100_000)) / 100,
                    invoiced=rng.random() < 0.5,
                )
            )
    customer = Customer(customer_id=customer_id, name="Qualquer")
    return CustomerSeed(customer=customer, subscriptions=tuple(subscriptions), charges=tuple(charges))


async def test_any_account_closes_clean_and_both_adapters_agree_P16(
    postgres_rig: BillingRig,
) -> None:
    rng = random.Random(16)
    formalizations = MemoryFormalizations()
    memory_rig = BillingRig(MemoryBilling(formalizations.of), formalizations)
    for number in range(150):
        customer_id, case_id = f"c{number}", f"case-{number}"
        seed = _random_account(rng, customer_id)
        last_day = (date(2027, 12, 1) + timedelta(days=rng.randrange(100))).isoformat()
        plan_first, months = rng.random() < 0.5, rng.sample([(2027, 12), (2028, 1), (2028, 2)], 2)
        seen = []
        for rig in (memory_rig, postgres_rig):
            await rig.billing.provision(seed)
            if plan_first:
                await rig.billing.plan_end(plan(last_day, case_id=case_id, customer_id=customer_id))
            if number < 20:  # the run is over all customers; a few rounds are enough
                for year, month in months:
                    await rig.billing.charge_month(year, month)
            order = await rig.formalized(last_day, case_id=case_id, customer_id=customer_id)
            before = await rig.billing.read_back(order)
            closed = await rig.billing.close(order)
            after = await rig.billing.read_back(order)
            assert after.is_clean, seed
            assert await rig.billing.close(order) == closed
            seen.append((before, closed, after))
        assert seen[0] == seen[1], seed


@pytest.mark.parametrize("adapter", ["memory", "postgres"])
async def test_billing_closes_on_the_last_day_that_was_told_whatever_the_zones_rules_are_by_then_X23(
    pool: Pool, adapter: str
) -> None:
    crm: ReadableCrm = PostgresCrm(pool) if adapter == "postgres" else MemoryCrm()
    billing = PostgresBilling(pool) if adapter == "postgres" else MemoryBilling(crm.formalization)
    await crm.open_case(cases.opening())
    # The case was told that summer time comes to Sao Paulo; this machine does not know.
    told = cases.formalization().notice.model_copy(update={"ends_at": cases.ENDS - timedelta(hours=1)})
    given = cases.formalization(notice=told, received_on=date(2026, 11, 22), end_offset_minutes=-120)
    await crm.record(cases.record(stage="notice", formalization=given))
    state = await crm.formalization("case-a")
    assert state is not None
    order = BillingClosure(warrant=cases.warrant(state), last_day=told.last_day)
    with pytest.raises(DestructionForbidden):
        await billing.close(order.model_copy(update={"last_day": told.last_day - timedelta(days=1)}))
    await billing.close(order)
    assert (await billing.read_back(order)).is_clean


async def test_a_day_that_no_closing_could_reckon_with_is_never_recorded_P16(pool: Pool) -> None:
    new_subscription = """
        insert into billing.subscriptions
            (subscription_id, customer_id, description, monthly, started_on, ended_on, billed_through)
        values (gen_random_uuid(), '1', 'PABX', 1, $1::text::date, $2::text::date, $3::text::date)
        returning subscription_id
    """
    new_charge = """
        insert into billing.charges (charge_id, subscription_id, first_day, last_day, amount, status)
        values (gen_random_uuid(), $1, $2::text::date, $3::text::date, 1, 'open')
    """
    pabx = await pool.fetchval(new_subscription, "2026-01-01", None, None)
    await pool.execute(new_charge, pabx, "2026-01-01", "2026-01-31")
    for day in ("-infinity", "infinity", "0026-01-05", "9999-12-31"):
        for days in ((day, None, None), ("2026-01-01", day, None), ("2026-01-01", None, day)):
            with pytest.raises(asyncpg.CheckViolationError):
                await pool.execute(new_subscription, *days)
        for period in (("2026-01-01", day), (day, "2026-01-01"), (day, day)):
            with pytest.raises(asyncpg.CheckViolationError):
                await pool.execute(new_charge, pabx, *period)


def test_every_day_that_a_seed_names_can_be_reckoned_with_P16() -> None:
    given = {"subscription_id": "pabx", "description": "PABX", "charge_id": "jan", "monthly": 1, "amount": 1}
    for kind in (SubscriptionSeed, ChargeSeed):
        sound = {name: given.get(name, "2026-01-05") for name in kind.model_fields if name != "invoiced"}
        kind.model_validate(sound)
        days = sound.keys() - given.keys()
        assert len(days) > 1
        for day in days:
            with pytest.raises(ValidationError, match=day):
                kind.model_validate(sound | {day: "0026-01-05"})


# ---------------------------------------------------------------------------------------- after a customer has left


async def test_the_database_voids_nothing_that_was_paid_whoever_asks_X10(
    postgres_rig: BillingRig, pool: Pool
) -> None:
    await afterwards.closed(postgres_rig)
    await postgres_rig.customer(charges=(charge("jan", "pabx", *JANUARY, invoiced=True),))
    await afterwards.knows(postgres_rig, afterwards.paid("jan"))
    with pytest.raises(asyncpg.RestrictViolationError):
        await pool.execute(
            "update billing.charges set status = 'void', void_reason = 'undue', void_case = 'case-1', "
            "voided_at = now() where charge_id = 'jan'"
        )


@pytest.mark.parametrize(
    "statement",
    [
        "delete from billing.receivables",
        "update billing.receivables set paid = 1",
        "delete from billing.fiscal_documents",
        "update billing.fiscal_documents set issued_at = now()",
        "update billing.fiscal_documents set status = 'cancelled'",
    ],
)
async def test_payments_and_documents_stay_as_they_came_X10(
    postgres_rig: BillingRig, pool: Pool, statement: str
) -> None:
    await afterwards.closed(postgres_rig)
    await postgres_rig.customer(charges=(charge("jan", "pabx", *JANUARY, invoiced=True),))
    await afterwards.knows(postgres_rig, afterwards.paid("jan"), documents=(afterwards.document("jan"),))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await pool.execute(statement)
