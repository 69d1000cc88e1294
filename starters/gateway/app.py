"""The gateway's routes: page and file of a download link (P10, P20).

A link is an unguessable token of which only the hash is stored. It opens nothing after the notice's end,
after a withdrawal or once it was revoked: then its page says so, with status 410. Every use of it is
recorded before anything is handed over, with address, instant and, afterwards, the number of bytes. No
token is ever logged.
"""

import base64
import hmac
import logging
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import quote

import asyncpg
import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, ObjectStore, S3Store
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from cancellation.adapters.objectstore.ledger import Link, LinkBook
from cancellation.adapters.objectstore.reading import read_range
from cancellation.domain.links import TOKEN_LENGTH, token_hash
from cancellation.messages.recordings import AccessKind
from cancellation.telemetry import case_at_work
from starters.gateway.conditions import NoBody, answer_to, http_date
from starters.gateway.limits import Doorkeeper, Limits
from starters.gateway.pages import HERE, House, Pages
from starters.gateway.transfer import TransferResponse
from starters.web.fixed import live, ready, robots, static
from starters.web.limits import TooMuch
from starters.web.protection import LastResort, SecurityHeaders, site
from workers.readiness import Readiness

logger = logging.getLogger(__name__)

SIGNED_FOR: Final = timedelta(minutes=5)
"""How long an address of the object store opens, once the gateway has sent somebody there."""
_CHUNK: Final = 1 << 20
"""Bytes that one transfer holds in memory."""
_TOKEN: Final = re.compile(rf"[A-Za-z0-9_-]{{{TOKEN_LENGTH}}}")
_UNREACHABLE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, BaseError, OSError)


def machine_clock() -> datetime:
    """The machine's own time, UTC."""
    return datetime.now(UTC)


def create_app(
    links: LinkBook,
    store: ObjectStore,
    *,
    public_url: str = "",
    house: House | None = None,
    limits: Limits | None = None,
    now: Callable[[], datetime] = machine_clock,
    readiness: Readiness | None = None,
) -> Starlette:
    """The gateway as an ASGI application.

    Args:
        links: where links and accesses are kept.
        store: where the archives lie. A cloud's store serves them itself, by short-lived signed addresses.
        public_url: what visitors call the gateway; with `https://` browsers are told to insist on it.
        house: company and contact, as the pages name them.
        limits: what one network address may do.
        now: the clock that says when a link is dead.
        readiness: whether what it needs answers, for `/ready`.
    """
    gateway = _Gateway(links, store, Pages(house or House()), Doorkeeper(limits or Limits()), now)
    return site(
        routes=[
            Route("/d/{token}", gateway.page, name="page"),
            Route("/d/{token}/{name}", gateway.file, name="file"),
            Route("/estilo.css", static(HERE / "static" / "estilo.css", "text/css; charset=utf-8")),
            Route("/icone.svg", static(HERE / "static" / "icone.svg", "image/svg+xml")),
            Route("/robots.txt", robots),
            Route("/live", live),
            Route("/ready", ready(readiness or Readiness({}))),
        ],
        middleware=[
            Middleware(SecurityHeaders, https=public_url.startswith("https://")),
            Middleware(LastResort, page=gateway.pages.unavailable),
        ],
        exception_handlers={HTTPException: gateway.refuse, TooMuch: gateway.slow_down},
    )


