"""What happens to cases, heard from the database as it is committed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
from pydantic import AwareDatetime, BaseModel, ConfigDict

_CHANNEL = "crm_trail"


class Happening(BaseModel):
    """One new entry of a case's trail (P20)."""

    model_config = ConfigDict(frozen=True)

    customer_id: str
    protocol: str
    seq: int
    at: AwareDatetime
    kind: str
    detail: str
    """The sentence, cut where it is long; it may name people."""


async def happenings(database_url: str) -> AsyncIterator[Happening]:
    """Every trail entry that is committed from now on, until the connection ends.

    Raises:
        OSError: the database is not there.
        asyncpg.PostgresError: it takes no connection.
    """
    heard: asyncio.Queue[str | None] = asyncio.Queue()

    def hear(_connection: Any, _pid: int, _channel: str, payload: object) -> None:
        heard.put_nowait(str(payload))

    def end(_connection: Any) -> None:
        heard.put_nowait(None)

    connection = await asyncpg.connect(database_url, timeout=5, command_timeout=5)
    try:
        connection.add_termination_listener(end)
        await connection.add_listener(_CHANNEL, hear)
        while (payload := await heard.get()) is not None:
            yield Happening.model_validate_json(payload)
    finally:
        connection.terminate()
