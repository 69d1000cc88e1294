"""Options and arguments that several commands have, and how they are read."""

import re
from enum import StrEnum
from typing import Annotated, Final

import typer

from cancellation.language import typed
from starters.cli.running import ExitCode, Failure

CaseReference = Annotated[
    str,
    typer.Argument(metavar="CASO", help="Número do cliente, protocolo (CAN-…) ou id da execução."),
]
Actor = Annotated[
    str | None, typer.Option(help="Quem registra; sem ela, o usuário do sistema.", show_default=False)
]
MessageId = Annotated[
    str | None,
    typer.Option(help="Chave de idempotência: a mesma mensagem enviada de novo conta uma vez só."),
]
OccurredAt = Annotated[
    str | None,
    typer.Option(metavar="QUANDO", help="Quando aconteceu, se não foi agora; só informa o histórico."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Responde em JSON, para outros programas.")]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Não espera a resposta: envia como sinal, mesmo sem worker no ar.")
]

_ORIGINAL: Final = re.compile(r"(?:crm:original/)?([0-9a-f]{64})")


def choices(values: type[StrEnum]) -> str:
    """The accepted words of an argument, for its help."""
    return ", ".join(value.value for value in values) + "."


def instant(text: str | None) -> str | None:
    """A typed instant with its time zone; São Paulo's where the person left it out.

    Raises:
        Failure: it is no instant.
    """
    if text is None:
        return None
    try:
        return typed.instant(text).isoformat()
    except ValueError:
        raise Failure(
            f"data e hora inválidas: {text}; escreva 22/11/2026 10h15 ou 2026-11-22T10:15:00-03:00",
            ExitCode.USAGE,
        ) from None


def day(text: str | None, option: str) -> str | None:
    """A typed day as the contract has it.

    Raises:
        Failure: it is no date.
    """
    if text is None:
        return None
    try:
        return typed.day(text).isoformat()
    except ValueError:
        raise Failure(
            f"{option}: data inválida: {text}; escreva 22/11/2026 ou 2026-11-22", ExitCode.USAGE
        ) from None


def original_reference(text: str) -> str | None:
    """The hash of a kept e-mail, from `crm:original/<hash>` or the bare hash; None if it is neither."""
    found = _ORIGINAL.fullmatch(text.strip().lower())
    return found[1] if found else None
