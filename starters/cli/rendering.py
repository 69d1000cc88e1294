"""What people read of a case on a terminal, or without one: 80 columns are enough."""

from collections.abc import Iterable, Sequence
from textwrap import shorten
from typing import Final

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cancellation.case_list import CaseListing
from cancellation.domain.stage import Stage
from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import ReasonCategory
from cancellation.language import vocabulary
from cancellation.language import words as letters
from cancellation.messages.envelope import Message
from cancellation.messages.facts import SIGNALS
from cancellation.messages.status import Answer, CaseStatus
from starters.cli import words
from starters.cli.running import as_json
from starters.cli.terminal import console

_LABEL: Final = "bold"
_QUIET: Final = "bright_black"
_REASON_SHOWN: Final = 300
"""Characters of what the customer wrote; the e-mail itself is in the CRM."""


def say(line: str, answer: Answer) -> None:
    """What came of a message: one sentence, then where the case stands."""
    out = console()
    out.print(Text(line, style="bold"))
    out.print(
        Text.assemble(
            "Protocolo ",
            (answer.protocol, "bold"),
            " · ",
            (vocabulary.stage(answer.stage), _style(answer.stage)),
        )
    )


def say_sent(fact: Message, json: bool) -> None:
    """A message went off without waiting for an answer."""
    if json:
        typer.echo(as_json({"sent": True, "message_id": fact.message_id}))
        return
    name = next(name for name, model in SIGNALS.items() if model is type(fact))
    console().print(f"Enviado sem esperar resposta: {vocabulary.message_name(name)}.")


def show_status(status: CaseStatus) -> None:
    """The case as a page of labelled lines."""
    out = console()
    title = status.customer_name or "Cliente não encontrado no CRM"
    out.print(Text.assemble((title, "bold"), (f"  cliente {status.customer_id}", _QUIET)))
    out.print(Text.assemble("Protocolo ", (status.protocol, "bold")))
    out.print()
    out.print(Padding(_path(status.stage), (0, 0, 1, 2)))
    table = Table.grid(padding=(0, 2))
    table.add_column(style=_LABEL, no_wrap=True)
    table.add_column(overflow="fold")
    for label, lines in _status_rows(status):
        for place, line in enumerate(lines):
            table.add_row("" if place else label, line)
    out.print(Padding(table, (0, 0, 0, 2)))


def show_trail(entries: Sequence[TrailEntry], heading: str) -> None:
    """What happened, in order."""
    out = console()
    out.print(Text(heading, style="bold"))
    out.print()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=_LABEL, pad_edge=False)
    table.add_column("#", justify="right", style=_QUIET, no_wrap=True)
    table.add_column("Quando", no_wrap=True)
    table.add_column("Quem", max_width=16, overflow="fold")
    table.add_column("O que aconteceu", overflow="fold")
    for entry in entries:
        refused = entry.kind in ("message_refused", "stop_refused", "formalization_untrusted")
        table.add_row(
            str(entry.seq),
            letters.short_moment(entry.at),
            Text(entry.actor),
            Text(entry.detail, style="yellow" if refused else ""),
        )
    out.print(table)


def show_cases(cases: Sequence[CaseListing]) -> None:
    """Cases, one line each."""
    out = console()
    if not cases:
        out.print("Nenhum caso.")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=_LABEL, pad_edge=False)
    table.add_column("Cliente", overflow="fold", max_width=24)
    table.add_column("Protocolo", no_wrap=True)
    table.add_column("Etapa", overflow="fold")
    table.add_column("Desde", no_wrap=True)
    table.add_column("Último dia", no_wrap=True)
    for case in cases:
        reason = [case.reason] if case.reason in set(ReasonCategory) else []
        since = letters.short_date(case.since or case.opened_at)
        table.add_row(
            Text.assemble(case.customer_id, *([f" {case.company}"] if case.company else [])),
            case.protocol or "—",
            Text("\n").join(
                [_stage_of(case), *(Text(vocabulary.reason_category(ReasonCategory(one))) for one in reason)]
            ),
            since,
            letters.short_date(letters.last_day_before(case.notice_ends_at)) if case.notice_ends_at else "",
        )
    out.print(table)
    out.print(Text(letters.counted(len(cases), "caso", "casos"), style=_QUIET))


