"""Which tests each command runs: `make test`, and what that leaves to `make proof`, `rest`, `long` and `drill`."""

import os
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import pytest

PROOF: Final = "CANCELAMENTO_PROOF"
_TURN: Final = os.environ.get(PROOF, "test")
WHOLE: Final = _TURN in ("whole", "rest")
"""Whether nothing is left to a sample."""
PROVING: Final = _TURN == "whole"
"""Whether it is the turn of the walk and the outage matrix alone."""
_MARKS: Final = {
    "drill": ("drill",),
    "long": ("long",),
    "proof": ("test", "whole"),
    "sampled": ("test", "rest"),
    "rest": ("rest",),
}
"""A test runs when it is the turn of its mark; one without any in `make test`."""


def examples(many: int) -> int:
    """How many a property is tried on: all of them in `make rest`, in `make test` a quarter."""
    return many if WHOLE else many // 4


def chosen(items: Sequence[pytest.Item], turn: str = _TURN) -> list[pytest.Item]:
    """What runs in a turn, by default in this one, of everything that was collected."""
    left = _left_to_the_rest(items)
    return [item for item in items if turn in (("rest",) if item.nodeid in left else _turns(item))]


def _turns(item: pytest.Item) -> Sequence[str]:
    return next((turns for mark, turns in _MARKS.items() if item.get_closest_marker(mark)), ("test",))


def _left_to_the_rest(items: Iterable[pytest.Item]) -> set[str]:
    """Of every test marked `some(n)`: all its examples but n, always the same ones."""
    of_each = defaultdict[str, list[pytest.Item]](list)
    for item in items:
        if item.get_closest_marker("some") and _turns(item) == ("test",):
            of_each[item.nodeid.partition("[")[0]].append(item)
    left = set[str]()
    for test, of_test in of_each.items():
        some = of_test[0].get_closest_marker("some")
        assert some is not None
        random.Random(test).shuffle(of_test)
        left |= {item.nodeid for item in of_test[some.args[0] :]}
    return left
