"""Renders the desk's pages: templates, what they know, and the words that they share."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from cancellation.domain.stage import Stage
from cancellation.domain.values import Channel, OfferKind, OfferStatus, PortStatus, ReasonCategory, Team
from cancellation.language import commands, vocabulary, words
from starters.desk.access import Visitor
from starters.desk.people import Act

HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class House:
    """Whose desk this is."""

    company: str = "NuvemJTI"
    web_ui: str = ""
    """Where Temporal's own pages are; empty where that is not known."""
    virtual_clock: bool = False
    """Time can be skipped here: said on every page."""


class Pages:
    """Renders the pages of a house."""

    def __init__(self, house: House) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals |= {
            "house": house,
            "v": vocabulary,
            "w": words,
            "Act": Act,
            "Stage": Stage,
            "Team": Team,
            "channels": tuple(Channel),
            "reasons": tuple(ReasonCategory),
            "offer_kinds": tuple(OfferKind),
            "offer_statuses": tuple(OfferStatus),
            "port_statuses": tuple(PortStatus),
            "query": query,
            "STAGES_OPEN": (Stage.RETENTION, Stage.AWAITING_FORMALIZATION, Stage.NOTICE, Stage.CLOSING),
        }
        self._environment.filters |= {
            "tel": lambda number: "".join(c for c in number if c.isdigit() or c == "+"),
            "phone": words.phone,
            "cnpj": words.cnpj,
            "money": words.money,
            "moment": words.short_moment,
            "day": words.short_date,
            "ago": ago,
            "channel": lambda code: vocabulary.channel(Channel(code)),
            "reason": lambda code: vocabulary.reason_category(ReasonCategory(code)),
            "stage": lambda code: vocabulary.short_stage(Stage(code)),
            "without_commands": commands.without,
            "capital": lambda text: text[:1].upper() + text[1:],
        }

    def page(
        self, template: str, visitor: Visitor | None, *, status: int = 200, here: str = "", **facts: Any
    ) -> HTMLResponse:
        """One page.

        Args:
            template: its name without `.html`.
            visitor: who reads it; None before anybody has logged in.
            status: of HTTP.
            here: which entry of the menu it belongs to.
            facts: what it shows.
        """
        content = self._environment.get_template(f"{template}.html").render(
            visitor=visitor, here=here, now=datetime.now(UTC), **facts
        )
        return HTMLResponse(content, status, headers={"content-language": "pt-BR"})

    def message(
        self, status: int, title: str, text: str, visitor: Visitor | None = None, back: str = "/"
    ) -> HTMLResponse:
        """A page that only says something."""
        return self.page("message", visitor, status=status, title=title, text=text, back=back)


def query(values: Mapping[str, object], **changes: object) -> str:
    """An address's query with some of its values changed; empty ones are left out."""
    merged = {name: value for name, value in {**values, **changes}.items() if value not in (None, "", False)}
    return f"?{urlencode(merged)}" if merged else "?"


def ago(since: datetime, now: datetime) -> str:
    """`há 3 dias`, `há 5 horas`, `há 10 minutos`, `agora`; what lies ahead of this clock is `agora`, too."""
    seconds = int((now - since).total_seconds())
    if seconds >= 2 * 86_400:
        return f"há {words.days(seconds // 86_400)}"
    if seconds >= 3600:
        return f"há {words.counted(seconds // 3600, 'hora', 'horas')}"
    if seconds >= 60:
        return f"há {words.counted(seconds // 60, 'minuto', 'minutos')}"
    return "agora"
