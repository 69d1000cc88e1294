"""What goes along with a letter as a file: dates for a calendar, the invoice's lines for a spreadsheet."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, timedelta
from typing import NamedTuple

from cancellation.domain.values import Team
from cancellation.language import words
from cancellation.letters import clean
from cancellation.messages.letter_contents import ClosedToTeam, NoticeStarted, Script
from cancellation.messages.letters import Letter

_Day = tuple[str, date, str]
"""Its name in the calendar, the day, and what it is."""


class Enclosure(NamedTuple):
    """One file."""

    name: str
    subtype: str
    """Of `text/…`."""
    text: str


def enclosures(letter: Letter, company: str) -> list[Enclosure]:
    """The files of a letter; most have none.

    The same letter always gives the same files.
    """
    match letter.content:
        case NoticeStarted() if not words.has_passed(letter.content.notice.last_day, letter.at):
            days = _days_of_notice(letter, letter.content, company)
            return [Enclosure("datas-do-cancelamento.ics", "calendar", _calendar(letter, days))]
        case Script() if not words.has_passed(letter.content.formalization_until, letter.at):
            what = "Último dia para formalizar o cancelamento, se a decisão for mantida"
            day = ("formalizacao", letter.content.formalization_until, what)
            return [Enclosure("prazo-para-formalizar.ics", "calendar", _calendar(letter, [day]))]
        case ClosedToTeam() if letter.team is Team.FINANCE and letter.content.invoice:
            return [Enclosure("fatura-final.csv", "csv", _table(letter.content))]
        case _:
            return []


def _days_of_notice(letter: Letter, content: NoticeStarted, company: str) -> list[_Day]:
    days: list[_Day] = [("ultimo-dia", content.notice.last_day, f"Último dia dos serviços da {company}")]
    if not words.has_passed(content.port_until, letter.at):
        what = "Último dia seguro para pedir a portabilidade dos números"
        days.append(("portabilidade", content.port_until, what))
    return days


def _calendar(letter: Letter, days: Sequence[_Day]) -> str:
    """RFC 5545: whole days, told and not asked for."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//cancelamento//PT-BR", "METHOD:PUBLISH"]
    for name, day, summary in days:
        lines += _event(letter, name, day, summary)
    return "\r\n".join([*(part for line in lines for part in _folded(line)), "END:VCALENDAR", ""])


def _event(letter: Letter, name: str, day: date, summary: str) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{letter.protocol}-{name}@cancelamento",
        f"DTSTAMP:{letter.at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{_escaped(summary)}",
        f"DESCRIPTION:{_escaped(f'Protocolo {letter.protocol}')}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _escaped(text: str) -> str:
    plain = clean.line(text).replace("\\", "\\\\")
    return plain.replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> Iterator[str]:
    """No line is longer than 75 bytes; what goes on begins with a space."""
    part = ""
    for char in line:
        if len((part + char).encode()) > 74:
            yield part
            part = " "
        part += char
    yield part


def _table(content: ClosedToTeam) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n", delimiter=";")
    writer.writerow(("descricao", "de", "ate", "dias", "dias_do_periodo", "valor"))
    for line in content.invoice:
        description = clean.line(line.description)
        # What a spreadsheet would take for a formula is text.
        description = f"'{description}" if description[:1] in ("=", "+", "-", "@") else description
        amount = f"{line.amount:.2f}".replace(".", ",")
        writer.writerow(
            (
                description,
                words.short_date(line.first_day),
                words.short_date(line.last_day),
                line.days,
                line.period_days,
                amount,
            )
        )
    return "\ufeff" + out.getvalue()
