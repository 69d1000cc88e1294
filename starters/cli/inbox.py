"""The command that takes in e-mails, and shows those that wait for a person."""

from typing import Annotated, Final

import typer

from cancellation.language.words import ZONE
from cancellation.messages.mail_in import MailTask
from cancellation.settings import Settings
from cancellation.telemetry import configure_logging
from starters.cli.options import AsJson
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import as_json, settings_of_command, wait_for
from starters.inbox.main import run_inbox
from workers.records import open_ledger

_PANEL: Final = "Servidores"


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("inbox", cls=PortugueseCommand, rich_help_panel=_PANEL)(inbox)


def inbox(
    tasks: Annotated[
        bool, typer.Option("--tasks", help="Só mostra os e-mails que esperam a decisão de uma pessoa.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Recebe os e-mails dos clientes, por SMTP e das caixas IMAP, até ser interrompido."""
    settings = settings_of_command()
    if tasks:
        found = wait_for(_open_tasks(settings))
        if json:
            typer.echo(as_json(found))
        else:
            _show(found)
    else:
        configure_logging(settings.log_level, settings.log_format)
        wait_for(run_inbox(settings))


async def _open_tasks(settings: Settings) -> list[MailTask]:
    async with open_ledger(settings) as ledger:
        return list(await ledger.mail_tasks())


def _show(found: list[MailTask]) -> None:
    from rich.text import Text  # Not for the process that serves.

    from starters.cli.terminal import console

    out = console()
    if not found:
        out.print("Nenhum e-mail espera decisão.")
        return
    for task in found:
        out.print(Text(task.title, style="bold"))
        out.print(Text(f"desde {task.opened_at.astimezone(ZONE):%d/%m/%Y às %Hh%M}"), style="bright_black")
        for line in task.text.splitlines():
            # A command or an address that is broken in two is none when it is pasted: the terminal wraps it.
            out.print(Text(line), soft_wrap=line.startswith("cancelamento ") or "://" in line)
        out.print()
