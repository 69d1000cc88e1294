"""What is typed as people write it, and as we show it, is taken."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cancellation.language import typed, words


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+55 (11) 3000-0001", "+551130000001"),
        ("(11) 3000-0001", "+551130000001"),
        ("11 99999-0000", "+5511999990000"),
        ("011 3000 0001", "+551130000001"),
        ("55 11 3000-0001", "+551130000001"),
        ("0800 123 4567", "+558001234567"),
        ("+1 202 555 0123", "+12025550123"),
        ("3000-0001", "3000-0001"),
        ("ramal 20", "ramal 20"),
        ("", ""),
    ],
)
def test_brazilian_numbers_are_taken_as_people_write_them(text: str, number: str) -> None:
    assert typed.phone(text) == number


@given(st.integers(10, 99), st.integers(20_000_000, 999_999_999))
def test_a_number_is_taken_as_it_is_shown(area: int, local: int) -> None:
    number = f"+55{area}{local}"
    assert typed.phone(words.phone(number)) == number


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_a_day_is_taken_as_it_is_shown(day: date) -> None:
    for text in (words.short_date(day), words.long_date(day), day.isoformat(), f" {words.short_date(day)} "):
        assert typed.day(text) == day


@given(st.integers(10_600_000, 63_000_000))
def test_an_instant_is_taken_as_it_is_shown(minutes: int) -> None:
    minute = datetime.fromtimestamp(minutes * 60, UTC)
    for text in (words.moment(minute), words.short_moment(minute), minute.isoformat()):
        # An hour that comes twice is the first of the two.
        assert typed.instant(text) - minute in (timedelta(0), timedelta(hours=-1))


def test_an_instant_without_a_time_zone_is_sao_paulos() -> None:
    assert typed.instant("2026-11-22T10:15").isoformat() == "2026-11-22T10:15:00-03:00"
    assert typed.instant("22/11/2026").isoformat() == "2026-11-22T00:00:00-03:00"


@pytest.mark.parametrize(
    "text", ["ontem", "31/02/2026", "22/11", "5 de brumário de 2026", "22/11/2026 25h00", ""]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        typed.instant(text)
