"""The process's connections to PostgreSQL, set up the same way for every adapter."""

import json
from typing import Any, Final, TypeAlias

import asyncpg

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = (
    "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
)
Executor: TypeAlias = "Pool | Connection"
"""What a single statement can run on."""

ALIVE: Final = "select 1"
"""What asks whether the server answers at all."""
_SESSION: Final = {
    # Below the ten seconds that an activity has: PostgreSQL gives up first, and says why.
    "statement_timeout": "8s",
    "lock_timeout": "4s",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
}


class RoleRefused(Exception):
    """Whoever connects may not work as the role that its process has, or the server does not know that role."""

    def __init__(self, role: str) -> None:
        super().__init__(f"no connection as the role {role}")
        self.role = role


async def open_pool(
    database_url: str,
    *,
    application_name: str = "cancelamento",
    max_size: int = 10,
    role: str | None = None,
    plans_anew: bool = False,
) -> Pool:
    """Open the process's one pool; close it with `await pool.close()`.

    Text and JSON written through it lose what PostgreSQL cannot hold (U+0000, lone surrogates), so that no
    customer's text makes a write fail for ever; the elements of a `text[]` do not: `storable` is for them.
    `json` and `jsonb` are read and written as Python values.

    A connection goes back to the pool as it is, without a statement that would reset it: whoever sets something
    for the session, or takes a lock of the session, undoes that (`PostgresOutbox` does). An open transaction is
    rolled back.

    Args:
        database_url: such as `postgresql://user@host/name` or `postgresql:///name?host=/socket/folder`.
        application_name: what the server's own views call these connections.
        max_size: how many connections at most; they are opened as they are needed.
        role: as which role of the database everything is done (`roles.py`); None: as whoever connects.
        plans_anew: each statement is planned for what it is asked with, which is for searches with many filters:
            a plan that fits all of them takes twice as long.

    Raises:
        RoleRefused: not as that role.
    """
    pool = await asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=max_size,
        max_inactive_connection_lifetime=60,
        timeout=5,
        command_timeout=9,
        server_settings={
            "application_name": application_name,
            **_SESSION,
            **({"role": f"{role}"} if role else {}),  # the driver takes no subclass of str
            **({"plan_cache_mode": "force_custom_plan"} if plans_anew else {}),
        },
        init=_prepare,
        reset=_as_it_is,
    )
    try:
        # Tells at once when the database is not there; and only a connection that was used once is given back.
        async with pool.acquire():
            return pool
    except BaseException as error:
        pool.terminate()
        # The server looks at the role while it lets somebody in, and says nothing else in these words.
        refused = isinstance(error, asyncpg.InvalidParameterValueError | asyncpg.InsufficientPrivilegeError)
        if role and refused and "role" in str(error):
            raise RoleRefused(role) from error
        raise


def storable(text: str) -> str:
    """The text without what PostgreSQL cannot hold: U+0000 goes, a lone surrogate becomes `?`."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def storable_json(value: Any) -> Any:
    """A JSON value with every text in it, keys too, made storable."""
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(key): storable_json(item) for key, item in value.items()}
        case list() | tuple():
            return [storable_json(item) for item in value]
        case _:
            return value


def _encode_json(value: Any) -> str:
    return json.dumps(storable_json(value), ensure_ascii=False, allow_nan=False)


async def _prepare(connection: Connection) -> None:
    async with connection.transaction():  # one commit for all that the driver asks
        await connection.set_type_codec(
            "text", schema="pg_catalog", encoder=storable, decoder=str, format="text"
        )
        for name in ("json", "jsonb"):
            await connection.set_type_codec(
                name, schema="pg_catalog", encoder=_encode_json, decoder=json.loads, format="text"
            )


async def _as_it_is(connection: Connection) -> None:
    """Nothing of the session is set by statements, so nothing has to be reset."""
