"""TypeScript types from JSON Schemas: each kind of schema, and what is refused."""

from typing import Any

import pytest

from cancellation.contract import FACTS
from starters.cli.schema import schemas
from starters.cli.typescript import typescript


def written(field: dict[str, Any], *, required: bool = True, **defs: dict[str, Any]) -> str:
    """The types of a schema with one field."""
    needed = {"required": ["field"]} if required else {}
    whole = {"title": "Whole", "type": "object", "properties": {"field": field}, "$defs": defs, **needed}
    return typescript({"whole": whole})


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ({"type": "string", "maxLength": 3}, "field: string;"),
        ({"type": "integer", "minimum": 1}, "field: number;"),
        ({"type": "string", "format": "date-time"}, "field: DateTime;"),
        ({"type": "string", "format": "date"}, "field: CalendarDate;"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "field: string | null;"),
        ({"anyOf": [{"type": "number"}, {"type": "integer"}]}, "field: number;"),
        ({"type": "array", "items": {"$ref": "#/$defs/Part"}}, "field: Part[];"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, 'field: ("a" | "b")[];'),
        ({"type": "array", "prefixItems": [{"type": "string"}, {"type": "null"}]}, "field: [string, null];"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "field: Record<string, number>;"),
        ({"const": "America/Sao_Paulo"}, 'field: "America/Sao_Paulo";'),
        ({"type": "string", "description": "Says."}, "/** Says. */\n  field: string;"),
        ({"type": "string", "description": "One */ two."}, "/** One * / two. */\n  field: string;"),
    ],
)
def test_a_schema_is_written_as_the_type_of_what_it_allows(field: dict[str, Any], line: str) -> None:
    part = {"type": "object", "properties": {"name": {"type": "string"}}}
    assert f"  {line}\n" in written(field, Part=part)


def test_a_field_that_may_be_left_out_says_what_stands_for_it() -> None:
    text = written({"type": "integer", "default": 30}, required=False)
    assert "  /** Left out: `30`. */\n  field?: number;\n" in text


@pytest.mark.parametrize("field", [{}, {"type": "object"}, {"type": "array"}, {"not": {"type": "string"}}])
def test_nothing_is_guessed(field: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no TypeScript"):
        written(field)


def test_two_types_of_one_name_are_refused() -> None:
    one = {"title": "Whole", "type": "object", "properties": {"a": {"type": "string"}}}
    other = {"title": "Whole", "type": "object", "properties": {"b": {"type": "string"}}}
    with pytest.raises(ValueError, match="two types are called Whole"):
        typescript({"one": one, "other": other})


def test_every_signal_and_query_of_the_contract_has_its_payload() -> None:
    text = typescript(schemas())
    _, _, signals = text.partition("export interface Signals {\n")
    lines = {line.strip() for line in signals.partition("}")[0].splitlines()}
    assert lines == {f"{fact.name}: {fact.model.__name__};" for fact in FACTS}
    assert "export interface Queries {\n  status: CaseStatus;\n  trail: TrailEntry[];\n}\n" in text
