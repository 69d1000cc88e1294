"""The command `worker`."""

import typer

from cancellation.telemetry import configure_logging
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import settings_of_command, wait_for
from workers.main import run_worker


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("worker", cls=PortugueseCommand, rich_help_panel="Servidores")(worker)


def worker() -> None:
    """Trabalha nos casos até ser interrompido (SIGTERM termina o que está em andamento)."""
    settings = settings_of_command()
    configure_logging(settings.log_level, settings.log_format)
    wait_for(run_worker(settings))
