"""Letters that a person sends to the customer once more, and contacts that are put right (X16, X9)."""

from datetime import timedelta
from decimal import Decimal

import pytest

from cancellation.application.letters import write
from cancellation.domain.commands import CloseTask, CorrectContact, TaskKind
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.refusal import RuleBroken
from cancellation.domain.stage import Stage
from cancellation.domain.values import Archive
from cancellation.messages.facts import AgainLetter
from tests.unit.domain.build import (
    LETTER_ID,
    OPENED,
    RITA,
    at_stage,
    declined,
    in_notice,
    kinds,
    known,
    letters,
    mail,
    recordings,
    tasks,
    with_letter_sent,
)

NOW = OPENED + timedelta(hours=4)


def test_a_letter_that_came_back_goes_out_again_to_the_corrected_contact_X16_X9() -> None:
    case = with_letter_sent(known())
    case.hear_of_bounce(LETTER_ID, "5.1.1", "inbox", NOW)
    (lost,) = tasks(case, TaskKind.UNDELIVERED)
    case.send_again(LetterKind.REQUEST_RECEIVED, RITA.upper(), "Rita@Certo.com.br", "ana", NOW)
    assert case.authorised == ["rita@certo.com.br"]
    assert [one.ordinal for one in letters(case, LetterKind.REQUEST_RECEIVED)][-1:] == ["again-1"]
    owed = [one.command for one in case.pending.owed]
    assert CorrectContact(wrong=RITA, right="rita@certo.com.br") in owed
    assert CloseTask(key=lost.key) in owed
    assert kinds(case)[-2:] == ["contact_corrected", "letter_asked_again"]
    case.send_again(LetterKind.REQUEST_RECEIVED, None, None, "ana", NOW)
    assert [one.ordinal for one in letters(case, LetterKind.REQUEST_RECEIVED)][-1:] == ["again-2"]


@pytest.mark.parametrize(
    ("wrong", "right", "rule"),
    [
        (RITA, None, "both_addresses"),
        (None, "x@y.com.br", "both_addresses"),
        ("x@y.com.br", "z@y.com.br", "not_an_authorised_contact"),
        (RITA, RITA, "already_a_contact"),
    ],
)
def test_only_an_authorised_contact_is_corrected_X9(wrong: str | None, right: str | None, rule: str) -> None:
    case = declined()
    before = case.model_dump()
    with pytest.raises(RuleBroken, match=rule):
        case.send_again(LetterKind.SCRIPT, wrong, right, "ana", NOW)
    assert case.model_dump() == before


HOLDS = {
    Stage.RETENTION: {AgainLetter.REQUEST_RECEIVED},
    Stage.AWAITING_FORMALIZATION: {AgainLetter.REQUEST_RECEIVED, AgainLetter.SCRIPT},
    Stage.NOTICE: {AgainLetter.REQUEST_RECEIVED, AgainLetter.NOTICE_STARTED},
    Stage.CLOSING: {AgainLetter.REQUEST_RECEIVED},
}
"""What may go out again in a stage; the others need more than the stage."""


@pytest.mark.parametrize("kind", list(AgainLetter))
@pytest.mark.parametrize("stage", Stage)
def test_a_letter_goes_out_again_only_while_it_holds_X18(stage: Stage, kind: AgainLetter) -> None:
    case, letter = at_stage(stage), LetterKind(kind)
    before = letters(case, letter)
    if kind in HOLDS.get(stage, set()):
        case.send_again(letter, None, None, "ana", NOW)
        order = letters(case, letter)[-1]
        assert order.ordinal == "again-1"
        write(case, order, NOW, invoice_total=Decimal(1))
    else:
        with pytest.raises(RuleBroken, match="not_sent_again"):
            case.send_again(letter, None, None, "ana", NOW)
        assert letters(case, letter) == before


def test_what_needs_more_than_its_stage_goes_out_again_once_it_is_there_X18() -> None:
    case = in_notice()
    case.archive = Archive(link_id="l", files=1, size=1, sha256="0" * 64, expires_at=NOW)
    early = known()
    early.receive_formalization(mail(), "inbox", NOW)
    for one, letter in ((case, LetterKind.RECORDINGS_READY), (early, LetterKind.FORMALIZED_EARLY)):
        one.send_again(letter, None, None, "ana", NOW)
        write(one, letters(one, letter)[-1], NOW)


def test_the_recordings_link_goes_to_the_corrected_contact_P10() -> None:
    case = in_notice()
    case.recordings = recordings(deliver_to=RITA)
    case.send_again(LetterKind.NOTICE_STARTED, RITA, "rita@certo.com.br", "ana", NOW)
    assert case.recordings.deliver_to == "rita@certo.com.br"
