from datetime import timedelta

import pytest

from cancellation.domain.case import Case
from cancellation.domain.commands import ExportRecordings, OpenTask, RecordPort, TaskKind
from cancellation.domain.inventory import Inventory, Number
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.refusal import Problem, RuleBroken
from cancellation.domain.stage import Stage
from cancellation.domain.values import Channel, OfferKind, OfferStatus, Outcome, PortStatus, Released
from cancellation.language import vocabulary
from tests.unit.domain.build import (
    COMMERCIAL,
    FINANCE,
    INVENTORY,
    OPENED,
    OTHER_NUMBER,
    OWN_NUMBER,
    REASON,
    RITA,
    at_stage,
    declined,
    in_closing,
    in_notice,
    kinds,
    known,
    letters,
    mail,
    offer,
    opened,
    owed,
    port,
    recordings,
    request,
    tasks,
    told,
)

HOUR = timedelta(hours=1)
NOW = OPENED + 4 * HOUR
OPEN_STAGES = [stage for stage in Stage if not stage.is_terminal]
ENDED_STAGES = [stage for stage in Stage if stage.is_terminal]


def dates(case: Case) -> tuple[object, ...]:
    return case.opened_at, case.declined_at, case.notice, case.lapses_at, case.stage


# ---------------------------------------------------------------- requests and offers


@pytest.mark.parametrize("channel", Channel)
def test_a_request_arrives_through_any_channel_P1(channel: Channel) -> None:
    case = known()
    case.receive_request(request(channel=channel, text="quero sair"), NOW)
    assert case.contacts[-1].channel is channel
    assert vocabulary.by_channel(channel) in told(case)[-1].detail


@pytest.mark.parametrize("stage", OPEN_STAGES)
def test_a_further_request_joins_the_case_and_moves_no_date_X1(stage: Stage) -> None:
    case = at_stage(stage)
    before = dates(case)
    case.receive_request(request(channel=Channel.PHONE), NOW)
    assert len(case.contacts) == 2
    assert dates(case) == before


@pytest.mark.parametrize("stage", ENDED_STAGES)
def test_a_request_after_the_end_is_refused_X2(stage: Stage) -> None:
    case = at_stage(stage)
    with pytest.raises(RuleBroken):
        case.receive_request(request(), NOW)
    assert len(case.contacts) == 1


def test_offers_are_recorded_as_they_are_made_and_answered_by_whom_and_when_P4() -> None:
    case = known()
    for kind in OfferKind:
        case.record_offer(offer(kind.value, kind=kind, actor="ana", at=NOW), NOW)
    case.record_offer(
        offer("training", kind=OfferKind.TRAINING, status=OfferStatus.REFUSED, actor="leo"), NOW
    )
    assert {o.offer_id: (o.status.value, o.actor) for o in case.offers} == {
        "plan_adjustment": ("made", "ana"),
        "technical_fix": ("made", "ana"),
        "commercial_terms": ("made", "ana"),
        "training": ("refused", "leo"),
    }
    assert kinds(case)[-5:] == ["offer_made"] * 4 + ["offer_refused"]


def test_an_answered_offer_keeps_its_answer_P4() -> None:
    case = known()
    case.record_offer(offer(status=OfferStatus.ACCEPTED), NOW)
    for status in (OfferStatus.MADE, OfferStatus.REFUSED):
        with pytest.raises(RuleBroken, match="status"):
            case.record_offer(offer(status=status), NOW)
    assert [o.status for o in case.offers] == [OfferStatus.ACCEPTED]


def test_an_offer_keeps_its_kind_P4() -> None:
    case = known()
    case.record_offer(offer(), NOW)
    with pytest.raises(RuleBroken, match="kind"):
        case.record_offer(offer(kind=OfferKind.TRAINING), NOW)


@pytest.mark.parametrize("stage", [Stage.CLOSING, *ENDED_STAGES])
def test_no_offers_once_the_notice_has_ended_P4(stage: Stage) -> None:
    with pytest.raises(RuleBroken, match="stage"):
        at_stage(stage).record_offer(offer(), NOW)


# ---------------------------------------------------------------- the outcome


def test_the_outcome_carries_the_reason_P3() -> None:
    case = declined()
    assert case.reason == REASON
    assert REASON.text in told(case)[-1].detail


