"""The command that puts a customer's e-mail into the case: what the inbox does, by hand."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cancellation.domain.values import Channel
from cancellation.failures import CaseNotFound
from cancellation.mail_entries import addresses, entry_of
from cancellation.mail_facts import formalization, resolve
from cancellation.messages.crm import Original
from cancellation.messages.facts import FormalizationMessage, RequestMessage
from cancellation.messages.mail_in import Copies, IncomingMail, MailFate, MailOutcome
from cancellation.messages.status import Answer
from cancellation.ports import CustomerDirectory, MailLedger, Originals
from cancellation.settings import Settings
from cancellation.understanding import (
    Action,
    MailReading,
    Understanding,
    clues_of,
    read_message,
    understand,
)
from starters.cli import rendering
from starters.cli.options import Actor, AsJson, instant, original_reference
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import (
    ExitCode,
    Failure,
    as_json,
    crm_registry,
    default_actor,
    settings_of_command,
    wait_for,
    why_not,
)
from workers.policy import load_policy
from workers.provider import provider_of
from workers.records import mail_keys_of, open_mails

_PANEL: Final = "Conduzir um caso"
_SOURCE: Final = "formalize"
"""Which way it came in, for operators."""


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("formalize", cls=PortugueseCommand, rich_help_panel=_PANEL)(formalize)


def formalize(
    file: Annotated[
        str,
        typer.Argument(
            metavar="ARQUIVO.eml",
            help="O e-mail original, - para a entrada padrão, ou crm:original/… para um que já foi guardado.",
        ),
    ],
    confirmed_by: Annotated[
        str | None, typer.Option(help="Pessoa do Comercial que responde pelo e-mail e pelo remetente.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="O motivo, se a leitura automática não o achou.")] = None,
    explicit_request: Annotated[
        bool, typer.Option("--explicit-request", help="Uma pessoa leu, e o pedido de cancelamento está lá.")
    ] = False,
    received_at: Annotated[
        str | None,
        typer.Option(metavar="ISO-8601", help="Quando chegou; sem ela, o que o servidor escreveu no e-mail."),
    ] = None,
    customer: Annotated[
        str | None, typer.Option(help="Número do cliente, se o e-mail não basta para achá-lo.")
    ] = None,
    open_case: Annotated[
        bool, typer.Option("--open", help="Abre o caso, se o cliente não tem nenhum aberto.")
    ] = False,
    actor: Actor = None,
    json: AsJson = False,
) -> None:
    """Guarda o e-mail original no CRM e o leva ao caso do cliente como formalização."""
    sha256 = original_reference(file)
    given = read_original(file) if sha256 is None else None
    settings = settings_of_command()
    typed = instant(received_at)

    async def work() -> Answer:
        async with open_mails(settings) as (crm, ledger):
            raw, copies = given, None
            if sha256 is not None:
                raw, copies = await _kept(crm, ledger, sha256)
            assert raw is not None
            when = _parsed(typed) or (copies.received_at if copies else None)
            reading, understood = await understood_by(
                settings,
                crm,
                raw,
                when,
                copies.envelope if copies else (),
                dated_by_hand=typed is not None,
            )
            whose = customer or understood.customer_id
            _must_be_worth_it(understood, whose, vouched=confirmed_by is not None or explicit_request)
            if reading.received_at is None:
                raise Failure("o e-mail não diz quando chegou; informe com --received-at", ExitCode.USAGE)
            assert whose is not None
            original = await crm.keep_original(raw, datetime.now(UTC))
            mail = IncomingMail(
                sha256=original.sha256, ref=original.ref, received_at=reading.received_at, source=_SOURCE
            )
            entry = entry_of(mail, reading)
            fact = fact_of(reading, understood, original, copies.reported_as if copies else entry.message_id)
            try:
                answer, fate = await _report(
                    settings, whose, fact, _request(reading, actor) if open_case else None
                )
                if copies is None:
                    await ledger.register(entry)
                    outcome = MailOutcome(fate=fate, action=understood.action.value, customer_id=whose)
                    await ledger.settle(entry.id, outcome, understood.why, datetime.now(UTC))
            finally:
                # As for what the inbox receives: after the case has heard of it, and whatever it says (X13).
                if keys := mail_keys_of(settings, crm, ledger):
                    await keys.keep(original.sha256)
            if sha256 is not None and (confirmed_by or explicit_request):
                await ledger.close_task(sha256, confirmed_by or actor or default_actor(), datetime.now(UTC))
            return answer

    def fact_of(
        reading: MailReading, understood: Understanding, original: Original, message_id: str
    ) -> FormalizationMessage:
        assert reading.received_at is not None
        asked = (
            True if explicit_request or (confirmed_by and understood.explicit_request == "unsure") else None
        )
        fact = formalization(
            reading,
            understood,
            original,
            reading.received_at,
            actor=actor or default_actor(),
            explicit_request=asked,
            reason=reason,
            confirmed_by=confirmed_by,
        )
        return fact.model_copy(update={"request_words": understood.request_words, "message_id": message_id})

    answer = wait_for(work())
    if json:
        typer.echo(as_json(answer))
    elif answer.duplicate:
        rendering.say("E-mail repetido: já estava no caso e nada mudou.", answer)
    else:
        rendering.say("E-mail guardado e levado ao caso.", answer)


async def _report(
    settings: Settings, whose: str, fact: FormalizationMessage, request: RequestMessage | None
) -> tuple[Answer, MailFate]:
    """Report it to the customer's open case; where there is none, the request opens one first.

    Raises:
        Failure: there is no open case, and nothing to open one with.
    """
    from cancellation.client import CancellationClient  # Who only reads an e-mail needs none.

    client = await CancellationClient.connect(settings.home, registry=crm_registry(settings))
    try:
        return await client.report(whose, fact), MailFate.REPORTED
    except CaseNotFound as missing:
        if request is None:
            raise Failure(f"{missing}; com --open este e-mail abre um novo caso") from None
    await client.open_or_join(whose, request)
    return await client.report(whose, fact), MailFate.OPENED


async def _kept(crm: Originals, ledger: MailLedger, sha256: str) -> tuple[bytes, Copies | None]:
    """A kept e-mail, and what its deliveries said.

    Raises:
        Failure: no such e-mail is kept.
    """
    raw = await crm.original(sha256)
    if raw is None:
        raise Failure("esse e-mail não está guardado no CRM")
    return raw, await ledger.copies(sha256)


async def understood_by(
    settings: Settings,
    customers: CustomerDirectory,
    raw: bytes,
    received_at: datetime | None,
    envelope: Sequence[str] = (),
    *,
    dated_by_hand: bool = False,
) -> tuple[MailReading, Understanding]:
    """Read an e-mail, with the CRM's customers and the configured policy.

    Args:
        settings: whose servers are trusted.
        customers: where the sender is looked up.
        raw: the e-mail.
        received_at: when it was received; None takes what the server wrote into it.
        envelope: where it was delivered.
        dated_by_hand: a person says when it was received, and answers for its age (X9).
    """
    reading = read_message(raw, envelope_recipients=addresses(envelope), delivered_at=received_at)
    directory = await resolve(customers, clues_of(reading))
    policy = load_policy(settings)
    understood = understand(
        reading,
        directory,
        policy.mailboxes,
        settings.inbox.trusted_servers,
        now=datetime.now(UTC) if received_at is None else None,
        provider=provider_of(settings),
        mail_age_days=None if dated_by_hand else policy.mail_age_days,
    )
    return reading, understood


def read_original(file: str) -> bytes:
    """The bytes of an e-mail, from a file or from standard input.

    Raises:
        Failure: it cannot be read.
    """
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise Failure(f"não foi possível ler {file}: {why_not(error)}", ExitCode.USAGE) from None


def _must_be_worth_it(understood: Understanding, customer: str | None, *, vouched: bool) -> None:
    """Refuse what no careful person would call a formalization, unless a person vouches for it.

    Raises:
        Failure: with what the reader understood.
    """
    if customer is None:
        raise Failure("cliente não encontrado a partir do e-mail; informe com --customer")
    if vouched:
        return
    doubtful = understood.action is Action.TRIAGE and understood.explicit_request is not True
    if doubtful or understood.action in (Action.IGNORE, Action.REFUSE):
        why = " ".join(understood.why)
        raise Failure(
            f"não parece uma formalização: {why} Se uma pessoa leu e confirma, use --confirmed-by "
            "e --explicit-request."
        )


def _request(reading: MailReading, actor: str | None) -> RequestMessage:
    return RequestMessage.model_validate(
        {
            "channel": Channel.EMAIL,
            "text": reading.newest[:20_000],
            "contact": {"email": reading.sender},
            "message_id": f"pedido:{reading.message_id}"[:200],
            "occurred_at": reading.received_at,
            "actor": actor or default_actor(),
        }
    )


def _parsed(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
