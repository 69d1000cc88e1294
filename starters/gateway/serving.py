"""Runs the gateway until it is told to stop."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from cancellation.adapters.objectstore.opening import open_store
from cancellation.adapters.postgres.pool import open_pool
from cancellation.adapters.postgres.recordings import PostgresLedger
from cancellation.settings import Settings
from starters.gateway.app import create_app
from starters.gateway.pages import House

_CONNECTIONS: Final = 4
_STOP_SECONDS: Final = 5
"""How long running downloads may go on once the gateway is told to stop; they can be resumed."""


async def run_gateway(settings: Settings, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve the download pages as the settings say, until cancelled.

    Args:
        settings: database, recordings and `CANCELAMENTO_GATEWAY_*`.
        ready: told the address once it is taken.

    Raises:
        LookupError: no database is configured.
        OSError: the address is taken.
    """
    pool = await open_pool(
        settings.require_database_url(), application_name="cancelamento-gateway", max_size=_CONNECTIONS
    )
    try:
        app = create_app(
            PostgresLedger(pool),
            open_store(settings.recordings_url, settings.recordings_options),
            public_url=settings.gateway.public_url,
            house=House(company=settings.sender.company, contact=settings.teams.commercial),
        )
        await serve(
            app,
            settings.gateway.host,
            settings.gateway.port,
            trusted_proxies=settings.gateway.trusted_proxies,
            ready=ready,
        )
    finally:
        await pool.close()


async def serve(
    app: ASGIApp,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    trusted_proxies: str = "",
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve an application until cancelled; running transfers get a few seconds to end.

    Args:
        app: the application.
        host: where to listen.
        port: 0 takes a free one.
        trusted_proxies: addresses whose `X-Forwarded-For` is believed, separated by commas; none by default.
        ready: told the address once connections are taken.

    Raises:
        OSError: the address is taken.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        # Our own logging, and no line for each request: its path would hold the token.
        log_config=None,
        log_level="info",
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies or None,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    # Not even where somebody gives that logger a handler of its own.
    logging.getLogger("uvicorn.access").disabled = True
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    if ready is not None:
        ready(_url(listener))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
    finally:
        listener.close()


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
