"""What every page server answers alike: files of its own, no robots, whether it is there and can work."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response

from workers.readiness import Readiness

_NO_STORE: Final = {"cache-control": "no-store"}


def static(file: Path, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    """Answers with a file, which a browser may keep for an hour."""

    async def serve(request: Request) -> Response:
        headers = {"cache-control": "public, max-age=3600"}
        return FileResponse(file, media_type=media_type, headers=headers)

    return serve


async def robots(request: Request) -> Response:
    """Nothing here is for search engines."""
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


async def live(request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"live": True}, headers=_NO_STORE)


def ready(readiness: Readiness) -> Callable[[Request], Awaitable[Response]]:
    """Answers whether what the process needs answers: 200, or 503 and what does not."""

    async def answer(request: Request) -> Response:
        answers = await readiness.ask()
        can_work = readiness.is_ready(answers)
        return JSONResponse({"ready": can_work, **answers}, 200 if can_work else 503, headers=_NO_STORE)

    return answer
