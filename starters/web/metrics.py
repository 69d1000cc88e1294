"""What a page server tells Prometheus, on an address of its own that no visitor reaches.

A page is named by its route, never by the address that was asked for: a download link is a secret.
"""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workers.health import Page, answering
from workers.readiness import OK, Readiness

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram

_SECONDS: Final = (0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS: Final = ("GET", "HEAD", "POST")
_OTHER: Final = "other"


@asynccontextmanager
async def measured(
    app: Starlette, address: str | None, readiness: Readiness | None = None
) -> AsyncIterator[ASGIApp]:
    """The application, whose requests are counted, and `/metrics` at `host:port` meanwhile; None: neither.

    Args:
        app: the application.
        address: where Prometheus asks.
        readiness: what the process needs, asked with every scrape.

    Raises:
        OSError: the address is taken.
    """
    if address is None:
        yield app
        return
    # Twenty milliseconds and three megabytes for those alone who want it.
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    requests = Counter(
        "cancelamento_http_requests", "Requests that were answered", ("page", "method", "code"), registry=registry
    )  # fmt: skip
    seconds = Histogram(
        "cancelamento_http_seconds",
        "Time until a request was answered whole",
        ("page",),
        registry=registry,
        buckets=_SECONDS,
    )
    answers = Gauge(
        "cancelamento_answers", "Whether what the process needs answers", ("need",), registry=registry
    )

    async def page() -> Page:
        for need, answer in (await readiness.ask() if readiness else {}).items():
            answers.labels(need).set(answer == OK)
        return Page(generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4)

    async with answering(address, {b"/metrics": page}):
        yield _Measured(app, app.routes, requests, seconds)


class _Measured:
    def __init__(
        self, app: ASGIApp, routes: Sequence[object], requests: "Counter", seconds: "Histogram"
    ) -> None:
        self._app = app
        self._names = {route.endpoint: route.path for route in routes if isinstance(route, Route)}
        self._requests = requests
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, code = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            page = self._names.get(scope.get("endpoint", self), _OTHER)
            method = scope["method"] if scope["method"] in _METHODS else _OTHER
            self._requests.labels(page, method, str(code)).inc()
            self._seconds.labels(page).observe(time.perf_counter() - begun)
