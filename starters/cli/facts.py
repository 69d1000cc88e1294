"""Commands that report a fact about a case: one for each message of the contract."""

from collections.abc import Sequence
from itertools import count
from typing import Annotated, Any, Final

import typer

from cancellation.client import CancellationClient
from cancellation.domain.values import (
    Channel,
    Offer,
    OfferKind,
    OfferStatus,
    Outcome,
    PortStatus,
    ReasonCategory,
)
from cancellation.language import typed
from cancellation.language.vocabulary import offer_kind
from cancellation.messages.envelope import Message
from cancellation.messages.facts import (
    AgainLetter,
    DiscardMessage,
    PortabilityMessage,
    RecordingsRequestMessage,
    RequestMessage,
    ResendMessage,
    RetentionOfferMessage,
    RetentionOutcomeMessage,
    WithdrawalMessage,
)
from cancellation.messages.status import Answer
from starters.cli import rendering
from starters.cli.instead import needing_a_case, reported
from starters.cli.moment import dated
from starters.cli.options import (
    Actor,
    AsJson,
    CaseReference,
    MessageId,
    NoWait,
    OccurredAt,
    choices,
    day,
    instant,
)
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import Failure, as_json, message, with_client

_PANEL: Final = "Conduzir um caso"


def add_commands(app: typer.Typer) -> None:
    """Add one command for each fact."""
    for name, command in (
        ("open", open_case),
        ("offer", offer),
        ("outcome", outcome),
        ("portability", portability),
        ("recordings", recordings),
        ("withdraw", withdraw),
        ("discard", discard),
        ("resend", resend),
    ):
        app.command(name, cls=PortugueseCommand, rich_help_panel=_PANEL)(command)


def open_case(
    customer: Annotated[str, typer.Argument(metavar="CLIENTE", help="Número do cliente, como 1042.")],
    channel: Annotated[Channel, typer.Option(help="Canal pelo qual o cliente pediu.")] = Channel.OTHER,
    text: Annotated[str, typer.Option(help="O que o cliente escreveu ou disse.")] = "",
    name: Annotated[str | None, typer.Option(help="Nome de quem pediu.")] = None,
    email: Annotated[str | None, typer.Option(help="E-mail de quem pediu.")] = None,
    phone: Annotated[str | None, typer.Option(help="Telefone de quem pediu.")] = None,
    actor: Actor = None,
    message_id: MessageId = None,
    occurred_at: OccurredAt = None,
    json: AsJson = False,
) -> None:
    """Abre o caso do cliente, ou junta mais um contato ao caso já aberto."""
    contact = {"name": name, "email": email, "phone": typed.phone(phone) if phone else None}
    fields = {
        "channel": channel,
        "text": text,
        "contact": {key: value for key, value in contact.items() if value is not None},
        "message_id": message_id,
        "occurred_at": instant(occurred_at),
    }
    request = message(RequestMessage, actor, fields)

    async def work(client: CancellationClient) -> Answer:
        return await client.open_or_join(customer, await dated(client, customer, request))

    answer = with_client(work)
    if json:
        typer.echo(as_json(answer))
        return
    if answer.opened:
        rendering.say(f"Caso aberto para o cliente {customer}.", answer)
    elif answer.duplicate:
        rendering.say("Pedido repetido: já estava no caso e nada mudou.", answer)
    else:
        rendering.say(f"O cliente {customer} já tinha um caso aberto: o contato foi juntado a ele.", answer)


