from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cancellation.domain.commands import OpenTask, TaskKind
from cancellation.domain.formalization import assess, content_missing, still_missing, undecided
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.refusal import RuleBroken
from cancellation.domain.stage import Stage
from cancellation.domain.values import Authentication, FormalizationMail, Outcome, Team
from tests.unit.domain.build import (
    COMMERCIAL,
    FINANCE,
    OPENED,
    POLICY,
    REASON,
    RITA,
    declined,
    in_notice,
    kinds,
    known,
    letters,
    local,
    mail,
    opened,
    stage_of,
    tasks,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOW = OPENED + timedelta(days=2)


def complete(*mails: FormalizationMail) -> datetime | None:
    """From when the notice counts if these e-mails are complete."""
    found = assess(mails, [RITA], POLICY)
    return found.received_at if found else None


def test_one_email_to_both_mailboxes_with_request_and_reason_is_complete_P7() -> None:
    assert complete(mail()) == mail().received_at
    assert still_missing([mail()], [RITA], POLICY) == []


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"recipients": (FINANCE,)}, [f"recipient:{COMMERCIAL}"]),
        ({"recipients": (COMMERCIAL,)}, [f"recipient:{FINANCE}"]),
        ({"recipients": ()}, [f"recipient:{FINANCE}", f"recipient:{COMMERCIAL}"]),
        ({"recipients": ("vendas@nuvemjti.com.br",)}, [f"recipient:{FINANCE}", f"recipient:{COMMERCIAL}"]),
        ({"explicit_request": False}, ["explicit_request"]),
        ({"reason": None}, ["reason"]),
        ({"reason": "  \n "}, ["reason"]),
        ({"authentication": Authentication.FAIL}, ["authentication"]),
        ({"authentication": Authentication.NONE}, ["authentication"]),
        ({"sender": "alguem@acme.com.br"}, ["sender"]),
        (
            {"sender": "x@y.z", "authentication": Authentication.FAIL, "reason": None},
            ["reason", "authentication", "sender"],
        ),
    ],
)
def test_an_incomplete_email_is_told_by_codes_in_a_fixed_order_P7_X9(
    changes: dict[str, Any], missing: list[str]
) -> None:
    assert complete(mail(**changes)) is None
    assert still_missing([mail(**changes)], [RITA], POLICY) == missing


def test_without_any_email_everything_but_trust_is_missing_P7() -> None:
    wanted = [f"recipient:{FINANCE}", f"recipient:{COMMERCIAL}", "explicit_request", "reason"]
    assert content_missing([], POLICY) == wanted


def test_two_emails_that_together_reach_both_mailboxes_count_from_the_second_P7_P8() -> None:
    first = mail("<1@x>", recipients=(FINANCE,), received_at=NOW)
    second = mail("<2@x>", recipients=(COMMERCIAL,), received_at=NOW + HOUR)
    assert complete(first) is None
    assert complete(first, second) == NOW + HOUR


def test_request_in_one_email_and_reason_in_another_are_complete_together_P7() -> None:
    first = mail("<1@x>", reason=None, received_at=NOW)
    second = mail("<2@x>", explicit_request=False, reason="Preço", received_at=NOW + HOUR)
    found = assess([first, second], [RITA], POLICY)
    assert found is not None
    assert (found.received_at, found.reason) == (NOW + HOUR, "Preço")
    assert [m.message_id for m in found.mails] == ["<1@x>", "<2@x>"]


def test_order_of_receipt_counts_and_not_the_order_of_reporting_P8() -> None:
    parts = [
        mail("<1@x>", recipients=(FINANCE,), received_at=NOW),
        mail("<2@x>", recipients=(COMMERCIAL,), reason=None, received_at=NOW + HOUR),
        mail("<3@x>", received_at=NOW + 5 * HOUR),
    ]
    assert {complete(*order) for order in permutations(parts)} == {NOW + HOUR}


def test_a_later_complete_email_does_not_move_the_notice_P8() -> None:
    assert complete(mail("<1@x>", received_at=NOW), mail("<2@x>", received_at=NOW + HOUR)) == NOW


def test_a_forged_email_never_completes_what_others_began_X9() -> None:
    begun = mail("<1@x>", recipients=(FINANCE,), received_at=NOW)
    for spoilt in ({"authentication": Authentication.FAIL}, {"sender": "rita@acme-br.com"}):
        forged = mail("<2@x>", recipients=(COMMERCIAL,), received_at=NOW + HOUR, **spoilt)
        assert complete(begun, forged) is None


def test_commercial_may_vouch_for_an_email_and_it_counts_from_its_own_receipt_X9_P8() -> None:
    forged = {"sender": "rita@gmail.com", "authentication": Authentication.NONE}
    vouched = mail(received_at=NOW, confirmed_by="Ana Lima", **forged)
    assert complete(vouched) == NOW


