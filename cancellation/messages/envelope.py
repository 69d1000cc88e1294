"""Reading what outside tools send: strictly, and with a refusal that names the field (X8)."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from cancellation.domain.refusal import Problem, Refused
from cancellation.domain.values import Instant, ShortText

M = TypeVar("M", bound=BaseModel)

_MOST_PROBLEMS = 10
_WORDS = {
    "missing": "campo obrigatório ausente",
    "extra_forbidden": "campo desconhecido",
    "string_type": "esperado um texto",
    "string_too_short": "não pode ficar vazio",
    "string_too_long": "texto longo demais (máximo {max_length} caracteres)",
    "string_pattern_mismatch": "formato inválido",
    "bool_type": "esperado true ou false",
    "int_type": "esperado um número inteiro",
    "int_parsing": "esperado um número inteiro",
    "float_parsing": "esperado um número",
    "bool_parsing": "esperado true ou false",
    "enum": "valor inválido; aceitos: {expected}",
    "literal_error": "valor inválido; aceitos: {expected}",
    "timezone_aware": "falta o fuso horário (por exemplo -03:00)",
    "datetime_type": "esperada data e hora ISO 8601 com fuso horário",
    "datetime_parsing": "esperada data e hora ISO 8601 com fuso horário",
    "datetime_from_date_parsing": "esperada data e hora ISO 8601 com fuso horário",
    "date_type": "esperada uma data ISO 8601 (AAAA-MM-DD)",
    "date_parsing": "esperada uma data ISO 8601 (AAAA-MM-DD)",
    "date_from_datetime_parsing": "esperada uma data ISO 8601 (AAAA-MM-DD)",
    "model_type": "esperado um objeto JSON",
    "model_attributes_type": "esperado um objeto JSON",
    "tuple_type": "esperada uma lista",
    "list_type": "esperada uma lista",
    "too_short": "lista com itens de menos",
    "too_long": "lista longa demais",
    "greater_than_equal": "deve ser no mínimo {ge}",
    "less_than_equal": "deve ser no máximo {le}",
    "greater_than": "deve ser mais que {gt}",
    "less_than": "deve ser menos que {lt}",
    "time_type": "esperada uma hora (HH:MM)",
    "time_parsing": "esperada uma hora (HH:MM)",
    "clock_with_zone": "hora local, sem fuso horário (por exemplo 09:00)",
    "closes_before_it_opens": "closes deve vir depois de opens",
    "changes_out_of_order": "as mudanças devem vir em ordem, cada uma depois da anterior",
    "json_invalid": "não é JSON válido",
    "value_error": "{error}",
}


class Message(BaseModel):
    """What every message carries beside its own fields; a person in the Web UI may leave all three out."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    message_id: ShortText | None = None
    """The caller's idempotency key; for a formalization the e-mail's Message-ID."""
    occurred_at: Instant | None = None
    """When it happened, as the caller knows it; informs the trail and never moves a date."""
    actor: ShortText | None = None
    """Who reports it: a person or a service."""


def read(model: type[M], data: bytes) -> M:
    """Validate JSON bytes against `model`, strictly.

    Raises:
        Refused: with one problem for each field, in Portuguese, without echoing what was sent.
    """
    if b"\\u0000" in data or b"\x00" in data:
        raise Refused(Problem(field=_field_with_nul(data), problem="contém o caractere nulo (U+0000)"))
    try:
        return model.model_validate_json(data, strict=True)
    except ValidationError as error:
        problems = [_problem(detail) for detail in error.errors(include_url=False, include_input=False)]
        raise Refused(*problems[:_MOST_PROBLEMS]) from None


def _field_with_nul(data: bytes) -> str:
    """The path of the first text with a NUL; `payload` where there is no JSON to look into."""
    try:
        whole = from_json(data)
    except ValueError:
        return "payload"
    waiting: list[tuple[str, Any]] = [("", whole)]
    while waiting:
        path, value = waiting.pop(0)
        if isinstance(value, str) and "\0" in value:
            return path[:120] or "payload"
        parts = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for name, part in parts:
            known = str(name).replace("\0", "")[:60]
            waiting.append((f"{path}.{known}" if path else known, part))
            if "\0" in str(name):
                return known or "payload"
    return "payload"


def _problem(detail: Any) -> Problem:
    path = ".".join(str(part)[:60] for part in detail["loc"]) or "payload"
    return Problem(field=path[:120], problem=words_of(detail)[:200])


def words_of(detail: Any) -> str:
    """What the validation library found wrong, in Portuguese, without echoing what was given."""
    words = _WORDS.get(detail["type"], "valor inválido")
    return words.format_map(_Known(detail.get("ctx") or {})).replace("' or '", "' ou '")


class _Known(dict[str, Any]):
    """Template values; a missing one reads as a dash instead of failing."""

    def __missing__(self, key: str) -> str:
        return "—"
