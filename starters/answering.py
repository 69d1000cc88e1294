"""Whether a process of ours answers: the readiness of a deployment, for whoever loads nothing of that process."""

import asyncio
import contextlib
from urllib.parse import urlsplit


async def is_serving(url: str) -> bool:
    """Whether a gateway answers at this address."""
    parts = urlsplit(url)
    try:
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def is_listening(address: str) -> bool:
    """Whether an inbox greets at `host:port`."""
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(host, int(port))
            greeting = await reader.readline()
    except (OSError, TimeoutError):
        return False
    writer.close()
    return greeting.startswith(b"220")
