"""Nobody is told to act by a day that has passed (X18): days are reckoned from the letter's own clock."""

import re
from datetime import datetime, timedelta

import pytest

from cancellation.domain.letter_kinds import LetterKind
from cancellation.language.words import ZONE
from tests.unit.letters.examples import AT, NOTICE, example
from tests.unit.letters.reading import arrived, flat, html_of, plain, shown, text_of

DATE = r"(?:\d\d/\d\d/\d{4}|\d{1,2}º? de \w+ de \d{4})"
ACT_BY = re.compile(
    rf"\b(?:peça|responda|respondam|envie|enviem|baixe|esperamos|fale|desistir|funcionam)\b[^.:;]*\baté\b[^.:;]*{DATE}",
    re.IGNORECASE,
)
AFTER_ALL = datetime(2027, 3, 1, 10, tzinfo=ZONE)
LAST_MOMENT = datetime(2026, 12, 22, 23, 59, 59, tzinfo=ZONE)
AFTER_SAFE_DAY = datetime(2026, 12, 18, 9, tzinfo=ZONE)
"""A Friday; the last safe day was the day before."""


@pytest.mark.parametrize("kind", LetterKind)
def test_nobody_is_told_to_act_by_a_day_that_has_passed_X18(kind: LetterKind) -> None:
    message = arrived(example(kind, at=AFTER_ALL))
    for text in (message["Subject"], flat(text_of(message)), shown(html_of(message))):
        assert not ACT_BY.search(text), ACT_BY.search(text)
        assert "faltam" not in text


ASKS_TO_ACT = [
    LetterKind.SCRIPT,
    LetterKind.WHAT_IS_MISSING,
    LetterKind.NOTICE_STARTED,
    LetterKind.REMIND_FORMALIZATION,
    LetterKind.REMIND_PORTABILITY,
    LetterKind.REMIND_LINK,
    LetterKind.RECORDINGS_READY,
    LetterKind.NO_RECORDINGS,
]


@pytest.mark.parametrize("kind", ASKS_TO_ACT)
def test_who_has_to_act_is_told_by_when_while_there_is_time_X18(kind: LetterKind) -> None:
    message = arrived(example(kind))
    assert any(ACT_BY.search(text) for text in (message["Subject"], flat(text_of(message))))


@pytest.mark.parametrize(
    ("at", "left"),
    [
        (AT, "faltam 30 dias"),
        (LAST_MOMENT - timedelta(days=2), "faltam 2 dias"),
        (LAST_MOMENT - timedelta(days=1), "é amanhã"),
        (LAST_MOMENT, "é hoje"),
    ],
)
@pytest.mark.parametrize("kind", [LetterKind.WHAT_IS_MISSING, LetterKind.REMIND_FORMALIZATION])
def test_days_left_are_reckoned_from_the_letters_clock_X18(kind: LetterKind, at: datetime, left: str) -> None:
    assert f"até terça-feira, 22 de dezembro de 2026 ({left})" in plain(example(kind, at=at))


@pytest.mark.parametrize("kind", [LetterKind.WHAT_IS_MISSING, LetterKind.REMIND_FORMALIZATION])
def test_after_the_term_the_customer_reads_what_that_means_X18(kind: LetterKind) -> None:
    text = plain(example(kind, at=LAST_MOMENT + timedelta(seconds=1)))
    assert "O prazo para formalizar terminou na terça-feira, 22 de dezembro de 2026" in text
    assert "o quanto antes" in text
    assert "será preciso um novo pedido" in text


def test_what_is_missing_while_commercial_talks_names_no_term_P7() -> None:
    text = plain(example(LetterKind.WHAT_IS_MISSING, formalization_until=None))
    assert "Esperamos" not in text
    assert "prazo" not in text


@pytest.mark.parametrize("kind", [LetterKind.REMIND_PORTABILITY, LetterKind.NOTICE_STARTED])
def test_after_the_last_safe_day_a_port_is_asked_for_at_once_X18(kind: LetterKind) -> None:
    before = plain(example(kind, at=AFTER_SAFE_DAY - timedelta(days=1)))
    assert "até quinta-feira, 17 de dezembro de 2026 (é hoje)" in before
    after = example(kind, at=AFTER_SAFE_DAY)
    for fact in (
        "O último dia seguro para pedir a portabilidade, quinta-feira, 17 de dezembro de 2026, já passou",
        *("pode não terminar a tempo", "o quanto antes", "não há garantia de manutenção"),
    ):
        assert fact in plain(after), fact
    assert "17/12/2026" not in arrived(after)["Subject"]


def test_notice_that_is_over_when_it_is_told_promises_nothing_P8_X18() -> None:
    told = example(LetterKind.NOTICE_STARTED, at=NOTICE.ends_at)
    text = plain(told)
    assert arrived(told)["Subject"].endswith("último dia foi 22/12/2026")
    for fact in ("O aviso prévio já terminou", "não há mais garantia", "terminou com o aviso prévio"):
        assert fact in text, fact
    for promise in ("permanece", "desistir", "funcionam", "Enviaremos"):
        assert promise not in text, promise


@pytest.mark.parametrize("kind", [LetterKind.FINAL_BILLING, LetterKind.SHUTDOWN_PLAN])
def test_teams_hear_that_a_notice_is_over_when_it_is_told_X18(kind: LetterKind) -> None:
    assert "já terminou" in plain(example(kind, at=NOTICE.ends_at))
    assert "já terminou" not in plain(example(kind, at=LAST_MOMENT))


@pytest.mark.parametrize("kind", [LetterKind.RECORDINGS_READY, LetterKind.REMIND_LINK])
def test_dead_link_is_not_offered_X18(kind: LetterKind) -> None:
    message = arrived(example(kind, at=NOTICE.ends_at))
    assert "já não funciona" in flat(text_of(message))
    assert "https://" not in text_of(message)
    assert "https://" not in html_of(message)


@pytest.mark.parametrize("kind", [LetterKind.FORMALIZED_EARLY, LetterKind.FORMALIZED_EARLY_TO_COMMERCIAL])
def test_early_formalization_of_long_ago_says_that_its_last_day_has_passed_X18(kind: LetterKind) -> None:
    assert "Essa data já passou" in plain(example(kind, at=AFTER_ALL))
    assert "Essa data já passou" not in plain(example(kind))
