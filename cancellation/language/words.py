"""How dates, money, numbers and lists are written for people in Brazil; days are those of São Paulo."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from cancellation.domain.zone import wheel_zone

ZONE = wheel_zone()

_WEEKDAYS = (
    "segunda-feira",
    "terça-feira",
    "quarta-feira",
    "quinta-feira",
    "sexta-feira",
    "sábado",
    "domingo",
)
MONTHS = (
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
)


def short_date(day: date) -> str:
    """`22/12/2026`."""
    return f"{_day(day):%d/%m/%Y}"


def long_date(day: date) -> str:
    """`terça-feira, 22 de dezembro de 2026`; the first of a month is `1º`."""
    day = _day(day)
    number = "1º" if day.day == 1 else str(day.day)
    return f"{_WEEKDAYS[day.weekday()]}, {number} de {MONTHS[day.month - 1]} de {day.year}"


def on(day: date) -> str:
    """`na terça-feira, 22 de dezembro de 2026`, `no sábado, 5 de …`."""
    article = "no" if _day(day).weekday() >= 5 else "na"
    return f"{article} {long_date(day)}"


def clock(instant: datetime) -> str:
    """`10h15`, local time of São Paulo."""
    return f"{_local(instant):%Hh%M}"


def moment(instant: datetime) -> str:
    """`22/11/2026 às 10h15 (horário de Brasília)`."""
    return f"{short_date(instant)} às {clock(instant)} (horário de Brasília)"


def short_moment(instant: datetime) -> str:
    """`22/11/2026 10h15`, for a column; local time of São Paulo."""
    return f"{short_date(instant)} {clock(instant)}"


def deadline(instant: datetime) -> str:
    """`22/12/2026 24h00`, for a column: what ends at midnight ends with the day before, and reads so."""
    if _local(instant).time() == time.min:
        return f"{short_date(last_day_before(instant))} 24h00"
    return short_moment(instant)


def told_later(at: datetime, now: datetime) -> str:
    """When something happened, if it is told only now: ` (em 20/11/2026 às 14h00)`, with the space before it.

    Nothing within a minute: then the instant of the telling says it.
    """
    if abs(now - at) < timedelta(minutes=1):
        return ""
    return f" (em {short_date(at)} às {clock(at)})"


def last_day_before(midnight: datetime) -> date:
    """The last day of what ends at a midnight: that of the day before.

    The midnight of the case's own rules, which by the rules of today may be an hour before or after (X23).
    """
    return (_local(midnight) - timedelta(hours=12)).date()


def days_after(instant: datetime, count: int) -> date:
    """The calendar day `count` days after an instant's own day."""
    return _local(instant).date() + timedelta(days=count)


def has_passed(day: date, now: datetime) -> bool:
    """Whether a calendar day is over at `now`: nobody can act by it any more (X18)."""
    return _day(day) < _local(now).date()


def days_left(day: date, now: datetime) -> str:
    """`faltam 12 dias`, `é amanhã`, `é hoje`, for a day that has not passed."""
    left = (_day(day) - _local(now).date()).days
    return f"faltam {days(left)}" if left > 1 else "é amanhã" if left == 1 else "é hoje"


def for_days(since: datetime, now: datetime) -> str:
    """For how many calendar days something has been going on: ` há 45 dias`, with the space before it.

    Nothing on its first day.
    """
    count = (_local(now).date() - _local(since).date()).days
    return f" há {days(count)}" if count > 0 else ""


def money(amount: Decimal) -> str:
    """`R$ 1.234,56`; rounded half up to the cent, with a no-break space."""
    cents = amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    sign = "-" if cents < 0 else ""
    return f"{sign}R$\u00a0{_swap(f'{abs(cents):,.2f}')}"


def integer(number: int) -> str:
    """`12.345`."""
    return _swap(f"{number:,}")


def counted(number: int, singular: str, plural: str) -> str:
    """`1 ramal`, `3 ramais`; zero takes the plural."""
    return f"{integer(number)} {singular if number == 1 else plural}"


def days(number: int) -> str:
    """`1 dia`, `30 dias`."""
    return counted(number, "dia", "dias")


def size(count: int) -> str:
    """Bytes as `812 bytes`, `34,5 MB`, `1,2 GB`, in powers of 1000 as stores and phones count them."""
    if count < 1000:
        return counted(count, "byte", "bytes")
    amount = Decimal(count)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        # 999,96 MB would round to 1.000,0 MB: that is 1,0 GB already.
        if amount < Decimal("999.95"):
            return f"{_swap(f'{amount:.1f}')} {unit}"
    return f"{_swap(f'{amount / 1000:,.1f}')} TB"


def phone(number: str) -> str:
    """`+5511999990000` as `+55 (11) 99999-0000`; a foreign or unknown number stays as it is."""
    digits = number.removeprefix("+")
    if not number.startswith("+55") or not digits.isdigit():
        return number
    local = digits[2:]
    if local.startswith(("800", "300", "500", "900")) and len(local) == 10:
        return f"0{local[:3]} {local[3:6]} {local[6:]}"
    if len(local) not in (10, 11):
        return number
    return f"+55 ({local[:2]}) {local[2:-4]}-{local[-4:]}"


def cnpj(bare: str) -> str:
    """`98104217000146` as `98.104.217/0001-46`; what is none stays as it is."""
    if len(bare) != 14:
        return bare
    return f"{bare[:2]}.{bare[2:5]}.{bare[5:8]}/{bare[8:12]}-{bare[12:]}"


def period(first: date | None, last: date | None) -> str:
    """`de 01/10/2026 a 22/11/2026`, `até 22/11/2026`; without any limit, `todo o período`."""
    if first is None and last is None:
        return "todo o período"
    if first is None or last is None:
        return f"até {short_date(last)}" if last else f"a partir de {short_date(first or date.max)}"
    return f"de {short_date(first)} a {short_date(last)}"


def sentence(text: str) -> str:
    """Somebody's words as a sentence: with a full stop, unless they end with one or another mark."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def printable(text: str) -> str:
    """A technical name that people can read and find again: what cannot be seen is written as its escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def listed(items: Iterable[str]) -> str:
    """`a`, `a e b`, `a, b e c`."""
    parts = list(items)
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} e {parts[-1]}"


def _swap(number: str) -> str:
    return number.translate({ord(","): ".", ord("."): ","})


def _local(instant: datetime) -> datetime:
    return instant.astimezone(ZONE)


def _day(day: date) -> date:
    return _local(day).date() if isinstance(day, datetime) else day


_FATES: Final = {
    "opened": "abriu o caso",
    "reported": "no caso",
    "undecided": "no caso, esperou ou espera a decisão do Comercial",
    "task": "sem caso, tarefa do Comercial",
    "automatic": "resposta automática, sem conteúdo",
    "own": "mensagem nossa",
    "recorded": "só guardado",
}


def fate(code: str) -> str:
    """What became of an e-mail that arrived."""
    return _FATES[code]
