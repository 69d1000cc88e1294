"""What was ordered of the platform and what of it is done, in our own database (P17, P19).

The platform's database knows no formalization. So every act is written here first, thing by thing, where
a constraint refuses it without complete formalization and ended notice; and what a killed run left undone is
found here by the next one, even when the platform's tables do not show it any more.
"""

from collections.abc import Iterator
from enum import StrEnum

from cancellation.adapters.kamailio.holdings import Account, Things
from cancellation.adapters.postgres.pool import Pool
from cancellation.adapters.postgres.warrants import destroying
from cancellation.domain.values import Released
from cancellation.messages.warrant import Warrant


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
        with destroying():
            await self._pool.executemany(
                """
                insert into telephony.platform_acts
                    (case_id, customer_id, act, kind, platform_id, ordered_at, warrant_notice_ends_at)
                values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing
                """,
                [
                    (
                        warrant.case_id,
                        warrant.customer_id,
                        act.value,
                        kind,
                        name,
                        warrant.at,
                        warrant.notice_ends_at,
                    )
                    for kind, name in _names(things)
                ],
            )

    async def unfinished(self, case_id: str, act: Act) -> Things:
        """What was ordered and never seen done: an earlier run died over it."""
        return await self._things("case_id = $1 and act = $2 and done_at is null", case_id, act.value)

    async def released_from(self, customer_id: str) -> Things:
        """Everything that was ever released from the customer."""
        return await self._things("customer_id = $1 and act = $2", customer_id, Act.RELEASE.value)

    async def _things(self, condition: str, *values: str) -> Things:
        rows = await self._pool.fetch(
            f"select kind, platform_id from telephony.platform_acts where {condition}", *values
        )
        names = {
            kind: [row["platform_id"] for row in rows if row["kind"] == kind]
            for kind in ("extension", "trunk", "number")
        }
        return Things(
            extensions=frozenset(map(Account.parse, names["extension"])),
            trunks=frozenset(map(Account.parse, names["trunk"])),
            numbers=frozenset(names["number"]),
        )

    async def done(self, warrant: Warrant, act: Act, things: Things) -> None:
        """Note that they were seen done; what was noted before keeps its instant."""
        await self._pool.executemany(
            """
            update telephony.platform_acts set done_at = greatest($5, ordered_at)
            where case_id = $1 and act = $2 and kind = $3 and platform_id = $4 and done_at is null
            """,
            [(warrant.case_id, act.value, kind, name, warrant.at) for kind, name in _names(things)],
        )

    async def released_by(self, case_id: str) -> Released:
        """How much the case has released in all; licences are counted elsewhere."""
        rows = await self._pool.fetch(
            """
            select kind, count(*) as many from telephony.platform_acts
            where case_id = $1 and act = 'release' and done_at is not null group by kind
            """,
            case_id,
        )
        many: dict[str, int] = {row["kind"]: row["many"] for row in rows}
        return Released(
            extensions=many.get("extension", 0), trunks=many.get("trunk", 0), numbers=many.get("number", 0)
        )

    async def knows_number(self, customer_id: str, number: str) -> bool:
        """Whether the number was ever taken from this customer."""
        known: bool = await self._pool.fetchval(
            """
            select exists (select from telephony.platform_acts
                where customer_id = $1 and kind = 'number' and platform_id = $2)
            """,
            customer_id,
            number,
        )
        return known


def _names(things: Things) -> Iterator[tuple[str, str]]:
    """Every thing as its kind and its name on the platform, always in the same order."""
    yield from (("extension", str(account)) for account in sorted(things.extensions))
    yield from (("trunk", str(account)) for account in sorted(things.trunks))
    yield from (("number", number) for number in sorted(things.numbers))
