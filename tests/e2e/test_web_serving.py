"""What serves the desk's and the gateway's pages answers at once, one page after the other."""

import asyncio
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from starters.web.serving import serve

PAGES = 20


def asked_of(url: str) -> float:
    """Seconds that pages take over one connection, as a browser asks for them."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    started = time.perf_counter()
    for _ in range(PAGES):
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"x" * 3000
    return time.perf_counter() - started


async def test_a_body_does_not_wait_for_the_browsers_word_about_its_head_X24() -> None:
    app = Starlette(routes=[Route("/", lambda request: PlainTextResponse("x" * 3000))])
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(app, ready=url.set_result))
    try:
        took = await asyncio.to_thread(asked_of, await url)
    finally:
        serving.cancel()
        await asyncio.wait([serving])
    assert took < PAGES * 0.04, "each page waited 40 ms"
