"""Every test runs in one of the commands that CI calls, whatever its marker."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from tests.turns import chosen

ROOT = Path(__file__).parents[2]
COMMANDS = {"test": "test", "whole": "proof", "rest": "rest", "long": "long", "drill": "drill"}
MARKS = ("drill", "long", "proof", "sampled", "rest", "some")


@dataclass(frozen=True)
class _Item:
    nodeid: str
    marks: tuple[str, ...] = ()
    some: int = field(default=2, compare=False)

    def get_closest_marker(self, name: str) -> Any:
        return getattr(pytest.mark, name)(self.some).mark if name in self.marks else None


def _turns(items: Sequence[_Item]) -> dict[str, list[str]]:
    """The turns in which each of some tests runs."""
    run = {turn: chosen(cast(Any, items), turn) for turn in COMMANDS}
    return {item.nodeid: [turn for turn in COMMANDS if item in cast(Any, run[turn])] for item in items}


@pytest.mark.parametrize("mark", ["", *MARKS])
def test_a_test_runs_whatever_its_marker(mark: str) -> None:
    [turns] = _turns([_Item("t", (mark,))]).values()
    assert turns
    assert len(turns) == 1 or mark in ("proof", "sampled")


def test_every_example_of_a_test_that_has_many_runs_once_and_always_in_the_same_command() -> None:
    examples = [_Item(f"t[{number}]", ("some",)) for number in range(9)]
    turns = _turns(examples)
    assert sorted(map(tuple, turns.values())) == [*[("rest",)] * 7, *[("test",)] * 2]
    assert turns == _turns(examples)


def test_an_example_that_is_too_long_is_none_of_them() -> None:
    turns = _turns([_Item("t[0]", ("some", "long")), _Item("t[1]", ("some",), some=1)])
    assert turns == {"t[0]": ["long"], "t[1]": ["test"]}


def test_every_marker_says_where_it_runs_and_ci_calls_every_command() -> None:
    markers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["markers"]
    told = {line.partition(":")[0].partition("(")[0]: line for line in markers}
    assert all("`make " in told[mark] for mark in MARKS)
    called = (ROOT / ".ci" / "run").read_text()
    assert all(f"\nmake {command}" in called for command in COMMANDS.values())