def offer(
    case: CaseReference,
    kind: Annotated[OfferKind, typer.Argument(metavar="TIPO", help=choices(OfferKind))],
    status: Annotated[OfferStatus, typer.Argument(metavar="SITUAÇÃO", help=choices(OfferStatus))],
    text: Annotated[
        str | None,
        typer.Option(
            "--text",
            "--description",
            help="O que foi proposto; pode faltar na resposta a uma oferta já feita.",
        ),
    ] = None,
    offer_id: Annotated[
        str | None, typer.Option(help="Identificação da oferta; sem ela vale a última do mesmo tipo.")
    ] = None,
    actor: Actor = None,
    message_id: MessageId = None,
    occurred_at: OccurredAt = None,
    json: AsJson = False,
) -> None:
    """Registra uma oferta de retenção feita, aceita ou recusada."""

    async def work(client: CancellationClient) -> Answer:
        with needing_a_case(case):
            made = (await client.status(case)).offers
            fields = {
                **_offer_named(made, kind, status, offer_id, text, message_id),
                "kind": kind,
                "status": status,
                "message_id": message_id,
                "occurred_at": instant(occurred_at),
            }
            fact = message(RetentionOfferMessage, actor, fields)
            return await reported(client, case, await dated(client, case, fact))

    _show(with_client(work), json, "Oferta registrada.")


def outcome(
    case: CaseReference,
    result: Annotated[Outcome, typer.Argument(metavar="RESULTADO", help=choices(Outcome))],
    reason: Annotated[
        ReasonCategory | None, typer.Option(help="Categoria do motivo do cliente (obrigatória para o caso).")
    ] = None,
    text: Annotated[str | None, typer.Option(help="O motivo, nas palavras do cliente.")] = None,
    notes: Annotated[str | None, typer.Option(help="Observações do Comercial.")] = None,
    actor: Actor = None,
    message_id: MessageId = None,
    occurred_at: OccurredAt = None,
    no_wait: NoWait = False,
    json: AsJson = False,
) -> None:
    """Registra o resultado da retenção: o cliente fica ou mantém a decisão."""
    given = {"category": reason, "text": text}
    fields = {
        "outcome": result,
        "reason": {key: value for key, value in given.items() if value is not None} or None,
        "notes": notes,
        "message_id": message_id,
        "occurred_at": instant(occurred_at),
    }
    _report(case, message(RetentionOutcomeMessage, actor, fields), no_wait, json, "Resultado registrado.")


def portability(
    case: CaseReference,
    number: Annotated[str, typer.Argument(metavar="NÚMERO", help="Como (11) 3000-0001 ou +551130000001.")],
    status: Annotated[PortStatus, typer.Argument(metavar="SITUAÇÃO", help=choices(PortStatus))],
    operator: Annotated[str | None, typer.Option(help="Operadora que recebe o número.")] = None,
    actor: Actor = None,
    message_id: MessageId = None,
    occurred_at: OccurredAt = None,
    no_wait: NoWait = False,
    json: AsJson = False,
) -> None:
    """Registra a portabilidade de um número do cliente."""
    fields = {
        "number": typed.phone(number),
        "status": status,
        "operator": operator,
        "message_id": message_id,
        "occurred_at": instant(occurred_at),
    }
    _report(case, message(PortabilityMessage, actor, fields), no_wait, json, "Portabilidade registrada.")


def recordings(
    case: CaseReference,
    from_date: Annotated[
        str | None,
        typer.Option("--from", metavar="DIA", help="Primeiro dia; sem ele, desde o início."),
    ] = None,
    to_date: Annotated[
        str | None, typer.Option("--to", metavar="DIA", help="Último dia; sem ele, até o fim.")
    ] = None,
    deliver_to: Annotated[
        str | None, typer.Option(help="E-mail que recebe o link; sem ele, os contatos do cliente.")
    ] = None,
    actor: Actor = None,
    message_id: MessageId = None,
    occurred_at: OccurredAt = None,
    no_wait: NoWait = False,
    json: AsJson = False,
) -> None:
    """Registra que o cliente quer as gravações das chamadas."""
    fields = {
        "from_date": day(from_date, "--from"),
        "to_date": day(to_date, "--to"),
        "deliver_to": deliver_to,
        "message_id": message_id,
        "occurred_at": instant(occurred_at),
    }
    _report(case, message(RecordingsRequestMessage, actor, fields), no_wait, json, "Pedido registrado.")


