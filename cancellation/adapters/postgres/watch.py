"""The billing watch's record in PostgreSQL (X10)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cancellation.adapters.postgres.pool import Pool
from cancellation.adapters.postgres.queries import queries
from cancellation.adapters.watch_rules import facts_of, numbered, opened
from cancellation.domain.billing_watch import WatchTerms, watched_since
from cancellation.language import words
from cancellation.messages.watch import WATCH_ACTOR, WatchAct, WatchedCase, WatchLook

SQL: Final = queries("watch")
CRM: Final = queries("crm")


class PostgresWatches:
    """Implements `cancellation.ports.watch.WatchRecords` over the schema `crm`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def watched(
        self, at: datetime, terms: WatchTerms, after: str | None, most: int
    ) -> Sequence[WatchedCase]:
        """Closed cases whose watch is not over, in the order of their ids."""
        since = watched_since(words.days_after(at, 0), terms.cycles)
        rows = await self._pool.fetch(SQL["watched"], at, terms.model_dump(mode="json"), since, after, most)
        return [WatchedCase.model_validate(dict(row)) for row in rows]

    async def note(self, look: WatchLook) -> Sequence[WatchAct]:
        """Write what is new of a look, with its tasks, together; answer what was new."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(CRM["start_watch"], look.case_id, look.terms.model_dump(mode="json"))
            held: int = await connection.fetchval(SQL["lock_watch"], look.case_id)
            known = await connection.fetch(SQL["known_acts"], look.case_id, [act.key for act in look.acts])
            acts = numbered(look, held, {row["key"] for row in known})
            if acts:
                rows = [{**act.model_dump(mode="json"), "facts": facts_of(act)} for act in acts]
                await connection.execute(SQL["append_acts"], look.case_id, look.at, WATCH_ACTOR, rows)
            tasks = opened(look, acts)
            if tasks:
                orders = [task.model_dump(mode="json") for task in tasks]
                await connection.execute(CRM["change_tasks"], look.case_id, look.at, orders, [], False)
            if look.settles:
                await connection.execute(SQL["settle_watch"], look.case_id, look.at)
        return acts
