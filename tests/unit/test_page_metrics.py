"""What a page server tells of its requests: by route, so that no secret of an address is told."""

import asyncio
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from embedded.ports import free_port
from starters.web.metrics import measured
from starters.web.serving import serve
from workers.prepared import Need
from workers.readiness import Readiness


async def download(request: Request) -> Response:
    return PlainTextResponse("x", 410 if request.path_params["token"] == "old" else 200)


async def broken(request: Request) -> Response:
    raise RuntimeError


def app() -> Starlette:
    return Starlette(routes=[Route("/d/{token}", download), Route("/broken", broken)])


def ask(url: str, method: str = "GET") -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        return error.code


async def silent() -> None:
    raise OSError


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_requests_are_counted_by_route_and_needs_are_asked() -> None:
    address = f"127.0.0.1:{free_port()}"
    taken: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with measured(app(), address, Readiness({Need.STORE: silent})) as served:
        serving = asyncio.create_task(serve(served, ready=taken.set_result))
        url = await taken
        for path in ("/d/secret-1", "/d/secret-2", "/d/old", "/broken", "/nothing/secret-3"):
            await asyncio.to_thread(ask, url + path)
        await asyncio.to_thread(ask, url + "/d/secret-4", "DELETE")
        page = await asyncio.to_thread(
            lambda: urllib.request.urlopen(f"http://{address}/metrics", timeout=10).read().decode()
        )
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    samples = [one for family in text_string_to_metric_families(page) for one in family.samples]
    counted = {
        (one.labels["page"], one.labels["method"], one.labels["code"]): one.value
        for one in samples
        if one.name == "cancelamento_http_requests_total"
    }
    assert counted == {
        ("/d/{token}", "GET", "200"): 2,
        ("/d/{token}", "GET", "410"): 1,
        ("/d/{token}", "other", "405"): 1,
        ("/broken", "GET", "500"): 1,
        ("other", "GET", "404"): 1,
    }
    assert "secret" not in page
    assert [one.value for one in samples if one.name == "cancelamento_answers"] == [0]
    assert {one.labels["page"] for one in samples if one.name == "cancelamento_http_seconds_count"} == {
        "/d/{token}",
        "/broken",
        "other",
    }


async def test_nothing_is_measured_where_nobody_asks() -> None:
    pages = app()
    async with measured(pages, None) as served:
        assert served is pages
