"""The inbox process: the listener and one reader a mailbox, until SIGTERM."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.pool import ALIVE, open_pool
from cancellation.adapters.postgres.roles import Role
from cancellation.settings import ListenerProtocol, Settings
from cancellation.telemetry import process_runtime
from starters.inbox.counts import MailCounts
from starters.inbox.reception import Reception
from workers.connecting import connect
from workers.health import answering_health
from workers.namespace import must_know_namespace
from workers.prepared import Need, must_be_prepared
from workers.readiness import Ask, Readiness

logger = logging.getLogger(__name__)

_CONNECTIONS: Final = 4


@asynccontextmanager
async def open_reception(settings: Settings) -> AsyncIterator[tuple[Reception, Readiness]]:
    """Reception over the configured database and Temporal, and whether both answer.

    Each is found again when it has been away.

    Raises:
        NotConfigured: no database is configured.
        NotPrepared: something is missing in the database or the namespace.
        RoleRefused: the database does not let it work as the inbox.
    """
    runtime = process_runtime(settings.metrics_address)
    client = await connect(settings, lazy=True, runtime=runtime)
    counts = MailCounts(runtime.metric_meter, len(settings.inbox.mailboxes))
    await must_be_prepared(settings, Role.INBOX, client)
    pool = await open_pool(settings.require_database_url(), max_size=_CONNECTIONS, role=Role.INBOX)
    asks: dict[Need, Ask] = {
        Need.DATABASE: partial(pool.fetchval, ALIVE),
        Need.TEMPORAL: partial(must_know_namespace, client),
    }
    try:
        yield Reception(PostgresCrm(pool), client, counts=counts), Readiness(asks)
    finally:
        await pool.close()


def reads_reports(settings: Settings) -> bool:
    """Whether the address that our letters come from is read, where mail servers report what came back (X16).

    A listener takes whatever its server passes on.
    """
    own = settings.sender.address.strip().lower()
    listens = settings.inbox.listener_protocol is not ListenerProtocol.NONE
    return listens or any(mailbox.delivered_to == own for mailbox in settings.inbox.mailboxes)


async def run_inbox(settings: Settings) -> None:
    """Take e-mails until SIGTERM or SIGINT.

    Raises:
        NotConfigured: no database is configured.
        OSError: the listener's address is in use.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if not reads_reports(settings):
        logger.warning("nobody reads the address that letters come from: bounces stay unseen")
    async with AsyncExitStack() as stack:
        reception, readiness = await stack.enter_async_context(open_reception(settings))
        await stack.enter_async_context(answering_health(settings.health_address, readiness))
        if settings.inbox.listener_protocol is not ListenerProtocol.NONE:
            from starters.inbox.listener import Listener

            await stack.enter_async_context(Listener(reception, settings.inbox))
        if settings.inbox.mailboxes:
            from starters.inbox.readers import reading

            await stack.enter_async_context(
                reading(settings.inbox.mailboxes, reception, max_bytes=settings.inbox.max_bytes)
            )
        logger.info("inbox ready", extra={"mailboxes": len(settings.inbox.mailboxes)})
        await stop.wait()
        logger.info("inbox stopping")
