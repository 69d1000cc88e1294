"""Closing: what is ordered, once, in which steps, with numbers held and without (P15-P18, X6)."""

from datetime import timedelta

import pytest

from cancellation.domain.case import Case
from cancellation.domain.commands import (
    CloseBilling,
    CloseTask,
    DeactivateServices,
    PurgeRecordings,
    ReadInventory,
    RecordPort,
    RegisterFormalization,
    ReleaseResources,
)
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.refusal import RuleBroken
from cancellation.domain.stage import Stage
from cancellation.domain.values import PortStatus, Team
from tests.unit.domain.build import (
    OPENED,
    OTHER_NUMBER,
    OWN_NUMBER,
    in_closing,
    in_notice,
    kinds,
    known,
    letters,
    mail,
    one_owed,
    opened,
    owed,
    port,
)

NOW = OPENED + timedelta(days=31)
CLOSED = (LetterKind.CLOSED, LetterKind.CLOSED_TO_TEAM)
HOLD_ENDED = (LetterKind.HOLD_ENDED, LetterKind.HOLD_ENDED_TO_TEAM)


def closing(*flying: str) -> Case:
    """A case past the point of no return, with these numbers in the middle of a portability."""
    case = in_notice()
    for number in flying:
        case.record_port(port(number), OPENED + timedelta(hours=4))
    for one in list(case.pending.owed):
        case.note_done(one.key, OPENED + timedelta(hours=5))
    assert case.notice is not None
    case.end_notice(case.notice.ends_at)
    case.pass_point_of_no_return(case.notice.ends_at)
    return case


def do_everything(case: Case) -> None:
    for one in list(case.pending.owed):
        case.note_done(one.key, NOW)


def told(case: Case, kinds: tuple[LetterKind, ...]) -> list[tuple[LetterKind, Team | None]]:
    return [(one.kind, one.team) for one in letters(case) if one.kind in kinds]


def test_everything_ends_at_once_and_is_ordered_once_P15_P16_P17_P10() -> None:
    case = closing()
    assert not case.is_shut_down
    for _ in range(2):
        case.end_services(NOW)
    assert [one.command for one in case.pending.owed] == [
        DeactivateServices(),
        ReleaseResources(),
        CloseBilling(),
        PurgeRecordings(),
    ]
    assert not case.is_shut_down
    do_everything(case)
    assert case.is_shut_down


def test_services_are_dead_before_they_are_released_P15_P17() -> None:
    case = closing()
    case.end_services(NOW)
    assert [one.command.do for one in case.pending.lanes()["telephony"]] == [
        "deactivate_services",
        "release_resources",
    ]


def test_closure_is_confirmed_to_customer_finance_and_support_once_P18() -> None:
    case = closing()
    case.end_services(NOW)
    do_everything(case)
    for _ in range(2):
        case.confirm_closure(NOW)
    assert told(case, CLOSED) == [
        (LetterKind.CLOSED, None),
        (LetterKind.CLOSED_TO_TEAM, Team.FINANCE),
        (LetterKind.CLOSED_TO_TEAM, Team.SUPPORT),
    ]
    assert told(case, HOLD_ENDED) == []
    assert owed(case, CloseTask) == []  # all tasks are closed with the case
    assert case.is_closed_down
    case.finish(NOW)
    assert case.stage is Stage.CLOSED


def test_what_held_numbers_need_is_kept_and_everything_else_closes_X6() -> None:
    case = closing(OWN_NUMBER)
    case.end_services(NOW)
    assert owed(case, DeactivateServices) == [DeactivateServices(hold=(OWN_NUMBER,))]
    assert owed(case, ReleaseResources) == [ReleaseResources(hold=(OWN_NUMBER,))]
    do_everything(case)
    case.confirm_closure(NOW)
    assert len(told(case, CLOSED)) == 3
    assert owed(case, CloseTask) == [CloseTask(key="d30")]
    assert case.is_shut_down
    assert not case.is_closed_down
    assert not case.holds_have_changed


