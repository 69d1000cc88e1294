"""The stories of the demonstration: five customers, every outcome (P1-P20, X1-X6)."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from cancellation.domain.stage import Stage
from cancellation.domain.values import (
    Channel,
    Contact,
    OfferKind,
    OfferStatus,
    Outcome,
    PortStatus,
    Reason,
    ReasonCategory,
)
from cancellation.language import vocabulary
from cancellation.language import words as letters
from cancellation.messages.facts import (
    DiscardMessage,
    PortabilityMessage,
    RecordingsRequestMessage,
    RequestMessage,
    RetentionOfferMessage,
    RetentionOutcomeMessage,
    WithdrawalMessage,
)
from starters.cli.demo.download import download, is_dead, link_in_outbox
from starters.cli.demo.theatre import Theatre
from starters.cli.running import Failure

ACME: Final = "1042"
PADARIA: Final = "1043"
CLINICA: Final = "1044"
TRANSPORTADORA: Final = "1045"
ESCOLA: Final = "1046"

EXPECTED: Final = {
    ACME: Stage.CLOSED,
    PADARIA: Stage.RETAINED,
    CLINICA: Stage.WITHDRAWN,
    TRANSPORTADORA: Stage.LAPSED,
    ESCOLA: Stage.DISCARDED,
}
"""How every story has to end."""

DAYS: Final = 36
"""How many virtual days the stories take together."""

_PORTED, _LATE = "+551130000001", "+551130000002"


async def play(theatre: Theatre, day_passed: Callable[[], None]) -> None:
    """Play all stories side by side, day by day."""
    await _first_day(theatre)
    await theatre.pass_days(1, day_passed)
    await _second_day(theatre)
    await theatre.pass_days(1, day_passed)
    link = await _third_day(theatre)
    await theatre.pass_days(4, day_passed)
    await _number_is_ported(theatre)
    await theatre.pass_days(6, day_passed)
    await _clinic_withdraws(theatre)
    await theatre.pass_days(15, day_passed)
    await _second_number_is_asked_for(theatre)
    await theatre.pass_days(5, day_passed)
    await _term_is_over(theatre)
    await theatre.pass_days(4, day_passed)
    await _second_number_is_ported(theatre)
    await theatre.ended(EXPECTED)
    if not await is_dead(link):
        raise Failure("o link das gravações ainda funciona depois do encerramento")
    theatre.tell(ACME, "o link das gravações não funciona mais")


async def _first_day(theatre: Theatre) -> None:
    rita = Contact(name="Rita Souza", email="rita@acme.com.br", phone="+5511999990000")
    await _ask(theatre, ACME, Channel.CHATBOT, "Quero cancelar o contrato.", rita, "chatbot")
    await _ask(
        theatre, PADARIA, Channel.WHATSAPP, "Está caro, vou cancelar.", Contact(name="Marcos"), "whatsapp"
    )
    helena = Contact(name="Helena Duarte", email="helena.duarte@clinicavidaplena.com.br")
    await _ask(theatre, CLINICA, Channel.EMAIL, "Como faço para cancelar?", helena, "caixa comercial")
    await _ask(
        theatre,
        TRANSPORTADORA,
        Channel.PHONE,
        "Pediu o cancelamento por telefone.",
        Contact(),
        "atendente Bia",
    )
    await _ask(theatre, ESCOLA, Channel.OTHER, "cancelar matrícula da aluna", Contact(), "recepção")

    await _ask(theatre, ACME, Channel.PHONE, "Ligou para reforçar o pedido.", rita, "atendente Bia")
    await theatre.report(
        ESCOLA, DiscardMessage(reason="Pedido de uma mãe de aluna, não do cliente.", actor="comercial.ana")
    )
    theatre.tell(ESCOLA, "aberto por engano: descartado")

    await _offer(
        theatre, PADARIA, OfferKind.PLAN_ADJUSTMENT, OfferStatus.MADE, "Plano de 2 ramais por R$ 79,80"
    )
    await _offer(
        theatre, PADARIA, OfferKind.PLAN_ADJUSTMENT, OfferStatus.ACCEPTED, "Plano de 2 ramais por R$ 79,80"
    )
    await _outcome(
        theatre, PADARIA, Outcome.RETAINED, ReasonCategory.PRICE, "O plano estava caro para o uso."
    )

    await _offer(
        theatre, ACME, OfferKind.COMMERCIAL_TERMS, OfferStatus.MADE, "20% de desconto por seis meses"
    )
    await _offer(
        theatre, ACME, OfferKind.COMMERCIAL_TERMS, OfferStatus.REFUSED, "20% de desconto por seis meses"
    )
    await _outcome(
        theatre, ACME, Outcome.DECLINED, ReasonCategory.PRICE, "Preço acima do orçamento após o reajuste."
    )
    await _outcome(theatre, CLINICA, Outcome.DECLINED, ReasonCategory.TECHNICAL, "Qualidade das ligações.")
    await _outcome(
        theatre, TRANSPORTADORA, Outcome.DECLINED, ReasonCategory.COMPETITOR, "Recebeu proposta de outra."
    )


async def _second_day(theatre: Theatre) -> None:
    await _deliver(theatre, ACME, "acme-forjado", "e-mail forjado")
    await theatre.decide(ACME, "acme-forjado", "Ana", is_request=False)
    theatre.tell(ACME, "o Comercial conferiu o e-mail forjado: não conta")
    await _deliver(theatre, ACME, "acme-gmail-completo", "e-mail de formalização")
    await theatre.decide(ACME, "acme-gmail-completo", "Ana", is_request=True)
    theatre.tell(ACME, "o Comercial conferiu o e-mail que começou o aviso prévio: está certo")
    await _deliver(theatre, CLINICA, "clinica-iphone-so-comercial-sem-motivo", "e-mail de formalização")
    await theatre.report(ACME, RecordingsRequestMessage(actor="comercial.ana"))
    theatre.tell(ACME, "pediu as gravações: o link vai por e-mail")
    await _port(theatre, _PORTED, PortStatus.REQUESTED)


async def _third_day(theatre: Theatre) -> str:
    """The recordings are downloaded; the link, to look at it again when the case has ended."""
    await _deliver(theatre, CLINICA, "clinica-iphone-completa", "segundo e-mail")
    link = await link_in_outbox(Path(theatre.addresses.outbox), theatre.addresses.gateway)
    got = await download(link)
    files = letters.counted(got.files, "gravação", "gravações")
    theatre.tell(ACME, f"baixou {files} pelo link ({letters.size(got.size)})")
    return link


async def _number_is_ported(theatre: Theatre) -> None:
    await _port(theatre, _PORTED, PortStatus.COMPLETED)


async def _clinic_withdraws(theatre: Theatre) -> None:
    reason = "Suporte resolveu a qualidade das ligações; a clínica decidiu ficar."
    await theatre.report(CLINICA, WithdrawalMessage(reason=reason, actor="comercial.ana"))
    theatre.tell(CLINICA, "desistiu do cancelamento: tudo o que estava programado é desfeito")


async def _second_number_is_asked_for(theatre: Theatre) -> None:
    await _port(theatre, _LATE, PortStatus.REQUESTED)


async def _term_is_over(theatre: Theatre) -> None:
    await theatre.until(TRANSPORTADORA, Stage.LAPSED)
    theatre.tell(TRANSPORTADORA, "não formalizou em 30 dias: prazo encerrado, serviço intacto")
    # The day that begins at midnight may need some hours more on the case's own clock.
    status = await theatre.client.status(ACME)
    if status.stage is Stage.NOTICE and status.notice is not None:
        missing = status.notice.ends_at - await theatre.now(ACME)
        if missing > timedelta(0):
            await theatre.pass_time(missing)
    status = await theatre.until(ACME, Stage.CLOSING)
    held = [number.number for number in status.numbers if number.held_until and not number.ended]
    theatre.tell(ACME, f"aviso prévio encerrado; mantido só {letters.listed(map(letters.phone, held))}")


async def _second_number_is_ported(theatre: Theatre) -> None:
    await _port(theatre, _LATE, PortStatus.COMPLETED)
    await theatre.until(ACME, Stage.CLOSED)
    theatre.tell(ACME, "tudo desativado, liberado e conferido: encerrado")


async def _ask(
    theatre: Theatre, customer_id: str, channel: Channel, text: str, contact: Contact, actor: str
) -> None:
    request = RequestMessage(
        channel=channel, text=text, contact=contact, actor=actor, message_id=f"demo-{uuid.uuid4()}"
    )
    answer = await theatre.ask(customer_id, request)
    how = f"caso aberto, protocolo {answer.protocol}" if answer.opened else "contato juntado ao caso aberto"
    theatre.tell(customer_id, f"pedido {vocabulary.by_channel(channel)}: {how}")


async def _offer(
    theatre: Theatre, customer_id: str, kind: OfferKind, status: OfferStatus, description: str
) -> None:
    await theatre.report(
        customer_id,
        RetentionOfferMessage(
            offer_id="1",
            kind=kind,
            status=status,
            description=description,
            actor="comercial.ana",
        ),
    )
    theatre.tell(customer_id, f"oferta {vocabulary.offer_status(status)}: {description}")


async def _outcome(
    theatre: Theatre, customer_id: str, outcome: Outcome, category: ReasonCategory, text: str
) -> None:
    reason = Reason(category=category, text=text)
    await theatre.report(
        customer_id, RetentionOutcomeMessage(outcome=outcome, reason=reason, actor="comercial.ana")
    )
    stays = outcome is Outcome.RETAINED
    theatre.tell(
        customer_id, "cliente fica" if stays else "mantém a decisão: recebe o roteiro para formalizar"
    )


async def _port(theatre: Theatre, number: str, status: PortStatus) -> None:
    await theatre.report(
        ACME, PortabilityMessage(number=number, status=status, operator="Vozel", actor="suporte.leo")
    )
    theatre.tell(ACME, f"portabilidade de {letters.phone(number)} {vocabulary.port_status(status)}")


async def _deliver(theatre: Theatre, customer_id: str, name: str, what: str) -> None:
    understood = await theatre.deliver(customer_id, name)
    status = await theatre.client.status(customer_id)
    if status.notice is not None:
        last_day = letters.short_date(status.notice.last_day)
        theatre.tell(customer_id, f"{what} completo: aviso prévio até {last_day}, inclusive")
    else:
        missing = letters.listed(vocabulary.missing(code) for code in understood.missing)
        theatre.tell(customer_id, f"{what} não basta, falta {missing}")
