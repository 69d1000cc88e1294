"""Commands and options that a shell completes, with their help: the script for it, and its questions."""

import os
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Final

import typer
from typer._completion_classes import completion_init
from typer._completion_shared import get_completion_script

from starters.cli.portuguese import PortugueseCommand

NAME: Final = "cancelamento"
_ASKED: Final = "_CANCELAMENTO_COMPLETE"
"""The variable by which the scripts ask; the library answers."""


class Shell(StrEnum):
    """Shells that there is a script for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


_FILES: Final = {
    Shell.BASH: "~/.local/share/bash-completion/completions/cancelamento",
    Shell.ZSH: "~/.zfunc/_cancelamento",
    Shell.FISH: "~/.config/fish/completions/cancelamento.fish",
}
_INSTALLING: Final = "\n\n".join(
    f"{shell}: cancelamento completion {shell} > {_FILES[shell]}" for shell in Shell
)


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh ou fish.", show_choices=False)],
) -> None:
    """Escreve o script com que o shell completa comandos e opções."""
    typer.echo(get_completion_script(prog_name=NAME, complete_var=_ASKED, shell=shell.value))


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("completion", cls=PortugueseCommand, rich_help_panel="Integração", epilog=_INSTALLING)(
        completion
    )


def words_to_complete(environment: Mapping[str, str] = os.environ) -> Sequence[str] | None:
    """What stands on the line that a shell wants completed, without the program's name; None: no shell asks.

    The library is made ready to answer.
    """
    if _ASKED not in environment:
        return None
    completion_init()
    line = environment.get("_TYPER_COMPLETE_ARGS") or environment.get("COMP_WORDS", "")
    return re.split(r"\s+", line.strip())[1:]