def test_same_message_id_through_both_mailboxes_with_different_recipients_P7() -> None:
    one = mail("<1@x>", recipients=(FINANCE,), received_at=NOW)
    other = mail("<1@x>", recipients=(COMMERCIAL,), received_at=NOW + HOUR)
    found = assess([one, other], [RITA], POLICY)
    assert found is not None
    assert found.received_at == NOW + HOUR
    assert set(found.recipients) == {FINANCE, COMMERCIAL}


def test_the_policys_mailboxes_are_the_ones_to_reach_P7() -> None:
    policy = POLICY.model_copy(update={"mailboxes": ("cancelamento@nuvemjti.com.br",)})
    assert assess([mail()], [RITA], policy) is None
    assert assess([mail(recipients=("cancelamento@nuvemjti.com.br",))], [RITA], policy) is not None


def test_what_a_person_vouched_for_lacks_no_trust_and_counts_for_what_that_report_says_X9_P7() -> None:
    doubtful = mail(authentication=Authentication.NONE, recipients=(FINANCE,))
    vouched = doubtful.model_copy(update={"confirmed_by": "Ana", "recipients": (COMMERCIAL,)})
    assert still_missing([doubtful], [RITA], POLICY) == [f"recipient:{COMMERCIAL}", "authentication"]
    assert still_missing([doubtful, vouched], [RITA], POLICY) == [f"recipient:{FINANCE}"]
    assert undecided([doubtful], [RITA]) == [doubtful]
    assert undecided([doubtful, vouched], [RITA]) == []


mails = st.builds(
    mail,
    message_id=st.sampled_from(["<1@x>", "<2@x>", "<3@x>", "<4@x>"]),
    recipients=st.sets(st.sampled_from([FINANCE, COMMERCIAL])).map(lambda found: tuple(sorted(found))),
    received_at=st.integers(0, 50).map(lambda hours: OPENED + hours * HOUR),
    explicit_request=st.booleans(),
    reason=st.sampled_from([None, "", "Preço"]),
    authentication=st.sampled_from(Authentication),
    sender=st.sampled_from([RITA, "outro@acme.com.br"]),
    confirmed_by=st.sampled_from([None, None, None, "Ana"]),
)


@given(st.lists(mails, max_size=6), st.randoms())
def test_completeness_depends_on_the_emails_and_on_nothing_else_P7(
    found: list[FormalizationMail], random: Any
) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    assert complete(*found) == complete(*shuffled)
    assert complete(*found) == complete(*found, *found)
    assert (complete(*found) is not None) == (still_missing(found, [RITA], POLICY) == [])
    if complete(*found):
        trusted = [
            m
            for m in found
            if m.confirmed_by or (m.sender == RITA and m.authentication is Authentication.PASS)
        ]
        assert {r for m in trusted for r in m.recipients} == {FINANCE, COMMERCIAL}
        assert any(m.explicit_request for m in trusted)
        assert any(m.reason for m in trusted)


# ---------------------------------------------------------------- what a case does with them


def test_the_complete_email_starts_the_notice_from_its_receipt_not_its_report_P8() -> None:
    case = declined()
    case.receive_formalization(mail(received_at=local(2026, 11, 18, 23, 59, 59)), "inbox", NOW + 5 * DAY)
    assert stage_of(case) is Stage.NOTICE
    assert case.notice is not None
    assert case.notice.starts_at == local(2026, 11, 18, 23, 59, 59)
    assert case.notice.ends_at == local(2026, 12, 19)


@pytest.mark.parametrize("days", [10, 29, 30, 31, 40, 300])
def test_an_email_processed_late_shortens_the_wait_down_to_none_P8(days: int) -> None:
    received = local(2026, 1, 12, 15)
    late = received + timedelta(days=days)
    case = declined(opened_at=received - 2 * HOUR)
    case.receive_formalization(mail(received_at=received), "inbox", late)
    assert case.notice is not None
    assert case.notice.ends_at == local(2026, 2, 12)
    case.meet_deadlines(late)
    assert stage_of(case) is (Stage.CLOSING if days > 30 else Stage.NOTICE)


@pytest.mark.parametrize(
    ("seconds", "accepted"), [(-1, True), (0, True), (60, True), (61, False), (86_400, False)]
)
def test_an_email_from_the_future_is_refused_beyond_the_servers_skew_P8(seconds: int, accepted: bool) -> None:
    case = declined()
    ahead = mail(received_at=NOW + timedelta(seconds=seconds))
    if accepted:
        case.receive_formalization(ahead, "inbox", NOW)
        assert stage_of(case) is Stage.NOTICE
        return
    before = case.model_dump()
    with pytest.raises(RuleBroken, match="received_at"):
        case.receive_formalization(ahead, "inbox", NOW)
    assert case.model_dump() == before


