from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from cancellation.language import words


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(2026, 12, 22), "terça-feira, 22 de dezembro de 2026"),
        (date(2026, 12, 25), "sexta-feira, 25 de dezembro de 2026"),
        (date(2027, 3, 1), "segunda-feira, 1º de março de 2027"),
        (date(2028, 2, 29), "terça-feira, 29 de fevereiro de 2028"),
        (date(2026, 12, 5), "sábado, 5 de dezembro de 2026"),
        (date(2026, 12, 6), "domingo, 6 de dezembro de 2026"),
    ],
)
def test_long_date(day: date, written: str) -> None:
    assert words.long_date(day) == written


def test_articles_of_days() -> None:
    assert words.on(date(2026, 12, 22)).startswith("na terça-feira")
    assert words.on(date(2026, 12, 5)).startswith("no sábado")


def test_instants_are_told_in_sao_paulo_P8() -> None:
    late = datetime(2026, 11, 23, 2, 59, 59, tzinfo=UTC)
    assert words.moment(late) == "22/11/2026 às 23h59 (horário de Brasília)"
    assert words.short_date(late) == "22/11/2026"
    assert words.days_after(late, 30) == date(2026, 12, 22)


def test_what_ends_at_midnight_ends_with_the_day_before_P8() -> None:
    assert words.last_day_before(datetime(2026, 12, 23, 3, tzinfo=UTC)) == date(2026, 12, 22)


def test_what_ends_at_midnight_is_shown_with_the_day_that_it_ends_P8() -> None:
    assert words.deadline(datetime(2026, 12, 23, 3, tzinfo=UTC)) == "22/12/2026 24h00"
    assert words.deadline(datetime(2026, 12, 23, 3, 0, 1, tzinfo=UTC)) == "23/12/2026 00h00"
    assert words.deadline(datetime(2026, 12, 14, 12, tzinfo=UTC)) == "14/12/2026 09h00"


@pytest.mark.parametrize(
    ("now", "passed", "left"),
    [
        (datetime(2026, 12, 10, 3, tzinfo=UTC), False, "faltam 12 dias"),
        (datetime(2026, 12, 21, 2, 59, 59, tzinfo=UTC), False, "faltam 2 dias"),
        (datetime(2026, 12, 21, 3, tzinfo=UTC), False, "é amanhã"),
        (datetime(2026, 12, 22, 3, tzinfo=UTC), False, "é hoje"),
        (datetime(2026, 12, 23, 2, 59, 59, tzinfo=UTC), False, "é hoje"),
        (datetime(2026, 12, 23, 3, tzinfo=UTC), True, None),
    ],
)
def test_days_left_end_with_the_day_in_sao_paulo_X18(now: datetime, passed: bool, left: str | None) -> None:
    day = date(2026, 12, 22)
    assert words.has_passed(day, now) is passed
    if left is not None:
        assert words.days_left(day, now) == left


def test_how_long_something_waits_is_counted_in_days_X19() -> None:
    since = datetime(2026, 11, 22, 13, tzinfo=UTC)
    assert words.for_days(since, since + timedelta(hours=13)) == ""
    assert words.for_days(since, since + timedelta(hours=14)) == " há 1 dia"
    assert words.for_days(since, since + timedelta(weeks=6)) == " há 42 dias"


def test_technical_names_can_be_read_and_found_again() -> None:
    assert words.printable("ação/2026 (1).mp3") == "ação/2026 (1).mp3"
    assert words.printable("a\x07b\n\ud800") == "a\\x07b\\n\\ud800"


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("1234.56", "R$\u00a01.234,56"),
        ("0", "R$\u00a00,00"),
        ("0.005", "R$\u00a00,01"),
        ("-10", "-R$\u00a010,00"),
        ("-0.001", "R$\u00a00,00"),
        ("1234567.9", "R$\u00a01.234.567,90"),
    ],
)
def test_money(amount: str, written: str) -> None:
    assert words.money(Decimal(amount)) == written


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("+551130000001", "+55 (11) 3000-0001"),
        ("+5511999990000", "+55 (11) 99999-0000"),
        ("+558001234567", "0800 123 4567"),
        ("+14155550100", "+14155550100"),
        ("+551", "+551"),
        ("ramal 12", "ramal 12"),
        ("", ""),
    ],
)
def test_phone(number: str, written: str) -> None:
    assert words.phone(number) == written


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1,0 kB"),
        (34_500_000, "34,5 MB"),
        (999_960_000, "1,0 GB"),
        (3_456_789_012, "3,5 GB"),
        (2_500_000_000_000, "2,5 TB"),
    ],
)
def test_size(count: int, written: str) -> None:
    assert words.size(count) == written


def test_counts_and_lists() -> None:
    assert words.counted(1, "ramal", "ramais") == "1 ramal"
    assert words.counted(1248, "ramal", "ramais") == "1.248 ramais"
    assert words.days(1) == "1 dia"
    assert words.days(30) == "30 dias"
    assert words.listed([]) == ""
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b"]) == "a e b"
    assert words.listed(["a", "b", "c"]) == "a, b e c"


def test_periods() -> None:
    first, last = date(2026, 10, 1), date(2026, 11, 22)
    assert words.period(first, last) == "de 01/10/2026 a 22/11/2026"
    assert words.period(first, None) == "a partir de 01/10/2026"
    assert words.period(None, last) == "até 22/11/2026"
    assert words.period(None, None) == "todo o período"


def test_what_is_told_later_carries_its_instant_P20() -> None:
    now = datetime(2026, 11, 22, 13, 15, tzinfo=UTC)
    assert words.told_later(now - timedelta(seconds=59), now) == ""
    assert words.told_later(now - timedelta(days=2), now) == " (em 20/11/2026 às 10h15)"


def test_sentences_end_once() -> None:
    assert words.sentence("Ficou caro") == "Ficou caro."
    assert words.sentence("Ficou caro.") == "Ficou caro."
    assert words.sentence("Por quê?") == "Por quê?"


@pytest.mark.parametrize("hour", [23, 24, 25])
def test_what_ends_with_a_day_ends_with_it_by_whatever_rules_X23(hour: int) -> None:
    midnight = datetime(2026, 12, 22, tzinfo=words.ZONE) + timedelta(hours=hour)
    assert words.last_day_before(midnight) == date(2026, 12, 22)