def test_when_a_hold_ends_what_it_kept_ends_and_those_concerned_hear_of_it_X6() -> None:
    case = closing(OWN_NUMBER, OTHER_NUMBER)
    case.end_services(NOW)
    do_everything(case)
    case.confirm_closure(NOW)
    do_everything(case)
    for number, kept in ((OWN_NUMBER, (OTHER_NUMBER,)), (OTHER_NUMBER, ())):
        case.record_port(port(number, PortStatus.COMPLETED), NOW)
        assert case.holds_have_changed
        for _ in range(2):
            case.end_services(NOW)
        assert owed(case, DeactivateServices) == [DeactivateServices(hold=kept)]
        assert owed(case, ReleaseResources) == [ReleaseResources(hold=kept)]
        assert not case.pending.owes(CloseBilling, PurgeRecordings)
        do_everything(case)
        for _ in range(2):
            case.confirm_closure(NOW)
        assert told(case, HOLD_ENDED) == [
            (LetterKind.HOLD_ENDED, None),
            (LetterKind.HOLD_ENDED_TO_TEAM, Team.FINANCE),
            (LetterKind.HOLD_ENDED_TO_TEAM, Team.SUPPORT),
        ]
        assert told(case, CLOSED) == []
        do_everything(case)
    assert case.is_closed_down


def test_letters_about_two_holds_are_two_letters_X6() -> None:
    case = closing(OWN_NUMBER, OTHER_NUMBER)
    keys = set()
    for number in (None, OWN_NUMBER, OTHER_NUMBER):
        if number:
            case.record_port(port(number, PortStatus.REJECTED), NOW)
        case.end_services(NOW)
        do_everything(case)
        case.confirm_closure(NOW)
        keys |= {one.key for one in letters(case)}
        do_everything(case)
    assert len(keys) == 9


def test_closing_waits_for_telephonys_word_on_every_port_and_on_what_there_is_X6_P17() -> None:
    case = in_notice()
    assert case.may_be_shut_down
    case.record_port(port(), NOW)
    assert case.pending.owes(RecordPort)
    assert not case.may_be_shut_down
    unknown = opened()
    unknown.learn_customer("Acme", ["rita@acme.com.br"], NOW)
    assert unknown.pending.owes(ReadInventory)
    assert not unknown.may_be_shut_down


def test_a_late_notice_that_has_ended_already_is_registered_and_planned_before_anything_ends_P8_P13_P19() -> (
    None
):
    case = in_closing()
    case.announce_notice(NOW)
    assert not case.may_be_shut_down
    case.note_done(one_owed(case, RegisterFormalization).key, NOW)
    assert case.may_be_shut_down
    assert len(letters(case, LetterKind.SHUTDOWN_PLAN)) == 1


def test_a_case_does_not_close_before_everything_is_released_P17_P18() -> None:
    for case in (known(), in_notice()):
        with pytest.raises(RuleBroken):
            case.finish(NOW)


def test_the_point_of_no_return_is_said_once_P19_P20() -> None:
    case = closing()
    case.pass_point_of_no_return(NOW)
    assert kinds(case).count("point_of_no_return") == 1


def test_an_email_while_closing_is_kept_and_changes_nothing_X2() -> None:
    case = closing()
    notice = case.notice
    case.receive_formalization(mail("<9@x>", received_at=NOW), "inbox", NOW)
    assert (case.notice, case.stage, len(case.mails)) == (notice, Stage.CLOSING, 2)
    assert not case.pending.owed


def test_an_email_of_the_notice_that_comes_after_its_end_holds_up_the_point_of_no_return_X15() -> None:
    case = in_closing()
    assert case.notice is not None
    assert case.closing_since is not None
    written, now = case.notice.ends_at - timedelta(hours=3), case.closing_since + timedelta(hours=1)
    for message_id in ("<late@acme.com.br>", "<later@acme.com.br>"):
        doubtful = mail(message_id, received_at=written, doubts=("O texto chegou cortado.",))
        case.receive_formalization(doubtful, "caixa de entrada", now)
    assert not case.may_be_shut_down
    assert "mail" in case.attention
    assert case.waits_until is not None
    assert case.waits_until > now
    # Commercial is told of each that something waits for it, and once of each.
    assert len(letters(case, LetterKind.REMIND_MAIL)) == 2


def test_an_email_that_comes_when_closing_has_waited_enough_holds_up_nothing_X15() -> None:
    case = in_closing()
    assert case.notice is not None
    late = case.notice.ends_at + timedelta(days=20)
    written = case.notice.ends_at - timedelta(hours=3)
    case.receive_formalization(mail("<late@acme.com.br>", received_at=written, doubts=("…",)), "inbox", late)
    assert case.waited_enough
    assert case.holding_up == []
    assert [one.message_id for one in case.to_decide] == ["<late@acme.com.br>"]


def test_a_case_stopped_before_the_point_of_no_return_holds_no_number_X6() -> None:
    case = in_notice()
    case.record_port(port(OWN_NUMBER), OPENED + timedelta(hours=4))
    assert case.notice is not None
    case.end_notice(case.notice.ends_at)
    assert case.held_now
    case.stop("operador", NOW)
    assert (case.stage, case.held) == (Stage.DISCARDED, [])
