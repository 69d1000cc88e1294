"""The door: logging in and out (X24)."""

import logging

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from starters.desk.access import address_of
from starters.desk.desk import Desk, done
from starters.desk.forms import form_of

logger = logging.getLogger(__name__)


class Entrance:
    """Logging in and out."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """The form; whoever is in already goes on."""
        if await self._desk.door.visitor(request) is not None:
            return RedirectResponse(_inside(request.query_params.get("para", "")), status_code=303)
        return self._desk.pages.page(
            "login", None, para=request.query_params.get("para", ""), login="", problem=None
        )

    async def enter(self, request: Request) -> Response:
        """Check the password."""
        self._desk.door.must_be_own(request)
        form = await form_of(request)
        token = await self._desk.door.log_in(request, form["usuario"], form["senha"])
        if token is None:
            logger.warning("login refused", extra={"address": address_of(request)})
            problem = "Usuário ou senha não conferem."
            return self._desk.pages.page(
                "login", None, status=401, para=form["para"], login=form["usuario"], problem=problem
            )
        answer = done(_inside(form["para"]))
        self._desk.door.give_cookie(answer, token)
        return answer

    async def leave(self, request: Request) -> Response:
        """End the session."""
        self._desk.door.must_be_own(request)
        visitor = await self._desk.door.visitor(request)
        form = await form_of(request)
        answer = done("/entrar")
        if visitor is not None:
            self._desk.door.must_fit(visitor, form["csrf"])
            await self._desk.door.log_out(request, answer)
        return answer


def _inside(wanted: str) -> str:
    """An address of our own to go on to; anything else leads to the first page."""
    own = wanted.startswith("/") and not wanted.startswith(("//", "/\\", "/entrar"))
    return wanted if own and wanted.isprintable() and "\\" not in wanted else "/"
