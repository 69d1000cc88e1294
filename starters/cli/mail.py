"""The command that shows a customer's e-mail as text, and records that a person read it and what it is not."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.text import Text

from cancellation.client import CancellationClient
from cancellation.language import words
from cancellation.messages.mail_in import KeptMail
from cancellation.settings import Settings
from starters.cli.options import AsJson, original_reference
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import (
    ExitCode,
    Failure,
    as_json,
    crm_registry,
    settings_of_command,
    wait_for,
    with_client,
)
from starters.cli.terminal import console
from workers.records import open_crm, open_ledger

if TYPE_CHECKING:
    from cancellation.understanding import MailReading

_PANEL: Final = "Acompanhar"
_MOST_SHOWN: Final = 20_000


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("mail", cls=PortugueseCommand, rich_help_panel=_PANEL)(mail)


def mail(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="CASO|ORIGINAL",
            help="Um caso, para ver os e-mails do cliente; ou crm:original/…, os 64 algarismos, para ler um.",
        ),
    ],
    refused_by: Annotated[
        str | None,
        typer.Option(
            metavar="NOME",
            help="Pessoa do Comercial que leu: não é um pedido a contar, ou já foi tratado. Se o aviso prévio "
            "começou por este e-mail, tudo é desfeito e todos são avisados.",
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Mostra um e-mail guardado como texto, ou registra que ele não é um pedido."""
    settings = settings_of_command()
    sha256 = original_reference(reference)
    if sha256 is None:
        if refused_by is not None:
            raise Failure("informe o original, crm:original/… ou os 64 algarismos", ExitCode.USAGE)
        _list(settings, reference, json=json)
    elif refused_by is not None:
        _refuse(settings, sha256, refused_by)
    else:
        _show(wait_for(_read(settings, sha256)), json=json)


async def _read(settings: Settings, sha256: str) -> "MailReading":
    """A kept e-mail, read in a process with limits: anybody may have sent it (X9)."""
    async with open_crm(settings) as crm:
        raw = await crm.original(sha256)
    if raw is None:
        raise Failure("esse e-mail não está guardado no CRM")
    from cancellation.confined import read_confined

    return await read_confined(raw)


def _show(reading: "MailReading", *, json: bool) -> None:
    if json:
        typer.echo(as_json(reading.model_dump(mode="json", exclude={"trace"})))
        return
    out = console()
    received = words.moment(reading.received_at) if reading.received_at else "—"
    for name, value in (
        ("De", ", ".join(reading.from_addresses)),
        ("Para", ", ".join(reading.recipients[:20])),
        ("Assunto", reading.subject),
        ("Recebido em", received),
        ("Message-ID", reading.message_id),
        ("Anexos", ", ".join(one.name or one.content_type for one in reading.attachments)),
        ("Não lido com segurança", ", ".join((*reading.damage, *reading.unread))),
    ):
        if value:
            out.print(Text(f"{name}: {words.printable(value)}"), soft_wrap=True)
    for title, text in (
        ("", reading.newest),
        ("— assinatura —", reading.signature),
        ("— em HTML —", reading.alternative),
        ("— citado —", reading.quoted),
    ):
        if text.strip():
            out.print(Text(f"\n{title}".rstrip(), style="bright_black"))
            for line in text[:_MOST_SHOWN].splitlines():
                out.print(Text(words.printable(line)), soft_wrap=True)


def _list(settings: Settings, case: str, *, json: bool) -> None:
    customer_id = with_client(lambda client: _customer_of(client, case))

    async def found() -> list[KeptMail]:
        async with open_ledger(settings) as ledger:
            return list(await ledger.mails_of(customer_id))

    mails = wait_for(found())
    if json:
        typer.echo(as_json(mails))
        return
    out = console()
    if not mails:
        out.print("Nenhum e-mail deste cliente foi recebido.")
    for one in mails:
        out.print(Text(f"{words.moment(one.received_at)}  {words.fate(one.fate.value)}"))
        out.print(Text(f"cancelamento mail {one.sha256}", style="bright_black"), soft_wrap=True)


async def _customer_of(client: CancellationClient, case: str) -> str:
    return (await client.status(case)).customer_id


def _refuse(settings: Settings, sha256: str, by: str) -> None:
    """Tell the e-mail's case, close the task, and keep the decision as a label (X14, X15)."""

    async def work() -> bool:
        async with open_ledger(settings) as ledger:
            reading = await _read(settings, sha256)
            client = await CancellationClient.connect(settings.home, registry=crm_registry(settings))
            from cancellation.mail_decisions import MailDecisions

            return await MailDecisions(ledger, client).refuse(reading, by, datetime.now(UTC))

    if not wait_for(work()):
        raise Failure("nenhum caso nem tarefa espera a decisão sobre esse e-mail")
    typer.echo("Registrado: o e-mail não conta; ele continua guardado.")
