"""Commands are typed and waited for: what each takes of a processor."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.e2e.processor import min_user_seconds
from tests.e2e.running_up import Up, discard, running_up, spawned

pytestmark = pytest.mark.long  # There its tests are alone with the machine, as whoever types a command is.

QUICK = (
    "open 1047", "status 1047", "list", "trail 1047", "offer 1047 training made --text curso", "preview 1047",
    "outcome 1047 nada", "report", "samples", "mail 1047", "ui 1047 --print", "setup", "budget 1047",
    "inbox --tasks", "status 1047 --help",
)  # fmt: skip
"""Everything that is typed and waited for; what reads an e-mail loads its rules besides."""


@pytest.fixture(scope="module")
def up(open_folder: Path) -> Iterator[Up]:
    """Everything embedded, with an open case."""
    home = open_folder / "quick"
    with running_up(home, "--seed") as running:
        assert spawned(home, "open", "1047").code == 0
        yield running
    discard(home)


@pytest.mark.parametrize(
    ("limit", "arguments"),
    [
        (0.4, ("--help",)),
        (0.4, ("--version",)),
        *((0.5, typed.split()) for typed in QUICK),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list | tuple) else None,
)
def test_a_command_is_quick(up: Up, limit: float, arguments: Sequence[str]) -> None:
    least = min_user_seconds(lambda: spawned(up.home, *arguments), enough=limit)
    assert least <= limit, f"{least:.2f} s of processor"
