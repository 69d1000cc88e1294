"""The sentence of every event, as it stands in the trail that people read (P20)."""

from datetime import datetime

from cancellation.domain import events as e
from cancellation.language import left_out, vocabulary, words
from cancellation.language.words import (
    last_day_before,
    listed,
    moment,
    phone,
    sentence,
    short_date,
    told_later,
)

OPERATOR = "operador (Temporal)"
"""The actor of what somebody does to the execution itself."""
_LONGEST_WHY = 300


def said(event: e.Event, at: datetime) -> str:
    """What happened, as one sentence or two.

    Args:
        event: what happened.
        at: when, to say an earlier instant only where it differs.
    """
    match event:
        case (
            e.RequestReceived()
            | e.OfferChanged()
            | e.Retained()
            | e.Declined()
            | e.PortChanged()
            | e.RecordingsRequested()
            | e.Withdrawn()
            | e.Discarded()
        ):
            return _fact(event, at)
        case (
            e.FormalizationReceived()
            | e.MailReceived()
            | e.MailRefused()
            | e.ReadWrongly()
            | e.MailLeftUndecided()
            | e.FormalizationUntrusted()
            | e.FormalizationIncomplete()
            | e.FormalizedEarly()
            | e.EarlyUndone()
            | e.MailOfEarlierCase()
            | e.Formalized()
        ):
            return _mail(event)
        case e.MessageRepeated() | e.MessageRefused() | e.FieldsFilled():
            return _message(event)
        case (
            e.LetterSent()
            | e.LetterUndelivered()
            | e.LetterOmitted()
            | e.LetterBounced()
            | e.LetterAskedAgain()
            | e.ContactCorrected()
        ):
            return _letter(event)
        case e.CrmUpdated():
            return _crm(event)
        case (
            e.NumberHeld()
            | e.HoldExpired()
            | e.HoldLifted()
            | e.PortRecorded()
            | e.ResourcesReleased()
            | e.BillingClosed()
            | e.AmountsDoubtful()
            | e.NumbersOdd()
            | e.RecordingsReady()
            | e.RecordingsPurged()
            | e.RecordingsLeftOut()
            | e.LinkUsed()
        ):
            return _system(event, at)
        case _:
            return _process(event)


def _fact(event: e.Event, at: datetime) -> str:
    match event:
        case e.RequestReceived():
            what = "Solicitação recebida" if event.first else "Novo contato do cliente no caso aberto,"
            how = f"{vocabulary.by_channel(event.request.channel)}{told_later(event.request.at, at)}"
            return f"{what} {how}" + (f": “{event.request.text}”" if event.request.text else ".")
        case e.OfferChanged():
            offer = event.offer
            what = f"Oferta {offer.offer_id}, {vocabulary.offer_kind(offer.kind)}"
            happened = f"{vocabulary.offer_status(offer.status)}{told_later(offer.at, at)}"
            return f"{what}, {happened}: {offer.description}"
        case e.Retained() | e.Declined():
            retained = isinstance(event, e.Retained)
            who = "Cliente fica" if retained else "Cliente mantém a decisão"
            label = "Motivo do pedido" if retained else "Motivo"
            why = f"{vocabulary.reason_category(event.reason.category)} (“{event.reason.text}”)."
            more = f" Observações: {event.notes}" if event.notes else ""
            return f"{who}{told_later(event.told_at, at)}. {label}: {why}{more}"
        case e.PortChanged():
            port = event.port
            what = f"Portabilidade do número {phone(port.number)} {vocabulary.port_status(port.status)}"
            to = f", operadora {port.operator}" if port.operator else ""
            return f"{what}{told_later(port.at, at)}{to}."
        case e.RecordingsRequested():
            wanted = event.wanted
            which = words.period(wanted.from_date, wanted.to_date)
            return f"Gravações pedidas{told_later(wanted.at, at)}: {which}."
        case e.Withdrawn():
            return f"Cliente desistiu do cancelamento{told_later(event.told_at, at)}: {event.reason}"
        case e.Discarded():
            return f"Caso descartado{told_later(event.told_at, at)}: {event.reason}"
    raise NotImplementedError(type(event).__name__)


