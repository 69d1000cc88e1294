"""A customer who comes again: earlier cases, terminated executions, nothing left to close, late handling (X20, X21)."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from cancellation.application.casefile import CaseFile
from cancellation.application.dates import complete_formalization
from cancellation.application.letters import write
from cancellation.application.views import crm_status, result_of, status_of
from cancellation.domain.case import Case
from cancellation.domain.commands import (
    CloseBilling,
    DeactivateServices,
    LiftBillingEnd,
    OpenCase,
    OpenTask,
    ReadInventory,
    ReleaseResources,
    RevokeLinks,
    TaskKind,
)
from cancellation.domain.formalization import assess
from cancellation.domain.inventory import Inventory, Number
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.notice import notice_from
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.refusal import RuleBroken
from cancellation.domain.stage import Stage
from cancellation.domain.trail import SYSTEM
from cancellation.domain.values import Outcome, PortStatus, Replaced, Team
from tests.unit.application.house import serve_everything
from tests.unit.domain.build import (
    FINANCE,
    INVENTORY,
    OPENED,
    OTHER_NUMBER,
    OWN_NUMBER,
    POLICY,
    REASON,
    RITA,
    at_stage,
    declined,
    in_notice,
    kinds,
    known,
    letters,
    local,
    mail,
    one_owed,
    opened,
    owed,
    stage_of,
    tasks,
    told,
)
from tests.unit.letters.reading import plain

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)
NOW = OPENED + 4 * HOUR
BEFORE = OPENED - 2 * DAY
"""When the customer's previous case ended."""
EARLIER, LAST_DAY = "CAN-20261001-AAAAAA", date(2026, 12, 10)
"""Of a case whose execution was terminated in its notice."""


def again() -> Case:
    """A case of a customer whose previous one ended two days before."""
    case = opened()
    case.learn_customer("Acme", [RITA], OPENED, mails_count_after=BEFORE)
    return case


# ---------------------------------------------------------------- e-mail of an earlier case


@pytest.mark.parametrize("seconds", [0, -1, -86_400])
def test_an_email_received_until_the_previous_case_ended_never_counts_X20(seconds: int) -> None:
    case = again()
    old = mail("<old@x>", received_at=BEFORE + seconds * SECOND)
    case.receive_formalization(old, "inbox", NOW)
    vouched = old.model_copy(update={"confirmed_by": "Ana"})
    case.receive_formalization(vouched, "ana", NOW)
    assert case.early_formalization is None
    assert complete_formalization(case) is None
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", NOW)
    assert stage_of(case) is Stage.AWAITING_FORMALIZATION
    assert len(case.missing) == 4
    assert status_of(case, NOW).undecided_mails == ()
    entry = told(case)[-2]
    assert entry.kind == "mail_of_earlier_case"
    assert "Não conta aqui" in entry.detail
    assert [one.kind for one in letters(case) if one.kind is not LetterKind.REQUEST_TO_COMMERCIAL] == [
        LetterKind.REQUEST_RECEIVED
    ]
    assert tasks(case) == []


def test_an_email_received_later_counts_even_from_before_the_new_case_X20_P8() -> None:
    case = again()
    received = BEFORE + SECOND
    case.receive_formalization(mail(received_at=received), "inbox", NOW)
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", NOW)
    assert case.notice == notice_from(received, POLICY)


def test_halves_of_two_cases_are_no_whole_X20_P7() -> None:
    case = again()
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", OPENED + HOUR)
    case.receive_formalization(mail("<1@x>", received_at=BEFORE), "inbox", NOW)
    case.receive_formalization(mail("<2@x>", recipients=(FINANCE,), received_at=NOW), "inbox", NOW)
    assert stage_of(case) is Stage.AWAITING_FORMALIZATION


def test_emails_that_waited_for_the_crm_are_judged_by_when_they_were_received_X20_X2() -> None:
    case = opened()
    case.receive_formalization(mail("<1@x>", received_at=BEFORE - HOUR), "inbox", NOW)
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", NOW)
    case.learn_customer("Acme", [RITA], NOW, mails_count_after=BEFORE)
    assert stage_of(case) is Stage.AWAITING_FORMALIZATION
    assert kinds(case)[-1] == "mail_of_earlier_case"


