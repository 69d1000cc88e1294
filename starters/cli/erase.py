"""The command that erases what the law no longer lets be kept of a customer (LGPD)."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cancellation.language import words
from starters.cli.options import Actor, AsJson, instant
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import (
    ExitCode,
    Failure,
    as_json,
    complain,
    default_actor,
    settings_of_command,
    wait_for,
)

if TYPE_CHECKING:
    from cancellation.messages.erasure import Erasable, Erased
    from cancellation.settings import Settings

_PANEL: Final = "Servidores"
_WHAT: Final = {
    "accesses": "os endereços de quem usou o link de download",
    "case": "os textos, e-mails e mensagens do caso",
    "customer": "o nome, o CNPJ e os contatos do cliente",
}
STAYS: Final = (
    "o histórico sem os textos: etapas, instantes e a cadeia de hashes, que ainda confere (prova do procedimento)",
    "números de cliente, caso e protocolo: sem eles o que fica não se acha (não dizem de quem são)",
    "cobranças, créditos e a fatura final, com datas e valores (obrigação fiscal)",
    "números de telefone, portabilidades e recursos liberados, com as datas (numeração, sem nome ao lado)",
    "o registro desta e de outras exclusões",
)
"""What no erasure takes away, and why; the whole table is docs/dados-pessoais.md."""


def erase(
    customer: Annotated[str, typer.Argument(metavar="CLIENTE", help="Número do cliente, como 1042.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Só diz o que seria apagado e o que fica; não apaga nada.")
    ] = False,
    at: Annotated[
        str | None,
        typer.Option(metavar="QUANDO", help="Como se fosse esse instante; só onde o tempo é saltado."),
    ] = None,
    actor: Actor = None,
    json: AsJson = False,
) -> None:
    """Apaga os dados pessoais de um cliente cujo prazo legal passou; diz o que fica, e por quê."""
    settings = settings_of_command()
    told = wait_for(_erase(settings, customer, instant(at), actor or default_actor(), dry_run=dry_run))
    if json:
        typer.echo(as_json(told))
    else:
        _show(told, dry_run=dry_run)
    if told["failed"]:
        for one in told["failed"]:
            complain(one)
        raise Failure("repita o comando: o que falta continua de onde parou", ExitCode.UNREACHABLE)


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("erase", cls=PortugueseCommand, rich_help_panel=_PANEL)(erase)


async def _erase(
    settings: "Settings", customer: str, at: str | None, actor: str, *, dry_run: bool
) -> dict[str, Any]:
    from workers import erasing

    async with erasing.open_erasure(settings) as records:
        clock, is_virtual = await records.now()
        if at is not None and not is_virtual:
            raise Failure("--at é só para um banco em que o tempo é saltado", ExitCode.USAGE)
        now = datetime.fromisoformat(at) if at is not None else clock
        found = await records.of(customer)
        if not found:
            raise Failure(f"nenhum caso encontrado do cliente {customer}")
        due = [one for one in found if one.is_due(now)]
        kept = [_kept(one) for one in found if not one.is_due(now)]
        if not due:
            raise Failure(f"nada de {customer} pode ser apagado ainda: {'; '.join(kept)}")
        done: list[Erased] = []
        if not dry_run:
            done = await erasing.erase_records(records, customer, due, now, actor)
        workflow_ids = await records.executions(customer, [one.case_id for one in due if one.case_id])
    told = _told(customer, due, done, kept)
    if not dry_run:
        await _elsewhere(settings, customer, due, done, workflow_ids, told)
    return told


async def _elsewhere(
    settings: "Settings",
    customer: str,
    due: "Sequence[Erasable]",
    done: "Sequence[Erased]",
    workflow_ids: Sequence[str],
    told: dict[str, Any],
) -> None:
    """What lies outside of the records; what does not answer is said, and tried again by the same command."""
    from temporalio.service import RPCError

    from cancellation.adapters.objectstore.failures import StoreUnavailable
    from cancellation.messages.erasure import ErasedKind
    from workers import erasing
    from workers.connecting import connect

    try:
        objects = await erasing.erase_objects(settings, customer, due)
        told["objects"], told["objects_left"] = objects.removed, objects.left
    except StoreUnavailable as error:
        told["failed"].append(f"o armazenamento das gravações não respondeu: {error}")
    if not any(one.kind is ErasedKind.CASE for one in due):
        return
    try:
        client = await connect(settings)
        deliveries = [name for one in done for name in one.deliveries]
        told["executions"] = await erasing.delete_executions(client, workflow_ids, deliveries)
    except (RuntimeError, RPCError) as error:
        told["failed"].append(f"o Temporal não respondeu: {' '.join(str(error).split())}")


def _told(
    customer: str, due: "Sequence[Erasable]", done: "Sequence[Erased]", kept: Sequence[str]
) -> dict[str, Any]:
    rows = {(one.of.kind, one.of.case_id): one.rows for one in done}
    return {
        "customer_id": customer,
        "erased": [
            {
                "what": one.kind,
                "case_id": one.case_id,
                "protocol": one.protocol,
                "erased_before": one.erased_at,
                "rows": rows.get((one.kind, one.case_id), {}),
            }
            for one in due
        ],
        "objects": 0,
        "objects_left": 0,
        "executions": 0,
        "kept_until": list(kept),
        "kept": list(STAYS),
        "failed": [],
    }


def _kept(one: "Erasable") -> str:
    whose = f" {one.protocol}" if one.protocol else ""
    what = f"{_WHAT[one.kind]}{whose}"
    if one.ended_at is None:
        return f"{what}: há um caso aberto"
    if one.erasable_at is None:
        return f"{what}: ele ainda é cliente"
    return f"{what}: a partir de {words.moment(one.erasable_at)}, {words.days(one.term_days)} depois do fim"


def _show(told: dict[str, Any], *, dry_run: bool) -> None:
    typer.echo("Seria apagado:" if dry_run else "Apagado:")
    for one in told["erased"]:
        protocol = f" {one['protocol']}" if one["protocol"] else ""
        count = sum(one["rows"].values())
        if dry_run:
            how = "já foi apagado" if one["erased_before"] else "no prazo"
        elif count:
            how = words.counted(count, "registro", "registros")
        else:
            how = "nada mais havia"
        typer.echo(f"  {_WHAT[one['what']]}{protocol} ({how})")
    if not dry_run:
        typer.echo(f"  {words.counted(told['objects'], 'arquivo', 'arquivos')} de gravações e cópias delas")
        count = words.counted(told["executions"], "execução encerrada", "execuções encerradas")
        typer.echo(f"  {count} no Temporal, que o faz em até um minuto")
        if told["objects_left"]:
            typer.echo(
                f"  ATENÇÃO: {told['objects_left']} arquivos não puderam ser removidos: veja-os no armazenamento"
            )
    if told["kept_until"]:
        typer.echo("Fica por enquanto:")
        for line in told["kept_until"]:
            typer.echo(f"  {line}")
    typer.echo("Fica:")
    for line in told["kept"]:
        typer.echo(f"  {line}")
    typer.echo("Cópias de segurança não são mexidas: o que está nelas some quando elas vencem.")
