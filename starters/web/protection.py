"""What surrounds every answer of a web server of ours: headers, and a page when all else fails."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

_HEADERS: Final[Mapping[str, str]] = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow, noarchive",
}


def site(**parts: Any) -> Starlette:
    """An application of pages, of the parts that `Starlette` takes, that sends nobody anywhere by itself.

    Its redirect to an address without the last slash would lead, token and all, to whatever host a visitor named.
    """
    app = Starlette(**parts)
    app.router.redirect_slashes = False
    return app


class SecurityHeaders:
    """Adds the headers to every answer.

    Args:
        app: what answers.
        https: whether visitors come over HTTPS, and must from now on.
        form_action: where forms may go, in the words of a content security policy.
        referrer: what a browser tells of the address. With `no-referrer` it sends forms without saying where they
            come from, so a site with forms of its own takes `same-origin`.
    """

    def __init__(
        self, app: ASGIApp, https: bool, form_action: str = "'none'", referrer: str = "no-referrer"
    ) -> None:
        self._app = app
        # An address can hold a link's token, or a protocol: no other site that is visited next may learn it.
        self._headers = {**_HEADERS, "referrer-policy": referrer}
        self._headers["content-security-policy"] = (
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
            f"form-action {form_action}; frame-ancestors 'none'"
        )
        if https:
            self._headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, with the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class LastResort:
    """Answers with a page when something fails: database or store away, or a fault of ours.

    Args:
        app: what answers otherwise.
        page: makes the page.
    """

    def __init__(self, app: ASGIApp, page: Callable[[], Response]) -> None:
        self._app = app
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; say that it failed, and to nobody why."""
        started = False

        async def send_and_see(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_see)
        except Exception as error:
            # Neither the visitor's address nor the path: one is personal, the other opens the download.
            logger.exception("request failed", extra={"error": type(error).__name__})
            if not started:
                await self._page()(scope, receive, send)
