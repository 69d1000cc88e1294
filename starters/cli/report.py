"""The commands that tell figures: of a period (X26), and of a case's end before it has come (X25)."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cancellation.domain.zone import current_rules
from cancellation.language import figures as told
from cancellation.language import typed, vocabulary, words
from starters.cli.options import AsJson
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import (
    ExitCode,
    Failure,
    as_json,
    settings_of_command,
    wait_for,
    with_client,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cancellation.application.figures import Figures
    from cancellation.messages.billing import InvoiceLine, OpenDebt
    from cancellation.settings import Settings

_PANEL: Final = "Acompanhar"
_CONNECTIONS: Final = 2


def report(
    first: Annotated[
        str | None,
        typer.Option("--from", metavar="DIA", help="Primeiro dia, em que o caso foi aberto."),
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DIA", help="Último dia, inclusive.")] = None,
    json: AsJson = False,
    csv: Annotated[bool, typer.Option("--csv", help="Tabela para planilhas.")] = False,
) -> None:
    """Mostra os números de um período: quem ficou e por quê, tempo em cada etapa, valores."""
    if json and csv:
        raise Failure("escolha --json ou --csv, não os dois", ExitCode.USAGE)
    zone, now = current_rules(), datetime.now(UTC)
    until = _day(last, "--to") or zone.local_date(now)
    since = _day(first, "--from") or until - timedelta(days=90)
    if since > until:
        raise Failure("--from vem depois de --to", ExitCode.USAGE)
    settings = settings_of_command()
    figures = wait_for(_figures(settings, *zone.span(since, until), now))
    if json:
        typer.echo(as_json(figures))
    elif csv:
        from starters.figures import as_csv

        typer.echo(as_csv(figures), nl=False)
    else:
        _show(figures, since, until)
        if settings.desk_address:
            page = f"{settings.desk_address}/numeros?de={since}&ate={until}"
            typer.echo(f"Os casos e e-mails por trás de cada número: {page}")


def preview(
    case: Annotated[str, typer.Argument(metavar="CASO", help="Cliente, protocolo ou id da execução.")],
    json: AsJson = False,
) -> None:
    """Mostra como seria a fatura final: do aviso prévio em curso, ou se ele começasse agora."""
    ended = with_client(lambda client: client.preview(case))
    if json:
        typer.echo(as_json(ended))
        return
    typer.echo(f"Último dia: {words.long_date(ended.last_day)}")
    _list(ended.lines)
    label = "Total" if ended.total >= 0 else "Crédito a devolver"
    typer.echo(f"{label}: {words.money(abs(ended.total))}")
    if ended.doubtful_count:
        count = words.counted(ended.doubtful_count, "valor não pode", "valores não podem")
        typer.echo(f"{count} ser cobrado como está no faturamento: o Financeiro confere no encerramento.")
    if ended.debts:
        typer.echo("Em aberto de faturas anteriores, à parte desta:")
        _list(ended.debts)
        typer.echo(f"Total em aberto: {words.money(ended.debts_total)}")


def _list(items: "Sequence[InvoiceLine | OpenDebt]") -> None:
    for item in items:
        period = f"{words.short_date(item.first_day)} a {words.short_date(item.last_day)}"
        typer.echo(f"  {period}  {words.money(item.amount):>14}  {item.description}")


def add_commands(app: typer.Typer) -> None:
    """Add the commands."""
    for name, command in (("report", report), ("preview", preview)):
        app.command(name, cls=PortugueseCommand, rich_help_panel=_PANEL)(command)


async def _figures(settings: "Settings", since: datetime, until: datetime, now: datetime) -> "Figures":
    from cancellation.adapters.postgres.desk import PostgresDesk
    from cancellation.adapters.postgres.pool import open_pool
    from cancellation.application.figures import figures_of

    pool = await open_pool(settings.require_database_url(), max_size=_CONNECTIONS)
    try:
        records = PostgresDesk(pool)
        cases = await records.figures(since, until)
        return figures_of(cases, await records.mail_figures(since, until), since, until, now)
    finally:
        await pool.close()


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return typed.day(text)
    except ValueError:
        pass
    raise Failure(f"{option}: esperada uma data como 2026-11-30 ou 30/11/2026", ExitCode.USAGE)


def _show(figures: "Figures", first: date, last: date) -> None:
    from rich.table import Table

    from starters.cli.terminal import console

    out = console()
    out.print(f"[bold]Casos abertos de {words.short_date(first)} a {words.short_date(last)}[/bold]")
    for step in figures.funnel:
        out.print(f"  {told.step(step.code):<32} {step.count:>6}")
    for by, rates in figures.saves.items():
        if not rates:
            continue
        table = Table(title=f"Ficaram, por: {told.dimension(by.value)}", title_justify="left")
        for column in ("", "ficaram", "de", "taxa", "entre", ""):
            table.add_column(column, justify="left" if not column else "right")
        for rate in rates:
            table.add_row(
                told.of_dimension(by.value, rate.code),
                str(rate.count),
                str(rate.of),
                told.percent(rate.share),
                f"{told.percent(rate.low)} e {told.percent(rate.high)}",
                "poucos casos" if rate.is_thin else "",
            )
        out.print(table)
    answered = figures.answered
    out.print(
        f"Com resultado em até 7 dias: {answered.count} de {answered.of} ({told.percent(answered.share)})"
    )
    for stage in figures.stages:
        name = vocabulary.short_stage(stage.stage)
        middle, slowest = told.hours(stage.median_hours), told.hours(stage.slowest_tenth_hours)
        out.print(f"  {name:<16} metade em até {middle}; nove em dez em até {slowest}")
    for month in figures.months:
        kept, lost, open_ = map(words.money, (month.kept, month.lost, month.undecided))
        out.print(f"  {told.month(month.first_day)}  mantidos {kept}  perdidos {lost}  em aberto {open_}")
    out.print(
        f"E-mails recebidos: {figures.mails_arrived}; deixados a uma pessoa: {figures.mails_left_to_a_person}"
    )
