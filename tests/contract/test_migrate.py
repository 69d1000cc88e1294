"""Migrations against a real PostgreSQL."""

import asyncio
import logging

import asyncpg
import pytest

from cancellation.adapters.postgres import migrate as module
from cancellation.adapters.postgres import roles
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.migrate import Migration, MigrationError, migrate, shipped
from cancellation.adapters.postgres.pool import open_pool
from cancellation.adapters.postgres.queries import queries
from cancellation.adapters.postgres.roles import Role
from cancellation.dossier import verificar


async def test_everything_is_applied_in_order_then_nothing(empty_database: str) -> None:
    assert await migrate(empty_database) == [migration.name for migration in shipped()]
    assert await migrate(empty_database) == []


async def test_two_processes_at_once_apply_everything_once(empty_database: str) -> None:
    done = await asyncio.gather(*(migrate(empty_database) for _ in range(4)))
    assert sorted(map(len, done)) == [0, 0, 0, len(shipped())]


async def test_an_edited_migration_is_noticed(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await migrate(empty_database)
    first, *others = shipped()
    edited = Migration(first.number, first.name, first.sql + "\n-- edited")
    monkeypatch.setattr(module, "shipped", lambda: [edited, *others])
    with pytest.raises(MigrationError, match=first.name):
        await migrate(empty_database)


async def test_a_failing_migration_leaves_the_database_as_it_was(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = Migration(1, "001_good.sql", "create table public.good (id integer);")
    bad = Migration(2, "002_bad.sql", "create table public.bad (id integer); select 1 / 0;")
    monkeypatch.setattr(module, "shipped", lambda: [good, bad])
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_database)
    monkeypatch.setattr(module, "shipped", lambda: [good])
    assert await migrate(empty_database) == ["001_good.sql"]


async def test_a_later_migration_is_applied_on_top(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = Migration(1, "001_a.sql", "create table public.a (id integer);")
    second = Migration(2, "002_b.sql", "alter table public.a add column b text;")
    monkeypatch.setattr(module, "shipped", lambda: [first])
    await migrate(empty_database)
    monkeypatch.setattr(module, "shipped", lambda: [first, second])
    caplog.clear()  # Whatever level an earlier test has left, the first migration's line is not meant.
    with caplog.at_level(logging.INFO, logger=module.__name__):
        assert await migrate(empty_database) == ["002_b.sql"]
    assert [record.migration for record in caplog.records] == ["002_b.sql"]  # type: ignore[attr-defined]


async def migrate_before(database: str, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Apply what came before a migration. What roles may do is written for the tables of today."""

    async def nobody(_: object) -> list[Role]:
        return []

    everything = shipped()
    with monkeypatch.context() as before:
        before.setattr(module, "shipped", lambda: [one for one in everything if one.number < number])
        before.setattr(roles, "grant", nobody)
        await migrate(database)


ADD_CASE = (
    "insert into crm.cases (case_id, customer_id, workflow_id, protocol, stage, opened_at, request, changed_at)"
    " values ($1, $1, $1, $1, 'retention', now(), '{}', now())"
)


async def test_a_trail_of_before_is_chained_anew_with_commitments_X13(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate_before(empty_database, 80, monkeypatch)
    connection = await asyncpg.connect(empty_database)
    try:
        for case in ("a", "b"):
            await connection.execute(ADD_CASE, case)
            await connection.execute(
                "insert into crm.trail (case_id, seq, at, actor, kind, detail, message_id, problems)"
                " select $1, seq, now(), 'ana', 'note', 'texto ' || seq, 'm-' || seq,"
                """ '[{"field": "é", "problem": ""}]'"""
                " from generate_series(1, 3) seq",
                case,
            )
    finally:
        await connection.close()
    assert "080_trail_commitments.sql" in await migrate(empty_database)
    pool = await open_pool(empty_database, max_size=1)
    try:
        for case in ("a", "b"):
            check = await PostgresCrm(pool).verify_trail(case)
            assert (check.intact, check.entries, check.erased) == (True, 3, 0)
        with pytest.raises(asyncpg.RestrictViolationError):
            await pool.execute("update crm.trail set detail = 'outro'")
        with pytest.raises(asyncpg.RestrictViolationError):
            await pool.execute("update crm.cases set trail_head = ''")
    finally:
        await pool.close()


async def test_acts_of_the_watch_of_before_are_chained_anew_with_commitments_X10_X13(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate_before(empty_database, 100, monkeypatch)
    connection = await asyncpg.connect(empty_database)
    try:
        for case in ("a", "b", "empty"):
            await connection.execute(ADD_CASE, case)
            await connection.execute(
                "insert into crm.billing_watches (case_id, terms) values ($1, '{\"cycles\": 2}')", case
            )
        for case in ("a", "b"):
            await connection.execute(
                "insert into crm.watch_acts (case_id, seq, look, at, actor, kind, key, detail, facts)"
                " select $1, seq, 1, now(), 'vigia', 'voided', 'voided:' || seq, 'cobrança ' || seq, '{}'"
                " from generate_series(1, 3) seq",
                case,
            )
    finally:
        await connection.close()
    assert "100_watch_commitments.sql" in await migrate(empty_database)
    pool = await open_pool(empty_database, max_size=1)
    try:
        for case, count in (("a", 3), ("b", 3), ("empty", 0)):
            acts = [dict(row) for row in await pool.fetch(queries("evidence")["watch_acts"], case)]
            watch = await pool.fetchrow(queries("evidence")["watch"], case)
            head = bytes(32)
            for act in acts:
                head = verificar.watch_hash(head, case, act)
                assert verificar.watch_says_what_was_committed(act)
                assert act["hash"] == head.hex()
            assert watch is not None
            assert (watch["head"], len(acts)) == (head.hex(), count)
        for typed in (
            "update crm.watch_acts set detail = 'outro'",
            "update crm.billing_watches set acts_head = ''",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await pool.execute(typed)
    finally:
        await pool.close()


async def test_sessions_have_their_limits_and_speak_utc(database: str) -> None:
    pool = await open_pool(database, application_name="worker-7")
    try:
        settings = {
            name: await pool.fetchval("select current_setting($1)", name)
            for name in ("statement_timeout", "lock_timeout", "application_name", "timezone")
        }
        assert settings == {
            "statement_timeout": "8s",
            "lock_timeout": "4s",
            "application_name": "worker-7",
            "timezone": "UTC",
        }
        value = {"ção": [1, None, "a\x00b"], "k\x00": {"x": True}}
        assert await pool.fetchval("select $1::jsonb", value) == {"ção": [1, None, "ab"], "k": {"x": True}}
        assert await pool.fetchval("select $1::text", "a\x00b\ud800") == "ab?"
    finally:
        await pool.close()