@pytest.mark.parametrize("stage", [Stage.RETENTION, Stage.AWAITING_FORMALIZATION])
def test_a_retained_customers_case_ends_there_P5(stage: Stage) -> None:
    case = at_stage(stage)
    case.record_outcome(Outcome.RETAINED, REASON, "aceitou o plano", "ana", NOW)
    assert case.stage is Stage.RETAINED
    assert (case.notice, case.past_no_return, case.ending) == (None, False, REASON.text)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.RETENTION])
def test_declined_again_or_too_late_is_refused_X2(stage: Stage) -> None:
    case = at_stage(stage)
    before = dates(case)
    with pytest.raises(RuleBroken, match="outcome"):
        case.record_outcome(Outcome.DECLINED, REASON, None, "ana", NOW)
    assert dates(case) == before


# ---------------------------------------------------------------- numbers (P9, X6)


def test_portability_is_recorded_per_number_P9() -> None:
    case = in_notice()
    case.record_port(port(OWN_NUMBER, operator="Vivo"), NOW)
    case.record_port(port(OTHER_NUMBER), NOW + HOUR)
    case.record_port(port(OWN_NUMBER, PortStatus.COMPLETED, operator="Vivo"), NOW + 2 * HOUR)
    assert {p.number: (p.status.value, p.requested_at) for p in case.ports} == {
        OWN_NUMBER: ("completed", NOW),
        OTHER_NUMBER: ("requested", NOW + HOUR),
    }
    assert [(fact.number, fact.status.value) for fact in owed(case, RecordPort)] == [
        (OWN_NUMBER, "requested"),
        (OTHER_NUMBER, "requested"),
        (OWN_NUMBER, "completed"),
    ]


def test_a_number_of_somebody_else_is_refused_P9() -> None:
    with pytest.raises(RuleBroken, match="number"):
        in_notice().record_port(port("+551133334444"), NOW)


@pytest.mark.parametrize(
    "inventory",
    [
        Inventory(customer_id="1042", numbers=(Number(number="3000-0001", customer_owned=True),)),
        Inventory(customer_id="1042", more=Released(numbers=3)),
    ],
)
def test_where_telephony_has_not_told_every_own_number_it_decides_itself_P9(inventory: Inventory) -> None:
    case = in_notice()
    case.learn_inventory(inventory, NOW)
    case.record_port(port("+551133334444"), NOW)
    assert [fact.number for fact in owed(case, RecordPort)] == ["+551133334444"]


def test_an_own_number_that_no_portability_finds_is_a_task_for_support_P9() -> None:
    case = in_notice()
    odd = [Number(number=f"3000-{n:04d}", customer_owned=True) for n in range(30)]
    ours = Number(number="4000-0001", customer_owned=False)
    case.learn_inventory(Inventory(customer_id="1042", numbers=(*odd, ours)), NOW)
    (task,) = tasks(case, TaskKind.ODD_NUMBERS)
    assert (task.names[0], len(task.names), task.count) == ("3000-0000", 20, 30)
    assert case.lasting == []
    assert "“3000-0019” e mais 10." in told(case)[-1].detail


def test_numbers_as_portability_needs_them_bother_nobody_P9() -> None:
    case = in_notice()
    case.learn_inventory(INVENTORY, NOW)
    assert tasks(case, TaskKind.ODD_NUMBERS) == []


def test_a_port_done_is_done_P9() -> None:
    case = in_notice()
    case.record_port(port(status=PortStatus.COMPLETED), NOW)
    with pytest.raises(RuleBroken, match="status"):
        case.record_port(port(status=PortStatus.REQUESTED), NOW)


def test_only_numbers_asked_for_in_time_and_not_finished_are_held_X6() -> None:
    case = in_notice()
    third = "+551130000003"
    case.learn_numbers([OWN_NUMBER, OTHER_NUMBER, third])
    case.record_port(port(OWN_NUMBER), NOW)
    case.record_port(port(OTHER_NUMBER, PortStatus.COMPLETED), NOW)
    case.record_port(port(third, PortStatus.REJECTED), NOW)
    assert case.notice is not None
    case.end_notice(case.notice.ends_at)
    assert [h.number for h in case.held_now] == [OWN_NUMBER]
    assert case.held[0].held_until == case.notice.ends_at + timedelta(days=15)


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        (PortStatus.COMPLETED, "completed"),
        (PortStatus.REJECTED, "expired"),
        (PortStatus.CANCELLED, "expired"),
    ],
)
def test_a_hold_ends_with_the_port_X6(status: PortStatus, ended: str) -> None:
    case = held()
    case.record_port(port(OWN_NUMBER, status), NOW)
    assert [h.ended for h in case.held] == [ended]
    assert case.held_now == []


