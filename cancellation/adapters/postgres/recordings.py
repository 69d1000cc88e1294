"""Links, accesses and removals of recordings in PostgreSQL (P10, P19, P20)."""

from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime
from typing import Final

import asyncpg

from cancellation.adapters.objectstore.layout import StoredObject
from cancellation.adapters.objectstore.ledger import Link, OrderedPurge
from cancellation.adapters.postgres.pool import Pool, storable
from cancellation.adapters.postgres.queries import queries
from cancellation.adapters.postgres.warrants import destroying, order_act
from cancellation.messages.recordings import Access, AccessKind, PurgeReport
from cancellation.messages.warrant import Warrant
from cancellation.ports import PermanentRefusal

ACT: Final = "recordings.purge"

SQL: Final = queries("recordings")


class PostgresLedger:
    """The ledger of recordings."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    # ---------------------------------------------------------------- links

    async def link(self, link_id: str) -> Link | None:
        """The link, or None."""
        return _link(await self._pool.fetchrow(SQL["link"], link_id))

    async def link_by_token_hash(self, token_hash: str) -> Link | None:
        """The link that a token opens, dead or alive."""
        return _link(await self._pool.fetchrow(SQL["link_by_token_hash"], token_hash))

    async def add_link(self, link: Link) -> Link:
        """Keep a new link; answers the one that is already there; see the protocol."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(SQL["lock_case"], link.case_id)
            held = _link(await connection.fetchrow(SQL["link"], link.link_id))
            if held is not None:
                return held
            if await connection.fetchval(SQL["is_revoked"], link.case_id):
                raise PermanentRefusal("the links of this case are dead")
            await connection.execute(SQL["add_link"], *astuple(link))
        return link

    async def is_revoked(self, case_id: str) -> bool:
        """Whether the case's links were killed."""
        revoked: bool = await self._pool.fetchval(SQL["is_revoked"], case_id)
        return revoked

    async def revoke(self, case_id: str, at: datetime) -> None:
        """Kill the case's links, and every one that an export would still make."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(SQL["lock_case"], case_id)
            await connection.execute(SQL["revoke"], [case_id], at)

    # ---------------------------------------------------------------- removals

    async def order_purge(self, warrant: Warrant) -> OrderedPurge:
        """Record the order and kill every link of the customer; see the protocol."""
        async with self._pool.acquire() as connection, connection.transaction():
            await order_act(connection, warrant, ACT)
            rows = await connection.fetch(SQL["lock_cases_of_customer"], warrant.customer_id, warrant.case_id)
            cases = [row["case_id"] for row in rows]
            await connection.execute(SQL["revoke"], cases, warrant.at)
            before = await connection.fetchrow(SQL["before_purge"], warrant.case_id)
            assert before is not None
        return OrderedPurge(cases, before["begun"], before["linked"])

    async def begin_removals(self, warrant: Warrant, kind: str, objects: Sequence[StoredObject]) -> None:
        """Record objects that are about to be removed (P19)."""
        sizes = {storable(one.path): one.size for one in objects}
        with destroying():
            await self._pool.execute(
                SQL["begin_removals"],
                warrant.case_id,
                warrant.customer_id,
                kind,
                warrant.at,
                warrant.notice_ends_at,
                list(sizes),
                list(sizes.values()),
            )

    async def finish_removals(self, warrant: Warrant, paths: Sequence[str]) -> PurgeReport:
        """Record that the objects are gone; what the case has removed in all."""
        gone = list(map(storable, paths))
        return _report(await self._pool.fetchrow(SQL["finish_removals"], warrant.case_id, gone))

    async def removed(self, case_id: str) -> PurgeReport:
        """What the case has removed in all."""
        return _report(await self._pool.fetchrow(SQL["removed"], case_id))

    # ---------------------------------------------------------------- accesses

    async def record_access(self, link: Link, at: datetime, address: str, kind: AccessKind) -> int:
        """Record that somebody used a link, before anything is handed over."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(SQL["lock_case"], link.case_id)
            access_id: int = await connection.fetchval(
                SQL["record_access"],
                link.case_id,
                link.link_id,
                at,
                address,
                kind.value,
            )
        return access_id

    async def finish_access(self, access_id: int, handed_over: int) -> None:
        """Record how many bytes an access handed over, once."""
        await self._pool.execute(SQL["finish_access"], access_id, handed_over)

    async def accesses(self, case_id: str, after_id: int) -> Sequence[Access]:
        """The case's accesses after one of them, oldest first."""
        rows = await self._pool.fetch(SQL["accesses"], case_id, after_id)
        return [Access(**row) for row in rows]


def _report(row: asyncpg.Record | None) -> PurgeReport:
    assert row is not None
    return PurgeReport(recordings=row["recordings"], archives=row["archives"], bytes=row["bytes"])


def _link(row: asyncpg.Record | None) -> Link | None:
    return None if row is None else Link(**{**row, "left_out": tuple(row["left_out"])})
