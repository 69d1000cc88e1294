"""What was ordered of the platform and what of it is done, in our own database (P17, P19).

The platform's database knows no formalization. So every act is written here first, thing by thing, where
a constraint refuses it without complete formalization and ended notice; and what a killed run left undone is
found here by the next one, even when the platform's tables do not show it any more.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import asyncpg

from cancellation.adapters.kamailio.holdings import Account, Things
from cancellation.adapters.postgres.pool import Pool, storable
from cancellation.adapters.postgres.queries import queries
from cancellation.adapters.postgres.warrants import destroying
from cancellation.domain.values import Released
from cancellation.messages.warrant import Warrant

SQL: Final = queries("kamailio")


class Act(StrEnum):
    """The two steps of a shutdown."""

    DEACTIVATE = "deactivate"
    RELEASE = "release"


class Ledger:
    """The table `telephony.platform_acts`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def order(self, warrant: Warrant, act: Act, things: Things) -> None:
        """Write down what is about to be done; the same thing counts once.

        Raises:
            DestructionForbidden: no such formalization is in force, or its notice has not ended (P19).
        """
        kinds, names = _names(things)
        with destroying():
            await self._pool.execute(
                SQL["order_things"],
                warrant.case_id,
                warrant.customer_id,
                act.value,
                warrant.at,
                warrant.notice_ends_at,
                kinds,
                names,
            )

    async def unfinished(self, case_id: str, act: Act) -> Things:
        """What was ordered and never seen done: an earlier run died over it."""
        return _things(await self._pool.fetch(SQL["unfinished_things"], case_id, act.value))

    async def released_from(self, customer_id: str) -> Things:
        """Everything that was ever released from the customer."""
        return _things(await self._pool.fetch(SQL["things_released_from_customer"], customer_id))

    async def done(self, warrant: Warrant, act: Act, things: Things) -> None:
        """Note that they were seen done; what was noted before keeps its instant."""
        kinds, names = _names(things)
        await self._pool.execute(SQL["things_done"], warrant.case_id, act.value, warrant.at, kinds, names)

    async def released_by(self, case_id: str) -> Released:
        """How much the case has released in all; licences are counted elsewhere."""
        row = await self._pool.fetchrow(SQL["released_by"], case_id)
        assert row is not None
        return Released(**row)

    async def knows_number(self, customer_id: str, number: str) -> bool:
        """Whether the number was ever taken from this customer."""
        known: bool = await self._pool.fetchval(SQL["knows_number"], customer_id, number)
        return known


def _things(rows: Iterable[asyncpg.Record]) -> Things:
    named = [(row["kind"], row["platform_id"]) for row in rows]
    return Things(
        extensions=frozenset(Account.parse(name) for kind, name in named if kind == "extension"),
        trunks=frozenset(Account.parse(name) for kind, name in named if kind == "trunk"),
        numbers=frozenset(name for kind, name in named if kind == "number"),
    )


def _names(things: Things) -> tuple[list[str], list[str]]:
    """Kind and name on the platform of every thing, always in the same order."""
    named = [
        *(("extension", str(account)) for account in sorted(things.extensions)),
        *(("trunk", str(account)) for account in sorted(things.trunks)),
        *(("number", number) for number in sorted(things.numbers)),
    ]
    return [kind for kind, _ in named], [storable(name) for _, name in named]
