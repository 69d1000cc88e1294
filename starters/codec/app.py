"""The codec server as an ASGI application: `…/decode`, `…/encode` where that is allowed, and a page to come in.

The protocol is that of Temporal's remote codecs: `Payloads` as protobuf's JSON in and out, 400 for what cannot be read,
and only the last part of the path counts.
"""

import logging
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from google.protobuf.json_format import MessageToJson, Parse, ParseError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from temporalio.api.common.v1 import Payloads

from cancellation.encryption import CannotDecrypt, Encryption
from starters.codec.access import Door
from starters.web.fixed import live, ready, robots
from starters.web.limits import TooMuch
from starters.web.protection import LastResort, SecurityHeaders, site
from workers.readiness import Readiness

logger = logging.getLogger(__name__)

_MOST_BYTES: Final = 32_000_000
"""Of a request: a page of a history, in base64."""
_MOST_OF_A_FORM: Final = 10_000
_PAGE: Final = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
_HEADERS: Final = ("authorization", "content-type", "x-namespace")
"""What the Web UI sends along."""


def create_app(
    codec: Encryption, door: Door, origins: tuple[str, ...], *, encodes: bool = False, https: bool = False
) -> Starlette:
    """The application.

    Args:
        codec: reads, and writes where that is allowed.
        door: who may come in.
        origins: of the Web UI, exactly as browsers say them; no other page may ask.
        encodes: whether it also encrypts. The Web UI sends everything through it, and with the form of a signal that
            is refused nothing goes out: cases are worked at the desk, under the name of who did it (X24).
        https: whether browsers come over HTTPS.
    """
    server = _Codec(codec, door, origins, encodes)
    return site(
        routes=[
            Route("/", server.page),
            Route("/entrar", server.come_in, methods=["POST"]),
            Route("/robots.txt", robots),
            Route("/live", live),
            Route("/ready", ready(Readiness({}))),
            Route("/{path:path}", server.convert, methods=["POST"]),
        ],
        middleware=[
            Middleware(SecurityHeaders, https=https, form_action="'self'", referrer="same-origin"),
            Middleware(
                CORSMiddleware,
                allow_origins=origins,
                allow_methods=["POST"],
                allow_headers=_HEADERS,
                allow_credentials=True,
            ),
            Middleware(LastResort, page=lambda: _refusal(503, "não foi possível responder agora")),
        ],
        exception_handlers={HTTPException: _refused, TooMuch: _slowed_down},
    )


class _Codec:
    def __init__(self, codec: Encryption, door: Door, origins: tuple[str, ...], encodes: bool) -> None:
        self._codec = codec
        self._door = door
        self._origins = origins
        self._encodes = encodes

    async def page(self, request: Request) -> Response:
        """The form to come in, and whether one is in."""
        said = "Informe o código de acesso." if not self._door.is_in(request) else "Você já entrou."
        return _page(said)

    async def come_in(self, request: Request) -> Response:
        """Begin a session for who knows the token."""
        form = parse_qs((await _body(request, _MOST_OF_A_FORM)).decode(errors="replace"))
        if not self._door.knows(request, form.get("token", [""])[0]):
            return _page("Esse não é o código de acesso.", 403)
        response = RedirectResponse("/", 303)
        self._door.give_cookie(response)
        return response

    async def convert(self, request: Request) -> Response:
        """Decrypt or encrypt payloads, in their order."""
        what = request.path_params["path"].rpartition("/")[2]
        if what not in ("decode", "encode"):
            raise HTTPException(404, "não há nada aqui")
        origin = request.headers.get("origin")
        if origin is not None and origin not in self._origins:
            raise HTTPException(403, "esta página não pode perguntar")
        if not self._door.is_in(request):
            raise HTTPException(401, "código de acesso ausente ou errado", {"www-authenticate": "Bearer"})
        if what == "encode" and not self._encodes:
            raise HTTPException(403, "este servidor só decifra (CANCELAMENTO_CODEC_ENCODES)")
        payloads = await _payloads(request)
        try:
            work = self._codec.decode if what == "decode" else self._codec.encode
            done = await work(payloads.payloads)
        except CannotDecrypt as error:
            raise HTTPException(400, str(error)) from None
        logger.info("payloads converted", extra={"what": what, "payloads": len(done)})
        return Response(MessageToJson(Payloads(payloads=done)), media_type="application/json")


async def _payloads(request: Request) -> Payloads:
    body = await _body(request, _MOST_BYTES)
    try:
        return Parse(body.decode(), Payloads(), ignore_unknown_fields=True)
    except (ParseError, UnicodeDecodeError):
        raise HTTPException(400, "o corpo não é um Payloads em JSON") from None


async def _body(request: Request, most: int) -> bytes:
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > most:
            raise HTTPException(413, "o pedido é grande demais")
    return bytes(found)


def _page(said: str, status: int = 200) -> Response:
    return HTMLResponse(_PAGE.format(said=said), status)


def _refusal(status: int, said: str) -> Response:
    return JSONResponse({"error": said}, status)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=dict(error.headers or {}))


async def _slowed_down(request: Request, error: Exception) -> Response:
    assert isinstance(error, TooMuch)
    said = {"error": "tentativas demais; aguarde"}
    return JSONResponse(said, 429, headers={"retry-after": str(error.retry_after)})
