"""The command that says what the reader understands of a message, without touching any case."""

import json as jsonlib
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cancellation.domain.values import Authentication
from cancellation.language import vocabulary
from cancellation.settings import Settings
from cancellation.understanding import (
    Action,
    MailReading,
    ResolvedDirectory,
    Understanding,
    read_message,
    understand_text,
)
from cancellation.understanding import understand as understand_reading
from cancellation.understanding.evaluation import read as read_labelled
from cancellation.understanding.evaluation import score
from starters.cli.formalize import read_original, understood_by
from starters.cli.options import AsJson
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import (
    ExitCode,
    Failure,
    as_json,
    complain,
    exit_code_of,
    settings_of_command,
    wait_for,
)
from starters.cli.terminal import console
from workers.policy import load_policy
from workers.provider import provider_of
from workers.records import open_crm

_ACTIONS: Final = {
    Action.ACCEPT: ("aceitar como formalização", "green"),
    Action.INCOMPLETE: ("avisar o cliente do que falta", "yellow"),
    Action.TRIAGE: ("deixar para uma pessoa do Comercial decidir", "yellow"),
    Action.IGNORE: ("não fazer nada", "bright_black"),
    Action.REFUSE: ("recusar", "red"),
}


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("understand", cls=PortugueseCommand, rich_help_panel="Acompanhar")(understand)


def understand(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[ARQUIVO.eml]", help="O e-mail, ou - para a entrada padrão.", show_default=False
        ),
    ] = None,
    texts: Annotated[
        str | None,
        typer.Option(
            metavar="ARQUIVO.jsonl",
            help="Em vez de um e-mail, textos: um objeto {id, subject, body} por linha.",
        ),
    ] = None,
    evaluate: Annotated[
        str | None,
        typer.Option(
            metavar="ARQUIVO.jsonl",
            help="Compara a leitura com o que pessoas decidiram: {id, subject, body, explicit_request, reason}.",
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Diz o que a leitura automática entende de um e-mail, e por quê, sem mexer em caso nenhum."""
    if sum(given is not None for given in (file, texts, evaluate)) != 1:
        raise Failure("informe um e-mail ou --texts ou --evaluate, um só deles", ExitCode.USAGE)
    if evaluate is not None:
        _evaluated(read_original(evaluate), json)
        return
    if texts is not None:
        for answer in _answers(read_original(texts)):
            typer.echo(jsonlib.dumps(answer, ensure_ascii=False))
        return
    assert file is not None
    understood = _understood(settings_of_command(), read_original(file))
    if json:
        typer.echo(as_json(understood))
    else:
        _show(understood)


def _evaluated(lines: bytes, json: bool) -> None:
    try:
        found = score(read_labelled(lines.decode("utf-8").splitlines()))
    except ValueError as error:
        raise Failure(f"o arquivo não pôde ser lido: {error}", ExitCode.USAGE) from None
    if json:
        typer.echo(jsonlib.dumps(asdict(found)))
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for label, value in (
        ("Textos", str(found.texts)),
        ("Pedidos reconhecidos", f"{found.found} de {found.asked}"),
        ("Pedidos negados", str(found.denied)),
        ("Falsos pedidos", f"{found.false} de {found.others} (limite superior de 95 %: {found.bound:.1%})"),
        ("Dados por completos sem estarem", str(found.complete)),
        ("Deixados para uma pessoa", f"{found.left} de {found.texts}"),
        ("Motivos encontrados", f"{found.reasons_found} de {found.reasons}"),
        ("Motivos inventados", str(found.invented)),
    ):
        table.add_row(label, value)
    console().print(table)


def _understood(settings: Settings, raw: bytes) -> Understanding:
    async def with_crm() -> Understanding:
        async with open_crm(settings) as crm:
            _, understood = await understood_by(settings, crm, raw, None)
            return understood

    try:
        return wait_for(with_crm())
    except Exception as error:
        code, _ = exit_code_of(error)
        if code is not ExitCode.UNREACHABLE:
            raise
    complain("o CRM está fora de alcance: o cliente não foi procurado")
    return _without_crm(settings, read_message(raw))


def _without_crm(settings: Settings, reading: MailReading) -> Understanding:
    policy = load_policy(settings)
    return understand_reading(
        reading,
        ResolvedDirectory(),
        policy.mailboxes,
        settings.inbox.trusted_servers,
        provider=provider_of(settings),
        mail_age_days=policy.mail_age_days,
    )


def _answers(lines: bytes) -> Iterator[dict[str, Any]]:
    """One answer a text, with the same fields as for an e-mail as far as a text alone can tell."""
    for line in lines.split(b"\n"):
        if line.strip():
            yield _answer(line)


def _answer(line: bytes) -> dict[str, Any]:
    try:
        given = jsonlib.loads(line)
    except ValueError:
        given = None
    unreadable = not isinstance(given, dict)
    text = {} if unreadable else given
    found = understand_text(_text(text.get("subject")), _text(text.get("body")))
    why = ["A linha não é um objeto JSON."] if unreadable else list(found.why)
    return {
        "id": text.get("id"),
        "customer_id": None,
        "mailboxes": [],
        "authentication": "none",
        **found.model_dump(
            mode="json", include={"explicit_request", "reason", "reason_category", "action", "missing"}
        ),
        "why": why,
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _show(understood: Understanding) -> None:
    out = console()
    action, style = _ACTIONS[understood.action]
    out.print(Text.assemble("O que fazer: ", (action, f"bold {style}")))
    out.print()
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    rows = (
        ("Cliente", understood.customer_id or "não identificado"),
        ("Caixas", ", ".join(understood.mailboxes) or "nenhuma das duas"),
        ("Autenticação", vocabulary.verdict(Authentication(understood.authentication))),
        ("Pedido explícito", vocabulary.asked(understood.explicit_request)),
        ("Motivo", understood.reason or "não encontrado"),
        ("Falta", "; ".join(vocabulary.missing(code) for code in understood.missing) or "nada"),
    )
    for label, value in rows:
        table.add_row(label, Text(value))
    for place, line in enumerate(understood.why):
        table.add_row("" if place else "Por quê", Text(line))
    out.print(Padding(table, (0, 0, 0, 2)))