def withdraw(
    case: CaseReference,
    reason: Annotated[str, typer.Option(help="Por que o cliente desistiu de sair.")],
    actor: Actor = None,
    message_id: MessageId = None,
    occurred_at: OccurredAt = None,
    no_wait: NoWait = False,
    json: AsJson = False,
) -> None:
    """Registra que o cliente desistiu do cancelamento durante o aviso prévio."""
    fields = {"reason": reason, "message_id": message_id, "occurred_at": instant(occurred_at)}
    _report(case, message(WithdrawalMessage, actor, fields), no_wait, json, "Desistência registrada.")


def discard(
    case: CaseReference,
    reason: Annotated[str, typer.Option(help="Por que o caso não devia ter sido aberto.")],
    actor: Actor = None,
    message_id: MessageId = None,
    occurred_at: OccurredAt = None,
    no_wait: NoWait = False,
    json: AsJson = False,
) -> None:
    """Descarta um caso aberto por engano."""
    fields = {"reason": reason, "message_id": message_id, "occurred_at": instant(occurred_at)}
    _report(case, message(DiscardMessage, actor, fields), no_wait, json, "Caso descartado.")


def resend(
    case: CaseReference,
    letter: Annotated[AgainLetter, typer.Argument(metavar="MENSAGEM", help=choices(AgainLetter))],
    wrong: Annotated[
        str | None, typer.Option(help="E-mail errado de um contato autorizado, para corrigir antes.")
    ] = None,
    right: Annotated[
        str | None, typer.Option(help="O e-mail certo; vale no caso e no CRM daqui em diante.")
    ] = None,
    actor: Actor = None,
    message_id: MessageId = None,
    occurred_at: OccurredAt = None,
    no_wait: NoWait = False,
    json: AsJson = False,
) -> None:
    """Envia uma mensagem ao cliente de novo, com o e-mail do contato corrigido se preciso."""
    fields = {
        "letter": letter,
        "wrong_address": wrong,
        "right_address": right,
        "message_id": message_id,
        "occurred_at": instant(occurred_at),
    }
    _report(
        case, message(ResendMessage, actor, fields), no_wait, json, "A mensagem sai de novo em instantes."
    )


def _report(case: str, fact: Message, no_wait: bool, json: bool, words: str) -> None:
    async def tell(client: CancellationClient) -> None:
        await client.tell(case, await dated(client, case, fact))

    async def report(client: CancellationClient) -> Answer:
        with needing_a_case(case):
            return await reported(client, case, await dated(client, case, fact))

    if no_wait:
        with_client(tell)
        rendering.say_sent(fact, json)
        return
    _show(with_client(report), json, words)


def _show(answer: Answer, json: bool, words: str) -> None:
    if json:
        typer.echo(as_json(answer))
        return
    rendering.say("Mensagem repetida: já estava no caso e nada mudou." if answer.duplicate else words, answer)


def _offer_named(
    offers: Sequence[Offer],
    kind: OfferKind,
    status: OfferStatus,
    offer_id: str | None,
    text: str | None,
    message_id: str | None,
) -> dict[str, Any]:
    """Which offer is meant, and what it proposes, where the person left it out.

    Raises:
        Failure: an offer cannot be told from what was typed.
    """
    alike = [made for made in offers if (made.offer_id == offer_id if offer_id else made.kind is kind)]
    if status is OfferStatus.MADE:
        if text is None:
            raise Failure("diga o que foi proposto com --text")
        taken = {made.offer_id for made in offers}
        fresh = next(str(number) for number in count(1) if str(number) not in taken)
        return {"offer_id": offer_id or message_id or fresh, "description": text}
    if not alike and (offer_id is None or text is None):
        raise Failure(f"o caso não tem oferta de {offer_kind(kind)}; registre-a primeiro com “made”")
    known = max(alike, key=lambda made: made.at, default=None)
    return {
        "offer_id": offer_id or (known.offer_id if known else ""),
        "description": text or (known.description if known else ""),
    }
