"""The history of portability, which no SIP platform has a place for: our own table (P9)."""

from typing import Final

from cancellation.adapters.postgres.pool import Pool
from cancellation.adapters.postgres.queries import queries
from cancellation.adapters.postgres.telephony import port_columns
from cancellation.domain.values import PortStatus
from cancellation.messages.telephony import PortRecord

SQL: Final = queries("telephony")


class PortHistory:
    """The table `telephony.portability`: one row a report, append-only."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def append(self, port: PortRecord) -> None:
        """Add a report; the same one counts once."""
        await self._pool.execute(SQL["append_port"], *port_columns(port))

    async def latest(self, customer_id: str) -> dict[str, PortStatus]:
        """How the portability of each number stands."""
        rows = await self._pool.fetch(SQL["latest_ports"], customer_id)
        return {row["number"]: PortStatus(row["status"]) for row in rows}
