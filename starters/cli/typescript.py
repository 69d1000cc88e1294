"""TypeScript types of the contract, made from its JSON Schemas alone: what other programs in that language import."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

Schema = Mapping[str, Any]

FILE: Final = "contract.d.ts"
_HEAD: Final = """\
// What goes to and from a cancellation, as plain JSON.
// Written by `cancelamento schema` from the schemas beside it.
"""
_PLAIN: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
_FORMATS: Final = {
    "date-time": ("DateTime", "An instant with its offset, as `2026-11-22T10:15:00-03:00`."),
    "date": ("CalendarDate", "A day, as `2026-11-22`."),
    "time": ("TimeOfDay", "A time of the day, as `09:00:00`."),
}
_COUNTERPARTS: Final = (
    (
        "Signals",
        "signal.",
        "Each signal and what it carries; the update of the same payload is named `<signal>_checked`.",
    ),
    ("Queries", "query.", "Each query and what it answers."),
)
_ENTRY: Final = ".entry"
"""A query that answers a list has a schema of one entry."""


def typescript(schemas: Mapping[str, Schema]) -> str:
    """The declarations of all schemas.

    Args:
        schemas: name to schema, as `signal.request`, `query.status`.

    Raises:
        ValueError: a schema says something for which there are no words here, or two types share a name.
    """
    types: dict[str, Schema] = {}
    for schema in schemas.values():
        root = {key: value for key, value in schema.items() if key not in ("$defs", "$id", "$schema")}
        for name, one in (*schema.get("$defs", {}).items(), (schema["title"], root)):
            if types.setdefault(name, one) != one:
                msg = f"two types are called {name}"
                raise ValueError(msg)
    parts = [f"{_comment(words)}export type {name} = string;\n" for name, words in _FORMATS.values()]
    parts += [_declared(name, types[name]) for name in sorted(types)]
    parts += [_counterparts(*one, schemas) for one in _COUNTERPARTS]
    return "\n".join((_HEAD, *parts))


def _declared(name: str, schema: Schema) -> str:
    told = _comment(schema.get("description"))
    if "properties" not in schema:
        return f"{told}export type {name} = {_type(schema)};\n"
    needed = schema.get("required", ())
    fields = "".join(
        _comment(_about(field), "  ") + f"  {key}{'' if key in needed else '?'}: {_type(field)};\n"
        for key, field in schema["properties"].items()
    )
    return f"{told}export interface {name} {{\n{fields}}}\n"


def _counterparts(name: str, prefix: str, words: str, schemas: Mapping[str, Schema]) -> str:
    fields = "".join(
        f"  {key.removeprefix(prefix).removesuffix(_ENTRY)}: {schema['title']}{'[]' * key.endswith(_ENTRY)};\n"
        for key, schema in schemas.items()
        if key.startswith(prefix)
    )
    return f"{_comment(words)}export interface {name} {{\n{fields}}}\n"


def _type(schema: Schema) -> str:
    """A schema as a type expression."""
    match schema:
        case {"$ref": str(reference)}:
            return reference.rpartition("/")[2]
        case {"anyOf": choices}:
            return " | ".join(dict.fromkeys(map(_type, choices)))
        case {"enum": values}:
            return " | ".join(map(_literal, values))
        case {"const": value}:
            return _literal(value)
        case {"type": "string", "format": str(how)} if how in _FORMATS:
            return _FORMATS[how][0]
        case {"type": "array", "prefixItems": items}:
            return f"[{', '.join(map(_type, items))}]"
        case {"type": "array", "items": item}:
            return _list(_type(item))
        case {"type": "object", "additionalProperties": dict(value)}:
            return f"Record<string, {_type(value)}>"
        case {"type": str(plain)} if plain in _PLAIN:
            return _PLAIN[plain]
    msg = f"no TypeScript for {json.dumps(dict(schema))}"
    raise ValueError(msg)


def _list(item: str) -> str:
    return f"({item})[]" if " | " in item else f"{item}[]"


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _about(field: Schema) -> str | None:
    """What is said about a field: its description, and the value that stands for one left out."""
    lines = list(_told(field))
    return "\n".join(lines) or None


def _told(field: Schema) -> Iterator[str]:
    if "description" in field:
        yield field["description"]
    if field.get("default") is not None:
        yield f"Left out: `{_literal(field['default'])}`."


def _comment(text: str | None, indent: str = "") -> str:
    if not text:
        return ""
    lines: Sequence[str] = text.replace("*/", "* /").splitlines()
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    body = "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines)
    return f"{indent}/**\n{body}{indent} */\n"
