"""Commands that look at cases and change nothing: status, trail, list."""

from typing import Annotated, Final

import typer

from cancellation.case_list import CaseListing
from cancellation.client import CancellationClient
from cancellation.domain.stage import Stage
from starters.cli import rendering
from starters.cli.options import AsJson, CaseReference, choices
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import as_json, with_client

_PANEL: Final = "Acompanhar"


def add_commands(app: typer.Typer) -> None:
    """Add the commands that look."""
    for name, command in (("status", status), ("trail", trail), ("list", list_cases)):
        app.command(name, cls=PortugueseCommand, rich_help_panel=_PANEL)(command)


def status(case: CaseReference, json: AsJson = False) -> None:
    """Mostra a situação de um caso: etapa, datas, o que falta, próximos prazos."""
    found = with_client(lambda client: client.status(case))
    if json:
        typer.echo(as_json(found))
    else:
        rendering.show_status(found)


def trail(case: CaseReference, json: AsJson = False) -> None:
    """Mostra tudo o que aconteceu em um caso, em ordem."""
    entries = with_client(lambda client: client.trail(case))
    if json:
        typer.echo(as_json(entries))
    else:
        rendering.show_trail(entries, f"Histórico do caso {case}")


def list_cases(
    stage: Annotated[Stage | None, typer.Option(help=f"Só os casos nesta etapa: {choices(Stage)}")] = None,
    attention: Annotated[bool, typer.Option("--attention", help="Só os que precisam de atenção.")] = False,
    customer: Annotated[str | None, typer.Option(help="Só os deste cliente.")] = None,
    open_only: Annotated[bool, typer.Option("--open", help="Só os que não terminaram.")] = False,
    json: AsJson = False,
) -> None:
    """Lista os casos, o mais recente primeiro."""

    async def work(client: CancellationClient) -> list[CaseListing]:
        found = client.cases(stage=stage, attention=attention, customer_id=customer)
        return [case async for case in found if not open_only or case.execution == "running"]

    cases = with_client(work)
    if json:
        typer.echo(as_json(cases))
    else:
        rendering.show_cases(cases)