def _stage_of(case: CaseListing) -> Text:
    if case.stage is None:
        return Text(f"execução {case.execution}", style="red")
    text = Text(vocabulary.short_stage(case.stage), style=_style(case.stage))
    if case.attention:
        text.append("  precisa de atenção", style="bold red")
    if case.problems:
        text.append("  não responde", style="bold red")
    return text


def _path(stage: Stage) -> Text:
    """The stages of an ordinary case, with the one where this case stands."""
    if stage not in words.PATH:
        return Text(f"● {vocabulary.stage(stage)}", style=_style(stage))
    here = words.PATH.index(stage)
    text = Text()
    for place, one in enumerate(words.PATH):
        if place:
            text.append(" ─ ", style=_QUIET)
        mark = "○" if place > here else "●"
        style = f"bold {_style(one)}" if place == here else (_QUIET if place > here else "")
        text.append(f"{mark} {vocabulary.short_stage(one).lower()}", style=style)
    return text


def _status_rows(status: CaseStatus) -> Iterable[tuple[str, list[Text]]]:
    yield "Etapa", [Text(vocabulary.stage(status.stage), style=_style(status.stage))]
    yield "Status no CRM", [Text(status.crm_status)]
    yield "Aberto em", [Text(f"{letters.moment(status.opened_at)}, {vocabulary.channel(status.channel)}")]
    yield from _end_rows(status)
    if status.attention:
        yield (
            "Precisa de atenção",
            [Text(vocabulary.step(name), style="bold red") for name in status.attention],
        )
    if len(status.contacts) > 1:
        contacts = [
            f"{letters.short_moment(c.at)}  {vocabulary.channel(c.channel)}  {_who(c.contact.name)}"
            for c in status.contacts
        ]
        yield "Contatos", [Text(line.rstrip()) for line in contacts]
    if status.reason:
        category = vocabulary.reason_category(status.reason.category)
        yield "Motivo", [Text(f"{category}: {status.reason.text}")]
    if status.offers:
        yield (
            "Ofertas",
            [
                Text(f"{vocabulary.offer_kind(o.kind)}, {vocabulary.offer_status(o.status)}: {o.description}")
                for o in status.offers
            ],
        )
    if status.formalization:
        mail = status.formalization
        lines = [
            f"recebida em {letters.moment(mail.received_at)}, de {mail.sender}",
            f"motivo: {shorten(mail.reason, _REASON_SHOWN, placeholder=' …')}",
        ]
        if mail.confirmed_by:
            lines.append(f"confirmada por {mail.confirmed_by}")
        yield "Formalização", [Text(line) for line in lines]
    elif status.missing and status.stage in (Stage.RETENTION, Stage.AWAITING_FORMALIZATION):
        yield "Falta formalizar", [Text(vocabulary.missing(code), style="yellow") for code in status.missing]
    if status.notice:
        last_day = letters.long_date(status.notice.last_day)
        yield "Aviso prévio", [Text(f"até {last_day}, inclusive (cláusula {status.notice.clause})")]
    if status.numbers:
        yield "Números", [Text(words.number(number)) for number in status.numbers]
    if status.recordings:
        yield "Gravações", [Text(words.recordings(status.recordings))]
    if status.due:
        coming = [f"{letters.deadline(due.at)}  {vocabulary.due(due.what)}" for due in status.due]
        yield "Próximos prazos", [Text(line) for line in coming]
    if status.refused:
        yield (
            "Recusadas",
            [
                Text(
                    f"{letters.short_moment(one.at)}  {vocabulary.message_name(one.name)}: "
                    + "; ".join(problem.told for problem in one.details),
                    style="yellow",
                )
                for one in status.refused
            ],
        )


def _end_rows(status: CaseStatus) -> Iterable[tuple[str, list[Text]]]:
    """How, when, by whom and why a case ended, what was released and what is to be paid."""
    if status.ended_at is not None:
        by = f", por {status.ended_by}" if status.ended_by else ""
        yield "Terminou em", [Text(f"{letters.moment(status.ended_at)}{by}")]
        if status.ending:
            yield "Por quê", [Text(status.ending)]
    if status.released is not None and vocabulary.released(status.released):
        yield "Liberado", [Text(letters.listed(vocabulary.released(status.released)))]
    if status.invoice_total is not None:
        credit = status.invoice_total < 0
        label = "Crédito a devolver" if credit else "Fatura final"
        yield label, [Text(letters.money(abs(status.invoice_total)))]


def _who(name: str | None) -> str:
    return name or ""


def _style(stage: Stage) -> str:
    return words.STAGE_STYLES[stage]
