"""The CRM tasks that a case gives to the teams, in their language."""

from datetime import timedelta
from typing import Final

from cancellation.domain.case import Case
from cancellation.domain.values import FormalizationMail, OfferKind, OfferStatus, Request, Team
from cancellation.language import vocabulary, words
from cancellation.messages.crm import TaskOrder
from cancellation.messages.telephony import Inventory

COMMERCIAL: Final = "commercial"
FORMALIZATION: Final = "formalization"
D30: Final = "d30"

_DELIVERS: Final = {
    OfferKind.PLAN_ADJUSTMENT: Team.FINANCE,
    OfferKind.COMMERCIAL_TERMS: Team.FINANCE,
    OfferKind.TECHNICAL_FIX: Team.SUPPORT,
    OfferKind.TRAINING: Team.SUPPORT,
}


def call_customer(customer_id: str, request: Request, protocol: str) -> TaskOrder:
    """Commercial takes over at once (P2)."""
    contact = request.contact
    lines = [
        f"Protocolo: {protocol}",
        f"Canal: {vocabulary.channel(request.channel)}",
        f"Nome: {contact.name or '—'}",
        f"E-mail: {contact.email or '—'}",
        f"Telefone: {words.phone(contact.phone or '—')}",
        f"Recebido por: {request.actor}",
        "",
        request.text or "(sem texto)",
    ]
    return TaskOrder(
        key=COMMERCIAL,
        team=Team.COMMERCIAL,
        title=f"Pedido de cancelamento do cliente {customer_id}: falar com o cliente agora",
        text="\n".join(lines),
        due_on=None,
    )


def follow_formalization(case: Case) -> TaskOrder:
    """Commercial follows the formalization that is still missing (P6)."""
    until = case.lapses_at
    return TaskOrder(
        key=FORMALIZATION,
        team=Team.COMMERCIAL,
        title=f"Aguardar a formalização por e-mail do cliente {case.customer_id}",
        text="O roteiro foi enviado. Sem o e-mail às duas caixas, nada é cancelado.",
        due_on=case.policy.local_date(until - timedelta(days=1)) if until else None,
    )


def end_of_notice(case: Case) -> TaskOrder:
    """The D+30 task, dated on the last day of the notice (P14)."""
    assert case.notice is not None
    return TaskOrder(
        key=D30,
        team=Team.SUPPORT,
        title=f"Término do aviso prévio do cliente {case.customer_id} (D+{case.policy.notice_days})",
        text=f"Último dia com serviço ativo: {words.short_date(case.notice.last_day)}. O encerramento é automático.",
        due_on=case.notice.last_day,
    )


def final_billing(case: Case) -> TaskOrder:
    """Finance prepares the final billing (P13)."""
    assert case.notice is not None
    return TaskOrder(
        key="final_billing",
        team=Team.FINANCE,
        title=f"Faturamento final do cliente {case.customer_id}",
        text=f"Cobrar até {words.short_date(case.notice.last_day)}, inclusive; nada depois.",
        due_on=case.notice.last_day,
    )


def plan_shutdown(case: Case, inventory: Inventory | None) -> TaskOrder:
    """Support plans the shutdown, knowing what will be released (P13)."""
    assert case.notice is not None
    lines = ["Recursos a liberar após o aviso prévio:"]
    if inventory is not None:
        lines += [
            f"- {vocabulary.resource(resource.kind.value)} {resource.label}"
            for resource in inventory.resources
        ]
        lines += [f"- número {words.phone(number.number)}" for number in inventory.numbers]
    return TaskOrder(
        key="shutdown_plan",
        team=Team.SUPPORT,
        title=f"Planejar o desligamento do cliente {case.customer_id}",
        text="\n".join(lines)[:30_000],
        due_on=case.notice.last_day,
    )


def decide_on_mail(mail: FormalizationMail, doubts: tuple[str, ...]) -> TaskOrder:
    """Commercial decides whether an e-mail that cannot count by itself is the customer's (X9)."""
    because = "; ".join(map(vocabulary.doubt, doubts))
    return TaskOrder(
        key=f"mail:{mail.message_id}"[:300],
        team=Team.COMMERCIAL,
        title="Decidir: e-mail de cancelamento que precisa de confirmação",
        text=(
            f"Remetente: {mail.sender}\nAssunto: {mail.subject}\nMessage-ID: {mail.message_id}\n"
            f"Motivo da dúvida: {because}.\n"
            f"Se o cliente confirmar por outro meio, registre com {_confirming(mail)}. Até lá nada acontece."
        ),
    )


def _confirming(mail: FormalizationMail) -> str:
    """How a person at Commercial vouches for an e-mail: the command, where its original is kept."""
    if mail.original_ref is None or not mail.original_ref.startswith("crm:original/"):
        return "a formalização e o seu nome no campo `confirmed_by`"
    return f'`cancelamento formalize {mail.original_ref} --confirmed-by "SEU NOME" --explicit-request`'


def deliver_offers(case: Case) -> tuple[TaskOrder, ...]:
    """The teams deliver what the customer accepted (P5)."""
    return tuple(
        TaskOrder(
            key=f"offer:{offer.offer_id}",
            team=_DELIVERS[offer.kind],
            title=f"Cumprir a oferta aceita pelo cliente {case.customer_id}",
            text=offer.description,
        )
        for offer in case.offers
        if offer.status is OfferStatus.ACCEPTED
    )


def attend_to(step: str) -> TaskOrder:
    """A team looks at a step that keeps failing (X7)."""
    return TaskOrder(
        key=f"attention:{step}",
        team=Team.SUPPORT,
        title=f"Etapa parada: {vocabulary.step(step)}",
        text="A etapa é tentada sem parar e segue sozinha quando o sistema voltar. Verifique o sistema.",
    )


def look_at_recordings(key: str, customer_id: str, what: str) -> TaskOrder:
    """Support does by hand what the store's client refuses to do with single recordings (P10)."""
    return TaskOrder(
        key=f"recordings:{key}",
        team=Team.SUPPORT,
        title=f"Gravações do cliente {customer_id} que precisam de uma pessoa",
        text=f"{what} Verifique nome e permissões no armazenamento e resolva à mão.",
    )


def call_about_undelivered(kind: str) -> TaskOrder:
    """Commercial reaches the customer in another way."""
    return TaskOrder(
        key=f"undelivered:{kind}",
        team=Team.COMMERCIAL,
        title="E-mail ao cliente não pôde ser entregue",
        text=f"Mensagem: {kind}. Confira os contatos autorizados e avise o cliente por outro canal.",
    )
