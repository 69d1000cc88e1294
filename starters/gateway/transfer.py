"""Sends an archive, or a part of it, for as long as its link lives."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from starters.gateway.conditions import Body

logger = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS: Final = 5.0
"""How often a running transfer asks whether its link still lives."""


class TransferResponse(Response):
    """Streams bytes to one visitor and tells, however it ended, how many were handed over.

    Args:
        body: which bytes.
        chunks: the bytes.
        headers: of the answer, beside those of `body`.
        is_alive: asked every few seconds; a link that dies cuts the transfer.
        finished: told how many bytes were handed over.
        place: held while the transfer runs.
    """

    def __init__(
        self,
        body: Body,
        chunks: AsyncGenerator[bytes],
        headers: Mapping[str, str],
        is_alive: Callable[[], Awaitable[bool]],
        finished: Callable[[int], Awaitable[None]],
        place: AbstractContextManager[object],
    ) -> None:
        super().__init__(status_code=body.status)
        for name, value in {**headers, **body.headers}.items():
            self.headers[name] = value
        self._chunks = chunks
        self._is_alive = is_alive
        self._finished = finished
        self._place = place
        self._handed_over = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until everything is sent, the visitor has gone, or the link has died."""
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            with self._place:
                await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.wait({sending, leaving})
            # Whatever stops the server now, the trail still hears of what was handed over.
            await asyncio.shield(asyncio.ensure_future(self._finished(self._handed_over)))
        if not sending.cancelled() and (error := sending.exception()) is not None:
            raise error

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        looked_at = time.monotonic()
        async with contextlib.aclosing(self._chunks) as chunks:
            async for chunk in chunks:
                if time.monotonic() - looked_at > LOOK_AGAIN_SECONDS:
                    if not await self._is_alive():
                        logger.info("download cut: its link has died")
                        return
                    looked_at = time.monotonic()
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                self._handed_over += len(chunk)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    """Return when the visitor has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass
