"""Connections to Kamailio's own database, opened when they are first needed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from typing import Final
from urllib.parse import quote

from cancellation.adapters.kamailio.settings import KamailioSettings
from cancellation.adapters.postgres.pool import Connection, Pool, open_pool
from cancellation.adapters.postgres.queries import queries

SQL: Final = queries("tables", "cancellation.adapters.kamailio")

_PARKING_LOCK: Final = 0x4B414D41
_CONNECTIONS: Final = 4


class KamailioDatabase:
    """Kamailio's database.

    Nothing is opened before it is used: a worker starts, and does everything else, while the platform's
    database is down (X7).
    """

    def __init__(self, settings: KamailioSettings) -> None:
        self._url = _with_schema(settings)
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection with Kamailio's schema in its search path."""
        pool = await self._open()
        async with pool.acquire() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection in a transaction."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def _open(self) -> Pool:
        async with self._opening:
            if self._pool is None:
                pool = await open_pool(
                    self._url, application_name="cancelamento-kamailio", max_size=_CONNECTIONS
                )
                try:
                    await _make_parking(pool)
                except BaseException:
                    await pool.close()
                    raise
                self._pool = pool
            return self._pool


async def _make_parking(pool: Pool) -> None:
    """Make the table of what is out of use, if it is missing."""
    if await pool.fetchval(SQL["is_parking_there"]):
        return
    text = resources.files(__package__).joinpath("parking.sql").read_text(encoding="utf-8")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(SQL["lock_parking"], _PARKING_LOCK)
        await connection.execute(text)


def _with_schema(settings: KamailioSettings) -> str:
    url = settings.database_url.get_secret_value()
    return f"{url}{'&' if '?' in url else '?'}search_path={quote(settings.db_schema)}"
