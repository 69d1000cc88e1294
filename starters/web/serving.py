"""Serves an application on one address until it is cancelled."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from starters.web.patience import Patience, patient

_STOP_SECONDS: Final = 5
"""How long running transfers may go on once the server is told to stop; they can be resumed."""


async def serve(
    app: ASGIApp,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    trusted_proxies: str = "",
    patience: Patience | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve an application until cancelled; running transfers get a few seconds to end.

    Args:
        app: the application.
        host: where to listen.
        port: 0 takes a free one.
        trusted_proxies: addresses whose `X-Forwarded-For` is believed, separated by commas; none by default.
        patience: how long visitors are waited for.
        ready: told the address once connections are taken.

    Raises:
        OSError: the address is taken.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        http=patient(patience or Patience()),
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
    # Head and body are written apart: else the body waits 40 ms for the browser's word about the head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        # In the event loop's own words, with the address: whoever tells people which setting it is needs it.
        told = f"error while attempting to bind on address ('{host}', {port}): {error.strerror}"
        raise OSError(error.errno, told) from error
    listener.setblocking(False)
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
