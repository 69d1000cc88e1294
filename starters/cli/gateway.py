"""`cancelamento gateway`: the pages where customers download their recordings (P10)."""

import typer

from cancellation.telemetry import configure_logging
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import serve_until_stopped, settings_of_command
from starters.gateway import run_gateway


def gateway() -> None:
    """Serve as páginas de download das gravações até ser interrompido (SIGTERM)."""
    settings = settings_of_command()
    configure_logging(settings.log_level, settings.log_format)

    serve_until_stopped(
        run_gateway(settings, ready=lambda url: typer.echo(f"Páginas de download em {url}")),
        stopped="Páginas de download paradas.",
    )


def add_commands(app: typer.Typer) -> None:
    """Add the gateway's command."""
    app.command("gateway", cls=PortugueseCommand, rich_help_panel="Servidores")(gateway)