def _mail(event: e.Event) -> str:
    match event:
        case e.FormalizationReceived():
            mail = event.mail
            vouched = f" Confirmado por {mail.confirmed_by}." if mail.confirmed_by else ""
            return (
                f"E-mail de formalização {mail.message_id} recebido em {moment(mail.received_at)}.{vouched}"
            )
        case e.MailReceived():
            mail = event.mail
            why = " ".join(map(sentence, mail.doubts))
            received = f"recebido em {moment(mail.received_at)}: “{mail.subject}”"
            return f"E-mail {mail.message_id} de {mail.sender} {received}. {why}"
        case e.MailRefused():
            return f"E-mail {event.mail_id}: {event.by} leu, e não é um pedido a contar."
        case e.ReadWrongly():
            return (
                f"O aviso prévio começou por um e-mail ({event.mail_id}) que não é um pedido de cancelamento, como "
                f"conferiu {event.by}: tudo o que estava programado é desfeito."
            )
        case e.MailLeftUndecided():
            return f"Ninguém decidiu sobre o e-mail {event.mail_id} depois do último lembrete; os lembretes continuam."
        case e.FormalizationUntrusted():
            why = "; ".join(map(vocabulary.doubt, event.doubts))
            return f"E-mail {event.mail_id} não conta sem decisão do Comercial: {why}."
        case e.FormalizationIncomplete():
            return f"Formalização incompleta. Falta: {listed(map(vocabulary.missing, event.missing))}."
        case e.FormalizedEarly():
            return (
                "Formalização completa recebida antes do resultado do Comercial; se a decisão for mantida, "
                f"conta de {moment(event.notice.starts_at)} e o aviso prévio vai até "
                f"{short_date(event.notice.last_day)}, inclusive."
            )
        case e.EarlyUndone():
            return (
                "A formalização que estava completa deixou de contar: o último dia informado, "
                f"{short_date(event.last_day)}, não vale mais."
            )
        case e.MailOfEarlierCase():
            return (
                f"E-mail {event.mail_id} é anterior a este caso: o caso anterior do cliente terminou em "
                f"{moment(event.ended_at)}. Não conta aqui."
            )
        case e.Formalized():
            return (
                f"Formalização completa; aviso prévio até {short_date(event.notice.last_day)}, inclusive "
                f"(cláusula {event.notice.clause})."
            )
    raise NotImplementedError(type(event).__name__)


def _message(event: e.Event) -> str:
    match event:
        case e.MessageRepeated():
            what = vocabulary.message_name(event.name)
            return f"Mensagem repetida, nada mudou: {what} ({event.message_id})."
        case e.MessageRefused():
            why = "; ".join(problem.told for problem in event.problems)
            why = why if len(why) <= _LONGEST_WHY else f"{why[: _LONGEST_WHY - 1]}…"
            return f"Mensagem recusada ({vocabulary.message_name(event.name)}): {why}"
        case e.FieldsFilled():
            what = ", ".join(map(vocabulary.envelope_field, event.fields))
            return f"A mensagem veio sem {what}; o sistema completou."
    raise NotImplementedError(type(event).__name__)


def _letter(event: e.Event) -> str:
    match event:
        case e.LetterSent():
            to = event.team.label if event.team else "cliente"
            also = ""
            if event.partly_refused is not None:
                also = f" Recusada em parte dos endereços: {sentence(event.partly_refused)}"
            if event.told is not None:
                also += (
                    f" Prévia da fatura final até {words.short_date(event.told.last_day)}: "
                    f"{words.money(event.told.total)} (SHA-256 {event.told.sha256})."
                )
            return f"Mensagem “{vocabulary.letter(event.letter)}” enviada ({to}), Message-ID {event.letter_id}.{also}"
        case e.LetterUndelivered():
            why = sentence(vocabulary.undelivered(event.why))
            return f"Mensagem “{vocabulary.letter(event.letter)}” não entregue: {why}"
        case e.LetterOmitted():
            return f"Mensagem “{vocabulary.letter(event.letter)}” não enviada: já não valia."
        case e.LetterAskedAgain():
            return f"A mensagem “{vocabulary.letter(event.letter)}” será enviada ao cliente de novo."
        case e.ContactCorrected():
            return f"E-mail de um contato autorizado corrigido: {event.right} no lugar de {event.wrong}."
        case e.LetterBounced():
            what = vocabulary.letter(event.letter)
            return (
                f"Mensagem “{what}” ({event.message_id}) devolvida depois do envio: {sentence(event.status)}"
            )
    raise NotImplementedError(type(event).__name__)


def _crm(event: e.CrmUpdated) -> str:
    parts = []
    if event.registered:
        parts.append("formalização registrada")
    if event.status is not None:
        parts.append(f"status do cliente “{event.status}”")
    if event.opened:
        label = "tarefa aberta" if len(event.opened) == 1 else "tarefas abertas"
        parts.append(f"{label}: {'; '.join(f'“{title}”' for title in event.opened)}")
    if event.closed:
        label = "tarefa encerrada" if len(event.closed) == 1 else "tarefas encerradas"
        parts.append(f"{label}: {'; '.join(vocabulary.task(key) for key in event.closed)}")
    if event.ended:
        parts.append("caso encerrado, com as tarefas que só serviam a ele")
    said = "; ".join(parts)
    return f"CRM: {said}."


