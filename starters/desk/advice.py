"""What there is to do about a case now, in the words of a colleague; and what a serious act brings with it."""

from datetime import datetime
from typing import TYPE_CHECKING

from cancellation.domain.stage import Stage
from cancellation.language import vocabulary, words
from cancellation.messages.desk import Dossier
from cancellation.messages.facts import AgainLetter

if TYPE_CHECKING:
    from cancellation.messages.status import CaseStatus


def to_do(status: "CaseStatus", now: datetime, *, looks: bool = False) -> list[str]:
    """The next steps, the most urgent first; empty where only waiting is left.

    Args:
        status: the case as it stands.
        now: the reader's clock, aware.
        looks: whether somebody has to look at the e-mail by which the notice started (X14).
    """
    found = ["Conferir o e-mail que começou o aviso prévio: ninguém o leu ainda."] if looks else []
    found += [
        f"Decidir sobre o e-mail de {mail.sender} (“{mail.subject}”): ele não conta sem uma pessoa."
        for mail in status.undecided_mails
    ]
    match status.stage:
        case Stage.RETENTION:
            found += _in_retention(status)
        case Stage.AWAITING_FORMALIZATION:
            found += _awaiting(status, now)
        case Stage.NOTICE:
            found += _in_notice(status, now)
        case Stage.CLOSING:
            found += _closing(status)
        case _:
            pass
    found += [
        f"Parado desde {words.short_moment(work.failing_since)}: {vocabulary.step(work.what).lower()}. "
        f"O sistema continua tentando sozinho{'; o Suporte foi avisado' if work.attention else ''}."
        for work in status.pending
        if work.failing_since is not None
    ]
    return found


def _in_retention(status: "CaseStatus") -> list[str]:
    early = status.formalization
    made = [offer for offer in status.offers if offer.status.value == "made"]
    found = []
    if early is not None and early.counts_from is not None:
        found.append(
            "O e-mail de formalização já chegou e está completo: se o cliente mantiver a decisão, o aviso "
            f"prévio conta de {words.moment(early.counts_from)}."
        )
    if not status.offers:
        found.append("Falar com o cliente, entender o motivo e registrar as ofertas feitas.")
    if made:
        found.append(
            f"Registrar a resposta do cliente a {words.counted(len(made), 'oferta', 'ofertas')} em aberto."
        )
    found.append("Registrar o resultado da conversa: o cliente fica ou mantém a decisão.")
    return found


def _awaiting(status: "CaseStatus", now: datetime) -> list[str]:
    missing = words.listed(vocabulary.missing(code) for code in status.missing)
    lapse = next((due.at for due in status.due if due.what == "lapse"), None)
    until = f" até {words.short_date(words.last_day_before(lapse))}" if lapse and lapse > now else ""
    return [
        f"Aguardar o e-mail de formalização{until}. Falta: {missing}."
        if missing
        else f"Aguardar o e-mail de formalização{until}.",
        "Se o cliente mudar de ideia, registrar que ele fica.",
    ]


def _in_notice(status: "CaseStatus", now: datetime) -> list[str]:
    assert status.notice is not None
    last_day = status.notice.last_day
    left = "já passou" if words.has_passed(last_day, now) else words.days_left(last_day, now)
    found = [
        f"O serviço segue ativo até {words.long_date(last_day)} ({left}). O encerramento é automático.",
        "Se o cliente desistir do cancelamento, registrar a desistência antes dessa data.",
    ]
    open_ports = [number for number in status.numbers if number.port is None]
    if open_ports:
        what = words.counted(len(open_ports), "número próprio", "números próprios")
        found.append(f"Perguntar pela portabilidade: {what} sem pedido registrado.")
    return found


def _closing(status: "CaseStatus") -> list[str]:
    waits = next((due.at for due in status.due if due.what == "decision"), None)
    if waits is not None:
        return [
            f"O aviso prévio terminou, e o encerramento espera por esta decisão até {words.short_moment(waits)}. "
            "Até lá o cliente ainda pode desistir do cancelamento."
        ]
    held = [number for number in status.numbers if number.held_until is not None and number.ended is None]
    if held:
        what = words.counted(len(held), "número espera", "números esperam")
        return [f"{what} o fim da portabilidade; o resto já foi encerrado. Registrar quando concluir."]
    return ["Nada a fazer: o encerramento está em curso e não volta atrás."]


