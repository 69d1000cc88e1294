"""What every page server answers alike: files of its own, no robots, that it is there."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response


def static(file: Path, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    """Answers with a file, which a browser may keep for an hour."""

    async def serve(request: Request) -> Response:
        headers = {"cache-control": "public, max-age=3600"}
        return FileResponse(file, media_type=media_type, headers=headers)

    return serve


async def robots(request: Request) -> Response:
    """Nothing here is for search engines."""
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


async def healthy(request: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")
