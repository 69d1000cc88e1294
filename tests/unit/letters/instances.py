"""Makes contents of letters from their types alone: the smallest that a type allows, and any other."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from annotated_types import MinLen
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, StringConstraints

M = TypeVar("M", bound=BaseModel)

INSTANT = datetime(2026, 11, 22, 13, 15, tzinfo=UTC)
_TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
_NAMED: Mapping[str, tuple[Any, ...]] = {"ended": (None, "completed", "expired")}
"""Fields whose few values stand in their description instead of their type."""
_PATTERNS: Mapping[str, str] = {"+": "+551130000001", "@": "a@b.com.br"}


def smallest(model: type[M]) -> M:
    """An instance that says no more than it must: None, empty lists and texts wherever the type allows them."""
    return model(**{name: _least(field.annotation, field.metadata) for name, field in _fields(model)})


def any_of(model: type[M]) -> st.SearchStrategy[M]:
    """Any instance."""
    given = {
        name: st.sampled_from(_NAMED[name]) if name in _NAMED else _any(field.annotation, field.metadata)
        for name, field in _fields(model)
    }
    return st.builds(model, **given)


def _fields(model: type[BaseModel]) -> list[tuple[str, Any]]:
    return [(n, f) for n, f in model.model_fields.items() if get_origin(f.annotation) is not Literal]


def _least(annotation: Any, metadata: list[Any]) -> Any:
    kind, metadata = _opened(annotation, metadata)
    if _may_be_none(kind):
        return None
    if get_origin(kind) is tuple:
        return tuple(_least(get_args(kind)[0], []) for _ in range(_shortest(metadata)))
    if kind is str:
        return _patterned(metadata) or "x" * _shortest(metadata)
    simple = {bool: False, int: 0, Decimal: Decimal(0), date: INSTANT.date()}
    if kind in simple:
        return simple[kind]
    if kind in (AwareDatetime, datetime):
        return INSTANT
    if issubclass(kind, Enum):
        return next(iter(kind))
    return smallest(kind)


def _any(annotation: Any, metadata: list[Any]) -> st.SearchStrategy[Any]:
    kind, metadata = _opened(annotation, metadata)
    if _may_be_none(kind):
        inner = next(one for one in get_args(kind) if one is not NoneType)
        return st.none() | _any(inner, metadata)
    if get_origin(kind) is tuple:
        return st.lists(_any(get_args(kind)[0], []), min_size=_shortest(metadata), max_size=3).map(tuple)
    if kind is str and _patterned(metadata):
        return st.just(_patterned(metadata))
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: _TEXT.map(lambda text: text.strip() or "x"),
        bool: st.booleans(),
        int: st.integers(0, 400),
        Decimal: st.decimals(0, 99999, places=2),
        date: st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    }
    if kind in simple:
        return simple[kind]
    if kind in (AwareDatetime, datetime):
        return st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
    return st.sampled_from(kind) if issubclass(kind, Enum) else any_of(kind)


def _may_be_none(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType) and NoneType in get_args(kind)


def _opened(annotation: Any, metadata: list[Any]) -> tuple[Any, list[Any]]:
    if get_origin(annotation) is Annotated:
        kind, *more = get_args(annotation)
        return kind, [*metadata, *more]
    return annotation, metadata


def _shortest(metadata: list[Any]) -> int:
    lengths = [one.min_length for one in metadata if isinstance(one, MinLen | StringConstraints)]
    return max((length for length in lengths if length), default=0)


def _patterned(metadata: list[Any]) -> str | None:
    """A text that fits a pattern; only those of telephone numbers and addresses are in letters."""
    patterns = [str(one.pattern) for one in metadata if getattr(one, "pattern", None)]
    return next((text for mark, text in _PATTERNS.items() for p in patterns if mark in p), None)
