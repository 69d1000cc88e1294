"""`cancelamento codec`: what is encrypted, readable for operators in Temporal's Web UI."""

import typer

from cancellation.telemetry import configure_logging
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import serve_until_stopped, settings_of_command


def codec() -> None:
    """Serve à tela do Temporal a leitura do que está cifrado, até ser interrompido (SIGTERM)."""
    from starters.codec.serving import run_codec

    settings = settings_of_command()
    configure_logging(settings.log_level, settings.log_format)

    serve_until_stopped(
        run_codec(settings, ready=lambda url: typer.echo(f"Servidor de leitura em {url}")),
        stopped="Servidor de leitura parado.",
    )


def add_commands(app: typer.Typer) -> None:
    """Add the codec server's command."""
    app.command("codec", cls=PortugueseCommand, rich_help_panel="Servidores")(codec)
