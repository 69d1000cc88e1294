"""Small pages of a process that programs ask for, on an address of their own: `/live`, `/ready`, `/metrics`.

A few fixed paths need no web server, and a worker none of its memory.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from workers.readiness import Readiness

_WITHIN: Final = 20.0
"""Seconds that one question may take altogether."""
_LONGEST_HEAD: Final = 8192


@dataclass(frozen=True)
class Page:
    """What one question is answered with."""

    body: bytes
    media_type: str = "application/json"
    status: HTTPStatus = HTTPStatus.OK


Pages = Mapping[bytes, Callable[[], Awaitable[Page]]]
"""By path; every other one is not found."""


@asynccontextmanager
async def answering_health(address: str | None, readiness: Readiness) -> AsyncIterator[None]:
    """Answer `/live` and `/ready` at `host:port` while entered; None: nowhere.

    Raises:
        OSError: the address is taken.
    """

    async def live() -> Page:
        return _told({"live": True})

    async def ready() -> Page:
        answers = await readiness.ask()
        can_work = readiness.is_ready(answers)
        status = HTTPStatus.OK if can_work else HTTPStatus.SERVICE_UNAVAILABLE
        return _told({"ready": can_work, **answers}, status)

    async with answering(address, {b"/live": live, b"/ready": ready}):
        yield


@asynccontextmanager
async def answering(address: str | None, pages: Pages) -> AsyncIterator[None]:
    """Answer with these pages at `host:port` while entered; None: nowhere.

    Raises:
        OSError: the address is taken.
    """
    if address is None:
        yield
        return

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_WITHIN):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await _answer(head, pages))
                await writer.drain()
        writer.close()

    host, _, port = address.rpartition(":")
    server = await asyncio.start_server(converse, host.strip("[]"), int(port), limit=_LONGEST_HEAD)
    async with server:
        yield


def _told(content: Mapping[str, object], status: HTTPStatus = HTTPStatus.OK) -> Page:
    return Page(json.dumps(content).encode() + b"\n", status=status)


async def _answer(head: bytes, pages: Pages) -> bytes:
    method, target, *_ = [*head.split(b"\r\n", 1)[0].split(b" "), b"", b""]
    asked = pages.get(target.partition(b"?")[0])
    if method != b"GET":
        page = _told({}, HTTPStatus.METHOD_NOT_ALLOWED)
    elif asked is None:
        page = _told({}, HTTPStatus.NOT_FOUND)
    else:
        page = await asked()
    lines = (
        f"HTTP/1.1 {page.status.value} {page.status.phrase}",
        f"content-type: {page.media_type}",
        f"content-length: {len(page.body)}",
        "cache-control: no-store",
        "connection: close",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + page.body
