"""What people read: the page of a link, of a dead link, and of everything that goes wrong."""

from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from cancellation.adapters.objectstore.ledger import Link
from cancellation.language import words

HERE: Final = Path(__file__).parent

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class House:
    """Whose pages these are."""

    company: str = "NuvemJTI"
    contact: str = "comercial@nuvemjti.com.br"
    """Where customers write to."""


class Pages:
    """Renders the pages of a house."""

    def __init__(self, house: House) -> None:
        self._house = house

    def download(self, link: Link, file_url: str) -> HTMLResponse:
        """What there is to download, until when, and the button."""
        return self._page(
            "download.html",
            200,
            recordings=words.counted(link.files, "gravação", "gravações"),
            size=words.size(link.size),
            until=until(link.expires_at),
            sha256=link.sha256,
            name=link.download_name,
            file_url=file_url,
        )

    def dead(self, link: Link, now: datetime) -> HTMLResponse:
        """The link has died: with the notice, or before by a decision."""
        died_at = link.expires_at if link.revoked_at is None else min(link.revoked_at, link.expires_at)
        expired = died_at >= link.expires_at
        return self._page("dead.html", 410, expired=expired, until=until(link.expires_at))

    def not_found(self) -> HTMLResponse:
        """No such link, no such page."""
        return self._message(
            404,
            "Endereço não encontrado",
            "Confira se o link foi copiado inteiro, do começo ao fim, da mensagem que enviamos.",
        )

    def too_much(self, retry_after: int) -> HTMLResponse:
        """The visitor asks for more than one address may."""
        page = self._message(
            429,
            "Muitos acessos ao mesmo tempo",
            "Recebemos muitos pedidos deste endereço de rede. Espere um pouco e tente de novo; se houver "
            "outros downloads em andamento, deixe que terminem.",
        )
        page.headers["retry-after"] = str(retry_after)
        return page

    def unavailable(self) -> HTMLResponse:
        """Something of ours does not answer."""
        page = self._message(
            503,
            "Download indisponível no momento",
            "O problema é nosso e costuma ser passageiro. O link continua valendo: tente de novo em alguns "
            "minutos.",
        )
        page.headers["retry-after"] = "60"
        return page

    def refused(self, status: int) -> HTMLResponse:
        """The request is of a kind that nothing here takes."""
        return self._message(status, "Pedido não aceito", "Abra o link da mensagem no navegador.")

    def _message(self, status: int, title: str, text: str) -> HTMLResponse:
        return self._page("message.html", status, title=title, text=text)

    def _page(self, template: str, status: int, **facts: Any) -> HTMLResponse:
        content = _TEMPLATES.get_template(template).render(house=self._house, **facts)
        return HTMLResponse(content, status, headers={"content-language": "pt-BR"})


def until(expires_at: datetime) -> str:
    """`o fim de terça-feira, 22 de dezembro de 2026`; a notice ends at midnight in São Paulo."""
    local = expires_at.astimezone(words.ZONE)
    if local.time() == time(0):
        return f"o fim de {words.long_date(words.last_day_before(expires_at))}"
    return words.moment(expires_at)