def test_without_a_previous_case_every_email_counts_X20() -> None:
    case = known()
    case.receive_formalization(mail(received_at=OPENED - 300 * DAY), "inbox", NOW)
    assert case.early_formalization is not None


# ---------------------------------------------------------------- nothing left to close


def gone() -> Case:
    """A customer who is cancelled already asks to cancel."""
    case = opened()
    case.learn_customer("Acme", [RITA], NOW, status="Cancelado", status_before="Cancelado")
    return case


def test_a_customer_with_nothing_to_close_is_a_task_for_commercial_and_no_case_X20() -> None:
    case = gone()
    assert case.stage is Stage.DISCARDED
    assert tasks(case) == case.lasting == [OpenTask(task=TaskKind.NOTHING_TO_CLOSE)]
    assert [(one.kind, one.team) for one in letters(case)] == [
        (LetterKind.REQUEST_TO_COMMERCIAL, Team.COMMERCIAL),
        (LetterKind.NOTHING_TO_CLOSE, Team.COMMERCIAL),
    ]
    assert not case.pending.owes(ReadInventory)
    assert "já está cancelado" in told(case)[-1].detail


def test_the_end_of_such_a_case_tells_the_customer_nothing_and_asks_for_no_reason_X20() -> None:
    file = CaseFile(case=gone())
    case = file.case
    case.note_done(one_owed(case, OpenCase).key, NOW)
    before = len(letters(case))
    case.settle_ending(NOW)
    assert len(letters(case)) == before
    serve_everything(file, NOW)
    case.end(NOW)
    assert tasks(case, TaskKind.REASON_OF_STOP) == []
    assert crm_status(case) == "Cancelado"
    serve_everything(file, NOW)
    assert result_of(file).outcome == "discarded"
    assert (case.ended_at, case.ended_by) == (NOW, SYSTEM)


def test_a_formalization_that_waited_does_not_open_what_is_closed_X20() -> None:
    case = opened()
    case.receive_formalization(mail(), "inbox", NOW)
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", NOW)
    case.learn_customer("Acme", [RITA], NOW, status="Cancelado")
    assert (case.stage, case.notice) == (Stage.DISCARDED, None)


def test_a_customer_that_the_crm_does_not_know_is_left_to_commercial() -> None:
    case = opened()
    case.miss_customer(NOW)
    case.settle_ending(NOW)
    case.end(NOW)
    assert case.stage is Stage.DISCARDED
    assert [one.kind for one in letters(case)] == [LetterKind.REQUEST_TO_COMMERCIAL]
    assert tasks(case) == []


# ---------------------------------------------------------------- the status of before


@pytest.mark.parametrize("stage", Stage)
def test_a_case_that_ends_without_closing_gives_the_status_of_before_back_X20_P12(stage: Stage) -> None:
    case = at_stage(stage)
    case.status_before = "Inadimplente"
    gives_back = stage.is_terminal and stage is not Stage.CLOSED
    expected = "Inadimplente" if gives_back else stage.crm_status
    assert status_of(case, NOW).crm_status == expected


def test_the_status_of_before_is_the_one_that_the_crm_tells_X20() -> None:
    case = opened()
    case.learn_customer("Acme", [RITA], NOW, status="Inadimplente", status_before="Inadimplente")
    assert status_of(case, NOW).crm_status == "Em retenção"
    case.discard("engano", "ana", NOW)
    assert status_of(case, NOW).crm_status == "Inadimplente"


# ---------------------------------------------------------------- terminated executions