def test_incomplete_the_case_stays_nothing_is_lost_and_the_customer_is_owed_an_answer_P7() -> None:
    case = declined()
    case.receive_formalization(mail("<1@x>", recipients=(FINANCE,), received_at=NOW), "inbox", NOW)
    assert stage_of(case) is Stage.AWAITING_FORMALIZATION
    assert case.missing == [f"recipient:{COMMERCIAL}"]
    assert [(letter.in_reply_to, letter.codes) for letter in letters(case, LetterKind.WHAT_IS_MISSING)] == [
        ("<1@x>", (f"recipient:{COMMERCIAL}",))
    ]
    second = mail("<2@x>", recipients=(COMMERCIAL,), received_at=NOW + HOUR)
    case.receive_formalization(second, "inbox", NOW + HOUR)
    assert stage_of(case) is Stage.NOTICE
    assert case.notice is not None
    assert case.notice.starts_at == NOW + HOUR


def test_a_formalization_before_the_outcome_is_kept_and_counts_from_its_own_date_X2() -> None:
    case = known()
    case.receive_formalization(mail(received_at=OPENED + HOUR), "inbox", OPENED + HOUR)
    assert stage_of(case) is Stage.RETENTION
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", NOW)
    assert stage_of(case) is Stage.NOTICE
    assert case.notice is not None
    assert case.notice.starts_at == OPENED + HOUR


def test_a_formalization_before_the_outcome_says_nothing_if_the_customer_stays_X2_P5() -> None:
    case = known()
    case.receive_formalization(mail(), "inbox", NOW)
    case.record_outcome(Outcome.RETAINED, REASON, None, "ana", NOW)
    assert (case.stage, case.notice, case.formalization) == (Stage.RETAINED, None, None)


def test_an_email_before_the_crm_answered_is_judged_afterwards_X2_X9() -> None:
    case = opened()
    case.receive_formalization(mail(), "inbox", NOW)
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", NOW)
    assert stage_of(case) is Stage.AWAITING_FORMALIZATION
    assert "formalization_untrusted" not in kinds(case)
    case.learn_customer("Acme", [RITA], NOW)
    assert stage_of(case) is Stage.NOTICE


def test_no_notice_before_the_crm_knows_the_customer_even_if_commercial_vouches_X9() -> None:
    case = opened()
    case.receive_formalization(mail(confirmed_by="Ana"), "inbox", NOW)
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", NOW)
    assert stage_of(case) is Stage.AWAITING_FORMALIZATION


def test_a_forged_email_goes_to_commercial_and_nothing_else_happens_X9() -> None:
    case = declined()
    before = case.pending.seen
    case.receive_formalization(mail(authentication=Authentication.FAIL), "inbox", NOW)
    assert stage_of(case) is Stage.AWAITING_FORMALIZATION
    assert case.pending.seen == before + 2
    (letter,) = letters(case, LetterKind.MAIL_TO_DECIDE)
    assert (letter.team, letter.mail_id, letter.codes) == (
        Team.COMMERCIAL,
        "<1@acme.com.br>",
        ("authentication",),
    )
    assert tasks(case, TaskKind.DECIDE_ON_MAIL) == [
        OpenTask(task=TaskKind.DECIDE_ON_MAIL, about="<1@acme.com.br>", codes=("authentication",))
    ]
    assert letters(case, LetterKind.WHAT_IS_MISSING) == []
    assert kinds(case)[-1] == "formalization_untrusted"


def test_the_same_email_reported_again_says_nothing_new_X2() -> None:
    case = declined()
    one = mail("<1@x>", recipients=(FINANCE,), received_at=NOW)
    case.receive_formalization(one, "inbox", NOW)
    assert case.knows_mail(one)
    assert case.knows_mail(one.model_copy(update={"received_at": NOW + HOUR}))
    assert not case.knows_mail(one.model_copy(update={"recipients": (COMMERCIAL,)}))
    assert not case.knows_mail(one.model_copy(update={"confirmed_by": "Ana"}))
    assert not case.knows_mail(one.model_copy(update={"message_id": "<2@x>"}))


def test_vouching_for_an_email_already_reported_starts_the_notice_from_its_receipt_X9_P8() -> None:
    case = declined()
    doubtful = mail(authentication=Authentication.NONE, received_at=OPENED + 2 * HOUR)
    case.receive_formalization(doubtful, "inbox", NOW)
    case.receive_formalization(doubtful.model_copy(update={"confirmed_by": "Ana"}), "ana", NOW + HOUR)
    assert case.notice is not None
    assert case.notice.starts_at == OPENED + 2 * HOUR


def test_an_email_during_the_notice_is_kept_and_moves_no_date_X2() -> None:
    case = in_notice()
    notice = case.notice
    case.receive_formalization(mail("<9@x>", received_at=NOW), "inbox", NOW)
    assert (case.notice, case.stage, len(case.mails)) == (notice, Stage.NOTICE, 2)
