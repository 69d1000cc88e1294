"""What a command says where the extra that it needs is not installed; loads nothing that could be missing itself."""

from collections.abc import Sequence
from typing import Final

from starters.cli.catalogue import COMMANDS, SERVER

_OURS: Final = frozenset(
    {"cancellation", "workflows", "activities", "workers", "embedded", "starters", "samples"}
)


def missing_extra(error: ModuleNotFoundError, arguments: Sequence[str]) -> str | None:
    """One sentence that names the extra; None where what is missing is a module of our own.

    Args:
        error: what could not be loaded.
        arguments: what was typed after `cancelamento`.
    """
    if (error.name or "").partition(".")[0] in _OURS:
        return None
    typed = next((argument for argument in arguments if argument in COMMANDS), None)
    what = f"o comando {typed}" if typed else "a linha de comando"
    extra = COMMANDS[typed].extra if typed else SERVER
    return f"{what} precisa do extra {extra}: pip install -e '.[{extra}]'"
