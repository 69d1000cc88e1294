"""The command `check`: what is missing before the processes can work, for whoever has to add it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

import typer

from cancellation.adapters.postgres.roles import Role
from cancellation.settings import Settings
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import ExitCode, exit_code_of, settings_of_command, wait_for
from workers.prepared import NEEDS, Need, lacks_of

_WORDS: Final = {Need.DATABASE: "banco", Need.TEMPORAL: "Temporal", Need.STORE: "gravações"}


class Process(StrEnum):
    """A process, as its command is called."""

    WORKER = "worker"
    INBOX = "inbox"
    GATEWAY = "gateway"
    DESK = "desk"
    MONITOR = "monitor"


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check", cls=PortugueseCommand, rich_help_panel="Servidores")(check)


def check(
    process: Annotated[
        Process | None,
        typer.Argument(metavar="[PROCESSO]", help="Só o que este processo precisa; sem ele, todos."),
    ] = None,
) -> None:
    """Diz o que falta para os processos trabalharem: 0 nada, 1 falta algo, 3 um servidor não responde."""
    settings = settings_of_command()
    wanted = [Role(f"cancelamento_{process.value}")] if process else list(NEEDS)
    found = wait_for(_asked(settings, wanted))
    for line in found.lines:
        typer.echo(line)
    if found.code is not ExitCode.DONE:
        raise typer.Exit(found.code)


@dataclass(frozen=True)
class _Found:
    """What was found, line by line, and how the command ends."""

    lines: list[str]
    code: ExitCode


async def _asked(settings: Settings, processes: Sequence[Role]) -> _Found:
    lines, code = [], ExitCode.DONE
    for process in processes:
        for need in NEEDS[process]:
            try:
                lacks = await lacks_of(settings, process, need)
            except Exception as error:
                told, words = exit_code_of(error)
                lacks = [words]
                code = max(code, told)
            else:
                code = max(code, ExitCode.REFUSED if lacks else ExitCode.DONE)
            lines += [f"{process.process}: {_WORDS[need]}: {lack}" for lack in lacks or ["pronto"]]
    return _Found(lines, code)