@pytest.mark.parametrize("had_notice", [True, False])
def test_what_a_terminated_execution_left_is_undone_X20(had_notice: bool) -> None:
    case = opened()
    left = Replaced(protocol=EARLIER, last_day=LAST_DAY if had_notice else None)
    case.undo_forsaken("run-0", left, NOW)
    case.learn_customer("Acme", [RITA], NOW)
    assert owed(case, LiftBillingEnd) == [LiftBillingEnd(case_id="run-0")] * had_notice
    assert owed(case, RevokeLinks) == [RevokeLinks(case_id="run-0")] * had_notice
    entry = told(case)[-1]
    assert entry.kind == "took_over"
    assert EARLIER in entry.detail
    assert "desfeito" in entry.detail
    assert (case.stage, case.case_id, case.past_no_return) == (Stage.RETENTION, "run-1", False)


@pytest.mark.parametrize("last_day", [LAST_DAY, None])
def test_who_was_told_of_a_terminated_execution_is_told_that_it_holds_no_more_X18_X20(
    last_day: date | None,
) -> None:
    case = opened()
    case.undo_forsaken("run-0", Replaced(protocol=EARLIER, last_day=last_day), NOW)
    case.learn_customer("Acme", [RITA], NOW)
    (received,) = letters(case, LetterKind.REQUEST_RECEIVED)
    customer = plain(write(case, received, NOW))
    assert f"substitui o {EARLIER}" in customer
    assert ("10 de dezembro de 2026 como último dia" in customer) == (last_day is not None)
    teams = letters(case, LetterKind.DISCARDED_TO_TEAM)
    assert [one.team for one in teams] == ([Team.FINANCE, Team.SUPPORT] if last_day else [])
    for one in teams:
        text = plain(write(case, one, NOW))
        assert EARLIER in text
        assert "10 de dezembro de 2026" in text
    assert "substitui" not in plain(write(known(), received, NOW))


def taken_over(inventory: Inventory | None = INVENTORY) -> Case:
    """The closing of an execution that was terminated in the middle of it goes on here."""
    case = opened()
    formalization = assess([mail(received_at=OPENED - 40 * DAY)], [RITA], POLICY)
    assert formalization is not None
    case.take_over_closing(
        "run-0",
        "CAN-20261001-AAAAAA",
        formalization,
        notice_from(formalization.received_at, POLICY),
        NOW,
        name="Acme",
        authorised=[RITA],
    )
    case.note_done(one_owed(case, OpenCase).key, NOW)
    if inventory is not None:
        case.learn_inventory(inventory, NOW)
        case.note_done(one_owed(case, ReadInventory).key, NOW)
    return case


def test_a_closing_that_was_cut_short_goes_on_as_that_case_X20() -> None:
    case = taken_over(inventory=None)
    assert (case.case_id, case.protocol) == ("run-0", "CAN-20261001-AAAAAA")
    assert (case.stage, case.past_no_return, case.known_to_crm) == (Stage.CLOSING, True, True)
    assert not case.may_be_shut_down
    assert owed(case, ReadInventory) == [ReadInventory()]
    entry = told(case)[-1]
    assert entry.kind == "took_over"
    assert "esta o conclui" in entry.detail


def test_it_says_and_plans_nothing_of_the_notice_again_X20() -> None:
    case = taken_over()
    before = case.model_dump()
    case.send_script(NOW)
    case.announce_notice(NOW)
    assert case.model_dump() == before
    case.pass_point_of_no_return(NOW)
    assert "point_of_no_return" not in kinds(case)


def test_it_can_neither_be_stopped_nor_withdrawn_P19_X20() -> None:
    case = taken_over()
    case.stop("operador", NOW)
    assert case.stage is Stage.CLOSING
    for undo in (case.withdraw, case.discard):
        with pytest.raises(RuleBroken):
            undo("fica", "ana", NOW)


def test_ports_in_flight_are_held_as_telephony_knows_them_X6_X20() -> None:
    flying = Number(number=OWN_NUMBER, customer_owned=True, port=PortStatus.REQUESTED)
    resting = Number(number=OTHER_NUMBER, customer_owned=True, port=PortStatus.REJECTED)
    case = taken_over(Inventory(customer_id="1042", numbers=(flying, resting)))
    case.end_services(NOW)
    assert owed(case, DeactivateServices) == [DeactivateServices(hold=(OWN_NUMBER,))]
    assert case.notice is not None
    assert [hold.held_until for hold in case.held] == [case.notice.ends_at + 15 * DAY]


