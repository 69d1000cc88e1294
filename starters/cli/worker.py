"""The command `worker`: work on cases, or see before a deployment whether they replay."""

from dataclasses import asdict
from typing import Annotated

import typer

from cancellation.settings import Settings
from cancellation.telemetry import configure_logging
from starters.cli import running
from starters.cli.options import AsJson
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import Failure, kept_to_ourselves, settings_of_command, wait_for
from workers.connecting import connect
from workers.main import run_worker
from workers.verify import replayed_cases


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("worker", cls=PortugueseCommand, rich_help_panel="Servidores")(worker)


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
    with kept_to_ourselves():
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
        typer.echo(running.as_json([asdict(case) for case in found]))
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
