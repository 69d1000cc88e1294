"""Commands that look at cases and change nothing: status, trail, list."""

import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cancellation.case_list import CaseListing, Wanted
from cancellation.client import CancellationClient
from cancellation.domain.stage import Stage
from cancellation.domain.values import Channel, ReasonCategory
from cancellation.domain.zone import current_rules
from starters.cli import rendering
from starters.cli.options import AsJson, CaseReference, choices, day
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import as_json, settings_of_command, with_client

if TYPE_CHECKING:
    from cancellation.settings import Settings

_PANEL: Final = "Acompanhar"
_WATCH_SECONDS: Final = 5.0


def add_commands(app: typer.Typer) -> None:
    """Add the commands that look."""
    for name, command in (("status", status), ("trail", trail), ("list", list_cases)):
        app.command(name, cls=PortugueseCommand, rich_help_panel=_PANEL)(command)


def status(
    case: CaseReference,
    watch: Annotated[
        bool, typer.Option("--watch", help="Mostra de novo sempre que algo muda, até o caso terminar.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Mostra a situação de um caso: etapa, datas, o que falta, próximos prazos."""
    shown = None
    while True:
        found = with_client(lambda client: client.status(case))
        if found != shown:
            shown = found
            if json:
                typer.echo(as_json(found))
            else:
                rendering.show_status(found)
        if not watch or found.stage.is_terminal:
            return
        time.sleep(_WATCH_SECONDS)


def trail(case: CaseReference, json: AsJson = False) -> None:
    """Mostra tudo o que aconteceu em um caso, em ordem."""
    entries = with_client(lambda client: client.trail(case))
    if json:
        typer.echo(as_json(entries))
    else:
        rendering.show_trail(entries, f"Histórico do caso {case}")


def list_cases(
    stage: Annotated[Stage | None, typer.Option(help=f"Só os casos nesta etapa: {choices(Stage)}")] = None,
    reason: Annotated[ReasonCategory | None, typer.Option(help="Só os que saem por este motivo.")] = None,
    channel: Annotated[Channel | None, typer.Option(help="Só os pedidos por este canal.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DIA", help="Só os abertos deste dia em diante.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DIA", help="Só os abertos até este dia, inclusive.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Só os de empresas com isto no nome.")] = None,
    attention: Annotated[bool, typer.Option("--attention", help="Só os que precisam de atenção.")] = False,
    customer: Annotated[str | None, typer.Option(help="Só os deste cliente.")] = None,
    open_only: Annotated[bool, typer.Option("--open", help="Só os que não terminaram.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="No máximo tantos, os mais recentes.")] = None,
    json: AsJson = False,
) -> None:
    """Lista os casos, o mais recente primeiro."""
    wanted = Wanted(
        stage=stage,
        attention=attention,
        customer_id=customer,
        reason=reason,
        channel=channel,
        opened_from=_start(since, "--since"),
        opened_before=_start(until, "--until", after=1),
        open_only=open_only,
    )
    settings = settings_of_command()

    async def work(client: CancellationClient) -> list[CaseListing]:
        most = limit if name is None else None
        found: list[CaseListing] = []
        async for case in client.cases(wanted=wanted):
            found.append(case)
            if len(found) == most:
                break
        return await _with_records(settings, found)

    cases = with_client(work)
    if name is not None:
        cases = [case for case in cases if name.casefold() in (case.company or "").casefold()]
    cases = list(islice(cases, limit))
    if json:
        typer.echo(as_json(cases))
    else:
        rendering.show_cases(cases)


def _start(typed: str | None, option: str, after: int = 0) -> datetime | None:
    """The beginning of a typed day, or of the one so many days after it."""
    text = day(typed, option)
    return current_rules().at(date.fromisoformat(text) + timedelta(days=after)) if text else None


async def _with_records(settings: "Settings", cases: Sequence[CaseListing]) -> list[CaseListing]:
    """The cases with company and since when they wait, where the CRM's records answer."""
    protocols = [case.protocol for case in cases if case.protocol]
    if settings.database_url is None or not protocols:
        return list(cases)
    from cancellation.adapters.postgres.desk import PostgresDesk
    from cancellation.adapters.postgres.pool import open_pool

    known: dict[str, Any] = {}
    try:
        pool = await open_pool(settings.require_database_url(), max_size=1)
    except OSError:
        return list(cases)
    try:
        known = await PostgresDesk(pool).in_list(protocols)
    finally:
        await pool.close()
    return [
        case.model_copy(update=dict(zip(("company", "since"), known[case.protocol], strict=True)))
        if case.protocol in known
        else case
        for case in cases
    ]
