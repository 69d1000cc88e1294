"""What people fill in: fields read from a form, and refusals told beside the field they are about."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

from pydantic_core import to_json
from starlette.requests import Request

from cancellation.domain.refusal import Problem, Refused
from cancellation.messages.envelope import Message, read
from starters.desk.access import NotAllowed

_MOST_BYTES: Final = 200_000
_MOST_FIELDS: Final = 40

M = TypeVar("M", bound=Message)


class Form(dict[str, str]):
    """A form's fields, each at most once; what was not filled in is an empty text."""

    def __missing__(self, name: str) -> str:
        return ""

    @property
    def key(self) -> str:
        """The form's idempotency key: sent again, it counts once."""
        key = self["chave"]
        return key if 16 <= len(key) <= 64 and key.isalnum() else new_key()


def new_key() -> str:
    """A key for a form that is shown now."""
    return secrets.token_hex(16)


async def form_of(request: Request) -> Form:
    """The form that a request brings.

    Raises:
        NotAllowed: it is no form, or larger than any of ours.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise NotAllowed("O formulário não veio na forma esperada.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise NotAllowed("O formulário é grande demais.")
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except (UnicodeDecodeError, ValueError):
        raise NotAllowed("O formulário não pôde ser lido.") from None
    return Form((name, value.replace("\r\n", "\n").strip()) for name, value in fields)


def message(model: type[M], form: Form, actor: str, fields: Mapping[str, Any]) -> M:
    """A fact from a form, read as strictly as the case reads it; an empty text stands for left out.

    Raises:
        Refused: naming the field.
    """
    given = _without_blanks(fields)
    given["message_id"] = f"mesa-{form.key}"
    given["occurred_at"] = datetime.now(UTC)
    given["actor"] = actor
    return read(model, to_json(given))


def problems_of(refusal: Refused, names: Mapping[str, str]) -> dict[str, str]:
    """A refusal by the form's own fields; what belongs to none of them stands under an empty name.

    Args:
        refusal: what the case, or the reading of the form, said.
        names: the path of a field in the fact to the form's name for it.
    """
    told: dict[str, str] = {}
    for problem in refusal.problems:
        name = names.get(problem.field, "")
        told[name] = f"{told[name]}; {_told(problem, name)}" if name in told else _told(problem, name)
    return told


def _told(problem: Problem, name: str) -> str:
    words = problem.problem if name else problem.told
    if words == "campo obrigatório ausente":
        words = "preencha este campo"
    return words[:1].upper() + words[1:]


def _without_blanks(fields: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, Mapping):
            kept[name] = _without_blanks(value)
        elif value not in ("", None):
            kept[name] = value
    return kept
