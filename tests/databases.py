"""Migrated databases for tests: emptied and given on, for each that is made anew costs a quarter of a second."""

import uuid
from collections.abc import Sequence
from typing import Final

import asyncpg

from cancellation.adapters.postgres.migrate import migrate
from embedded import EmbeddedPostgres

_TEMPLATE: Final = "migrated_template"
_SHAPE: Final = """
select array[
    (select count(*) from pg_class), (select count(*) from pg_proc), (select count(*) from pg_namespace),
    (select count(*) from pg_trigger where tgenabled = 'O'), (select count(*) from pg_constraint where convalidated),
    (select count(*) from pg_class c, aclexplode(c.relacl)), (select count(*) from migration.clock where is_virtual),
    (select sum(days) from migration.erasure_terms)]
"""
"""What no test may change of a database that another one gets."""
_TABLES: Final = """
select format('%I.%I', schemaname, tablename) from pg_tables
where schemaname not in ('pg_catalog', 'information_schema', 'migration')
"""
_SEQUENCES: Final = """
select setval(format('%I.%I', schemaname, sequencename), start_value, false) from pg_sequences
where last_value is not null
"""
_OTHERS: Final = """
select pg_terminate_backend(pid, 5000) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""


class Databases:
    """Those of one server, each used by one test at a time."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._free: list[str] = []
        self._tables: Sequence[str] = ()
        self._shape: list[int] = []

    async def make(self, template: str = "template1") -> str:
        """A new database; its name."""
        name = f"test_{uuid.uuid4().hex}"
        connection = await asyncpg.connect(self._server.url_of("postgres"))
        try:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        finally:
            await connection.close()
        return name

    async def remove(self, name: str) -> None:
        """Drop it, whoever is connected."""
        connection = await asyncpg.connect(self._server.url_of("postgres"))
        try:
            await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        finally:
            await connection.close()

    async def take(self) -> str:
        """A migrated database with nothing in it; its name."""
        if self._free:
            return self._free.pop()
        if not self._tables:
            await self._make_template()
        return await self.make(_TEMPLATE)

    async def give_back(self, name: str) -> None:
        """Empty it for the next test; one whose schemas a test has changed is dropped."""
        connection = await asyncpg.connect(self._server.url_of(name))
        try:
            await connection.fetch(_OTHERS)
            sound = await connection.fetchval(_SHAPE) == self._shape
            if sound:
                await self._empty(connection)
        finally:
            await connection.close()
        if sound:
            self._free.append(name)
        else:
            await self.remove(name)

    async def _empty(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        filled = " union all ".join(
            f"select '{one}' where exists (select from {one})" for one in self._tables
        )
        # As a replica it obeys no trigger: the records' own forbid removal.
        statements = [f"delete from {table}" for (table,) in await connection.fetch(filled)]
        await connection.execute(";".join(["set session_replication_role = replica", *statements]))
        await connection.execute(_SEQUENCES)

    async def _make_template(self) -> None:
        connection = await asyncpg.connect(self._server.url_of("postgres"))
        await connection.execute(f'CREATE DATABASE "{_TEMPLATE}"')
        await connection.close()
        await migrate(self._server.url_of(_TEMPLATE), virtual_clock=True)
        connection = await asyncpg.connect(self._server.url_of(_TEMPLATE))
        self._tables = [table for (table,) in await connection.fetch(_TABLES)]
        self._shape = await connection.fetchval(_SHAPE)
        await connection.close()
