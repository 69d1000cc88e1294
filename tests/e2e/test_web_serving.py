"""What serves the desk's and the gateway's pages answers at once, one page after the other."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from starters.web.patience import Patience
from starters.web.protection import site
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


def page(request: Request) -> Response:
    return PlainTextResponse("x" * 3000)


@contextlib.asynccontextmanager
async def served(
    endpoint: Callable[[Request], Response | Awaitable[Response]], patience: Patience | None = None
) -> AsyncIterator[str]:
    """The address of a server with one page."""
    app = site(routes=[Route("/", endpoint), Route("/outra", endpoint, methods=["GET", "POST"])])
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(app, patience=patience, ready=url.set_result))
    try:
        yield await url
    finally:
        serving.cancel()
        await asyncio.wait([serving])


async def test_a_body_does_not_wait_for_the_browsers_word_about_its_head_X24() -> None:
    async with served(page) as url:
        took = await asyncio.to_thread(asked_of, url)
    assert took < PAGES * 0.04, "each page waited 40 ms"


async def test_no_page_sends_a_visitor_to_a_host_that_the_visitor_named() -> None:
    async with served(page) as url:
        reader, writer = await opened(url)
        writer.write(b"GET /outra/ HTTP/1.1\r\nHost: golpe.example\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert b"golpe.example" not in answer
        writer.close()


def test_every_server_of_pages_is_such_a_site() -> None:
    starters = Path(__file__).parents[2] / "starters"
    made = [path.parent.name for path in starters.rglob("*.py") if " Starlette(" in path.read_text()]
    assert made == ["web"]


# ---------------------------------------------------------------------------------------- patience


async def opened(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 12)


HEAD = b"POST /outra HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "said", [b"", b"GE", HEAD, HEAD + b"\r\nab"], ids=["nothing", "a word", "a head", "a body"]
)
@pytest.mark.parametrize("later", [False, True], ids=["at first", "later"])
async def test_who_never_ends_a_request_is_cut(said: bytes, later: bool) -> None:
    async with served(read_all, Patience(request=0.3)) as url:
        reader, writer = await opened(url)
        if later and said:
            writer.write(WHOLE)
            await reader.readuntil(b"\r\n\r\nx")
        writer.write(said)
        asked = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while await asyncio.wait_for(reader.read(1 << 16), 10):
                pass
        assert 0.2 < time.monotonic() - asked < 4.5
        writer.close()


async def read_all(request: Request) -> Response:
    await request.body()
    return PlainTextResponse("x")


async def test_who_asks_in_time_is_answered_again_and_again_and_may_take_its_time_between() -> None:
    async with served(page, Patience(request=0.3)) as url:
        reader, writer = await opened(url)
        for _ in range(3):
            writer.write(WHOLE)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            await reader.readexactly(3000)
            await asyncio.sleep(0.4)
        writer.close()


async def test_who_takes_nothing_of_an_answer_is_cut_and_who_takes_it_slowly_is_not() -> None:
    ended: asyncio.Queue[int] = asyncio.Queue()

    async def much(request: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            sent = 0
            try:
                for _ in range(40):
                    yield b"x" * 1_000_000
                    sent += 1
            finally:
                ended.put_nowait(sent)

        return StreamingResponse(pieces())

    async with served(much, Patience(reading=0.5)) as url:
        reader, writer = await opened(url)
        writer.write(WHOLE)
        await asyncio.wait_for(ended.get(), 20)
        taken = 0
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(1 << 20):
                taken += len(piece)
        assert taken < 40_000_000
        writer.close()
        reader, writer = await opened(url)
        writer.write(WHOLE)
        taken = 0
        while taken < 40_000_000:
            taken += len(await reader.read(1 << 20))
            if taken % 7 == 0:
                await asyncio.sleep(0.002)
        assert await asyncio.wait_for(ended.get(), 20) == 40
        writer.close()