def test_a_hold_ends_with_the_grace_and_not_before_X6() -> None:
    case = held()
    until = case.held[0].held_until
    case.meet_deadlines(until - timedelta(microseconds=1))
    assert case.held_now
    case.meet_deadlines(until)
    assert [h.ended for h in case.held] == ["expired"]
    assert kinds(case)[-1] == "hold_expired"


def test_after_the_notice_no_portability_can_be_asked_for_any_more_P9_X6() -> None:
    case = held()
    with pytest.raises(RuleBroken, match="number"):
        case.record_port(port(OTHER_NUMBER), NOW)
    with pytest.raises(RuleBroken, match="status"):
        case.record_port(port(OWN_NUMBER), NOW)


def held() -> Case:
    case = in_notice()
    case.record_port(port(OWN_NUMBER), NOW)
    assert case.notice is not None
    case.end_notice(case.notice.ends_at)
    return case


# ---------------------------------------------------------------- recordings (P10)


def test_recordings_asked_for_before_the_notice_are_owed_when_it_starts_P10() -> None:
    case = known()
    case.request_recordings(recordings(), NOW)
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", NOW)
    assert owed(case, ExportRecordings) == []
    case.receive_formalization(mail(), "inbox", NOW)
    assert owed(case, ExportRecordings) == [ExportRecordings(ordinal=1)]


def test_recordings_go_only_to_an_authorised_contact_P10_X9() -> None:
    case = in_notice()
    case.request_recordings(recordings(deliver_to=RITA), NOW)
    with pytest.raises(RuleBroken, match="deliver_to"):
        case.request_recordings(recordings(deliver_to="intruso@mal.com"), NOW)
    assert case.recordings is not None
    assert case.recordings.deliver_to == RITA


def test_a_customer_without_contacts_has_no_address_to_deliver_recordings_to_P10_X9() -> None:
    case = opened()
    case.learn_customer("Acme", [], NOW)
    with pytest.raises(RuleBroken, match="deliver_to"):
        case.request_recordings(recordings(deliver_to="intruso@mal.com"), NOW)


def test_an_address_given_before_the_crm_answered_is_checked_when_it_does_P10_X9() -> None:
    case = opened()
    case.request_recordings(recordings(deliver_to="intruso@mal.com"), NOW)
    case.learn_customer("Acme", [RITA], NOW)
    assert case.recordings is not None
    assert case.recordings.deliver_to is None


def test_a_period_that_ends_before_it_begins_is_refused_P10() -> None:
    case = in_notice()
    from_date, to_date = OPENED.date(), OPENED.date() - timedelta(days=1)
    with pytest.raises(RuleBroken, match="to_date"):
        case.request_recordings(recordings(from_date=from_date, to_date=to_date), NOW)


@pytest.mark.parametrize("stage", [Stage.CLOSING, *ENDED_STAGES])
def test_after_the_notice_no_recordings_can_be_asked_for_P10(stage: Stage) -> None:
    with pytest.raises(RuleBroken, match="stage"):
        at_stage(stage).request_recordings(recordings(), NOW)


# ---------------------------------------------------------------- withdrawal, discard, stop


@pytest.mark.parametrize("stage", Stage)
def test_withdrawal_is_for_the_notice_until_the_point_of_no_return_X3_X15(stage: Stage) -> None:
    case = at_stage(stage)
    if stage is Stage.NOTICE or (stage is Stage.CLOSING and not case.past_no_return):
        case.withdraw("renegociou", "ana", NOW)
        assert (case.stage, case.ending) == (Stage.WITHDRAWN, "renegociou")
        return
    before = case.model_dump()
    with pytest.raises(RuleBroken, match="stage"):
        case.withdraw("renegociou", "ana", NOW)
    assert case.model_dump() == before


@pytest.mark.parametrize("stage", Stage)
def test_discard_is_for_the_first_two_stages_alone(stage: Stage) -> None:
    case = at_stage(stage)
    if stage in (Stage.RETENTION, Stage.AWAITING_FORMALIZATION):
        case.discard("cliente errado", "ana", NOW)
        assert (case.stage, case.ending) == (Stage.DISCARDED, "cliente errado")
        return
    with pytest.raises(RuleBroken, match="stage"):
        case.discard("cliente errado", "ana", NOW)
    assert case.stage is stage


