"""The CRM tasks that a case gives to the teams, in their language."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from cancellation.application import dates
from cancellation.domain.case import Case
from cancellation.domain.commands import OpenTask, TaskKind
from cancellation.domain.inventory import Inventory
from cancellation.domain.letter_kinds import LetterOrder
from cancellation.domain.values import (
    MOST_LEFT_OUT,
    FormalizationMail,
    OfferKind,
    OfferStatus,
    Request,
    Team,
)
from cancellation.language import commands, vocabulary, words
from cancellation.messages.crm import TaskOrder
from cancellation.messages.facts import AgainLetter
from cancellation.messages.letter_contents import MailCommands

COMMERCIAL: Final = "commercial"
FORMALIZATION: Final = "formalization"
D30: Final = "d30"
STOPPED: Final = "reason_of_stop"
"""Keys of tasks that others close or move; each exists once in a case."""

_TEXT_KEPT: Final = 30_000
"""Most characters of a task's text."""

_DELIVERS: Final = {
    OfferKind.PLAN_ADJUSTMENT: Team.FINANCE,
    OfferKind.COMMERCIAL_TERMS: Team.FINANCE,
    OfferKind.TECHNICAL_FIX: Team.SUPPORT,
    OfferKind.TRAINING: Team.SUPPORT,
}


def order(case: Case, wish: OpenTask) -> TaskOrder | None:
    """The task that a case owes; None where what it was about is not remembered any more."""
    match wish.task:
        case TaskKind.FORMALIZATION:
            return follow_formalization(case)
        case TaskKind.D30:
            return end_of_notice(case)
        case TaskKind.FINAL_BILLING:
            return final_billing(case)
        case TaskKind.SHUTDOWN_PLAN:
            return plan_shutdown(case, case.inventory)
        case TaskKind.DECIDE_ON_MAIL:
            mail = case.mail(wish.about)
            return decide_on_mail(mail, wish.codes) if mail else None
        case TaskKind.CONFIRM_NOTICE:
            return confirm_notice(case)
        case TaskKind.DELIVER_OFFER:
            return next((task for task in deliver_offers(case) if task.key == wish.key), None)
        case TaskKind.ATTENTION:
            assert wish.since is not None
            return attend_to(wish.step, wish.since, work=wish.about, refusal=wish.words)
        case TaskKind.UNDELIVERED:
            assert wish.letter is not None
            came_back = wish.codes == ("came_back",)
            return call_about_undelivered(wish.letter, wish.words or "", came_back=came_back)
        case TaskKind.REASON_OF_STOP:
            return ask_why_stopped(case)
        case TaskKind.ODD_NUMBERS:
            return correct_numbers(case.customer_id, wish.names, wish.count)
        case TaskKind.DOUBTFUL_AMOUNTS:
            return check_amounts(case.customer_id, wish.names, wish.count)
        case TaskKind.REFUND:
            return refund(case)
        case TaskKind.NOT_DELIVERED | TaskKind.NOT_REMOVED:
            purging = wish.task is TaskKind.NOT_REMOVED
            return look_at_recordings(case.customer_id, wish.names, wish.count, purging=purging)
        case TaskKind.NOTHING_TO_CLOSE:
            return answer_former_customer(case.customer_id, case.contacts[0], case.protocol)
        case TaskKind.SILENCE:
            return record_outcome(case)
        case TaskKind.COMMERCIAL:
            return call_customer(case.customer_id, case.contacts[0], case.protocol)


def record_outcome(case: Case) -> TaskOrder:
    """Commercial has not acted after the last reminder (X19)."""
    return TaskOrder(
        key="silence",
        team=Team.COMMERCIAL,
        title=f"Registrar o resultado da conversa com o cliente {case.customer_id}",
        text=(
            "O cliente pediu o cancelamento e ninguém registrou ainda se ele fica ou mantém a decisão. "
            "Os lembretes continuam até que o resultado seja registrado."
        ),
    )


def call_customer(customer_id: str, request: Request, protocol: str) -> TaskOrder:
    """Commercial takes over at once (P2)."""
    return TaskOrder(
        key=COMMERCIAL,
        team=Team.COMMERCIAL,
        title=f"Pedido de cancelamento do cliente {customer_id}: falar com o cliente agora",
        text=_request_text(request, protocol),
    )


