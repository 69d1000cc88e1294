"""What `check --now` does: a run of reconciliation, now, and what is open after it (X11)."""

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

import typer
from rich.markup import escape
from rich.text import Text

from cancellation.language import findings as words
from cancellation.language import watch
from cancellation.language.words import counted, integer, moment
from cancellation.messages.reconciliation import KeptFinding, ReconciliationResult
from cancellation.settings import Settings
from starters.cli import running
from starters.cli.running import ExitCode, Failure, wait_for
from starters.cli.terminal import console
from workers.connecting import connect
from workers.records import open_findings
from workers.schedule import run_now

_WITHIN: Final = 900.0
"""Seconds."""
_MOST: Final = 1000


def reconcile(settings: Settings, *, as_json: bool) -> None:
    """Run it, and print what disagrees.

    Raises:
        typer.Exit: 1, something disagrees.
        Failure: it did not end in time.
    """
    result, found, count = wait_for(_run(settings))
    if as_json:
        typer.echo(running.as_json(_as_data(result, found, count)))
    else:
        _show(result, found, count)
    if count or result.failed:
        raise typer.Exit(ExitCode.REFUSED)


async def _run(settings: Settings) -> tuple[ReconciliationResult, Sequence[KeptFinding], int]:
    client = await connect(settings)
    run = await run_now(client)
    try:
        async with asyncio.timeout(_WITHIN):
            result: ReconciliationResult = await run.result()
    except TimeoutError:
        raise Failure(
            f"a conferência ({run.id}) ainda não terminou: há um worker no ar?", ExitCode.UNREACHABLE
        ) from None
    async with open_findings(settings) as ledger:
        counts = await ledger.counts()
        return result, await ledger.open_findings(most=_MOST), sum(counts.values())


def _as_data(result: ReconciliationResult, found: Sequence[KeptFinding], count: int) -> dict[str, Any]:
    return {
        "at": result.at,
        "failed": result.failed,
        "counts": result.counts,
        "open": count,
        "findings": [
            {
                **one.model_dump(mode="json"),
                "title": words.title(one.rule),
                "team": one.terms.team.value,
                "system": one.terms.against.value,
                "crm_says": words.crm_says(one),
                "other_says": words.other_says(one),
                "may_do": words.may_do(one.rule),
            }
            for one in found
        ],
    }


def _show(result: ReconciliationResult, found: Sequence[KeptFinding], count: int) -> None:
    out = console()
    for rule, group in groupby(found, key=lambda one: one.rule):
        mine = list(group)
        out.print(Text(f"{words.title(rule)} ({integer(len(mine))})", style="bold"))
        for one in mine:
            out.print(f"  {escape(words.whose(one, one.company))}", soft_wrap=True)
            out.print(f"    CRM: {escape(words.crm_says(one))}", soft_wrap=True)
            out.print(f"    {words.other_system(one)}: {escape(words.other_says(one))}", soft_wrap=True)
            out.print(f"    desde {moment(one.first_seen)}", style="bright_black", soft_wrap=True)
            if one.repair is not None:
                out.print(f"    Já corrigido: {words.repaired(one.repair)}.", style="green", soft_wrap=True)
        out.print(f"  O que fazer: {words.may_do(rule)}", soft_wrap=True)
        out.print()
    if count > len(found):
        out.print(f"E mais {counted(count - len(found), 'divergência', 'divergências')}.")
    watched = watch.run(result.counts.get("watch_billing", {}))
    if watched:
        out.print(watched, soft_wrap=True)
    for step in result.failed:
        out.print(Text(f"Não deu para concluir: {step}", style="bold red"))
    if not count and not result.failed:
        out.print("Tudo combina.")
    else:
        out.print(counted(count, "divergência aberta", "divergências abertas"))