@pytest.mark.parametrize("stage", OPEN_STAGES)
def test_a_stopped_execution_ends_discarded_before_the_point_of_no_return(stage: Stage) -> None:
    case = at_stage(stage)
    case.stop("operador", NOW)
    assert case.stage is Stage.DISCARDED
    assert (case.ending, case.ended_by) == (None, "operador")
    assert [(entry.kind, entry.actor) for entry in told(case)][-1] == ("discarded", "operador")
    case.end(NOW)
    assert tasks(case, TaskKind.REASON_OF_STOP) == [OpenTask(task=TaskKind.REASON_OF_STOP)]


def test_from_the_point_of_no_return_the_case_only_goes_forward_P19() -> None:
    case = in_closing()
    assert case.notice is not None
    case.pass_point_of_no_return(case.notice.ends_at)
    case.stop("operador", NOW)
    assert case.stage is Stage.CLOSING
    assert kinds(case)[-1] == "stop_refused"


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.CLOSING])
def test_no_stage_but_closing_passes_the_point_of_no_return_P19(stage: Stage) -> None:
    case = at_stage(stage)
    with pytest.raises(RuleBroken):
        case.pass_point_of_no_return(OPENED + timedelta(days=100))
    if stage is not Stage.CLOSED:
        assert not case.past_no_return


def test_the_notice_cannot_be_ended_before_its_end_P15_P19() -> None:
    case = in_notice()
    assert case.notice is not None
    before = case.model_dump()
    with pytest.raises(RuleBroken):
        case.end_notice(case.notice.ends_at - timedelta(microseconds=1))
    assert case.model_dump() == before


def test_a_closing_case_without_formalization_does_not_pass_P19() -> None:
    spoilt = in_closing()
    spoilt.formalization = None
    assert spoilt.notice is not None
    with pytest.raises(RuleBroken):
        spoilt.pass_point_of_no_return(spoilt.notice.ends_at)


def test_a_closing_case_whose_notice_was_moved_does_not_pass_P19() -> None:
    spoilt = in_closing()
    assert spoilt.notice is not None
    early = spoilt.notice.ends_at - timedelta(seconds=1)
    with pytest.raises(RuleBroken):
        spoilt.pass_point_of_no_return(early)
    assert not spoilt.past_no_return


# ---------------------------------------------------------------- repeats, refusals, duties


def test_the_same_message_is_known_and_the_same_id_for_another_is_refused_X2() -> None:
    case = known()
    case.remember("withdrawal", "m1", '{"reason":"a"}')
    assert case.is_repeated("withdrawal", "m1", '{"reason":"a"}')
    assert not case.is_repeated("discard", "m1", '{"reason":"a"}')
    with pytest.raises(RuleBroken, match="message_id"):
        case.is_repeated("withdrawal", "m1", '{"reason":"b"}')


def test_one_message_id_may_bring_an_email_through_two_mailboxes_P7() -> None:
    case = known()
    case.remember("formalization", "<1@x>", f'{{"recipients":["{FINANCE}"]}}')
    assert not case.is_repeated("formalization", "<1@x>", f'{{"recipients":["{COMMERCIAL}"]}}')


def test_refusals_are_kept_for_status_up_to_a_bound_and_all_in_the_trail_X8() -> None:
    case = known()
    for number in range(80):
        problem = Problem(field=f"f{number}", problem="campo desconhecido")
        case.record_refusal("withdrawal", None, "ana", [problem], NOW)
    assert len(case.refused) == 50
    assert case.refused[-1].details[0].field == "f79"
    assert kinds(case).count("message_refused") == 80


def test_a_command_is_owed_until_it_is_done() -> None:
    case = in_notice()
    case.record_port(port(OWN_NUMBER), NOW)
    case.record_port(port(OTHER_NUMBER), NOW)
    first, second = [one for one in case.pending.owed if isinstance(one.command, RecordPort)]
    case.note_done(first.key, NOW)
    assert case.pending.find(first.key) is None
    assert case.pending.find(second.key) is second
    assert owed(case, RecordPort) == [second.command]


def test_a_step_of_the_procedure_is_ordered_once() -> None:
    case = declined()
    for _ in range(2):
        case.send_script(NOW)
    assert len(letters(case, LetterKind.SCRIPT)) == 1
    assert len(tasks(case, TaskKind.FORMALIZATION)) == 1
