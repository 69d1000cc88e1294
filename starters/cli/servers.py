"""Commands that run or prepare servers: up, worker, setup, seed."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.panel import Panel

from cancellation.settings import Addresses, Settings
from cancellation.telemetry import configure_logging
from starters.cli import rendering
from starters.cli.options import SAO_PAULO, AsJson
from starters.cli.portuguese import PortugueseCommand
from starters.cli.preparing import plant_samples, prepare_database, prepare_temporal
from starters.cli.running import Failure, settings_of_command, wait_for
from starters.cli.stack import embedded_stack
from workers.connecting import connect
from workers.main import run_worker
from workers.verify import replayed_cases

_PANEL: Final = "Servidores"


def add_commands(app: typer.Typer) -> None:
    """Add the commands about servers."""
    for name, command in (("up", up), ("worker", worker), ("setup", setup), ("seed", seed)):
        app.command(name, cls=PortugueseCommand, rich_help_panel=_PANEL)(command)


def up(
    temporal_port: Annotated[
        int | None, typer.Option(help="Porta do Temporal.", show_default="livre")
    ] = None,
    ui_port: Annotated[
        int | None, typer.Option(help="Porta da tela do Temporal.", show_default="livre")
    ] = None,
    gateway_port: Annotated[
        int | None, typer.Option(help="Porta dos downloads.", show_default="livre")
    ] = None,
    smtp_in_port: Annotated[
        int | None, typer.Option(help="Porta do correio de entrada.", show_default="livre")
    ] = None,
    virtual_clock: Annotated[
        bool,
        typer.Option("--virtual-clock", help="Permite saltar o tempo. Só para demonstração e testes."),
    ] = False,
    seed: Annotated[bool, typer.Option("--seed", help="Planta os clientes de exemplo.")] = False,
) -> None:
    """Sobe tudo embutido (PostgreSQL, Temporal, correio, worker) e fica no ar até ser interrompido."""
    settings = Settings()
    configure_logging("WARNING", settings.log_format)
    out = rendering.console()
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
            smtp_in_port=smtp_in_port,
            progress=lambda line: out.print(escape(line), style="bright_black"),
        )
        async with stack:
            show_addresses(stack.addresses, settings)
            await stack.wait()
        out.print("Tudo parado.")

    wait_for(run())


def worker(
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Só reproduz, com este código, os casos do cluster; nada é alterado. Sai com 1 se algum falhar.",
        ),
    ] = False,
    closed: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Com --verify: quantos casos já encerrados, os mais recentes."),
    ] = 200,
    as_json: AsJson = False,
) -> None:
    """Trabalha nos casos até ser interrompido (SIGTERM termina o que está em andamento)."""
    settings = settings_of_command()
    configure_logging(settings.log_level, settings.log_format)
    if verify:
        wait_for(_verify(settings, closed, as_json))
        return
    wait_for(run_worker(settings))


async def _verify(settings: Settings, closed: int, as_json: bool) -> None:
    """Before a deployment: every open case must replay with the code at hand (X22).

    Raises:
        Failure: some do not; they were named.
    """
    client = await connect(settings)
    found = [case async for case in replayed_cases(client, closed)]
    failing = [case for case in found if case.problem]
    if as_json:
        typer.echo(json.dumps([asdict(case) for case in found], ensure_ascii=False))
    else:
        for case in failing:
            state = "aberto" if case.open else "encerrado"
            typer.echo(f"{case.workflow_id} ({state}, execução {case.run_id}): {case.problem}")
        still = sum(case.open for case in found)
        typer.echo(
            f"Reproduzidos: {still} abertos e {len(found) - still} encerrados; com falha: {len(failing)}."
        )
    if failing:
        raise Failure(f"{len(failing)} de {len(found)} execuções não se reproduzem com este código")


def setup() -> None:
    """Prepara o banco (migrações) e o Temporal (atributos de busca); pode ser repetido."""
    settings = settings_of_command()

    async def run() -> tuple[list[str], list[str]]:
        applied = await prepare_database(settings.require_database_url())
        return applied, await prepare_temporal(settings)

    applied, added = wait_for(run())
    typer.echo(_counted("migração aplicada", "migrações aplicadas", applied))
    typer.echo(_counted("atributo de busca registrado", "atributos de busca registrados", added))


def seed(
    customers: Annotated[
        list[str] | None, typer.Argument(metavar="[CLIENTE]...", help="Só estes; sem nenhum, todos.")
    ] = None,
) -> None:
    """Planta os clientes de exemplo, com contratos, cobranças, ramais, números e gravações."""
    settings = settings_of_command()
    today = datetime.now(SAO_PAULO).date()
    try:
        planted, known = wait_for(plant_samples(settings, today, customers or None))
    except LookupError as error:
        raise Failure(str(error)) from None
    for name in planted:
        typer.echo(f"plantado: {name}")
    for name in known:
        typer.echo(f"já existia, nada mudou: {name}")


def show_addresses(addresses: Addresses, settings: Settings) -> None:
    """Where everything is, for the person who started it."""
    out = rendering.console()
    rows = (
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


def _counted(singular: str, plural: str, done: Sequence[str]) -> str:
    if not done:
        return f"nenhum(a) {singular}: já estava em dia"
    return f"{len(done)} {singular if len(done) == 1 else plural}: {', '.join(done)}"