def _system(event: e.Event, at: datetime) -> str:
    match event:
        case e.NumberHeld():
            until = short_date(last_day_before(event.until))
            return f"Número {phone(event.number)} mantido até {until}, inclusive: portabilidade em andamento."
        case e.HoldExpired():
            return f"Fim do prazo em que o número {phone(event.number)} foi mantido, sem portabilidade concluída."
        case e.HoldLifted():
            return f"Número {phone(event.number)} não é mantido: a telefonia não o conhece como do cliente."
        case e.PortRecorded():
            return f"Telefonia: portabilidade do número {phone(event.number)} registrada."
        case e.ResourcesReleased():
            what = listed(vocabulary.released(event.released)) or "nada"
            return f"Serviços desativados; liberados e conferidos ao todo: {what}."
        case e.BillingClosed():
            voided = words.counted(event.voided, "cobrança cancelada", "cobranças canceladas")
            return f"Cobrança encerrada e conferida: fatura final de {words.money(event.total)}, {voided}."
        case e.AmountsDoubtful():
            return left_out.doubtful_amounts(event.names, event.count)
        case e.NumbersOdd():
            return left_out.odd_numbers(event.names, event.count)
        case e.RecordingsReady():
            count = words.counted(event.archive.files, "gravação", "gravações")
            return f"Gravações prontas para download: {count}, {words.size(event.archive.size)}."
        case e.RecordingsPurged():
            recordings = words.counted(event.recordings, "gravação", "gravações")
            archives = words.counted(event.archives, "arquivo", "arquivos")
            return f"Dados removidos: {recordings} e {archives} de download."
        case e.RecordingsLeftOut():
            tell = left_out.not_removed if event.purging else left_out.not_delivered
            return tell(event.names, event.count)
        case e.LinkUsed():
            size = f", {words.size(event.bytes)}" if event.bytes else ""
            when = told_later(event.used_at, at)
            return f"Link das gravações{when}: {vocabulary.access(event.what)}{size}."
    raise NotImplementedError(type(event).__name__)


def _process(event: e.Event) -> str:
    match event:
        case e.NoticeConfirmed():
            return f"{event.by} conferiu o e-mail que começou o aviso prévio: está certo."
        case e.DecisionAwaited():
            return f"O encerramento espera a decisão do Comercial sobre um e-mail, até {moment(event.until)}."
        case e.Reminded():
            return f"{vocabulary.due(event.what)}."
        case e.ReminderOmitted():
            return f"{vocabulary.due(event.what)} não enviado: o prazo já tinha passado."
        case e.AttentionRaised():
            step, since = vocabulary.step(event.step), moment(event.since)
            failing = "recusada pelo outro sistema" if event.refused else "falhando"
            return f"Etapa {failing} desde {since}, precisa de atenção: {step}."
        case e.AttentionCleared():
            return f"Etapa recuperada: {vocabulary.step(event.step)}."
        case e.StepRefused():
            what = vocabulary.step(event.step)
            return f"O outro sistema recusou a etapa “{what}”; ela não será tentada de novo."
        case e.TookOver() if event.closing:
            return f"A execução anterior ({event.protocol}) foi encerrada no meio do encerramento: esta o conclui."
        case e.TookOver():
            return (
                f"A execução anterior ({event.protocol}) foi encerrada: o que ela deixou está sendo desfeito."
            )
        case e.FollowedCrm():
            return "O CRM já registrava o fim do caso; a execução reiniciada termina com ele."
        case e.BranchMadeAnew():
            return (
                "Depois de um reinício o histórico divergiu do que o CRM guarda; o que segue a entrada "
                f"{event.after} foi feito de novo."
            )
        case e.RecordsRestored(after=0):
            return "O CRM não tinha mais o caso: tudo foi registrado de novo."
        case e.RecordsRestored():
            return f"O CRM tinha perdido o que segue a entrada {event.after}: foi registrado de novo."
        case e.RecordsLost():
            return (
                f"O CRM perdeu as entradas {event.first} a {event.last} do histórico, que não estão em nenhum "
                "outro lugar: o que segue recebeu os números delas."
            )
    return _SENTENCES[type(event)]


_SENTENCES: dict[type[e.Event], str] = {
    e.Stopped: "Execução cancelada no Temporal por um operador.",
    e.StopRefused: "Pedido de cancelamento da execução ignorado: o ponto sem retorno já passou.",
    e.CustomerUnknown: "Caso descartado: Cliente não encontrado no CRM; o Comercial recebeu o contato.",
    e.NothingToClose: "Caso descartado: o cliente já está cancelado, sem serviço a encerrar; o Comercial responde.",
    e.WasReset: "Execução reiniciada por um operador a partir de um ponto anterior.",
    e.Lapsed: "Prazo para formalizar encerrado; o serviço continua ativo.",
    e.NoticeEnded: "Aviso prévio encerrado; início do encerramento.",
    e.DecisionMissed: "Ninguém decidiu no prazo da política: o encerramento segue.",
    e.PointOfNoReturn: "Ponto sem retorno: serviços serão desativados.",
    e.Closed: "Cancelamento concluído.",
    e.SilenceNoticed: "Ninguém registrou o resultado depois do último lembrete; os lembretes continuam.",
    e.BillingEndPlanned: "Fim da cobrança programado para o último dia do aviso prévio.",
    e.BillingEndLifted: "Fim da cobrança desfeito: a cobrança segue normal.",
    e.ServicesDeactivated: "Serviços desativados.",
    e.NoRecordings: "Não há gravações no período pedido.",
    e.LinksRevoked: "Links de download invalidados.",
}
