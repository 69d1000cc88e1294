"""Links, accesses and removals of recordings in PostgreSQL (P10, P19, P20)."""

from collections.abc import Sequence
from dataclasses import astuple, fields
from datetime import datetime
from typing import Final

import asyncpg

from cancellation.adapters.objectstore.layout import StoredObject
from cancellation.adapters.objectstore.ledger import Link
from cancellation.adapters.postgres.pool import Connection, Pool
from cancellation.adapters.postgres.warrants import destroying, order_act
from cancellation.messages.recordings import Access, AccessKind, PurgeReport
from cancellation.messages.warrant import Warrant
from cancellation.ports import PermanentRefusal

ACT: Final = "recordings.purge"

_COLUMNS: Final = ", ".join(one.name for one in fields(Link))

# Making a link and killing the case's links queue, so that none is born after its case's links died.
_LOCK: Final = "select pg_advisory_xact_lock(hashtextextended('recordings:' || $1, 0))"


class PostgresLedger:
    """The ledger of recordings."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    # ---------------------------------------------------------------- links

    async def link(self, link_id: str) -> Link | None:
        """The link, or None."""
        return await _link(self._pool, "link_id", link_id)

    async def link_by_token_hash(self, token_hash: str) -> Link | None:
        """The link that a token opens, dead or alive."""
        return await _link(self._pool, "token_hash", token_hash)

    async def add_link(self, link: Link) -> Link:
        """Keep a new link; answers the one that is already there; see the protocol."""
        places = ", ".join(f"${place}" for place in range(1, len(fields(Link)) + 1))
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_LOCK, link.case_id)
            held = await _link(connection, "link_id", link.link_id)
            if held is not None:
                return held
            if await _is_revoked(connection, link.case_id):
                raise PermanentRefusal("the links of this case are dead")
            await connection.execute(
                f"insert into recordings.links ({_COLUMNS}) values ({places})", *astuple(link)
            )
        return link

    async def is_revoked(self, case_id: str) -> bool:
        """Whether the case's links were killed."""
        return await _is_revoked(self._pool, case_id)

    async def revoke(self, case_id: str, at: datetime) -> None:
        """Kill the case's links, and every one that an export would still make."""
        async with self._pool.acquire() as connection, connection.transaction():
            await _revoke(connection, case_id, at)

    # ---------------------------------------------------------------- removals

    async def order_purge(self, warrant: Warrant) -> Sequence[str]:
        """Record the order and kill every link of the customer; see the protocol."""
        async with self._pool.acquire() as connection, connection.transaction():
            await order_act(connection, warrant, ACT)
            rows = await connection.fetch(
                "select distinct case_id from recordings.links where customer_id = $1", warrant.customer_id
            )
            cases = sorted({warrant.case_id, *(row["case_id"] for row in rows)})
            for case_id in cases:
                await _revoke(connection, case_id, warrant.at)
        return cases

    async def begin_removals(self, warrant: Warrant, kind: str, objects: Sequence[StoredObject]) -> None:
        """Record objects that are about to be removed (P19)."""
        with destroying():
            await self._pool.execute(
                """
                insert into recordings.removals
                    (case_id, path, customer_id, kind, size, ordered_at, warrant_notice_ends_at)
                select $1, one.path, $2, $3, one.size, $4, $5
                  from unnest($6::text[], $7::bigint[]) as one (path, size)
                on conflict (case_id, path) do update set removed = false
                """,
                warrant.case_id,
                warrant.customer_id,
                kind,
                warrant.at,
                warrant.notice_ends_at,
                [one.path for one in objects],
                [one.size for one in objects],
            )

    async def finish_removals(self, warrant: Warrant, paths: Sequence[str]) -> None:
        """Record that the objects are gone."""
        await self._pool.execute(
            "update recordings.removals set removed = true where case_id = $1 and path = any($2)",
            warrant.case_id,
            paths,
        )

    async def unfinished_removals(self, warrant: Warrant) -> Sequence[str]:
        """Paths of objects whose removal was recorded and not finished."""
        rows = await self._pool.fetch(
            "select path from recordings.removals where case_id = $1 and not removed order by path",
            warrant.case_id,
        )
        return [row["path"] for row in rows]

    async def removed(self, case_id: str) -> PurgeReport:
        """What the case has removed in all."""
        row = await self._pool.fetchrow(
            """
            select count(*) filter (where kind = 'recording') as recordings,
                   count(*) filter (where kind = 'archive') as archives,
                   coalesce(sum(size) filter (where kind <> 'staging'), 0)::bigint as bytes
              from recordings.removals where case_id = $1 and removed
            """,
            case_id,
        )
        assert row is not None
        return PurgeReport(recordings=row["recordings"], archives=row["archives"], bytes=row["bytes"])

    # ---------------------------------------------------------------- accesses

    async def record_access(self, link: Link, at: datetime, address: str, kind: AccessKind) -> int:
        """Record that somebody used a link, before anything is handed over."""
        async with self._pool.acquire() as connection, connection.transaction():
            # One writer a case: whoever reads on after an id then misses none.
            await connection.execute(_LOCK, link.case_id)
            access_id: int = await connection.fetchval(
                """
                insert into recordings.accesses (case_id, link_id, at, address, kind)
                values ($1, $2, $3, $4, $5) returning access_id
                """,
                link.case_id,
                link.link_id,
                at,
                address,
                kind.value,
            )
        return access_id

    async def finish_access(self, access_id: int, handed_over: int) -> None:
        """Record how many bytes an access handed over, once."""
        await self._pool.execute(
            "update recordings.accesses set bytes = $2 where access_id = $1 and bytes is null",
            access_id,
            handed_over,
        )

    async def accesses(self, case_id: str, after_id: int) -> Sequence[Access]:
        """The case's accesses after one of them, oldest first."""
        rows = await self._pool.fetch(
            """
            select access_id, case_id, link_id, at, address, kind, bytes from recordings.accesses
             where case_id = $1 and access_id > $2 order by access_id
            """,
            case_id,
            after_id,
        )
        return [_access(row) for row in rows]


async def _link(connection: "Pool | Connection", column: str, value: str) -> Link | None:
    row = await connection.fetchrow(f"select {_COLUMNS} from recordings.links where {column} = $1", value)
    return None if row is None else Link(**{**row, "left_out": tuple(row["left_out"])})


async def _is_revoked(connection: "Pool | Connection", case_id: str) -> bool:
    found = await connection.fetchval("select 1 from recordings.revocations where case_id = $1", case_id)
    return found is not None


async def _revoke(connection: Connection, case_id: str, at: datetime) -> None:
    await connection.execute(_LOCK, case_id)
    await connection.execute(
        "insert into recordings.revocations (case_id, revoked_at) values ($1, $2) on conflict do nothing",
        case_id,
        at,
    )
    await connection.execute(
        "update recordings.links set revoked_at = $2 where case_id = $1 and revoked_at is null", case_id, at
    )


def _access(row: asyncpg.Record) -> Access:
    return Access(**dict(row))
