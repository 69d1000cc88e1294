"""`cancelamento monitor`: what alerts and dashboards are made of, for Prometheus."""

import typer

from cancellation.telemetry import configure_logging
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import settings_of_command, wait_for


def monitor() -> None:
    """Conta casos, mensagens, e-mails e filas para o Prometheus, até ser interrompido (SIGTERM)."""
    from starters.monitor.serving import run_monitor

    settings = settings_of_command()
    configure_logging(settings.log_level, settings.log_format)
    wait_for(run_monitor(settings))


def add_commands(app: typer.Typer) -> None:
    """Add the monitor's command."""
    app.command("monitor", cls=PortugueseCommand, rich_help_panel="Servidores")(monitor)