@dataclass(frozen=True)
class _Gateway:
    links: LinkBook
    store: ObjectStore
    pages: Pages
    doorkeeper: Doorkeeper
    now: Callable[[], datetime]

    # ---------------------------------------------------------------- what visitors ask for

    async def page(self, request: Request) -> Response:
        """What there is to download, until when, and the button."""
        link = await self._link(request)
        if not link.is_alive(self.now()):
            return await self._dead(link, request)
        await self._record(link, request, AccessKind.PAGE, 0)
        return self.pages.download(link, f"/d/{request.path_params['token']}/{quote(link.download_name)}")

    async def file(self, request: Request) -> Response:
        """The archive, or the part that was asked for."""
        link = await self._link(request)
        if request.path_params["name"] != link.download_name:
            raise HTTPException(404)
        if not link.is_alive(self.now()):
            return await self._dead(link, request)
        headers = _file_headers(link)
        if request.method == "HEAD":
            await self._record(link, request, AccessKind.FILE, 0)
            return Response(headers={**headers, "content-length": str(link.size)})
        if isinstance(self.store, S3Store | GCSStore | AzureStore):
            return await self._redirect(self.store, link, request)
        answer = answer_to(request.headers, link.size, headers["etag"], link.made_at)
        if isinstance(answer, NoBody):
            await self._record(link, request, AccessKind.FILE, 0)
            return Response(status_code=answer.status, headers={**headers, **answer.headers})
        with ExitStack() as place:
            place.enter_context(self.doorkeeper.downloading(_address(request)))
            chunks = read_range(self.store, link.archive_path, answer.start, answer.end, _CHUNK)
            # What does not exist must be known before the answer begins.
            first = await anext(chunks)
            access_id = await self._record(link, request, AccessKind.FILE, None)
            return TransferResponse(
                answer,
                _with_first(first, chunks),
                headers,
                is_alive=partial(self._still_alive, link),
                finished=partial(self._finish, link, access_id),
                place=place.pop_all(),
            )

    async def _redirect(
        self, store: S3Store | GCSStore | AzureStore, link: Link, request: Request
    ) -> Response:
        """Send the visitor to the object store, with an address that dies soon, and no later than the link."""
        lifetime = min(SIGNED_FOR, link.expires_at - self.now())
        address = await obstore.sign_async(store, "GET", link.archive_path, expires_in=lifetime)
        await self._record(link, request, AccessKind.REDIRECT, None)
        return RedirectResponse(address, status_code=302)

    async def _dead(self, link: Link, request: Request) -> Response:
        await self._record(link, request, AccessKind.DEAD, 0)
        return self.pages.dead(link, self.now())

    # ---------------------------------------------------------------- links and their trail

    async def _link(self, request: Request) -> Link:
        address, token = _address(request), request.path_params["token"]
        if _TOKEN.fullmatch(token):
            hashed = token_hash(token)
            link = await self.links.link_by_token_hash(hashed)
            if link is not None and hmac.compare_digest(link.token_hash, hashed):
                case_at_work.set({"case_id": link.case_id})
                self.doorkeeper.admit(address, link.link_id)
                return link
        self.doorkeeper.note_miss(address)
        raise HTTPException(404)

    async def _record(self, link: Link, request: Request, kind: AccessKind, handed_over: int | None) -> int:
        access_id = await self.links.record_access(link, self.now(), _address(request), kind)
        if handed_over is not None:
            await self.links.finish_access(access_id, handed_over)
        logger.info("download link used", extra={"kind": kind.value, "access": access_id})
        return access_id

    async def _finish(self, link: Link, access_id: int, handed_over: int) -> None:
        try:
            await self.links.finish_access(access_id, handed_over)
        except _UNREACHABLE as error:
            # The access itself is recorded; only its length stays unknown.
            logger.warning(
                "length of a download not recorded",
                extra={"access": access_id, "error": type(error).__name__},
            )
        else:
            logger.info(
                "download ended",
                extra={"access": access_id, "bytes": handed_over},
            )

    async def _still_alive(self, link: Link) -> bool:
        if not link.is_alive(self.now()):
            return False
        try:
            current = await self.links.link_by_token_hash(link.token_hash)
        except _UNREACHABLE:
            return True
        return current is not None and current.is_alive(self.now())

    # ---------------------------------------------------------------- what goes wrong

    async def refuse(self, request: Request, error: Exception) -> Response:
        """No such page, or a method that it does not take."""
        assert isinstance(error, HTTPException)
        page = self.pages.not_found() if error.status_code == 404 else self.pages.refused(error.status_code)
        page.headers.update(error.headers or {})
        return page

    async def slow_down(self, request: Request, error: Exception) -> Response:
        """Too much from one address."""
        assert isinstance(error, TooMuch)
        return self.pages.too_much(error.retry_after)


def _address(request: Request) -> str:
    return request.client.host if request.client else "desconhecido"


def _file_headers(link: Link) -> dict[str, str]:
    name = re.sub(r"[^\w.-]", "_", link.download_name, flags=re.ASCII)
    digest = base64.b64encode(bytes.fromhex(link.sha256)).decode()
    return {
        "content-type": "application/zip",
        "content-disposition": f"attachment; filename=\"{name}\"; filename*=UTF-8''{quote(link.download_name)}",
        "accept-ranges": "bytes",
        "etag": f'"{link.sha256}"',
        "last-modified": http_date(link.made_at),
        "repr-digest": f"sha-256=:{digest}:",
        "cache-control": "private, no-cache, no-transform",
    }


async def _with_first(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
