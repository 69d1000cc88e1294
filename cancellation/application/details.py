"""What operators read of a case in the Temporal Web UI: Markdown, Portuguese, no personal data."""

from datetime import datetime
from typing import Final

from cancellation.application.views import crm_status
from cancellation.domain.case import Case
from cancellation.domain.due import due_instants
from cancellation.language import vocabulary, words

_VIRTUAL_CLOCK: Final = "> **RELÓGIO VIRTUAL: o tempo pode ser saltado. Nunca para casos reais.**"
_virtual_clock = False


def announce_virtual_clock() -> None:
    """Say in every case's details that time may be skipped. Details are in no history: replays may differ."""
    global _virtual_clock
    _virtual_clock = True


def current_details(case: Case, now: datetime) -> str:
    """The case as Markdown, for the detail page of the Web UI."""
    lines = [
        f"## {vocabulary.stage(case.stage)}",
        "",
        f"- **Protocolo:** {case.protocol}",
        f"- **Cliente:** {case.customer_id}",
        f"- **Status no CRM:** {crm_status(case)}",
    ]
    if _virtual_clock:
        lines[1:1] = ["", _VIRTUAL_CLOCK]
    if case.reason:
        lines.append(f"- **Motivo:** {vocabulary.reason_category(case.reason.category)}")
    if case.notice:
        since, last_day = words.short_moment(case.notice.starts_at), words.short_date(case.notice.last_day)
        lines.append(
            f"- **Aviso prévio:** de {since} até {last_day}, inclusive (cláusula {case.notice.clause})"
        )
    elif (early := case.notice_if_declined) is not None:
        since, last_day = words.short_moment(early.starts_at), words.short_date(early.last_day)
        lines.append(
            f"- **Formalização antecipada:** completa desde {since}; se a decisão for mantida, o aviso prévio "
            f"conta dela e vai até {last_day}, inclusive"
        )
    elif case.missing and not case.stage.is_terminal:
        lines.append(
            "- **Falta para a formalização:** " + words.listed(map(vocabulary.missing, case.missing))
        )
    for hold in case.held_now:
        until = words.short_date(words.last_day_before(hold.held_until))
        lines.append(f"- **Número mantido para portabilidade:** até {until}, inclusive")
    if case.attention:
        lines += ["", "### Precisa de atenção", ""]
        lines += [f"- {vocabulary.step(step)}" for step in case.attention]
    under_way: dict[str, datetime] = {}
    for owed in case.pending.owed:
        if not owed.attention:
            under_way.setdefault(owed.step, owed.since)
    if under_way:
        lines += ["", "### Em andamento", ""]
        lines += [
            f"- {vocabulary.step(step)}, desde {words.short_moment(since)}"
            for step, since in under_way.items()
        ]
    coming = due_instants(case, now)
    if coming:
        lines += ["", "### Próximos prazos", ""]
        lines += [f"- {words.deadline(due.at)} — {vocabulary.due(due.what)}" for due in coming]
    if case.refused:
        last = case.refused[-1]
        why = "; ".join(problem.told for problem in last.details)
        lines += [
            "",
            "### Última mensagem recusada",
            "",
            f"- {_plain(vocabulary.message_name(last.name))} — {_plain(why)}",
        ]
        if len(case.refused) > 1:
            lines.append(f"- {len(case.refused)} recusadas ao todo; veja a consulta `status`")
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text of others that cannot become markup, cut to a readable length."""
    return "".join(letter for letter in text if letter not in "`<>[]*|\\")[:300]
