"""The command `up`: everything embedded, for as long as it runs."""

import asyncio
import sys
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.panel import Panel

from cancellation.addresses import Addresses
from cancellation.settings import Settings
from cancellation.telemetry import configure_logging
from embedded import PortTaken
from starters.cli.happening import tell_happenings
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import ExitCode, Failure, settings_of_command, wait_for
from starters.cli.stack import embedded_stack
from starters.cli.terminal import console
from starters.desk.people import first_access_file

_OPTIONS: Final = {
    "temporal": "--temporal-port",
    "web_ui": "--ui-port",
    "gateway": "--gateway-port",
    "desk": "--desk-port",
    "smtp_in": "--smtp-in-port",
}
"""By which option a port is asked for."""


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("up", cls=PortugueseCommand, rich_help_panel="Servidores")(up)


def up(
    temporal_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Porta do Temporal.", show_default="livre")
    ] = None,
    ui_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Porta da tela do Temporal.", show_default="livre")
    ] = None,
    gateway_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Porta dos downloads.", show_default="livre")
    ] = None,
    desk_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Porta da mesa do Comercial.", show_default="livre")
    ] = None,
    smtp_in_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Porta do correio de entrada.", show_default="livre")
    ] = None,
    virtual_clock: Annotated[
        bool,
        typer.Option("--virtual-clock", help="Permite saltar o tempo. Só para demonstração e testes."),
    ] = False,
    seed: Annotated[bool, typer.Option("--seed", help="Planta os clientes de exemplo.")] = False,
) -> None:
    """Sobe tudo embutido (PostgreSQL, Temporal, correio, worker) e fica no ar até ser interrompido."""
    settings = settings_of_command(alone=True)
    configure_logging("WARNING", settings.log_format)
    out = console()
    if virtual_clock:
        out.print(_loud_warning())

    async def run() -> None:
        stack = embedded_stack(
            settings,
            virtual_clock=virtual_clock,
            seed=seed,
            temporal_port=temporal_port,
            ui_port=ui_port,
            gateway_port=gateway_port,
            desk_port=desk_port,
            smtp_in_port=smtp_in_port,
            progress=lambda line: out.print(escape(line), style="bright_black"),
        )
        async with stack:
            show_addresses(stack.addresses, settings)
            telling = asyncio.create_task(
                tell_happenings(
                    stack.addresses.database_url, lambda line: out.print(escape(line), soft_wrap=True)
                )
            )
            await stack.wait()
            telling.cancel()
        out.print("Tudo parado.")

    try:
        wait_for(run())
    except PortTaken as taken:
        told = f"a porta {taken.port} ({_OPTIONS[taken.name]}) já está em uso"
        raise Failure(told, ExitCode.USAGE) from None


def show_addresses(addresses: Addresses, settings: Settings) -> None:
    """Where everything is, for the person who started it."""
    out = console()
    rows = (
        ("Mesa do Comercial", f"{addresses.desk} (acesso em {first_access_file(settings)})"),
        ("Tela do Temporal", addresses.web_ui),
        ("Temporal", f"{addresses.temporal} (namespace {addresses.namespace})"),
        ("Correio de entrada", f"{addresses.smtp_in} (SMTP)"),
        ("Downloads", addresses.gateway),
        ("Correio de saída", f"{addresses.outbox} (cada e-mail em um arquivo .eml)"),
        ("Endereços", str(settings.home / "addresses.json")),
        ("Registros", str(settings.home / "logs")),
    )
    out.print()
    out.print("[bold]No ar.[/bold] Ctrl-C ou SIGTERM param tudo; a mesma pasta continua de onde parou.")
    for label, value in rows:
        if value:
            out.print(f"  [bold]{label + ':':<18}[/bold] {escape(value)}", soft_wrap=True)
    sys.stdout.flush()


def _loud_warning() -> Panel:
    return Panel(
        "[bold]RELÓGIO VIRTUAL.[/bold] Trinta dias podem passar em um segundo, e os atos destrutivos não "
        "esperam o relógio da máquina. Só para demonstração e testes: nunca com clientes de verdade.",
        style="black on yellow",
    )
