"""Memory that a page needed once is given back: a process that few people ask stays small."""

import asyncio
import ctypes
from contextlib import suppress
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

_AFTER: Final = 1.0
"""Seconds: at most so often, however many pages are asked for."""


class GivesBack:
    """Asks the C library, a second after a page, for what lies free within its heap: it keeps that until asked."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._is_due = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and give back soon."""
        await self._app(scope, receive, send)
        if scope["type"] == "http" and not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(_AFTER, self._give_back)

    def _give_back(self) -> None:
        self._is_due = False
        with suppress(AttributeError, OSError):  # glibc's alone
            ctypes.CDLL(None).malloc_trim(0)
