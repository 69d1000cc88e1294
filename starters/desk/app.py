"""The desk as an ASGI application: its routes, and what surrounds every answer (X24)."""

from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cancellation.language import words
from starters.desk.access import NotAllowed
from starters.desk.cases import Cases
from starters.desk.desk import Desk
from starters.desk.entrance import Entrance
from starters.desk.figures import FiguresPages
from starters.desk.findings import FindingsPage
from starters.desk.mails import Mails
from starters.desk.pages import HERE
from starters.desk.people import Act, BadPeopleFile
from starters.desk.waiting import Waiting
from starters.web.fixed import live, ready, robots, static
from starters.web.limits import TooMuch
from starters.web.protection import LastResort, SecurityHeaders, site
from starters.web.thrift import GivesBack
from workers.readiness import Readiness

_CASE: Final = "/caso/{protocol}"


def create_app(desk: Desk, *, public_url: str = "", readiness: Readiness | None = None) -> Starlette:
    """The desk.

    Args:
        desk: what its pages work with.
        public_url: what people type; with `https://` browsers are told to insist on it.
        readiness: whether what it needs answers, for `/ready`.
    """
    waiting, cases, mails = Waiting(desk), Cases(desk), Mails(desk)
    entrance, figures = Entrance(desk), FiguresPages(desk)
    findings = FindingsPage(desk)
    look, do = desk.look, desk.do
    return site(
        routes=[
            Route("/", look(waiting.cases)),
            Route("/novo", look(cases.new), methods=["GET"]),
            Route("/novo", do(Act.CONDUCT, cases.open), methods=["POST"]),
            Route(_CASE, look(cases.show), methods=["GET"]),
            Route(f"{_CASE}/oferta", do(Act.CONDUCT, cases.offer), methods=["POST"]),
            Route(f"{_CASE}/fica", do(Act.CONDUCT, cases.stays), methods=["POST"]),
            Route(f"{_CASE}/mantem", do(Act.CONDUCT, cases.declines), methods=["POST"]),
            Route(f"{_CASE}/portabilidade", do(Act.SERVICE, cases.portability), methods=["POST"]),
            Route(f"{_CASE}/gravacoes", do(Act.SERVICE, cases.recordings), methods=["POST"]),
            Route(f"{_CASE}/reenviar", do(Act.CONDUCT, cases.resend), methods=["POST"]),
            Route(f"{_CASE}/desistencia", look(cases.ask_withdrawal), methods=["GET"]),
            Route(f"{_CASE}/desistencia", do(Act.CONDUCT, cases.withdraw), methods=["POST"]),
            Route(f"{_CASE}/descarte", look(cases.ask_discard), methods=["GET"]),
            Route(f"{_CASE}/descarte", do(Act.CONDUCT, cases.discard), methods=["POST"]),
            Route(f"{_CASE}/nota", do(Act.NOTE, cases.note), methods=["POST"]),
            Route(f"{_CASE}/responsavel", do(Act.CONDUCT, cases.assign), methods=["POST"]),
            Route("/mensagem/{message_id:path}", look(cases.letter), methods=["GET"]),
            Route("/email", look(mails.find), methods=["GET"]),
            Route("/email/{sha256}", look(mails.show), methods=["GET"]),
            Route("/email/{sha256}/original", look(mails.download), methods=["GET"]),
            Route("/email/{sha256}", do(Act.CONDUCT, mails.decide), methods=["POST"]),
            Route("/tarefas", look(waiting.tasks), methods=["GET"]),
            Route("/tarefas", do(Act.NOTE, waiting.close_task), methods=["POST"]),
            Route("/conferencia", look(findings.show), methods=["GET"]),
            Route("/numeros", look(figures.show), methods=["GET"]),
            Route("/numeros.csv", look(figures.csv), methods=["GET"]),
            Route("/entrar", entrance.show, methods=["GET"]),
            Route("/entrar", entrance.enter, methods=["POST"]),
            Route("/sair", entrance.leave, methods=["POST"]),
            Route("/mesa.css", static(HERE / "static" / "mesa.css", "text/css; charset=utf-8")),
            Route("/icone.svg", static(HERE / "static" / "icone.svg", "image/svg+xml")),
            Route("/robots.txt", robots),
            Route("/live", live),
            Route("/ready", ready(readiness or Readiness({}))),
        ],
        middleware=[
            Middleware(
                SecurityHeaders,
                https=public_url.startswith("https://"),
                form_action="'self'",
                referrer="same-origin",
            ),
            Middleware(GivesBack),
            Middleware(LastResort, page=lambda: _unavailable(desk)),
        ],
        exception_handlers={
            HTTPException: _Refusals(desk).not_found,
            NotAllowed: _Refusals(desk).not_allowed,
            TooMuch: _Refusals(desk).too_much,
            BadPeopleFile: _Refusals(desk).nobody_known,
        },
    )


def _unavailable(desk: Desk) -> Response:
    text = "Um servidor não respondeu. Nada do que já foi registrado se perde: tente de novo em instantes."
    return desk.pages.message(503, "A mesa não está disponível", text)


class _Refusals:
    """Pages for what goes wrong."""

    def __init__(self, desk: Desk) -> None:
        self._pages = desk.pages

    async def not_found(self, request: Request, error: Exception) -> Response:
        """No such page, or a method that it does not take."""
        assert isinstance(error, HTTPException)
        return self._pages.message(error.status_code, "Página não encontrada", "Confira o endereço.")

    async def not_allowed(self, request: Request, error: Exception) -> Response:
        """The request is not the visitor's own, or not theirs to make."""
        return self._pages.message(403, "Não foi aceito", str(error))

    async def too_much(self, request: Request, error: Exception) -> Response:
        """Too many wrong passwords."""
        assert isinstance(error, TooMuch)
        minutes = words.counted(-(-error.retry_after // 60), "minuto", "minutos")
        text = f"Houve tentativas demais de entrar. Espere {minutes} e tente de novo."
        page = self._pages.message(429, "Espere um pouco", text, back="/entrar")
        page.headers["retry-after"] = str(error.retry_after)
        return page

    async def nobody_known(self, request: Request, error: Exception) -> Response:
        """The file of people cannot be read."""
        text = "O cadastro de pessoas da mesa não pôde ser lido. Avise quem cuida dos servidores."
        return self._pages.message(503, "Ninguém pode entrar agora", text)
