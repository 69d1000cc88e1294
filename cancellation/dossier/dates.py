"""The dates of a notice with their arithmetic: from which instant, by which rules, under which clause (P8, X13)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import to_jsonable_python

from cancellation.language import words
from cancellation.messages.evidence import Evidence

_FACTS = (
    "received_at",
    "received_on",
    "notice_days",
    "clause",
    "last_day",
    "end_offset_minutes",
    "notice_ends_at",
    "in_force",
    "revoked_at",
)


def facts(evidence: Evidence) -> dict[str, Any] | None:
    """What the dates follow from, as data; None while nothing is formalised."""
    held = evidence.formalization
    return {name: to_jsonable_python(getattr(held, name)) for name in _FACTS} if held else None


def explained(evidence: Evidence) -> list[str]:
    """Each step of the reckoning in words."""
    held = evidence.formalization
    if held is None:
        return ["Não há formalização completa: nenhum aviso prévio corre, e nada pode ser desativado."]
    offset = f"UTC{held.end_offset_minutes / 60:+g}".replace(".", ",")
    first = held.received_on + timedelta(days=1)
    steps = [
        f"O aviso prévio conta do instante em que o e-mail que completou a formalização foi recebido, não de quando "
        f"foi tratado: {utc(held.received_at)}.",
        f"Pelo fuso America/Sao_Paulo, com as regras guardadas no caso desde a abertura, esse instante é do dia "
        f"{words.long_date(held.received_on)}.",
        f"Cláusula {held.clause}: {words.days(held.notice_days)} corridos. O dia do recebimento não conta, o último "
        f"conta: o primeiro dia é {words.short_date(first)} e o último é {words.short_date(held.received_on)} + "
        f"{held.notice_days} = {words.long_date(held.last_day)}.",
        f"O aviso termina no fim desse dia, à meia-noite local ({offset}): {utc(held.notice_ends_at)}. Antes desse "
        f"instante nada é desativado, liberado nem apagado.",
    ]
    if held.revoked_at is not None:
        steps.append(f"A formalização deixou de valer em {utc(held.revoked_at)}.")
    if evidence.acts:
        act = evidence.acts[0]
        late = act.ordered_at - held.notice_ends_at
        steps.append(
            f"A primeira ordem de encerramento é de {utc(act.ordered_at)}: {_lapse(late)} depois do fim do aviso."
        )
    return steps


def utc(instant: datetime) -> str:
    """`23/11/2026 02:30:00 UTC (22/11/2026 23h30 em Brasília)`."""
    return f"{instant.astimezone(UTC):%d/%m/%Y %H:%M:%S} UTC ({words.short_moment(instant)} em Brasília)"


def _lapse(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if abs(seconds) < 120:
        return words.counted(seconds, "segundo", "segundos")
    if abs(seconds) < 7200:
        return words.counted(seconds // 60, "minuto", "minutos")
    if abs(seconds) < 2 * 86400:
        return words.counted(seconds // 3600, "hora", "horas")
    return words.days(seconds // 86400)
