"""What operators read of a case in the Temporal Web UI: Markdown, Portuguese, no personal data."""

from datetime import datetime
from typing import Final

from cancellation.domain.case import Case
from cancellation.domain.due import due_instants
from cancellation.letters.words import reason_category

STAGE_WORDS: Final = {
    "retention": "Em retenção com o Comercial",
    "awaiting_formalization": "Aguardando formalização por e-mail",
    "notice": "Aviso prévio em curso",
    "closing": "Encerramento em curso",
    "closed": "Encerrado",
    "retained": "Cliente retido",
    "withdrawn": "Cliente desistiu do cancelamento",
    "lapsed": "Prazo de formalização encerrado",
    "discarded": "Descartado",
}

DUE_WORDS: Final = {
    "lapse": "Fim do prazo para formalizar",
    "notice_end": "Fim do aviso prévio",
    "hold_end": "Fim da retenção do número",
    "remind_commercial": "Lembrete ao Comercial",
    "remind_formalization": "Lembrete da formalização",
    "remind_portability": "Lembrete da portabilidade",
    "remind_link": "Lembrete do link das gravações",
}

STEP_WORDS: Final = {
    "open_case": "Registrar o caso e a tarefa do Comercial no CRM",
    "record_case": "Registrar no CRM",
    "read_inventory": "Ler os recursos do cliente na telefonia",
    "record_port": "Registrar a portabilidade na telefonia",
    "plan_billing_end": "Programar o fim da cobrança",
    "lift_billing_end": "Retomar a cobrança normal",
    "deactivate_services": "Desativar os serviços",
    "release_resources": "Liberar ramais, troncos, licenças e números",
    "close_billing": "Encerrar e conferir o faturamento",
    "export_recordings": "Exportar as gravações",
    "revoke_links": "Invalidar os links de download",
    "purge_recordings": "Remover as gravações",
    "send_letters": "Enviar mensagens",
}


ACCESS_WORDS: Final = {
    "page": "página aberta",
    "file": "arquivo baixado",
    "redirect": "arquivo baixado direto do armazenamento",
    "dead": "recusado, o link já não valia",
}


MISSING_WORDS: Final = {
    "explicit_request": "pedido explícito de cancelamento",
    "reason": "motivo",
    "sender": "remetente autorizado",
    "authentication": "autenticação do e-mail (SPF/DKIM/DMARC)",
}

_VIRTUAL_CLOCK: Final = "> **RELÓGIO VIRTUAL: o tempo pode ser saltado. Nunca para casos reais.**"
_virtual_clock = False


def announce_virtual_clock() -> None:
    """Say in every case's details that time may be skipped. Details are in no history: replays may differ."""
    global _virtual_clock
    _virtual_clock = True


def missing_words(code: str) -> str:
    """What the formalization lacks, in words."""
    what, _, mailbox = code.partition(":")
    return f"envio para {mailbox}" if mailbox else MISSING_WORDS.get(what, code)


def due_words(what: str) -> str:
    """A due instant's name in words."""
    return DUE_WORDS.get(what.partition(":")[0], what)


def current_details(case: Case, now: datetime) -> str:
    """The case as Markdown, for the detail page of the Web UI."""
    zone = case.policy.zone
    lines = [
        f"## {STAGE_WORDS[case.stage.value]}",
        "",
        f"- **Protocolo:** {case.protocol}",
        f"- **Cliente:** {case.customer_id}",
        f"- **Status no CRM:** {case.stage.crm_status}",
    ]
    if _virtual_clock:
        lines[1:1] = ["", _VIRTUAL_CLOCK]
    if case.reason:
        lines.append(f"- **Motivo:** {reason_category(case.reason.category)}")
    if case.notice:
        last_day = f"{case.notice.last_day:%d/%m/%Y}"
        lines.append(f"- **Aviso prévio:** até {last_day}, inclusive (cláusula {case.notice.clause})")
    elif case.missing and not case.stage.is_terminal:
        lines.append("- **Falta para a formalização:** " + "; ".join(map(missing_words, case.missing)))
    for hold in case.held_now:
        lines.append(
            f"- **Número retido para portabilidade:** até {hold.held_until.astimezone(zone):%d/%m/%Y %H:%M}"
        )
    if case.attention:
        lines += ["", "### Precisa de atenção", ""]
        lines += [f"- {STEP_WORDS.get(step, step)}" for step in case.attention]
    coming = due_instants(case, now)
    if coming:
        lines += ["", "### Próximos prazos", ""]
        lines += [f"- {due.at.astimezone(zone):%d/%m/%Y %H:%M} — {due_words(due.what)}" for due in coming]
    if case.refused:
        last = case.refused[-1]
        why = "; ".join(f"{problem.field}: {problem.problem}" for problem in last.details)
        lines += ["", "### Última mensagem recusada", "", f"- `{_plain(last.name)}` — {_plain(why)}"]
        if len(case.refused) > 1:
            lines.append(f"- {len(case.refused)} recusadas ao todo; veja a consulta `status`")
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text of others that cannot become markup, cut to a readable length."""
    return "".join(letter for letter in text if letter not in "`<>[]*|\\")[:300]
