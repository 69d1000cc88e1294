"""What the monitor counts in PostgreSQL: of cases, e-mails, letters and the database itself, no row of anybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from cancellation.adapters.postgres.pool import Pool
from cancellation.adapters.postgres.queries import queries

SQL: Final = queries("gauges")
BOUNDS: Final = (60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)
"""Of the time from a request to Commercial's letter, in seconds (P2)."""


@dataclass(frozen=True)
class Waiting:
    """How many wait, and for how long the oldest has: seconds, 0 where none does."""

    count: int
    oldest: float


@dataclass(frozen=True)
class Gauges:
    """Everything at one instant."""

    open_cases: Mapping[str, Waiting]
    """By stage, since the case stands there."""
    opened: Mapping[str, int]
    """By channel, all that there ever were; the same for the ended by outcome."""
    ended: Mapping[str, int]
    late_ends: int
    """Notices that have ended while their case still stands in `notice` (P15)."""
    undecided_mails: Mapping[str, Waiting]
    """Of a case (`case`) and of none (`none`), since they were received (X15)."""
    troubles: Mapping[str, Waiting]
    """By piece of work (X7, X17); `silence`: nobody acts (X19)."""
    letters: Mapping[tuple[str, str], int]
    """By audience and status, all that there ever were."""
    waiting_letters: Mapping[str, Waiting]
    """By audience, since they were written."""
    told_within: Sequence[int]
    """How many requests were told to Commercial within each of `BOUNDS` (P2)."""
    told: int
    told_seconds: float
    mails: Mapping[tuple[str, str], int]
    """By the reader's action and by what was done, all that there ever were."""
    unhandled_mails: Waiting
    """Taken, and not looked at yet."""
    formalizations: Mapping[str, int]
    """By what became of them, as the trail calls it (P7)."""
    watch_acts: Mapping[str, int]
    """What the billing watch found, by what it did about it, all that there ever was (X10)."""
    findings: Mapping[str, int]
    """By rule, what reconciliation has found and nothing has settled yet (X11)."""
    reconciled_ago: float | None
    """Seconds since the last run of reconciliation that has read every execution; None: there was none."""
    database_bytes: int
    connections: int
    """Of everybody to the whole server."""
    most_connections: int


class PostgresGauges:
    """Reads them as the role of the monitor, in one snapshot."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self) -> Gauges:
        """What there is to count now."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            late = await connection.fetchval(SQL["late_ends"])
            told = _one(await connection.fetchrow(SQL["told_commercial"], BOUNDS))
            unhandled = _one(await connection.fetchrow(SQL["unhandled_mails"]))
            server = _one(await connection.fetchrow(SQL["server"]))
            return Gauges(
                open_cases=_waiting(await connection.fetch(SQL["open_cases"])),
                opened=_counts(await connection.fetch(SQL["opened"])),
                ended=_counts(await connection.fetch(SQL["ended"])),
                late_ends=late,
                undecided_mails=_waiting(await connection.fetch(SQL["undecided_mails"])),
                troubles=_waiting(await connection.fetch(SQL["troubles"])),
                letters=_pairs(await connection.fetch(SQL["letters"])),
                waiting_letters=_waiting(await connection.fetch(SQL["waiting_letters"])),
                told_within=tuple(told["within"]),
                told=told["count"],
                told_seconds=told["sum"],
                mails=_pairs(await connection.fetch(SQL["mails"])),
                unhandled_mails=Waiting(unhandled["count"], _age(unhandled["oldest"])),
                formalizations=_counts(await connection.fetch(SQL["formalizations"])),
                watch_acts=_counts(await connection.fetch(SQL["watch_acts"])),
                findings=_counts(await connection.fetch(SQL["findings"])),
                reconciled_ago=await connection.fetchval(SQL["reconciled"]),
                database_bytes=server["bytes"],
                connections=server["connections"],
                most_connections=server["most_connections"],
            )


def _one(row: asyncpg.Record | None) -> asyncpg.Record:
    assert row is not None  # An aggregate answers with one row, always.
    return row


def _age(seconds: float | None) -> float:
    """A case's clock may run ahead of the database's where time is skipped."""
    return max(seconds or 0.0, 0.0)


def _waiting(rows: Sequence[asyncpg.Record]) -> dict[str, Waiting]:
    return {row[0]: Waiting(row["count"], _age(row["oldest"])) for row in rows}


def _counts(rows: Sequence[asyncpg.Record]) -> dict[str, int]:
    return {row[0]: row["count"] for row in rows}


def _pairs(rows: Sequence[asyncpg.Record]) -> dict[tuple[str, str], int]:
    return {(row[0], row[1]): row["count"] for row in rows}
