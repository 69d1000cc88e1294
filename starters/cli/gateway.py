"""`cancelamento gateway`: the pages where customers download their recordings (P10)."""

import asyncio
import signal

import typer

from cancellation.telemetry import configure_logging
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import ExitCode, Failure, settings_of_command, wait_for
from starters.gateway import run_gateway


def gateway() -> None:
    """Serve as páginas de download das gravações até ser interrompido (SIGTERM)."""
    settings = settings_of_command()
    configure_logging(settings.log_level, settings.log_format)

    async def run() -> None:
        serving = asyncio.create_task(
            run_gateway(settings, ready=lambda url: typer.echo(f"Páginas de download em {url}"))
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, serving.cancel)
        try:
            await serving
        except asyncio.CancelledError:
            typer.echo("Páginas de download paradas.")
        except OSError as error:
            if error.strerror and "in use" in error.strerror:
                gate = settings.gateway
                raise Failure(
                    f"o endereço {gate.host}:{gate.port} já está em uso (CANCELAMENTO_GATEWAY_PORT)",
                    ExitCode.USAGE,
                ) from None
            raise

    wait_for(run())


def add_commands(app: typer.Typer) -> None:
    """Add the gateway's command."""
    app.command("gateway", cls=PortugueseCommand, rich_help_panel="Servidores")(gateway)
