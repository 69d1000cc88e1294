"""Brings a database's schemas up to date: numbered plain SQL files, forward only."""

import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final

import asyncpg

from cancellation.adapters.postgres import roles

logger = logging.getLogger(__name__)

_FILE_NAME: Final = re.compile(r"^(\d{3})_[a-z0-9_]+\.sql$")
_LOCK: Final = 0x43414E43
"""One advisory lock a database, so that two processes never migrate at once."""

_BOOKKEEPING: Final = """
create schema if not exists migration;
create table if not exists migration.applied (
    number     integer     primary key,
    name       text        not null,
    checksum   text        not null,
    applied_at timestamptz not null default now()
);
"""
_MARK_CLOCK: Final = """
update migration.clock set is_virtual = $1, marked_at = now() where is_virtual is distinct from $1
"""
_SET_TERM: Final = "update migration.erasure_terms set days = $2 where kind = $1"


class MigrationError(Exception):
    """The database cannot be brought up to date: what was applied is not what this program carries."""


@dataclass(frozen=True)
class Migration:
    """One step, as it is shipped."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, whatever the line ends of the checkout."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def shipped() -> list[Migration]:
    """Every migration that this program carries, in order.

    Raises:
        MigrationError: two files have the same number, or a name is not `NNN_words.sql`.
    """
    found: dict[int, Migration] = {}
    for file in resources.files(f"{__package__}.migrations").iterdir():
        if not file.name.endswith(".sql"):
            continue
        match = _FILE_NAME.match(file.name)
        if match is None:
            raise MigrationError(f"{file.name}: not a name like 001_words.sql")
        number = int(match[1])
        if number in found:
            raise MigrationError(f"{file.name} and {found[number].name} have the same number")
        found[number] = Migration(number, file.name, file.read_text(encoding="utf-8"))
    return [found[number] for number in sorted(found)]


async def migrate(
    database_url: str,
    *,
    virtual_clock: bool | None = None,
    erasure_terms: Mapping[str, int] | None = None,
) -> list[str]:
    """Apply what is missing, in order and in one transaction; answer with the names of what was applied.

    Safe to run twice and from several processes at once: the later ones wait, then find nothing to do. A
    migration that was applied is never touched again. Roles are made where whoever is connected may make them, and
    what each of them may do is written anew (`roles.py`).

    Args:
        database_url: of the owner.
        virtual_clock: whether time is skipped there, so that acts may be ahead of the server's clock: the embedded
            home and tests alone; None: the mark stays, and a fresh database is strict (P19).
        erasure_terms: after how many days from its end what may be erased, by kind (LGPD); None: they stay.

    Raises:
        MigrationError: an applied migration was edited since.
    """
    connection = await asyncpg.connect(
        database_url,
        server_settings={"application_name": "cancelamento-migrate", "statement_timeout": "0"},
    )
    try:
        async with connection.transaction():
            applied = await _apply_missing(connection)
            if virtual_clock is not None:
                await connection.execute(_MARK_CLOCK, virtual_clock)
            if erasure_terms is not None:
                await connection.executemany(_SET_TERM, list(erasure_terms.items()))
            for role in await roles.grant(connection):
                logger.warning("role missing", extra={"role": role.value})
            return applied
    finally:
        await connection.close()


async def _apply_missing(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
    await connection.execute(_BOOKKEEPING)
    await roles.make_roles(connection)
    rows = await connection.fetch("select number, checksum from migration.applied")
    applied: dict[int, str] = {row["number"]: row["checksum"] for row in rows}
    done = []
    for migration in shipped():
        if migration.number in applied:
            _must_be_unchanged(migration, applied[migration.number])
            continue
        await connection.execute(migration.sql)
        await connection.execute(
            "insert into migration.applied (number, name, checksum) values ($1, $2, $3)",
            migration.number,
            migration.name,
            migration.checksum,
        )
        logger.info("migration applied", extra={"migration": migration.name})
        done.append(migration.name)
    return done


def _must_be_unchanged(migration: Migration, checksum: str) -> None:
    if checksum != migration.checksum:
        raise MigrationError(f"{migration.name} was edited after it had been applied to this database")
