"""A complete formalization that comes while Commercial still talks is shown and told with its date (X18, X2)."""

from datetime import timedelta
from typing import Any

import pytest

from cancellation.application.payloads import is_superfluous
from cancellation.application.views import status_of
from cancellation.domain.case import Case
from cancellation.domain.commands import SendLetter
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.notice import notice_from
from cancellation.domain.stage import Stage
from cancellation.domain.state import SentLetter
from cancellation.domain.values import Authentication, FormalizationMail, Outcome, Team
from tests.unit.domain.build import (
    COMMERCIAL,
    FINANCE,
    OPENED,
    POLICY,
    REASON,
    RITA,
    declined,
    kinds,
    known,
    letters,
    local,
    mail,
    opened,
    told,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RECEIVED = OPENED + HOUR
NOW = OPENED + 4 * HOUR
LETTERS = (LetterKind.FORMALIZED_EARLY, LetterKind.FORMALIZED_EARLY_TO_COMMERCIAL)


def early() -> Case:
    case = known()
    case.receive_formalization(mail("<1@x>", received_at=RECEIVED), "inbox", NOW)
    return case


def letters_about_it(case: Case) -> list[tuple[LetterKind, Team | None, str | None]]:
    return [(one.kind, one.team, one.in_reply_to) for one in letters(case) if one.kind in LETTERS]


def test_status_shows_from_when_it_would_count_and_which_notice_would_follow_X18() -> None:
    shown = status_of(early(), NOW)
    assert (shown.stage, shown.notice, shown.missing) == (Stage.RETENTION, None, ())
    assert shown.formalization is not None
    assert (shown.formalization.message_id, shown.formalization.counts_from) == ("<1@x>", RECEIVED)
    assert shown.formalization.notice_if_declined == notice_from(RECEIVED, POLICY)
    assert shown.formalization.notice_if_declined.last_day == local(2026, 12, 16).date()


def test_the_trail_says_it_with_the_date_and_what_it_depends_on_X18() -> None:
    entry = told(early())[-1]
    assert entry.kind == "formalized_early"
    for words in ("se a decisão for mantida", "16/11/2026 às 11h15", "16/12/2026"):
        assert words in entry.detail


def test_customer_and_commercial_are_told_once_X18() -> None:
    case = early()
    assert letters_about_it(case) == [
        (LetterKind.FORMALIZED_EARLY, None, "<1@x>"),
        (LetterKind.FORMALIZED_EARLY_TO_COMMERCIAL, Team.COMMERCIAL, None),
    ]
    case.receive_formalization(mail("<2@x>", received_at=NOW), "inbox", NOW)
    case.receive_formalization(mail("<3@x>", recipients=(FINANCE,), received_at=NOW), "inbox", NOW)
    assert len(letters_about_it(case)) == 2
    assert kinds(case).count("formalized_early") == 1


def test_whoever_was_told_a_date_is_told_when_an_earlier_email_moves_it_X18() -> None:
    case = known(opened_at=OPENED - 3 * DAY)
    case.receive_formalization(mail("<2@x>", received_at=RECEIVED), "inbox", NOW)
    case.receive_formalization(mail("<1@x>", received_at=RECEIVED - 2 * DAY), "inbox", NOW + HOUR)
    assert [reply for kind, team, reply in letters_about_it(case) if team is None] == ["<2@x>", "<1@x>"]
    assert len({one.key for one in letters(case)}) == len(letters(case))
    told_of = [entry.detail for entry in told(case) if entry.kind == "formalized_early"]
    assert [sentence[-26:] for sentence in told_of] == [
        "até 16/12/2026, inclusive.",
        "até 14/12/2026, inclusive.",
    ]
    # Within the same day no date moves, so there is nothing to tell.
    case.receive_formalization(mail("<0@x>", received_at=RECEIVED - 2 * DAY - HOUR), "inbox", NOW + HOUR)
    assert kinds(case).count("formalized_early") == 2


def refused(message_id: str = "<1@x>") -> FormalizationMail:
    return mail(message_id, received_at=RECEIVED, refused_by="ana")


def told_days(case: Case) -> list[tuple[LetterKind, str]]:
    kinds_told = (LetterKind.FORMALIZED_EARLY, LetterKind.EARLY_UNDONE)
    return [(one.kind, one.ordinal) for one in letters(case) if one.kind in kinds_told]


def test_whoever_was_told_a_date_is_told_when_a_person_refuses_the_email_X18() -> None:
    case = early()
    case.receive_formalization(refused(), "ana", NOW + HOUR)
    undone = [LetterKind.EARLY_UNDONE, LetterKind.EARLY_UNDONE_TO_COMMERCIAL]
    assert [(one.kind, one.team) for one in letters(case) if one.kind in undone] == [
        (LetterKind.EARLY_UNDONE, None),
        (LetterKind.EARLY_UNDONE_TO_COMMERCIAL, Team.COMMERCIAL),
    ]
    assert told(case)[-1].detail.endswith("o último dia informado, 16/12/2026, não vale mais.")
    # Once, whatever else comes.
    case.receive_formalization(mail("<2@x>", recipients=(FINANCE,), received_at=NOW), "inbox", NOW + HOUR)
    assert kinds(case).count("early_undone") == 1


def test_whoever_was_told_a_date_is_told_when_its_sender_is_no_contact_any_more_X18() -> None:
    case = early()
    case.send_again(LetterKind.REQUEST_RECEIVED, RITA, "rita.souza@acme.com.br", "ana", NOW + HOUR)
    assert case.early_formalization is None
    assert told_days(case)[-1] == (LetterKind.EARLY_UNDONE, "2026-12-16")


def test_a_day_that_holds_again_is_told_again_and_can_be_taken_back_again_X18() -> None:
    case = early()
    case.receive_formalization(refused(), "ana", NOW + HOUR)
    again = mail("<1@x>", received_at=RECEIVED, confirmed_by="ana")
    case.receive_formalization(again, "ana", NOW + 2 * HOUR)
    case.receive_formalization(refused(), "bia", NOW + 3 * HOUR)
    assert told_days(case) == [
        (LetterKind.FORMALIZED_EARLY, "2026-12-16"),
        (LetterKind.EARLY_UNDONE, "2026-12-16"),
        (LetterKind.FORMALIZED_EARLY, "2026-12-16:1"),
        (LetterKind.EARLY_UNDONE, "2026-12-16:1"),
    ]
    assert len({one.key for one in letters(case)}) == len(letters(case))


def test_a_later_day_is_told_when_the_email_of_the_earlier_one_is_refused_X18() -> None:
    case = known(opened_at=OPENED - 3 * DAY)
    case.receive_formalization(mail("<2@x>", received_at=RECEIVED), "inbox", NOW)
    case.receive_formalization(mail("<1@x>", received_at=RECEIVED - 2 * DAY), "inbox", NOW)
    case.receive_formalization(refused(), "ana", NOW + HOUR)
    assert told_days(case) == [
        (LetterKind.FORMALIZED_EARLY, "2026-12-16"),
        (LetterKind.FORMALIZED_EARLY, "2026-12-14"),
        (LetterKind.FORMALIZED_EARLY, "2026-12-16:2"),
    ]


def test_a_refusal_of_what_was_never_complete_takes_nothing_back_X18() -> None:
    case = known()
    case.receive_formalization(mail("<1@x>", recipients=(FINANCE,), received_at=RECEIVED), "inbox", NOW)
    case.receive_formalization(refused(), "ana", NOW + HOUR)
    assert told_days(case) == []


def test_what_was_not_sent_yet_is_neither_told_nor_taken_back_X18() -> None:
    case = early()
    case.receive_formalization(refused(), "ana", NOW + HOUR)
    about_it = {*LETTERS, LetterKind.EARLY_UNDONE, LetterKind.EARLY_UNDONE_TO_COMMERCIAL}

    def going_out() -> list[LetterKind]:
        waiting = [one for one in case.pending.owed if not is_superfluous(case, one, (), NOW)]
        orders = (one.command.letter for one in waiting if isinstance(one.command, SendLetter))
        return [order.kind for order in orders if order.kind in about_it]

    assert going_out() == []
    case.letters["<carta@nuvemjti>"] = SentLetter(kind=LetterKind.FORMALIZED_EARLY)
    assert going_out() == [LetterKind.EARLY_UNDONE]


def test_two_emails_that_are_complete_together_count_from_the_second_X18_P7() -> None:
    case = known()
    case.receive_formalization(mail("<1@x>", recipients=(FINANCE,), received_at=RECEIVED), "inbox", NOW)
    assert letters_about_it(case) == []
    case.receive_formalization(mail("<2@x>", recipients=(COMMERCIAL,), received_at=NOW), "inbox", NOW)
    assert case.early_formalization is not None
    assert case.early_formalization.received_at == NOW
    assert [reply for _, team, reply in letters_about_it(case) if team is None] == ["<2@x>"]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"authentication": Authentication.FAIL},
        {"sender": "rita@gmail.com"},
        {"recipients": (FINANCE,)},
        {"explicit_request": False},
        {"reason": None},
    ],
    ids=lambda spoilt: next(iter(spoilt)),
)
def test_what_is_doubtful_or_incomplete_is_not_early_X18_X9(spoilt: dict[str, Any]) -> None:
    case = known()
    case.receive_formalization(mail(received_at=RECEIVED, **spoilt), "inbox", NOW)
    assert case.early_formalization is None
    assert case.notice_if_declined is None
    assert letters_about_it(case) == []
    assert status_of(case, NOW).formalization is None


