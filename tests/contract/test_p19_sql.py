"""P19 typed by hand: what PostgreSQL refuses to anybody, whatever program or person asks."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.pool import Pool
from cancellation.adapters.postgres.telephony import PostgresTelephony
from cancellation.adapters.postgres.warrants import order_act
from cancellation.domain.values import PortStatus
from cancellation.messages.telephony import Shutdown
from cancellation.ports import DestructionForbidden, PermanentRefusal
from tests.contract import cases
from tests.contract.guarded import until_somebody_waits
from tests.contract.telephony_suite import LEASED, OWNED, port

REFUSED = asyncpg.IntegrityConstraintViolationError
TABLES = ("resources", "numbers")
ENDS, LATER = "2026-12-23T03:00:00Z", "2026-12-24T12:00:00Z"
EARLY = "2026-12-23T02:59:59.999999Z"


ENTRY = """
    insert into crm.trail (case_id, seq, at, actor, kind, detail) values ('{0}', {1}, now(), 'x', 'y', 'z')
"""


def destroy(table: str, *, case: str = "case-a", ends: str = ENDS, at: str = LATER) -> str:
    """What somebody would type to deactivate and release customer 1042."""
    return f"""
        update telephony.{table} set deactivated_at = '{at}', released_at = '{at}', warrant_case = '{case}',
            warrant_notice_ends_at = '{ends}' where customer_id = '1042'
    """


async def in_use(pool: Pool, table: str, status: str = "active") -> int:
    count: int = await pool.fetchval(
        f"select count(*) from telephony.{table} where customer_id = '1042' and status = $1", status
    )
    return count


@pytest.mark.parametrize("table", TABLES)
async def test_a_good_warrant_passes_P19(formalized: Pool, table: str) -> None:
    before = await in_use(formalized, table)
    await formalized.execute(destroy(table))
    assert await in_use(formalized, table) == 0
    assert await in_use(formalized, table, "released") == before > 0


@pytest.mark.parametrize("table", TABLES)
async def test_no_formalization_P19(pool: Pool, table: str) -> None:
    with pytest.raises(REFUSED):
        await pool.execute(destroy(table))
    assert await in_use(pool, table) > 0


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "typed",
    [
        "update telephony.{table} set deactivated_at = '2027-01-01'",
        "update telephony.{table} set released_at = '2027-01-01'",
        "update telephony.{table} set deactivated_at = now(), released_at = now(), warrant_case = 'case-a'",
        "update telephony.{table} set released_at = '2027-01-01', warrant_case = 'case-a',"
        f" warrant_notice_ends_at = '{ENDS}' where customer_id = '1042'",
        f"update telephony.{{table}} set deactivated_at = '{EARLY}', warrant_case = 'case-a',"
        f" warrant_notice_ends_at = '{ENDS}' where customer_id = '1042'",
        f"update telephony.{{table}} set deactivated_at = '{LATER}', released_at = '{EARLY}',"
        f" warrant_case = 'case-a', warrant_notice_ends_at = '{ENDS}' where customer_id = '1042'",
        "update telephony.{table} set status = 'released'",
        "update telephony.{table} set warrant_in_force = false",
        "update telephony.{table} set customer_id = '2001' where customer_id = '1042'",
        "delete from telephony.{table}",
        "delete from telephony.{table} where customer_id = '1042'",
        "truncate telephony.{table}",
        "truncate telephony.{table} cascade",
    ],
)
async def test_variants_typed_by_hand_are_refused_P19(refusing: Pool, table: str, typed: str) -> None:
    with pytest.raises((REFUSED, asyncpg.GeneratedAlwaysError)):
        await refusing.execute(typed.format(table=table))
    assert await in_use(refusing, table) > 0


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "warrant",
    [
        {"at": EARLY},
        {"at": "-infinity"},
        {"case": "case-b"},
        {"case": "case-b", "ends": "2026-12-21T03:00:00Z"},
        {"case": "case-c"},
        {"ends": "2026-12-22T03:00:00Z"},
        {"ends": "-infinity"},
    ],
)
async def test_a_warrant_that_is_not_good_is_refused_P19(
    refusing: Pool, table: str, warrant: dict[str, str]
) -> None:
    with pytest.raises(REFUSED):
        await refusing.execute(destroy(table, **warrant))
    assert await in_use(refusing, table) > 0


@pytest.mark.parametrize("table", TABLES)
async def test_a_withdrawn_formalization_gives_no_warrant_P19(formalized: Pool, table: str) -> None:
    state = await PostgresCrm(formalized).formalization("case-a")
    assert state is not None
    await cases.withdraw(PostgresCrm(formalized), state)
    with pytest.raises(REFUSED):
        await formalized.execute(destroy(table))
    assert await in_use(formalized, table) > 0


@pytest.mark.parametrize("at", [EARLY, "-infinity"])
async def test_a_row_inserted_as_destroyed_needs_its_warrant_too_P19(refusing: Pool, at: str) -> None:
    for case, when in (("case-b", LATER), ("case-a", at)):
        with pytest.raises(REFUSED):
            await refusing.execute(
                f"""
                insert into telephony.resources (customer_id, kind, resource_id, label, deactivated_at,
                    released_at, warrant_case, warrant_notice_ends_at)
                values ('1042', 'extension', '999', 'x', '{when}', '{when}', '{case}', '{ENDS}')
                """
            )


@pytest.mark.parametrize("table", TABLES)
async def test_what_was_destroyed_stays_on_record_P19(formalized: Pool, table: str) -> None:
    await formalized.execute(destroy(table))
    for change in (
        "deactivated_at = null, released_at = null, warrant_case = null, warrant_notice_ends_at = null",
        "released_at = null",
        "released_at = '2027-02-01'",
        "warrant_case = 'case-b'",
    ):
        with pytest.raises(REFUSED):
            await formalized.execute(f"update telephony.{table} set {change} where customer_id = '1042'")
    assert await in_use(formalized, table, "released") > 0


@pytest.mark.parametrize("table", TABLES)
async def test_nothing_is_revoked_once_a_destructive_row_refers_to_it_P19(
    formalized: Pool, table: str
) -> None:
    await formalized.execute(destroy(table))
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await formalized.execute(
            "update crm.formalizations set in_force = false, revoked_at = now() where case_id = 'case-a'"
        )


async def test_an_act_is_ordered_under_a_good_warrant_only_P19(formalized: Pool) -> None:
    typed = """
        insert into crm.destructive_acts (case_id, customer_id, act, ordered_at, warrant_notice_ends_at)
        values ('{0}', '1042', 'x', '{1}', '{2}')
    """
    for case, at, ends in (("case-a", EARLY, ENDS), ("case-b", LATER, ENDS), ("case-a", LATER, EARLY)):
        with pytest.raises(REFUSED):
            await formalized.execute(typed.format(case, at, ends))
    await formalized.execute(typed.format("case-a", ENDS, ENDS))
    for change in ("delete from crm.destructive_acts", "update crm.destructive_acts set act = 'y'"):
        with pytest.raises(REFUSED):
            await formalized.execute(change)


# ---------------------------------------------------------------------------------------- numbers, trail


@pytest.mark.parametrize(
    "typed",
    [
        "update telephony.numbers set port_id = 999 where number = '{owned}'",
        "update telephony.numbers set port_id = {port} where number = '{owned}'",
        "update telephony.numbers set port_id = {port} where number = '{leased}'",
        "update telephony.numbers set port_id = {leased_port} where number = '{leased}'",
        "update telephony.numbers set port_id = {leased_port} where number = '{owned}'",
        "update telephony.numbers set port_status = 'completed'",
        "update telephony.numbers set customer_owned = false",
        "update telephony.numbers set number = '+551100000000' where number = '{owned}'",
        "update telephony.portability set status = 'completed'",
        "delete from telephony.portability",
    ],
)
async def test_a_number_leaves_only_by_a_completed_port_of_its_own_P9(refusing: Pool, typed: str) -> None:
    await PostgresTelephony(refusing).record_port(port(PortStatus.REQUESTED))
    await refusing.execute(
        """
        insert into telephony.portability (case_id, customer_id, number, status, at)
        values ('case-a', '1042', $1, 'completed', '2026-12-01') on conflict do nothing
        """,
        LEASED,
    )
    rows = await refusing.fetch("select number, id from telephony.portability")
    ports = {row["number"]: row["id"] for row in rows}
    with pytest.raises((REFUSED, asyncpg.GeneratedAlwaysError)):
        await refusing.execute(
            typed.format(owned=OWNED, leased=LEASED, port=ports[OWNED], leased_port=ports[LEASED])
        )
    assert await in_use(refusing, "numbers") == 3


@pytest.mark.parametrize(
    "typed",
    [
        "update crm.trail set detail = 'outro' where seq = 1",
        "update crm.trail set seq = 9 where seq = 2",
        "delete from crm.trail where seq = 2",
        "delete from crm.trail where false",
        "truncate crm.trail",
        ENTRY.format("case-a", 2),
        ENTRY.format("case-a", 4),
        ENTRY.format("none", 1),
        "update crm.originals set raw = ''",
        "delete from crm.originals",
    ],
)
async def test_the_trail_and_the_originals_only_grow_P20(refusing: Pool, typed: str) -> None:
    await PostgresCrm(refusing).keep_original(b"raw", cases.RECEIVED)
    with pytest.raises(REFUSED):
        await refusing.execute(typed)
    assert await PostgresCrm(refusing).trail("case-a") == list(cases.trail(1, 2))


async def test_an_entry_typed_by_hand_is_chained_by_the_database_P20(formalized: Pool) -> None:
    await formalized.execute(
        """
        insert into crm.trail (case_id, seq, at, actor, kind, detail, prev_hash, hash) values
        ('case-a', 3, now(), 'à mão', 'note', 'um', '\\x00', '\\x00'),
        ('case-a', 4, now(), 'x', 'note', '', '', '')
        """
    )
    check = await PostgresCrm(formalized).verify_trail("case-a")
    assert (check.entries, check.intact) == (4, True)


@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [
        ("update crm.trail set detail = 'outro' where case_id = 'case-a' and seq = 2", 2),
        ("update crm.trail set at = at + interval '1 microsecond' where case_id = 'case-a' and seq = 1", 1),
        ('update crm.trail set problems = \'[{"field": "a", "problem": "b"}]\' where seq = 3', 3),
        ("update crm.trail set message_id = '' where case_id = 'case-a' and seq = 3", 3),
        ("update crm.trail set kind = 'other' where case_id = 'case-a' and seq = 2", 2),
        ("update crm.trail set salt = sha256('') where case_id = 'case-a' and seq = 2", 2),
        ("update crm.trail set commitment = sha256('') where case_id = 'case-a' and seq = 2", 2),
        (
            "update crm.trail set detail = 'outro',"
            " commitment = crm.trail_commitment(salt, actor, 'outro', message_id, problems) where seq = 3",
            3,
        ),
        ("delete from crm.trail where case_id = 'case-a' and seq = 2", 2),
        ("delete from crm.trail where case_id = 'case-a' and seq = 4", 4),
        ("update crm.trail set seq = 9 where case_id = 'case-a' and seq = 4", 4),
    ],
)
async def test_a_change_behind_the_guards_shows_X13(formalized: Pool, tampering: str, broken_at: int) -> None:
    await PostgresCrm(formalized).record(cases.record(stage="notice", trail=cases.trail(3, 4)))
    async with formalized.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(tampering)
    check = await PostgresCrm(formalized).verify_trail("case-a")
    assert (check.intact, check.broken_at) == (False, broken_at)


async def test_the_personal_text_of_an_entry_can_go_whole_and_the_chain_still_holds_X13(
    formalized: Pool,
) -> None:
    crm = PostgresCrm(formalized)
    await crm.record(cases.record(stage="notice", trail=cases.trail(3, 4)))
    before = await crm.verify_trail("case-a")
    async with formalized.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(
            """
            update crm.trail
            set actor = '(apagado)', detail = '(apagado)', message_id = null, problems = '[]', salt = null
            where case_id = 'case-a' and seq in (2, 4)
            """
        )
        with pytest.raises(asyncpg.CheckViolationError):
            async with connection.transaction():
                await connection.execute("update crm.trail set salt = null where seq = 3")
    after = await crm.verify_trail("case-a")
    assert (before.erased, after.erased) == (0, 2)
    assert after == before.model_copy(update={"erased": 2})


async def test_revoking_waits_for_a_destruction_under_way_and_then_fails_P19(formalized: Pool) -> None:
    state = await PostgresCrm(formalized).formalization("case-a")
    assert state is not None
    async with formalized.acquire() as connection:
        async with connection.transaction():
            await connection.execute(destroy("resources"))
            withdrawal = asyncio.ensure_future(cases.withdraw(PostgresCrm(formalized), state))
            await until_somebody_waits(formalized)
        with pytest.raises(PermanentRefusal):
            await withdrawal
    assert await in_use(formalized, "resources", "released") == 7
    assert [case.outcome for case in await PostgresCrm(formalized).list_cases(customer_id="1042")] == [None]


async def test_a_destruction_waits_for_a_revocation_under_way_and_then_fails_P19(formalized: Pool) -> None:
    state = await PostgresCrm(formalized).formalization("case-a")
    assert state is not None
    async with formalized.acquire() as connection:
        async with connection.transaction():
            await connection.execute(
                "update crm.formalizations set in_force = false, revoked_at = now() where case_id = 'case-a'"
            )
            shutdown = Shutdown(warrant=cases.warrant(state))
            destruction = asyncio.ensure_future(PostgresTelephony(formalized).deactivate(shutdown))
            await until_somebody_waits(formalized)
        with pytest.raises(DestructionForbidden):
            await destruction
    assert await in_use(formalized, "resources") == 7


async def test_an_opening_waits_for_a_destruction_under_way_and_goes_on_with_it_X20_P19(
    formalized: Pool,
) -> None:
    crm = PostgresCrm(formalized)
    state = await crm.formalization("case-a")
    assert state is not None
    async with formalized.acquire() as connection:
        async with connection.transaction():
            await order_act(connection, cases.warrant(state), "telephony.deactivate")
            later = cases.opening(case_id="case-c", opened_at=cases.OPENED + timedelta(days=40))
            following = asyncio.ensure_future(crm.open_case(later))
            await until_somebody_waits(formalized)
        forsaken = (await following).forsaken
    assert forsaken is not None
    assert forsaken.past_no_return


async def test_every_table_with_a_warrant_follows_the_pattern_P19(refusing: Pool) -> None:
    rows = await refusing.fetch(
        """
        select c.oid::regclass::text as table_name,
            exists (
                select from pg_constraint f where f.conrelid = c.oid and f.contype = 'f' and f.convalidated
                    and f.confrelid = 'crm.formalizations'::regclass and cardinality(f.conkey) >= 4
                    and exists (
                        select from pg_attribute g where g.attrelid = c.oid and g.attnum = any(f.conkey)
                            and g.attname = 'warrant_in_force' and g.attgenerated = 's')
            ) as names_formalization_in_force,
            exists (
                select from pg_constraint k where k.conrelid = c.oid and k.contype = 'c' and k.convalidated
                    and pg_get_constraintdef(k.oid) ~ '>= warrant_notice_ends_at'
            ) as not_before_the_end,
            (select count(*) from pg_trigger t where t.tgrelid = c.oid and t.tgenabled = 'O'
                and t.tgfoid = 'crm.refuse_removal'::regproc and t.tgtype & 40 = 40) = 1 as never_removed,
            exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgenabled = 'O'
                and t.tgfoid = 'crm.change_only'::regproc) as keeps_its_customer,
            exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgenabled = 'O'
                and t.tgfoid = 'crm.refuse_ahead_of_the_clock'::regproc and t.tgtype & 20 = 20) as not_ahead
        from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relkind = 'r' and a.attname = 'warrant_notice_ends_at' and not a.attisdropped
        order by 1
        """
    )
    follows = {row["table_name"]: set(list(row.values())[1:]) for row in rows}
    assert {f"telephony.{table}" for table in TABLES} <= follows.keys()
    assert follows == {table: {True} for table in follows}
