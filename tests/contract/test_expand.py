"""Two versions work on one database: migrations only add, and the version of before goes on (docs/implantacao.md)."""

import re
from typing import Final

import pytest

from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.migrate import migrate, shipped
from cancellation.adapters.postgres.pool import open_pool
from cancellation.adapters.postgres.queries import queries
from cancellation.messages.seed import CustomerSeed
from tests.contract.cases import customer, formalization, opening, record, task, trail
from tests.contract.test_queries import OURS

FREE_UNTIL: Final = 119
"""The migrations of before the first release: nothing had been deployed that could work beside them."""
CONTRACTS: Final = re.compile(r"^-- contract: \S.{20,}", re.MULTILINE)
"""How a migration says that it takes away what no version in service reads any more, and why that is so."""
_TAKES_AWAY: Final = re.compile(
    r"""
    \bdrop\s+(?:table|schema|column|view|type|function|sequence)\b
    | \brename\s+(?:to|column|constraint)\b
    | \balter\s+(?:column\s+)?\w+\s+(?:set\s+data\s+)?type\b
    | \bset\s+not\s+null\b
    | \bset\s+schema\b
    | \badd\s+column\b(?:(?!\bdefault\b|\bgenerated\b)[^;,])*\bnot\s+null\b(?:(?!\bdefault\b)[^;,])*[;,]
    """,
    re.IGNORECASE | re.VERBOSE,
)


def takes_away(sql: str) -> str | None:
    """What in a migration a version of before would miss, or could not write any more; None: nothing."""
    found = _TAKES_AWAY.search(re.sub(r"--.*", "", sql))
    return None if found is None or CONTRACTS.search(sql) else " ".join(found[0].split())


def test_no_migration_takes_away_what_a_version_beside_it_needs() -> None:
    taking = {one.name: takes_away(one.sql) for one in shipped() if one.number > FREE_UNTIL}
    assert {name: what for name, what in taking.items() if what} == {}


@pytest.mark.parametrize(
    "sql",
    [
        "alter table crm.cases drop column stage;",
        "drop table crm.tasks;",
        "alter table crm.cases rename column stage to phase;",
        "alter table crm.cases alter column stage type integer;",
        "alter table crm.cases alter column request set not null;",
        "alter table crm.cases add column region text not null;",
        "alter table crm.cases add column a text, add column b text not null, add column c text;",
    ],
)
def test_what_takes_something_away_is_recognised(sql: str) -> None:
    assert takes_away(sql)
    assert takes_away(f"-- contract: nothing in service reads it since 0.3.0.\n{sql}") is None


@pytest.mark.parametrize(
    "sql",
    [
        "alter table crm.cases add column region text;",
        "alter table crm.cases add column region text not null default '';",
        "alter table crm.cases add column region text generated always as (request ->> 'region') stored not null;",
        "create table crm.regions (name text not null);",
        "-- drop table crm.tasks;\ncreate index on crm.tasks (team);",
        "drop trigger tell on crm.trail;",
    ],
)
def test_what_only_adds_is_none(sql: str) -> None:
    assert takes_away(sql) is None


_ADDED: Final = """
select format('alter table %I.%I add column added_later text not null default %L', schemaname, tablename, 'x')
from pg_tables where schemaname not in ('pg_catalog', 'information_schema')
"""


async def test_a_version_of_before_works_on_a_database_to_which_columns_were_added(
    empty_database: str,
) -> None:
    await migrate(empty_database)
    pool = await open_pool(empty_database, max_size=2)
    async with pool.acquire() as connection:
        for (statement,) in await connection.fetch(_ADDED):
            await connection.execute(statement)
        for file, name in sorted(OURS):
            await connection.prepare(queries(file)[name])
    crm = PostgresCrm(pool)
    await crm.provision(CustomerSeed(customer=customer()))
    await crm.open_case(opening())
    whole = record(
        trail=trail(1, 4), open_tasks=(task("d30"),), formalization=formalization(), stage="notice"
    )
    assert (await crm.record(whole)).taken
    assert {one.order.key for one in await crm.tasks()} == {"commercial", "d30"}
    assert (await crm.verify_trail("case-a")).intact
    assert (await crm.formalization("case-a")) is not None
    await pool.close()
