"""What people type: telephone numbers and dates as they write them, and as we show them to them."""

import re
from datetime import date, datetime, time
from typing import Final

from cancellation.language.words import MONTHS, ZONE

_LONG_DATE: Final = re.compile(r"(?:[a-zçáâêé-]+, )?(\d{1,2})[º°]? de ([a-zç]+) de (\d{4})", re.IGNORECASE)
_SHORT_DATE: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_CLOCK: Final = re.compile(r"(\d{1,2})[h:](\d{2})?(?: ?\(horário de Brasília\))?")
_JOINED: Final = re.compile(r"(.+?\d{4}),?(?: às)? +(\d{1,2}[h:].*)")


def phone(text: str) -> str:
    """`+55 (11) 3000-0001`, `(11) 3000-0001`, `0800 123 4567` as E.164; what is no such number stays as it is."""
    bare = re.sub(r"[\s().\-/]", "", text)
    if not re.fullmatch(r"\+?\d+", bare):
        return text
    if bare.startswith("+"):
        return bare
    if bare.startswith("55") and len(bare) in (12, 13):
        return f"+{bare}"
    local = bare.removeprefix("0")
    return f"+55{local}" if len(local) in (10, 11) else text


def day(text: str) -> date:
    """`2026-12-22`, `22/12/2026`, `terça-feira, 22 de dezembro de 2026`.

    Raises:
        ValueError: it is no date.
    """
    text = text.strip()
    if short := _SHORT_DATE.fullmatch(text):
        return date(int(short[3]), int(short[2]), int(short[1]))
    if long := _LONG_DATE.fullmatch(text):
        months = [name for name, month in enumerate(MONTHS, start=1) if month == long[2].lower()]
        return date(int(long[3]), months[0] if months else 0, int(long[1]))
    return date.fromisoformat(text)


def instant(text: str) -> datetime:
    """`2026-11-22T10:15-03:00`, `22/11/2026 10h15`, `22/11/2026 às 10h15 (horário de Brasília)`, or a day alone.

    Where no time zone is written it is São Paulo's.

    Raises:
        ValueError: it is no instant.
    """
    text = text.strip()
    if joined := _JOINED.fullmatch(text):
        clock = _CLOCK.fullmatch(joined[2])
        if clock is None:
            raise ValueError(text)
        return datetime.combine(day(joined[1]), time(int(clock[1]), int(clock[2] or 0)), tzinfo=ZONE)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.combine(day(text), time(), tzinfo=ZONE)
    return found if found.tzinfo else found.replace(tzinfo=ZONE)
