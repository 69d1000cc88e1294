"""The dossier on paper: one PDF in Portuguese, its text searchable and read aloud in order (X13)."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.stage import Stage
from cancellation.domain.values import Authentication, PortStatus, Team
from cancellation.dossier import dates, verificar
from cancellation.dossier.mails import signatures_of
from cancellation.dossier.pages import Pages
from cancellation.language import vocabulary, words
from cancellation.language.trail_kinds import trail_kind
from cancellation.messages.evidence import Evidence, LetterEvidence

_DELIVERY: Final = {"sent": "entregue ao servidor", "refused": "recusada", "pending": "não enviada ainda"}
_DECISIONS: Final = {"declined": "mantém o cancelamento", "retained": "fica"}
_VOIDED: Final = {
    "after_end": "dias depois do fim",
    "replaced": "trocada por linha da fatura final",
    "undue": "indevida, achada depois do encerramento",
}
_ACTS: Final = {
    "telephony.deactivate": "desativar ramais, troncos, licenças e números",
    "telephony.release": "liberar ramais, troncos, licenças e números",
    "billing.close": "encerrar as cobranças e emitir a fatura final",
    "recordings.purge": "apagar as gravações",
}
_ABOUT_KEYS: Final = (
    "O que decide a autenticidade é o veredito do servidor que recebeu, dito no cabeçalho do original. A chave pública "
    "de cada assinatura DKIM é consultada no DNS quando o e-mail chega e fica guardada com ele: a assinatura ainda se "
    "confere depois que o domínio trocar a chave. Sem chave guardada, só enquanto ele publicar a do mesmo seletor."
)


def pdf(evidence: Evidence, hashes: Mapping[str, str], *, redacted: bool = False) -> bytes:
    """The pages, the same bytes for the same evidence.

    Args:
        evidence: what they are about.
        hashes: SHA-256 of the other parts of the dossier, by path.
        redacted: without what a third party must not see: who, what was said, amounts, numbers, addresses.
    """
    pages = Pages()
    _case(pages, evidence, redacted=redacted)
    _dates(pages, evidence)
    _timeline(pages, evidence, redacted=redacted)
    _mails(pages, evidence, redacted=redacted)
    _letters(pages, evidence, redacted=redacted)
    _downloads(pages, evidence, redacted=redacted)
    _closing(pages, evidence, redacted=redacted)
    if not redacted:
        _money(pages, evidence)
    _watch(pages, evidence, redacted=redacted)
    _proof(pages, evidence, hashes)
    return pages.drawn(evidence.case.protocol, "sem reservas" if redacted else "")


def _case(pages: Pages, evidence: Evidence, *, redacted: bool) -> None:
    case = evidence.case
    pages.title(f"Dossiê do cancelamento {case.protocol}")
    if redacted:
        pages.say(
            "Versão sem as partes reservadas: não mostra pessoas, mensagens, números, endereços nem valores."
        )
    rows = [
        ("Situação", vocabulary.stage(Stage(case.stage))),
        ("Pedido", f"{words.moment(case.opened_at)}, {vocabulary.by_channel(case.request.channel)}"),
        ("Terminou", words.moment(case.ended_at) if case.ended_at else "ainda não"),
    ]
    if not redacted:
        contact = case.request.contact
        who = ", ".join(one for one in (contact.name, contact.email, contact.phone) if one)
        reason = case.reason_text or "não registrado"
        decided = "não registrado"
        if case.decided_at:
            decision = _DECISIONS.get(case.decision or "", case.decision)
            decided = f"{decision}, por {case.decided_by}, {words.moment(case.decided_at)}"
        rows[:0] = [
            ("Cliente", f"{case.company or 'não cadastrado'} (nº {case.customer_id})"),
            ("CNPJ", words.cnpj(case.cnpj) if case.cnpj else "—"),
            ("Contrato", case.contract or "—"),
        ]
        rows += [
            ("Quem pediu", who or "não informado"),
            ("O que disse", case.request.text or "—"),
            ("Motivo da saída", reason),
            ("Resultado da retenção", decided),
        ]
    pages.table(("Campo", "Valor"), (1, 3), rows)
    pages.heading("Etapas")
    pages.table(
        ("Etapa", "Desde"),
        (1, 1),
        ((vocabulary.stage(Stage(one.stage)), words.moment(one.at)) for one in evidence.stages),
    )
    if not redacted:
        pages.heading("Ofertas de retenção")
        pages.table(
            ("Quando", "Oferta", "Descrição", "Situação", "Quem"),
            (2, 2, 3, 1.5, 2),
            (
                (
                    words.short_moment(one.at),
                    vocabulary.offer_kind(one.kind),
                    one.description,
                    vocabulary.offer_status(one.status),
                    one.actor,
                )
                for one in evidence.offers
            ),
        )


def _dates(pages: Pages, evidence: Evidence) -> None:
    pages.heading("Prazos e a sua conta")
    pages.say(*dates.explained(evidence))


def _timeline(pages: Pages, evidence: Evidence, *, redacted: bool) -> None:
    pages.heading("Linha do tempo")
    if redacted:
        pages.table(
            ("Nº", "Quando (Brasília)", "O quê"),
            (0.6, 2, 5),
            ((str(one.seq), words.short_moment(one.at), trail_kind(one.kind)) for one in evidence.trail),
        )
        return
    pages.table(
        ("Nº", "Quando (Brasília)", "Quem", "O quê"),
        (0.6, 1.7, 1.7, 6),
        (
            (
                str(one.seq),
                words.short_moment(one.at),
                one.actor,
                "; ".join((one.detail, *(problem.told for problem in one.problems))),
            )
            for one in evidence.trail
        ),
    )


def _mails(pages: Pages, evidence: Evidence, *, redacted: bool) -> None:
    pages.heading("E-mails originais")
    held = evidence.formalization
    if held is not None and not redacted:
        pages.say(
            f"Formalização: de {held.sender} para {words.listed(held.recipients)}, assunto “{held.subject}”, "
            f"Message-ID {held.message_id}. Motivo: {held.reason}",
            f"Autenticação: {vocabulary.verdict(Authentication(held.authentication))}."
            + (f" Confirmada por {held.confirmed_by}." if held.confirmed_by else ""),
        )
    if held is not None and not held.originals_kept:
        pages.say("Nem todos os originais da formalização estão guardados aqui: outro sistema os informou.")
    pages.table(
        ("Nº", "Recebido (Brasília)", "Autenticação", "SHA-256 do original"),
        (0.4, 1.8, 1.4, 6),
        (
            (
                str(place),
                words.short_moment(one.received_at or one.kept_at),
                vocabulary.verdict(Authentication(one.authentication))
                if one.authentication
                else "não contou",
                one.sha256,
            )
            for place, one in enumerate(evidence.originals, start=1)
        ),
    )
    if not redacted:
        pages.say(
            *(
                f"O e-mail {place} não contou: {' '.join(one.why)}"
                for place, one in enumerate(evidence.originals, start=1)
                if one.why and not one.authentication
            )
        )
    pages.say(_ABOUT_KEYS)
    pages.table(
        ("Nº", *(() if redacted else ("Quem assinou (DKIM)",)), "Chave pública", "Assinatura"),
        (0.4, 2.6, 2.6) if redacted else (0.4, 2.6, 2.6, 2.6),
        (
            (
                str(place),
                *(() if redacted else (f"{one['domain']} ({one['selector']})",)),
                _key(one),
                verificar.SIGNATURES[one["result"]],
            )
            for place, original in enumerate(evidence.originals, start=1)
            for one in signatures_of(original)
        ),
        none="Nenhum dos originais tem assinatura DKIM.",
    )
    if evidence.decisions and not redacted:
        pages.table(
            ("Quando", "Quem decidiu", "É um pedido?", "E-mail"),
            (2, 2, 1.2, 4),
            (
                (
                    words.short_moment(one.decided_at),
                    one.decided_by,
                    "sim" if one.is_request else "não",
                    one.message_id,
                )
                for one in evidence.decisions
            ),
        )


def _key(signature: Mapping[str, Any]) -> str:
    if signature["looked_up_at"] is None:
        return "não guardada"
    when = words.short_moment(datetime.fromisoformat(signature["looked_up_at"]))
    return f"guardada {when}" if signature["key"] else f"não publicada {when}"


def _letters(pages: Pages, evidence: Evidence, *, redacted: bool) -> None:
    pages.heading("O que foi enviado, a quem, e a entrega")
    pages.table(
        ("Nº", "Escrita (Brasília)", "Mensagem", "A quem", "Entrega"),
        (0.5, 1.8, 3, 1.2, 4.2),
        (
            (
                str(place),
                words.short_moment(one.written_at),
                _kind(one.kind),
                _audience(one.audience),
                _delivery(one, redacted=redacted),
            )
            for place, one in enumerate(evidence.letters, start=1)
        ),
    )


def _downloads(pages: Pages, evidence: Evidence, *, redacted: bool) -> None:
    pages.heading("Gravações: link e downloads")
    for one in evidence.links:
        end = f"encerrado {words.moment(one.revoked_at)}" if one.revoked_at else "não encerrado"
        pages.say(
            f"Link {one.ordinal}: {words.counted(one.files, 'gravação', 'gravações')}, {words.size(one.size)}, "
            f"feito {words.moment(one.made_at)}, válido até {words.deadline(one.expires_at)}; {end}. "
            f"SHA-256 do arquivo: {one.sha256}"
        )
    pages.table(
        ("Quando (Brasília)", "Link", "O quê", "Bytes") + (() if redacted else ("Endereço",)),
        (2, 0.7, 3, 1.5) if redacted else (2, 0.7, 3, 1.5, 2),
        (
            (
                words.short_moment(one.at),
                str(one.ordinal),
                vocabulary.access(one.kind),
                "—" if one.bytes is None else words.size(one.bytes),
            )
            + (() if redacted else (one.address,))
            for one in evidence.accesses
        ),
        none="Nenhum acesso ao link foi registrado.",
    )
    if evidence.removed_recordings:
        pages.say(
            f"Depois do aviso foram apagadas {words.counted(evidence.removed_recordings, 'gravação', 'gravações')}."
        )


def _closing(pages: Pages, evidence: Evidence, *, redacted: bool) -> None:
    pages.heading("Encerramento e o que foi conferido")
    pages.table(
        ("Ordem", "Quando"),
        (2, 3),
        ((_ACTS.get(one.act, one.act), dates.utc(one.ordered_at)) for one in evidence.acts),
    )
    if not redacted:
        if evidence.ports:
            pages.table(
                ("Quando", "Número", "Portabilidade", "Operadora"),
                (2, 2, 2, 2),
                (
                    (
                        words.short_moment(one.at),
                        words.phone(one.number),
                        vocabulary.port_status(PortStatus(one.status)),
                        one.operator or "—",
                    )
                    for one in evidence.ports
                ),
            )
        pages.table(
            ("Tipo", "Recurso", "Desativado", "Liberado"),
            (1.5, 3, 2, 2),
            (
                (
                    vocabulary.resource(one.kind),
                    one.resource_id,
                    words.short_moment(one.deactivated_at) if one.deactivated_at else "—",
                    words.short_moment(one.released_at) if one.released_at else "—",
                )
                for one in evidence.resources
            ),
        )
    read = evidence.read_back
    if read is None:
        pages.say("Nada foi encerrado: não há o que conferir.")
        return
    pages.say("Lido de volta nos sistemas ao fazer este dossiê, e não do que o encerramento diz que fez:")
    pages.table(
        ("O que se leu", "Valor", "Esperado"),
        (4, 1, 1),
        (
            ("Ramais, troncos e licenças em uso", str(read.resources_in_use), "0"),
            ("Números em uso", str(read.numbers_in_use), "0"),
            ("Assinaturas que ainda cobrariam", str(read.recurring_active), "0"),
            ("Cobranças de dias depois do fim", str(read.charges_after_end), "0"),
            ("Dias de assinatura devidos e faturados", f"{read.days_invoiced}", f"{read.days_due}"),
        ),
    )


def _money(pages: Pages, evidence: Evidence) -> None:
    pages.heading("Prévia e fatura final")
    for letter in evidence.letters:
        if letter.told:
            owed = letter.told.get("debts_total")
            beside = f"; à parte, em aberto de faturas anteriores: {_amount(owed)}" if owed else ""
            pages.say(
                f"Prévia informada em “{_kind(letter.kind)}”, {words.moment(letter.written_at)}: total "
                f"{_amount(letter.told.get('total'))}, até {_day(letter.told.get('last_day'))}{beside}."
            )
    invoice = evidence.invoice
    if invoice is None:
        pages.say("A fatura final não foi emitida.")
    else:
        due = f", vencimento {words.short_date(invoice.due_on)}" if invoice.due_on else ""
        pages.say(f"Fatura {invoice.invoice_id}, emitida {words.moment(invoice.issued_at)}{due}.")
        lines = [
            (
                f"{_day(one['first_day'])} a {_day(one['last_day'])}",
                str(one["description"]),
                f"{one['days']} de {one['period_days']}",
                _amount(one["amount"]),
            )
            for one in invoice.lines
        ]
        pages.table(
            ("Período", "Descrição", "Dias", "Valor"),
            (2.2, 4, 1, 1.6),
            [*lines, ("", "Total", "", words.money(invoice.total))],
        )
    pages.heading("Cobranças anuladas, no encerramento e depois")
    pages.table(
        ("Período", "Descrição", "Por quê", "Quando", "Valor"),
        (2.2, 2.5, 2.5, 1.8, 1.4),
        (
            (
                f"{words.short_date(one.first_day)} a {words.short_date(one.last_day)}",
                one.description,
                _VOIDED.get(one.void_reason, one.void_reason),
                words.short_moment(one.voided_at),
                words.money(one.amount),
            )
            for one in evidence.voided
        ),
    )


def _watch(pages: Pages, evidence: Evidence, *, redacted: bool) -> None:
    pages.heading("Conferência de faturamento depois do encerramento")
    watch = evidence.watch
    if watch is None:
        pages.say("O caso não encerrou serviços, ou encerrou antes de haver esta conferência.")
        return
    if watch.settled_at:
        pages.say(
            f"Em {words.moment(watch.settled_at)} nada constava em aberto: a declaração de quitação foi emitida ao "
            "cliente, e a conferência terminou."
        )
    else:
        pages.say("A conferência continua: o cliente ainda não tem a declaração de quitação.")
    if not watch.acts:
        pages.say("Nada foi encontrado até aqui.")
        return
    pages.table(
        ("Quando", "O quê"),
        (1.8, 6),
        (
            (
                words.short_moment(one.at),
                vocabulary.watch_act(one.kind) if redacted else one.detail,
            )
            for one in watch.acts
        ),
    )


def _proof(pages: Pages, evidence: Evidence, hashes: Mapping[str, str]) -> None:
    pages.heading("Como este dossiê se prova")
    pages.say(
        f"O histórico tem {words.counted(evidence.case.trail_seq, 'registro', 'registros')}, cada um preso ao anterior "
        f"por um hash. O último é {evidence.case.trail_head}",
        "O arquivo verificar.py, que acompanha o dossiê, confere cada parte sem rede e sem banco de dados. O manifesto "
        "prende todas as partes, também esta, a uma raiz. Se carimbo.tsr acompanha o dossiê, uma autoridade externa "
        "carimbou a raiz com a hora (RFC 3161); sem ele, a raiz vale com a cadeia do histórico, que o CRM guarda.",
    )
    pages.table(("Parte", "SHA-256"), (2, 4), hashes.items())


def _delivery(letter: LetterEvidence, *, redacted: bool) -> str:
    told = []
    for one in letter.deliveries:
        when = f" {words.short_moment(one.settled_at)}" if one.settled_at else ""
        reply = f": {vocabulary.undelivered(one.reply)}" if one.reply and not redacted else ""
        to = "" if redacted else f"{one.address}: "
        told.append(f"{to}{_DELIVERY.get(one.status, one.status)}{when}{reply}")
    return "; ".join(told) or _DELIVERY.get(letter.status, letter.status)


def _kind(code: str) -> str:
    return vocabulary.letter(LetterKind(code)) if code in set(LetterKind) else code


def _audience(code: str) -> str:
    return vocabulary.audience(Team(code) if code in set(Team) else None)


def _amount(text: Any) -> str:
    try:
        return words.money(Decimal(str(text)))
    except InvalidOperation:
        return "—"


def _day(text: Any) -> str:
    try:
        return words.short_date(date.fromisoformat(str(text)))
    except ValueError:
        return "—"
