"""What goes along with a letter as a file: the notice's dates for a calendar, the invoice's lines for a spreadsheet."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from typing import NamedTuple

from cancellation.domain.values import Team
from cancellation.language import words
from cancellation.letters import clean
from cancellation.messages.letter_contents import ClosedToTeam, NoticeStarted
from cancellation.messages.letters import Letter


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
            return [
                Enclosure("datas-do-cancelamento.ics", "calendar", _calendar(letter, letter.content, company))
            ]
        case ClosedToTeam() if letter.team is Team.FINANCE and letter.content.invoice:
            return [Enclosure("fatura-final.csv", "csv", _table(letter.content))]
        case _:
            return []


def _calendar(letter: Letter, content: NoticeStarted, company: str) -> str:
    """RFC 5545: whole days, told and not asked for."""
    events = [("ultimo-dia", content.notice.last_day, f"Último dia dos serviços da {company}")]
    if not words.has_passed(content.port_until, letter.at):
        events.append(
            ("portabilidade", content.port_until, "Último dia seguro para pedir a portabilidade dos números")
        )
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//cancelamento//PT-BR", "METHOD:PUBLISH"]
    for name, day, summary in events:
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