def how_it_ended(dossier: Dossier, status: "CaseStatus | None") -> str | None:
    """One sentence on the end of a case; None while it is open."""
    summary = dossier.summary
    if summary.ended_at is None:
        return None
    what = vocabulary.stage(Stage(summary.outcome or summary.stage))
    by = f", por {status.ended_by}" if status is not None and status.ended_by else ""
    return f"{what} em {words.moment(summary.ended_at)}{by}."


def what_the_end_brought(dossier: Dossier, status: "CaseStatus") -> list[str]:
    """Why the case ended, what was released and what is to be paid, as `status` says it."""
    found = []
    known = dossier.reason.text if dossier.reason else None
    if status.ending and status.ending != known:
        found.append(f"Por quê: {status.ending}")
    if status.released is not None and vocabulary.released(status.released):
        found.append(f"Liberado: {words.listed(vocabulary.released(status.released))}.")
    if status.invoice_total is not None:
        label = "Fatura final" if status.invoice_total >= 0 else "Crédito a devolver"
        found.append(f"{label}: {words.money(abs(status.invoice_total))}.")
    return found


def may_be_withdrawn(status: "CaseStatus") -> bool:
    """Whether the customer may still give up leaving: in the notice, and while closing waits for people (X3, X15)."""
    waits = status.stage is Stage.CLOSING and any(due.what == "decision" for due in status.due)
    return status.stage is Stage.NOTICE or waits


def letters_again(status: "CaseStatus") -> list[AgainLetter]:
    """Which letters the customer may get once more: those that hold in the stage (X16, X18)."""
    if status.stage.is_terminal:
        return []
    early = status.formalization is not None and status.formalization.notice_if_declined is not None
    delivered = status.recordings is not None and status.recordings.delivered
    holds = {
        AgainLetter.REQUEST_RECEIVED: status.stage is not Stage.CLOSING,
        AgainLetter.SCRIPT: status.stage is Stage.AWAITING_FORMALIZATION,
        AgainLetter.FORMALIZED_EARLY: status.stage is Stage.RETENTION and early,
        AgainLetter.NOTICE_STARTED: status.stage is Stage.NOTICE,
        AgainLetter.RECORDINGS_READY: status.stage is Stage.NOTICE and delivered,
    }
    return [letter for letter, does in holds.items() if does]


def brings_misreading(status: "CaseStatus") -> list[str]:
    """What happens when the e-mail that a notice rests on turns out to be no request (X14)."""
    return [*brings_withdrawal(status), "O cliente lê que o aviso prévio começou por engano, com desculpas."]


def brings_withdrawal(status: "CaseStatus") -> list[str]:
    """What happens when a withdrawal is recorded (X3)."""
    assert status.notice is not None
    found = [
        f"O último dia informado, {words.short_date(status.notice.last_day)}, deixa de valer e o serviço continua.",
        "A cobrança volta ao normal: o fim programado é desfeito.",
        "O cliente volta ao status de antes no CRM, e as tarefas do encerramento são fechadas.",
        "O cliente, o Financeiro e o Suporte são avisados por e-mail.",
    ]
    if status.recordings is not None and status.recordings.delivered:
        found.append("O link das gravações deixa de funcionar.")
    ports = [
        number for number in status.numbers if number.port is not None and number.port.value == "requested"
    ]
    if ports:
        found.append(
            f"{words.counted(len(ports), 'portabilidade pedida continua', 'portabilidades pedidas continuam')} na "
            "outra operadora: quem a pediu precisa cancelá-la lá."
        )
    return found


def brings_discard(status: "CaseStatus") -> list[str]:
    """What happens when a case is discarded."""
    found = [
        "O caso termina aqui; o serviço não muda.",
        "O cliente volta ao status de antes no CRM, e as tarefas do caso são fechadas.",
    ]
    if status.stage is Stage.AWAITING_FORMALIZATION:
        found.append("O roteiro já enviado deixa de valer: o cliente é avisado.")
    elif status.formalization is not None:
        found.append("O e-mail de formalização já recebido deixa de contar: o cliente é avisado.")
    else:
        found.append(
            "O cliente recebe um e-mail: o pedido foi encerrado do nosso lado e nada muda no serviço."
        )
    found.append("Se o pedido era de verdade, o cliente terá de pedir de novo: descarte só o que foi engano.")
    return found
