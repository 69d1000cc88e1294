"""Runs the gateway until it is told to stop."""

from collections.abc import Callable
from functools import partial
from typing import Final

from cancellation.adapters.objectstore.opening import open_store
from cancellation.adapters.objectstore.reading import answers
from cancellation.adapters.postgres.pool import ALIVE, open_pool
from cancellation.adapters.postgres.recordings import PostgresLedger
from cancellation.adapters.postgres.roles import Role
from cancellation.settings import Settings
from starters.gateway.app import create_app
from starters.gateway.pages import House
from starters.web.metrics import measured
from starters.web.serving import serve
from workers.prepared import Need, must_be_prepared
from workers.readiness import Ask, Readiness

_CONNECTIONS: Final = 4


async def run_gateway(settings: Settings, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve the download pages as the settings say, until cancelled.

    Args:
        settings: database, recordings and `CANCELAMENTO_GATEWAY_*`.
        ready: told the address once it is taken.

    Raises:
        LookupError: no database is configured.
        NotPrepared: something is missing in the database.
        RoleRefused: the database does not let it work as the gateway.
        OSError: the address is taken.
    """
    await must_be_prepared(settings, Role.GATEWAY)
    pool = await open_pool(
        settings.require_database_url(),
        application_name="cancelamento-gateway",
        max_size=_CONNECTIONS,
        role=Role.GATEWAY,
    )
    try:
        store = open_store(settings.recordings_url, settings.recordings_options)
        asks: dict[Need, Ask] = {
            Need.DATABASE: partial(pool.fetchval, ALIVE),
            Need.STORE: partial(answers, store),
        }
        readiness = Readiness(asks)
        app = create_app(
            PostgresLedger(pool),
            store,
            public_url=settings.gateway.public_url,
            house=House(company=settings.sender.company, contact=settings.teams.commercial),
            readiness=readiness,
        )
        async with measured(app, settings.metrics_address, readiness) as served:
            await serve(
                served,
                settings.gateway.host,
                settings.gateway.port,
                trusted_proxies=settings.gateway.trusted_proxies,
                ready=ready,
            )
    finally:
        await pool.close()