def test_before_the_crm_has_answered_nothing_is_told_and_then_at_once_X18_X9() -> None:
    case = opened()
    case.receive_formalization(mail(received_at=RECEIVED), "inbox", NOW)
    assert case.early_formalization is None
    case.learn_customer("Acme", [RITA], NOW)
    assert len(letters_about_it(case)) == 2


def test_the_notice_is_the_one_that_was_told_X18() -> None:
    case = early()
    promised = case.notice_if_declined
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", NOW + 2 * DAY)
    assert case.notice == promised
    shown = status_of(case, NOW + 2 * DAY).formalization
    assert shown is not None
    assert (shown.counts_from, shown.notice_if_declined) == (RECEIVED, None)
    case.send_script(NOW + 2 * DAY)
    assert letters(case, LetterKind.SCRIPT) == []


def test_who_stays_after_all_has_formalised_nothing_X18_P5() -> None:
    case = early()
    case.record_outcome(Outcome.RETAINED, REASON, None, "ana", NOW + DAY)
    shown = status_of(case, NOW + DAY)
    assert (shown.formalization, shown.notice) == (None, None)
    case.settle_ending(NOW + DAY)
    assert len(letters(case, LetterKind.RETAINED)) == 1


# ---------------------------------------------------------------- what is missing, told in time (P7)


