"""The third guard by the database's own clock, and by the policy of the case (P19): whoever asks, as whichever role."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.migrate import migrate
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.telephony import PostgresTelephony
from cancellation.adapters.postgres.warrants import order_act
from cancellation.domain.notice import notice_from
from cancellation.messages.crm import FormalizationState
from cancellation.messages.telephony import Shutdown
from cancellation.ports import PermanentRefusal
from embedded import EmbeddedPostgres
from tests.contract import cases
from tests.contract.guarded import in_service

AHEAD = asyncpg.ObjectNotInPrerequisiteStateError
NOW = datetime.now(UTC)
RUNNING, ENDED = NOW - timedelta(hours=1), NOW - timedelta(days=40)
"""When the e-mail was received: an hour ago the notice still runs, forty days ago it has ended."""

DESTROY = "deactivated_at = '{at}', released_at = '{at}', warrant_case = 'case-a', warrant_notice_ends_at = '{ends}'"
TYPED = {
    "telephony.resources": f"update telephony.resources set {DESTROY} where customer_id = '1042'",
    "telephony.numbers": f"update telephony.numbers set {DESTROY} where customer_id = '1042'",
    "telephony.platform_acts": """
        insert into telephony.platform_acts
            (case_id, customer_id, act, kind, platform_id, ordered_at, warrant_notice_ends_at)
        values ('case-a', '1042', 'release', 'number', 'x', '{at}', '{ends}')""",
    "billing.subscriptions": """
        update billing.subscriptions set stopped_on = '{last_day}', stopped_at = '{at}', warrant_case = 'case-a',
            warrant_notice_ends_at = '{ends}' where customer_id = '1042'""",
    "billing.invoices": """
        insert into billing.invoices
            (invoice_id, case_id, customer_id, last_day, issued_at, total, warrant_notice_ends_at)
        values ('x', 'case-a', '1042', '{last_day}', '{at}', 0, '{ends}')""",
    "recordings.removals": """
        insert into recordings.removals (case_id, path, customer_id, kind, size, ordered_at, warrant_notice_ends_at)
        values ('case-a', 'x', '1042', 'recording', 0, '{at}', '{ends}')""",
    "crm.destructive_acts": """
        insert into crm.destructive_acts (case_id, customer_id, act, ordered_at, warrant_notice_ends_at)
        values ('case-a', '1042', 'x', '{at}', '{ends}')""",
}
"""What somebody would type, one for every table whose rows need a warrant."""


@pytest.fixture
async def strict(database: str) -> AsyncIterator[Pool]:
    """Customer 1042 in service, in a database that is as setup leaves it."""
    await migrate(database, virtual_clock=False)
    pool = await open_pool(database, max_size=4)
    await in_service(pool)
    await pool.execute(
        "insert into billing.subscriptions (subscription_id, customer_id, description, monthly, started_on) "
        "values ('s', '1042', 'Plano', 100, '2024-01-01')"
    )
    yield pool
    await pool.close()


def typed(table: str, state: FormalizationState, at: datetime) -> str:
    return TYPED[table].format(
        at=at.isoformat(), ends=state.notice_ends_at.isoformat(), last_day=state.last_day
    )


async def rows(pool: Pool) -> dict[str, int]:
    """How many rows carry a warrant, by table."""
    return {
        table: await pool.fetchval(f"select count(*) from {table} where warrant_in_force") for table in TYPED
    }


async def test_every_table_with_a_warrant_is_tried_here_P19(strict: Pool) -> None:
    found = await strict.fetch(
        """
        select c.oid::regclass::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relkind = 'r' and a.attname = 'warrant_notice_ends_at' and not a.attisdropped
        """
    )
    assert {row["name"] for row in found} == TYPED.keys()


@pytest.mark.some(2)
@pytest.mark.parametrize("table", TYPED)
async def test_an_act_dated_ahead_while_the_notice_runs_is_refused_P15_P19(strict: Pool, table: str) -> None:
    state = await cases.formalize(PostgresCrm(strict), received_at=RUNNING)
    for at in (state.notice_ends_at, state.notice_ends_at + timedelta(days=400)):
        with pytest.raises(AHEAD):
            await strict.execute(typed(table, state, at))
    assert set((await rows(strict)).values()) == {0}


@pytest.mark.some(2)
@pytest.mark.parametrize("table", TYPED)
async def test_an_act_of_now_after_the_end_passes_and_one_of_tomorrow_does_not_P15(
    strict: Pool, table: str
) -> None:
    state = await cases.formalize(PostgresCrm(strict), received_at=ENDED)
    with pytest.raises(AHEAD):
        await strict.execute(typed(table, state, datetime.now(UTC) + timedelta(days=1)))
    await strict.execute(typed(table, state, datetime.now(UTC)))
    assert (await rows(strict))[table] > 0


async def test_what_is_refused_by_the_clock_passes_later_so_it_is_no_final_refusal_P15(strict: Pool) -> None:
    state = await cases.formalize(PostgresCrm(strict), received_at=RUNNING)
    warrant = cases.warrant(state)
    for act in (
        order_act(strict, warrant, "telephony.deactivate"),
        PostgresTelephony(strict).deactivate(Shutdown(warrant=warrant)),
    ):
        with pytest.raises(AHEAD):
            await act


@pytest.mark.parametrize("table", TYPED)
async def test_where_time_is_skipped_the_owner_has_said_so(database: str, strict: Pool, table: str) -> None:
    await migrate(database, virtual_clock=True)
    state = await cases.formalize(PostgresCrm(strict), received_at=RUNNING)
    await strict.execute(typed(table, state, state.notice_ends_at))
    assert (await rows(strict))[table] > 0


async def test_a_later_setup_leaves_the_mark_as_it_is_and_a_fresh_database_is_strict(
    postgres_server: EmbeddedPostgres, database: str, empty_database: str
) -> None:
    for url, is_virtual in ((database, True), (empty_database, False)):
        await migrate(url)
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("select is_virtual from migration.clock") is is_virtual
        await connection.close()


async def test_a_formalization_from_the_future_is_refused_P8(strict: Pool) -> None:
    crm = PostgresCrm(strict)
    with pytest.raises(AHEAD):
        await cases.formalize(crm, received_at=datetime.now(UTC) + timedelta(hours=1))
    assert await crm.formalization("case-a") is None


# ---------------------------------------------------------------------------------------- the policy


@pytest.mark.parametrize(
    ("policy", "given", "passes"), [(30, 30, True), (30, 29, False), (30, 1, False), (0, 1, True)]
)
async def test_no_notice_is_shorter_than_the_policy_of_its_case_P8_P19(
    strict: Pool, policy: int, given: int, passes: bool
) -> None:
    crm = PostgresCrm(strict)
    await crm.open_case(cases.opening(notice_days=policy))
    days = cases.POLICY.model_copy(update={"notice_days": given})
    received = NOW - timedelta(days=50)
    short = cases.formalization(
        cases.mail(received_at=received), notice=notice_from(received, days), notice_days=given
    )
    record = cases.record(stage="notice", formalization=short)
    if passes:
        await crm.record(record)
    else:
        with pytest.raises(PermanentRefusal, match="notice_of_the_policy_p8"):
            await crm.record(record)
    assert (await crm.formalization("case-a") is not None) is passes


async def test_the_policy_of_a_case_stays_P8(strict: Pool) -> None:
    await PostgresCrm(strict).open_case(cases.opening(notice_days=30))
    with pytest.raises(asyncpg.RestrictViolationError):
        await strict.execute("update crm.cases set notice_days = 1")


@pytest.mark.parametrize("is_kept", [True, False])
async def test_a_formalization_says_whether_its_e_mails_are_kept_P11(strict: Pool, is_kept: bool) -> None:
    crm = PostgresCrm(strict)
    raw = uuid.uuid4().hex.encode()
    kept = await crm.keep_original(raw if is_kept else b"another", NOW)
    assert kept.sha256
    mail = cases.mail(original_sha256=kept.sha256 if is_kept else "ab" * 32, received_at=RUNNING)
    await crm.open_case(cases.opening())
    await crm.record(cases.record(stage="notice", formalization=cases.formalization(mail)))
    assert await strict.fetchval("select originals_kept from crm.formalizations") is is_kept
    with pytest.raises(asyncpg.RestrictViolationError):
        await strict.execute("update crm.formalizations set originals_kept = not originals_kept")
