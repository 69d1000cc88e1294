"""The history of portability, which no SIP platform has a place for: our own table (P9)."""

from cancellation.adapters.postgres.pool import Pool
from cancellation.domain.values import PortStatus
from cancellation.messages.telephony import PortRecord


class PortHistory:
    """The table `telephony.portability`: one row a report, append-only."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def append(self, port: PortRecord) -> None:
        """Add a report; the same one counts once."""
        await self._pool.execute(
            """
            insert into telephony.portability (case_id, customer_id, number, status, operator, at)
            values ($1, $2, $3, $4, $5, $6) on conflict do nothing
            """,
            port.case_id,
            port.customer_id,
            port.number,
            port.status.value,
            port.operator,
            port.at,
        )

    async def latest(self, customer_id: str) -> dict[str, PortStatus]:
        """How the portability of each number stands."""
        rows = await self._pool.fetch(
            """
            select distinct on (number) number, status from telephony.portability
            where customer_id = $1 order by number, at desc, id desc
            """,
            customer_id,
        )
        return {row["number"]: PortStatus(row["status"]) for row in rows}