def test_the_second_incomplete_email_is_answered_too_P7() -> None:
    case = declined()
    for number in (1, 2):
        late = NOW + number * HOUR
        case.receive_formalization(
            mail(f"<{number}@x>", recipients=(FINANCE,), received_at=late), "inbox", late
        )
    answers = letters(case, LetterKind.WHAT_IS_MISSING)
    assert [one.in_reply_to for one in answers] == ["<1@x>", "<2@x>"]
    assert {one.codes for one in answers} == {(f"recipient:{COMMERCIAL}",)}
    assert len({one.key for one in answers}) == 2


def test_what_an_early_email_lacks_is_told_with_the_script_and_of_the_newest_one_P7_P6() -> None:
    case = known()
    for number in (1, 2):
        case.receive_formalization(
            mail(f"<{number}@x>", recipients=(FINANCE,), received_at=NOW), "inbox", NOW
        )
    case.send_script(NOW)
    assert letters(case, LetterKind.WHAT_IS_MISSING) == []
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", NOW + HOUR)
    case.send_script(NOW + HOUR)
    customers = [one.kind for one in letters(case) if one.team is None]
    assert customers[-2:] == [LetterKind.SCRIPT, LetterKind.WHAT_IS_MISSING]
    assert letters(case)[-1].in_reply_to == "<2@x>"


def test_of_several_emails_before_the_crm_answered_each_doubt_is_told_and_the_newest_answered_X9_P7() -> None:
    case = opened()
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", NOW)
    spoilt: list[dict[str, Any]] = [
        {"authentication": Authentication.FAIL},
        {"sender": "x@y.z"},
        {"recipients": (FINANCE,)},
        {"recipients": (FINANCE,), "reason": None},
    ]
    for number, changes in enumerate(spoilt):
        case.receive_formalization(mail(f"<{number}@x>", received_at=NOW, **changes), "inbox", NOW)
    case.learn_customer("Acme", [RITA], NOW + HOUR)
    case.send_script(NOW + HOUR)
    assert [one.mail_id for one in letters(case, LetterKind.MAIL_TO_DECIDE)] == ["<0@x>", "<1@x>"]
    customers = [(one.kind, one.in_reply_to) for one in letters(case) if one.team is None]
    assert customers[-2:] == [(LetterKind.SCRIPT, None), (LetterKind.WHAT_IS_MISSING, "<3@x>")]


def test_an_email_that_a_person_vouched_for_is_doubtful_no_more_X9_X15() -> None:
    case = declined()
    doubtful = mail(authentication=Authentication.NONE, recipients=(FINANCE,), received_at=NOW)
    case.receive_formalization(doubtful, "inbox", NOW)
    assert [one.message_id for one in status_of(case, NOW).undecided_mails] == [doubtful.message_id]
    case.receive_formalization(doubtful.model_copy(update={"confirmed_by": "Ana"}), "ana", NOW + HOUR)
    assert status_of(case, NOW + HOUR).undecided_mails == ()
    assert case.missing == [f"recipient:{COMMERCIAL}"]
    assert letters(case, LetterKind.WHAT_IS_MISSING)[-1].codes == (f"recipient:{COMMERCIAL}",)


def test_an_undecided_email_that_came_through_two_mailboxes_is_one_X15() -> None:
    case = known()
    for box in (FINANCE, COMMERCIAL):
        case.receive_formalization(mail(sender="x@y.z", recipients=(box,), received_at=NOW), "inbox", NOW)
    assert len(status_of(case, NOW).undecided_mails) == 1
