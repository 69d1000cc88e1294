"""`/live` and `/ready` of a process that serves no pages, on an address of its own (`CANCELAMENTO_HEALTH_ADDRESS`).

Two fixed answers need no web server, and a worker none of its memory.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Final

from workers.readiness import Readiness

_WITHIN: Final = 10.0
"""Seconds that one question may take altogether."""
_LONGEST_HEAD: Final = 8192


@asynccontextmanager
async def answering_health(address: str | None, readiness: Readiness) -> AsyncIterator[None]:
    """Answer at `host:port` while entered; None: nowhere.

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
                writer.write(await _answer(head, readiness))
                await writer.drain()
        writer.close()

    host, _, port = address.rpartition(":")
    server = await asyncio.start_server(converse, host.strip("[]"), int(port), limit=_LONGEST_HEAD)
    async with server:
        yield


async def _answer(head: bytes, readiness: Readiness) -> bytes:
    method, target, *_ = [*head.split(b"\r\n", 1)[0].split(b" "), b"", b""]
    path = target.partition(b"?")[0]
    content: dict[str, object] = {}
    if method != b"GET":
        status = HTTPStatus.METHOD_NOT_ALLOWED
    elif path == b"/live":
        status, content = HTTPStatus.OK, {"live": True}
    elif path == b"/ready":
        answers = await readiness.ask()
        ready = readiness.is_ready(answers)
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        content = {"ready": ready, **answers}
    else:
        status = HTTPStatus.NOT_FOUND
    body = json.dumps(content).encode() + b"\n"
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "cache-control: no-store",
        "connection: close",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
