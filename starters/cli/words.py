"""Lines that the command line puts together about a case, and the colours of stages."""

from typing import Final

from cancellation.domain.instants import Held
from cancellation.domain.stage import Stage
from cancellation.domain.values import Released
from cancellation.language import vocabulary, words
from cancellation.messages.status import NumberView, RecordingsView

PATH: Final = (
    Stage.RETENTION,
    Stage.AWAITING_FORMALIZATION,
    Stage.NOTICE,
    Stage.CLOSING,
    Stage.CLOSED,
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


def number(view: NumberView) -> str:
    """A number, and how its portability stands."""
    parts = [words.phone(view.number)]
    if view.port is not None:
        to = f" para {view.operator}" if view.operator else ""
        parts.append(f"portabilidade {vocabulary.port_status(view.port)}{to}")
    if view.ended is not None:
        parts.append(vocabulary.hold_end(view.ended))
    elif view.held_until is not None:
        parts.append(f"mantido até {words.short_date(words.last_day_before(view.held_until))}")
    return ", ".join(parts)


def held(one: Held) -> str:
    """A number that was kept after the notice."""
    return f"{words.phone(one.number)} ({vocabulary.hold_end(one.ended)})"


def recordings(view: RecordingsView) -> str:
    """What the customer asked for, and the link."""
    wanted = words.period(view.from_date, view.to_date)
    if not view.delivered or view.files is None or view.size is None or view.expires_at is None:
        return f"{wanted}; link ainda não enviado"
    count = words.counted(view.files, "arquivo", "arquivos")
    until = words.short_date(words.last_day_before(view.expires_at))
    return f"{wanted}; link enviado com {count} ({words.size(view.size)}), válido até {until}"


def released(what: Released) -> str:
    """How much was released, kind by kind."""
    return words.listed(vocabulary.released(what)) or "nada"
