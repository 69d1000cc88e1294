"""Letters to Commercial about e-mails that wait for a person: where they are decided, and what happens meanwhile."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from cancellation.domain.letter_kinds import LetterKind
from cancellation.letters import Letterhead, render
from tests.unit.letters.examples import HOUSE, ORIGINAL, example
from tests.unit.letters.reading import plain

DESK = Letterhead(desk_url="https://mesa.nuvemjti.com.br")


@pytest.mark.parametrize(
    "kind",
    [
        LetterKind.MAIL_TO_DECIDE,
        LetterKind.NOTICE_TO_CONFIRM,
        LetterKind.REMIND_MAIL,
        LetterKind.MAIL_WITHOUT_CASE,
    ],
)
def test_an_e_mail_is_decided_on_its_page_and_by_commands_where_there_is_none_X24(kind: LetterKind) -> None:
    page = f"https://mesa.nuvemjti.com.br/email/{ORIGINAL}"
    for house, is_there in ((DESK, True), (HOUSE, False)):
        message = render(example(kind), house)
        for part in (message.get_body(("plain",)), message.get_body(("html",))):
            assert part is not None
            assert (page in part.get_content()) is is_there
            assert ("cancelamento mail" in part.get_content()) is not is_there
            assert "omando" not in part.get_content() or not is_there


def test_a_reminder_of_an_e_mail_says_what_happens_meanwhile_X15_X18() -> None:
    said: dict[str, dict[str, Any]] = {
        "o caso fica onde está": {},
        "o aviso prévio continua correndo, até 22/12/2026": {"notice_until": date(2026, 12, 22)},
        "o encerramento espera a decisão de vocês até": {
            "closing_waits_until": datetime(2026, 12, 28, tzinfo=UTC)
        },
        "O encerramento já começou e não se desfaz": {"past_no_return": True},
    }
    for words, facts in said.items():
        text = " ".join(plain(example(LetterKind.REMIND_MAIL, **facts)).split())
        assert [one for one in said if one in text] == [words]