def test_it_closes_to_the_end_X20() -> None:
    file = CaseFile(case=taken_over())
    case = file.case
    case.pass_point_of_no_return(NOW)
    case.end_services(NOW)
    assert case.pending.owes(CloseBilling)
    assert case.pending.owes(ReleaseResources)
    serve_everything(file, NOW)
    assert case.is_shut_down
    case.confirm_closure(NOW)
    serve_everything(file, NOW)
    case.finish(NOW)
    case.settle_ending(NOW)
    case.end(NOW)
    serve_everything(file, NOW)
    result = result_of(file)
    assert (result.case_id, result.outcome) == ("run-0", "closed")
    assert file.trail.is_recorded


# ---------------------------------------------------------------- received in time, handled late (X21)

TERM = local(2026, 12, 17)
"""The end of the last day on which the formalization of `declined` may come."""


@pytest.mark.parametrize("handled", [TERM, TERM + 23 * HOUR, TERM + DAY - SECOND])
def test_what_was_received_within_the_term_and_handled_within_the_grace_counts_X21(handled: object) -> None:
    now = handled
    assert isinstance(now, type(TERM))
    case = declined()
    case.meet_deadlines(now)
    case.receive_formalization(mail(received_at=TERM - SECOND), "inbox", now)
    assert case.notice == notice_from(TERM - SECOND, POLICY)


@pytest.mark.parametrize("late", [timedelta(0), SECOND, 5 * HOUR])
def test_what_was_received_after_the_term_is_refused_in_the_grace_X21(late: timedelta) -> None:
    case = declined()
    before = case.model_dump()
    with pytest.raises(RuleBroken) as caught:
        case.receive_formalization(mail(received_at=TERM + late), "inbox", TERM + 6 * HOUR)
    assert (caught.value.field, caught.value.rule) == ("received_at", "after_the_term")
    assert case.model_dump() == before


def test_after_the_grace_the_case_has_lapsed_whenever_the_email_was_received_X21_X5() -> None:
    case = declined()
    case.meet_deadlines(TERM + DAY)
    assert stage_of(case) is Stage.LAPSED
    with pytest.raises(RuleBroken, match="ended"):
        case.receive_formalization(mail(received_at=TERM - SECOND), "inbox", TERM + DAY)
    case.settle_ending(TERM + DAY)
    assert [one.kind for one in letters(case)][-2:] == [LetterKind.LAPSED, LetterKind.LAPSED_TO_COMMERCIAL]


def test_the_term_binds_nobody_who_formalised_or_whom_commercial_still_talks_to_X21() -> None:
    for case in (known(), in_notice()):
        case.receive_formalization(mail("<9@x>", received_at=TERM + HOUR), "inbox", TERM + HOUR)
        assert case.mails[-1].message_id == "<9@x>"


def test_the_grace_is_the_policys_X21() -> None:
    case = declined(policy=CancellationPolicy(late_handling_hours=0))
    case.meet_deadlines(TERM)
    assert case.stage is Stage.LAPSED


# ---------------------------------------------------------------- who ended it


@pytest.mark.parametrize(
    ("end", "actor"),
    [
        (lambda case: case.record_outcome(Outcome.RETAINED, REASON, None, "ana", NOW), "ana"),
        (lambda case: case.discard("engano", "leo", NOW), "leo"),
        (lambda case: case.stop("operador", NOW), "operador"),
        (lambda case: case.lapse(NOW), SYSTEM),
    ],
    ids=["retained", "discarded", "stopped", "lapsed"],
)
def test_the_case_knows_who_ended_it_and_when(end: Callable[[Case], None], actor: str) -> None:
    case = declined()
    end(case)
    case.settle_ending(NOW)
    case.end(NOW + HOUR)
    shown = status_of(case, NOW + HOUR)
    assert (shown.ended_at, shown.ended_by) == (NOW + HOUR, actor)
