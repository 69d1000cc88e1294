"""Small commands beside a case: its page in the browser, and who the sample customers are."""

import webbrowser
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated
from urllib.parse import quote

import typer

from starters.cli.options import AsJson, CaseReference
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import ExitCode, Failure, as_json, settings_of_command, with_client


def add_commands(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("ui", cls=PortugueseCommand, rich_help_panel="Acompanhar")(ui)
    app.command("samples", cls=PortugueseCommand, rich_help_panel="Servidores")(samples)


def ui(
    case: CaseReference,
    only_print: Annotated[
        bool, typer.Option("--print", help="Só mostra o endereço, sem abrir o navegador.")
    ] = False,
) -> None:
    """Abre a página do caso na mesa do Comercial."""
    desk = settings_of_command().desk_address
    if not desk:
        raise Failure(
            "não há mesa: defina CANCELAMENTO_DESK_PUBLIC_URL ou suba tudo com cancelamento up",
            ExitCode.UNREACHABLE,
        )
    found = with_client(lambda client: client.status(case))
    address = f"{desk}/caso/{quote(found.protocol, safe='')}"
    typer.echo(address)
    if not only_print:
        webbrowser.open(address)


def samples(json: AsJson = False) -> None:
    """Lista os clientes de exemplo que `seed` planta."""
    from cancellation.language import words
    from samples import sample_customers

    seeds = sample_customers(datetime.now(UTC).date())
    if json:
        typer.echo(as_json([seed.customer for seed in seeds]))
        return
    for seed in seeds:
        monthly = sum((one.monthly for one in seed.subscriptions if one.ended_on is None), Decimal(0))
        contact = seed.customer.contacts[0] if seed.customer.contacts else None
        typer.echo(f"{seed.customer.customer_id}  {seed.customer.name}")
        typer.echo(f"      {words.money(monthly)} por mês; {contact.email if contact else 'sem contato'}")
