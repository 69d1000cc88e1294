"""The words that the command line uses for stages, deadlines, steps and people's messages."""

from datetime import datetime
from typing import Final

from cancellation.domain.case import Held, Released
from cancellation.domain.due import Due
from cancellation.domain.stage import Stage
from cancellation.domain.values import OfferStatus, PortStatus
from cancellation.letters import words
from cancellation.messages.facts import SIGNALS
from cancellation.messages.status import NumberView, RecordingsView
from workflows.details import STAGE_WORDS, STEP_WORDS, due_words

PATH: Final = (
    (Stage.RETENTION, "retenção"),
    (Stage.AWAITING_FORMALIZATION, "formalização"),
    (Stage.NOTICE, "aviso prévio"),
    (Stage.CLOSING, "encerramento"),
    (Stage.CLOSED, "encerrado"),
)
"""The way of a case to its ordinary end."""

STAGE_STYLES: Final = {
    Stage.RETENTION: "yellow",
    Stage.AWAITING_FORMALIZATION: "yellow",
    Stage.NOTICE: "cyan",
    Stage.CLOSING: "magenta",
    Stage.CLOSED: "green",
    Stage.RETAINED: "green",
    Stage.WITHDRAWN: "green",
    Stage.LAPSED: "blue",
    Stage.DISCARDED: "bright_black",
}

_SHORT_STAGES: Final = {
    Stage.RETENTION: "Retenção",
    Stage.AWAITING_FORMALIZATION: "Formalização",
    Stage.NOTICE: "Aviso prévio",
    Stage.CLOSING: "Encerramento",
    Stage.CLOSED: "Encerrado",
    Stage.RETAINED: "Retido",
    Stage.WITHDRAWN: "Desistiu",
    Stage.LAPSED: "Prazo vencido",
    Stage.DISCARDED: "Descartado",
}
_PORTS: Final = {
    PortStatus.REQUESTED: "portabilidade solicitada",
    PortStatus.COMPLETED: "portabilidade concluída",
    PortStatus.REJECTED: "portabilidade rejeitada",
    PortStatus.CANCELLED: "portabilidade cancelada",
}
_OFFERS: Final = {
    OfferStatus.MADE: "apresentada",
    OfferStatus.ACCEPTED: "aceita",
    OfferStatus.REFUSED: "recusada",
}
_MISSING: Final = {
    "explicit_request": "o pedido explícito de cancelamento",
    "reason": "o motivo",
    "authentication": "a autenticação do remetente (SPF, DKIM ou DMARC)",
    "sender": "o envio por um contato autorizado",
}
_MESSAGES: Final = dict(
    zip(
        SIGNALS,
        (
            "solicitação",
            "oferta de retenção",
            "resultado da retenção",
            "e-mail de formalização",
            "portabilidade",
            "pedido de gravações",
            "desistência",
            "descarte",
        ),
        strict=True,
    )
)


def stage(value: Stage) -> str:
    """Where a case stands."""
    return STAGE_WORDS[value.value]


def short_stage(value: Stage) -> str:
    """The same for a column of a table."""
    return _SHORT_STAGES[value]


def when(instant: datetime) -> str:
    """`22/11/2026 10h15`, in São Paulo."""
    return f"{words.short_date(instant.astimezone(words.ZONE).date())} {words.clock(instant)}"


def missing(code: str) -> str:
    """What a formalization still lacks."""
    mailbox = code.removeprefix("recipient:")
    return f"o envio para {mailbox}" if mailbox != code else _MISSING.get(code, code)


def step(name: str) -> str:
    """A step that needs attention."""
    return STEP_WORDS.get(name, name)


def due(coming: Due) -> str:
    """What will happen."""
    return due_words(coming.what)


def message_name(name: str) -> str:
    """The kind of a message."""
    return _MESSAGES.get(name, name)


def offer_status(value: OfferStatus) -> str:
    """What became of an offer."""
    return _OFFERS[value]


def number(view: NumberView) -> str:
    """A number, and how its portability stands."""
    parts = [words.phone(view.number)]
    if view.port is not None:
        to = f" para {view.operator}" if view.operator else ""
        parts.append(_PORTS[view.port] + to)
    if view.ended is not None:
        parts.append(hold_end(view.ended))
    elif view.held_until is not None:
        parts.append(f"mantido até {words.short_date(words.last_day_before(view.held_until))}")
    return ", ".join(parts)


def hold_end(ended: str | None) -> str:
    """How the keeping of a number ended."""
    return {"completed": "portado depois do aviso", "expired": "liberado sem portabilidade"}.get(
        ended or "", "ainda mantido"
    )


def held(one: Held) -> str:
    """A number that was kept after the notice."""
    return f"{words.phone(one.number)} ({hold_end(one.ended)})"


def recordings(view: RecordingsView) -> str:
    """What the customer asked for, and the link."""
    if view.from_date is None and view.to_date is None:
        wanted = "todas"
    else:
        first = words.short_date(view.from_date) if view.from_date else "o início"
        last = words.short_date(view.to_date) if view.to_date else "o fim"
        wanted = f"de {first} a {last}"
    if not view.delivered or view.files is None or view.size is None or view.expires_at is None:
        return f"{wanted}; link ainda não enviado"
    count = words.counted(view.files, "arquivo", "arquivos")
    until = words.short_date(words.last_day_before(view.expires_at))
    return f"{wanted}; link enviado com {count} ({words.size(view.size)}), válido até {until}"


def released(what: Released) -> str:
    """How much was released, kind by kind."""
    return words.listed(
        (
            words.counted(what.extensions, "ramal", "ramais"),
            words.counted(what.trunks, "tronco", "troncos"),
            words.counted(what.licences, "licença", "licenças"),
            words.counted(what.numbers, "número", "números"),
        )
    )
