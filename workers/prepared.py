"""Whether everything is there that a process of ours needs, before it starts and for `cancelamento check`."""

import asyncio
import logging
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cancellation.adapters.postgres.pool import open_pool
from cancellation.adapters.postgres.prepared import lacks_of_database
from cancellation.adapters.postgres.roles import Role
from cancellation.failures import ServerUnreachable
from cancellation.settings import Clock, Settings

if TYPE_CHECKING:
    from temporalio.client import Client

logger = logging.getLogger(__name__)

# What only some processes need is loaded by them: the gateway never speaks to Temporal, the inbox to no store.


class Need(StrEnum):
    """What a process may need from outside."""

    DATABASE = "database"
    TEMPORAL = "temporal"
    STORE = "store"


NEEDS: Final[Mapping[Role, tuple[Need, ...]]] = {
    Role.WORKER: (Need.TEMPORAL, Need.DATABASE, Need.STORE),
    Role.INBOX: (Need.DATABASE, Need.TEMPORAL),
    Role.GATEWAY: (Need.DATABASE, Need.STORE),
    # Its pages show the records also while Temporal is away.
    Role.DESK: (Need.DATABASE,),
    Role.MONITOR: (Need.DATABASE, Need.TEMPORAL),
}
"""By process."""
_STARTS_WITHOUT: Final = {(Role.INBOX, Need.TEMPORAL)}
"""What may be away when a process starts: senders are asked to try again meanwhile, as at any other time."""


_ANSWERS_WITHIN: Final = 8.0
"""Seconds until silence counts as an answer: a server may take connections and be frozen."""
_WORDS: Final = {
    Need.DATABASE: "o banco",
    Need.TEMPORAL: "o Temporal",
    Need.STORE: "o armazenamento das gravações",
}


class NotPrepared(Exception):
    """A process does not start: what is missing, in Portuguese."""

    def __init__(self, lacks: list[str]) -> None:
        super().__init__("; ".join(lacks))
        self.lacks = lacks


async def lacks_of(
    settings: Settings, process: Role, need: Need, client: "Client | None" = None
) -> list[str]:
    """What of one need is missing for a process, each in a sentence in Portuguese.

    Args:
        settings: where the servers are.
        process: the process, by its role.
        need: what is looked at.
        client: of Temporal, where the process has one already.

    Raises:
        ServerUnreachable: nothing is heard for some seconds.
        Exception: what is asked does not answer.
    """
    try:
        async with asyncio.timeout(_ANSWERS_WITHIN):
            return await _lacks_of(settings, process, need, client)
    except TimeoutError:
        raise ServerUnreachable(f"{_WORDS[need]} não responde") from None


async def _lacks_of(settings: Settings, process: Role, need: Need, client: "Client | None") -> list[str]:
    match need:
        case Need.DATABASE:
            pool = await open_pool(
                settings.require_database_url(), application_name=f"cancelamento-{process.process}", max_size=1,
                role=process,
            )  # fmt: skip
            try:
                return await lacks_of_database(pool, process, virtual_clock=settings.clock is Clock.VIRTUAL)
            finally:
                await pool.close()
        case Need.TEMPORAL:
            from workers.connecting import connect
            from workers.namespace import lacks_of_temporal

            return await lacks_of_temporal(client or await connect(settings))
        case Need.STORE:
            from cancellation.adapters.objectstore.opening import open_store
            from cancellation.adapters.objectstore.reading import answers

            await answers(open_store(settings.recordings_url, settings.recordings_options))
            return []


async def must_be_prepared(settings: Settings, process: Role, client: "Client | None" = None) -> None:
    """Let a process start on a database and a namespace that are ready for it.

    The store of recordings is asked by `/ready` alone: while it is away cases go on without it (X17).

    Raises:
        NotPrepared: something is missing.
        Exception: a server does not answer.
    """
    found = []
    for need in NEEDS[process]:
        if need is Need.STORE:
            continue
        try:
            found += await lacks_of(settings, process, need, client)
        except Exception as error:
            if (process, need) not in _STARTS_WITHOUT:
                raise
            logger.warning(
                "not asked at the start", extra={"need": need.value, "error": type(error).__name__}
            )
    if found:
        raise NotPrepared(found)