def answer_former_customer(customer_id: str, request: Request, protocol: str) -> TaskOrder:
    """Commercial answers a customer that is cancelled already; takes the place of `call_customer` (X20)."""
    text = (
        "O cliente já está como Cancelado no CRM e não tem serviço a encerrar: nenhum processo foi iniciado e "
        "ele não recebeu resposta automática. Expliquem que o cancelamento já está concluído. Se ele ainda "
        "recebe cobrança ou tem algum serviço ativo, acionem o Financeiro ou o Suporte. Se o status no CRM "
        "estiver errado, corrijam-no e registrem o pedido de novo.\n\n"
    )
    return TaskOrder(
        key="nothing_to_close",
        team=Team.COMMERCIAL,
        title=f"Responder ao cliente {customer_id}: pediu o cancelamento, mas já está cancelado",
        text=f"{text}{_request_text(request, protocol)}"[:_TEXT_KEPT],
    )


def _request_text(request: Request, protocol: str) -> str:
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
    return "\n".join(lines)


def follow_formalization(case: Case) -> TaskOrder:
    """Commercial follows the formalization that is still missing (P6)."""
    return TaskOrder(
        key=FORMALIZATION,
        team=Team.COMMERCIAL,
        title=f"Aguardar a formalização por e-mail do cliente {case.customer_id}",
        text="O roteiro foi enviado. Sem o e-mail às duas caixas, nada é cancelado.",
        due_on=dates.formalization_until(case),
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
        if inventory.more is not None:
            lines += [f"- e mais {what}" for what in vocabulary.released(inventory.more)]
    return TaskOrder(
        key="shutdown_plan",
        team=Team.SUPPORT,
        title=f"Planejar o desligamento do cliente {case.customer_id}",
        text="\n".join(lines)[:_TEXT_KEPT],
        due_on=case.notice.last_day,
    )


def decide_on_mail(mail: FormalizationMail, doubts: tuple[str, ...]) -> TaskOrder:
    """Commercial decides whether an e-mail that cannot count by itself is the customer's, and what it is (X9, X15)."""
    because = "\n".join(f"- {words.sentence(one)}" for one in why_to_decide(mail, doubts))
    return TaskOrder(
        key=f"mail:{mail.message_id}"[:300],
        team=Team.COMMERCIAL,
        title="Decidir: e-mail do cliente que precisa de uma pessoa",
        text=(
            f"Remetente: {mail.sender}\nAssunto: {mail.subject}\nMessage-ID: {mail.message_id}\n"
            f"Recebido em: {words.moment(mail.received_at)}\n\nPor que é preciso decidir:\n{because}\n\n"
            "Até a decisão o e-mail não conta, e ele segura o encerramento por alguns dias.\n"
            f"{act_on_mail(mail)}"
        )[:_TEXT_KEPT],
    )


def why_to_decide(mail: FormalizationMail, codes: Sequence[str]) -> list[str]:
    """The codes of a doubt in words; where the reader says more, its sentences."""
    said = [vocabulary.doubt(code) for code in codes if code != "reading" or not mail.doubts]
    return [*said, *mail.doubts]


def act_on_mail(mail: FormalizationMail) -> str:
    """The exact commands by which a person decides."""
    typed = commands_for(mail)
    if typed is None:
        return (
            "Se for um pedido de cancelamento legítimo, registrem a formalização com o seu nome no campo "
            "`confirmed_by`; se não for, com o seu nome em `refused_by`."
        )
    return (
        f"Para ler o original:\n{typed.show}\n"
        f"Se for um pedido de cancelamento legítimo, confirmado com o cliente por outro meio:\n{typed.confirm}\n"
        f"Se não for, depois de fazer o que o e-mail pede:\n{typed.refuse}"
    )


def commands_for(mail: FormalizationMail) -> MailCommands | None:
    """How to confirm, refuse and show an e-mail; None where its original is not kept here."""
    if mail.original_ref is None or not mail.original_ref.startswith(commands.KEPT):
        return None
    sha256 = mail.original_ref.removeprefix(commands.KEPT)
    return MailCommands(
        confirm=commands.confirm(sha256, needs_reason=not mail.reason),
        refuse=commands.refuse(sha256),
        show=commands.show(sha256),
    )


def confirm_notice(case: Case) -> TaskOrder:
    """Commercial looks at the sentences that a notice rests on which started without a person (X14)."""
    assert case.formalization is not None
    assert case.notice is not None
    completing = case.formalization.completing
    quoted = "\n".join(f"> {line}" for one in request_words(case) for line in one.splitlines())
    typed = commands_for(completing)
    how = (
        f"Para ler o original:\n{typed.show}\nSe está certo:\n{typed.confirm}\n"
        f"Se não é um pedido de cancelamento, tudo é desfeito e todos são avisados com:\n{typed.refuse}"
        if typed
        else act_on_mail(completing)
    )
    return TaskOrder(
        key=TaskKind.CONFIRM_NOTICE.value,
        team=Team.COMMERCIAL,
        title=f"Conferir: o aviso prévio do cliente {case.customer_id} começou por um e-mail",
        text=(
            f"Remetente: {completing.sender}\nAssunto: {completing.subject}\nMessage-ID: {completing.message_id}\n\n"
            f"Entendido como pedido:\n{quoted or '—'}\nEntendido como motivo:\n> {case.formalization.reason}\n\n"
            f"O prazo corre até {words.short_date(case.notice.last_day)}; sem a conferência o encerramento espera "
            f"alguns dias.\n{how}"
        )[:_TEXT_KEPT],
        due_on=case.notice.last_day,
    )


def request_words(case: Case) -> list[str]:
    """The very sentences that were taken for the request, of all e-mails that counted."""
    mails = case.formalization.mails if case.formalization else ()
    return list(dict.fromkeys(one for mail in mails for one in mail.request_words))


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


def attention_key(work: str) -> str:
    """Key of the task about a step, or a piece of work, that needs attention: closed when it is done."""
    return f"attention:{work}"[:300]


def attend_to(
    step: str,
    since: datetime,
    *,
    work: str | None = None,
    team: Team = Team.SUPPORT,
    refusal: str | None = None,
) -> TaskOrder:
    """A team looks at a step that keeps failing, or that was refused for good (X7).

    Args:
        step: the step's code, as `vocabulary.step` knows it.
        since: since when it fails (aware).
        work: tells pieces of work of one step apart (X17); the step itself when not given.
        team: who must act.
        refusal: what the other system says of a step that it will not do; None: it fails, and is tried on.
    """
    what = vocabulary.step(step)
    if refusal is None:
        title = f"Etapa parada: {what}"
        text = (
            f"Falha desde {words.moment(since)}. A etapa é tentada sem parar e segue sozinha quando o sistema "
            f"voltar. Verifiquem o que acontece {vocabulary.in_system(step)}."
        )
    else:
        title = f"Etapa recusada: {what}"
        text = (
            f"Recusada em definitivo desde {words.moment(since)}: a etapa não vai se resolver sozinha. "
            f"Quem precisa agir é a equipe do {team.label}: corrijam a causa {vocabulary.in_system(step)}. "
            f"A etapa é tentada de novo de tempos em tempos e segue sozinha quando for aceita.\n\n"
            f"Resposta do sistema: {words.sentence(refusal)}"
        )
    return TaskOrder(key=attention_key(work or step), team=team, title=title[:200], text=text[:_TEXT_KEPT])


def call_about_undelivered(lost: LetterOrder, why: str, *, came_back: bool = False) -> TaskOrder:
    """Commercial reaches in another way whoever did not get a letter; one task a letter (X16, X17).

    Args:
        lost: the letter that did not arrive.
        why: what the mail server says, without addresses.
        came_back: it was sent, and came back later (X16).
    """
    what, to = vocabulary.letter(lost.kind), vocabulary.audience(lost.team)
    because = words.sentence(vocabulary.undelivered(why))
    happened = "devolvido depois do envio" if came_back else "não entregue"
    todo = (
        f"Passem o conteúdo da mensagem à equipe do {to} e peçam que o endereço de e-mail dela seja conferido."
        if lost.team
        else "Falem com o cliente por outro canal, passem o conteúdo da mensagem e confirmem o e-mail do contato. "
        + (
            "Na mesa, esta tarefa envia a mensagem de novo e corrige o endereço, também no CRM."
            if lost.kind.value in set(AgainLetter)
            else "Corrijam-no no CRM."
        )
    )
    return TaskOrder(
        key=f"undelivered:{lost.key}"[:300],
        team=Team.COMMERCIAL,
        title=f"E-mail {happened} ({to}): {what}"[:200],
        text=f"Mensagem: {what}\nDestinatário: {to}\nMotivo: {because}\n\n{todo}"[:_TEXT_KEPT],
    )


def ask_why_stopped(case: Case) -> TaskOrder:
    """Commercial says why a case was stopped by the Web UI's button, which asks for no reason (X18)."""
    told = (
        "O cliente foi avisado de que nada muda no serviço e de que as datas informadas não valem mais."
        if case.notice is not None
        else "Nada do serviço foi alterado."
    )
    return TaskOrder(
        key=STOPPED,
        team=Team.COMMERCIAL,
        title=f"Registrar por que o cancelamento do cliente {case.customer_id} foi interrompido",
        text=(
            f"A execução do caso {case.protocol} foi cancelada pela tela do Temporal, que não pede motivo. {told}\n"
            "Descubram quem interrompeu e por quê, anotem o motivo nesta tarefa e falem com o cliente. "
            "Se ele ainda quer cancelar, abram um novo caso."
        ),
    )


def look_at_recordings(customer_id: str, names: Sequence[str], count: int, *, purging: bool) -> TaskOrder:
    """Support does by hand what could not be done with single recordings, by name (P10, P18).

    Args:
        customer_id: whose they are.
        names: the objects below the customer's folder, the first of them.
        count: how many there are.
        purging: they could not be removed; else they could not be put into the customer's archive.
    """
    what = f"{words.counted(count, 'gravação', 'gravações')} do cliente {customer_id}"
    lines = _named(names, count)
    if purging:
        title = f"Remover à mão: {what} que o sistema não conseguiu apagar"
        text = (
            "O prazo terminou e as demais gravações foram removidas. Verifiquem nome e permissões e apaguem "
            "estas diretamente no armazenamento, na pasta do cliente:"
        )
    else:
        title = f"Conferir: {what} fora do arquivo entregue"
        text = (
            "O arquivo foi entregue sem o que está abaixo, que não pôde ser lido na pasta do cliente no "
            "armazenamento (o indice.csv do arquivo cita tudo). Verifiquem nome e permissões; se der para "
            "recuperar, enviem ao cliente antes do fim do aviso prévio:"
        )
    return TaskOrder(
        key=(TaskKind.NOT_REMOVED if purging else TaskKind.NOT_DELIVERED).value,
        team=Team.SUPPORT,
        title=title,
        text="\n".join([text, *lines])[:_TEXT_KEPT],
    )


def correct_numbers(customer_id: str, names: Sequence[str], count: int) -> TaskOrder:
    """Support corrects the customer's own numbers, so that their portability can be recorded (P9)."""
    what = words.counted(count, "número próprio", "números próprios")
    text = (
        "A telefonia guarda estes números do cliente em uma forma que não é a internacional (por exemplo "
        "+551130000001). Eles ficam ativos durante todo o aviso prévio como os demais, mas a portabilidade só "
        "encontra o número, e só o mantém depois do fim, se ele estiver corrigido. Corrijam na telefonia:"
    )
    return TaskOrder(
        key=TaskKind.ODD_NUMBERS.value,
        team=Team.SUPPORT,
        title=f"Corrigir na telefonia: {what} do cliente {customer_id}"[:200],
        text="\n".join([text, *_named(names, count)])[:_TEXT_KEPT],
    )


def check_amounts(customer_id: str, names: Sequence[str], count: int) -> TaskOrder:
    """Finance settles by hand what has no sound amount in billing; the rest is closed and verified (P16, P18)."""
    what = words.counted(count, "valor", "valores")
    text = (
        "A cobrança do cliente foi encerrada e conferida: nada recorre, e os dias devidos estão na fatura final. "
        "O que está abaixo não tem no faturamento um valor que se possa cobrar. Uma cobrança aberta sem valor foi "
        "refeita pelo valor mensal da assinatura; onde este também falta, a fatura traz 0,00. Confiram a fatura "
        "final e cobrem ou devolvam a diferença:"
    )
    return TaskOrder(
        key=TaskKind.DOUBTFUL_AMOUNTS.value,
        team=Team.FINANCE,
        title=f"Conferir: {what} sem sentido no faturamento do cliente {customer_id}"[:200],
        text="\n".join([text, *_named(names, count)])[:_TEXT_KEPT],
    )


def refund(case: Case) -> TaskOrder:
    """Finance gives back a final invoice that is a credit (P16, P18)."""
    amount = words.money(-(case.invoice_total or Decimal(0)))
    return TaskOrder(
        key=TaskKind.REFUND.value,
        team=Team.FINANCE,
        title=f"Devolver {amount} ao cliente {case.customer_id}",
        text=(
            f"A fatura final do caso {case.protocol} é um crédito de {amount}: o cliente pagou dias que não usou. "
            "Combinem com ele como devolver, devolvam o valor e anotem nesta tarefa o que foi feito. O cliente já "
            "foi avisado do valor na mensagem de encerramento."
        ),
    )


def _named(names: Sequence[str], count: int) -> list[str]:
    """A line each for the first of them, and one that says how many more there are."""
    named = names[:MOST_LEFT_OUT]
    lines = [f"- {words.printable(name)[:300]}" for name in named]
    if count > len(named):
        lines.append(f"- e mais {words.integer(count - len(named))}")
    return lines
