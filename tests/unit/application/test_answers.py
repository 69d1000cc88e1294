"""What the answers of outside systems do to a case, through the words of their ports."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cancellation.application import payloads
from cancellation.application.answers import take_answer, take_failure
from cancellation.application.casefile import CaseFile
from cancellation.application.letters import write
from cancellation.application.tasks import order
from cancellation.domain.case import Case
from cancellation.domain.commands import (
    CloseBilling,
    ExportRecordings,
    OpenCase,
    Owed,
    PlanBillingEnd,
    PurgeRecordings,
    ReadInventory,
    RecordPort,
    RestoreRecords,
    SendLetter,
    TaskKind,
    WriteTrail,
)
from cancellation.domain.formalization import assess
from cancellation.domain.letter_kinds import LetterKind, LetterOrder
from cancellation.domain.notice import notice_from
from cancellation.domain.stage import Stage
from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import Archive, Outcome, Released, Team
from cancellation.messages.billing import BillingClosed
from cancellation.messages.crm import (
    Customer,
    FormalizationRecord,
    Forsaken,
    Opening,
    RestoredRecords,
    TrailReceipt,
)
from cancellation.messages.letter_contents import Closed
from cancellation.messages.letters import Delivery, DeliveryReport
from cancellation.messages.recordings import Access, AccessKind, LinksEnded, PurgeReport
from tests.unit.application.house import CUSTOMER, INVOICE, How, serve, serve_everything
from tests.unit.domain.build import (
    INVENTORY,
    OPENED,
    OTHER_NUMBER,
    OWN_NUMBER,
    POLICY,
    REASON,
    RITA,
    declined,
    in_closing,
    in_notice,
    kinds,
    known,
    letter_keys,
    letters,
    mail,
    one_owed,
    opened,
    port,
    recordings,
    tasks,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = OPENED + 4 * HOUR
OLD = mail(received_at=OPENED - 40 * DAY)


def written(case: Case) -> CaseFile:
    file = CaseFile(case=case)
    file.write_down(NOW)
    return file


def answer(file: CaseFile, kind: type[Any], said: Any, asked: Any = None) -> None:
    """The system that owes the first command of that kind answers."""
    take_answer(file, [one_owed(file.case, kind)], asked, said, NOW, NOW)
    file.write_down(NOW)


def answer_opening(file: CaseFile, said: Opening) -> None:
    owed = [one_owed(file.case, OpenCase)]
    take_answer(file, owed, payloads.opening(file, owed, NOW), said, NOW, NOW)
    file.write_down(NOW)


# ---------------------------------------------------------------- the opening (P2, X9, X20)


def test_the_crms_answer_makes_the_customer_known_P2_X9_X20() -> None:
    file = written(opened())
    said = Opening(customer=CUSTOMER, status_before="Inadimplente", mails_count_after=OPENED - DAY)
    answer_opening(file, said)
    case = file.case
    assert (case.customer_name, case.authorised, case.known_to_crm) == ("Acme Ltda", [RITA], True)
    assert (case.status_before, case.mails_count_after) == ("Inadimplente", OPENED - DAY)
    assert file.trail.recorded_seq == 1
    assert not case.pending.owes(OpenCase)
    assert case.pending.owes(ReadInventory)


def test_what_telephony_told_at_the_opening_is_not_asked_again_P9() -> None:
    file = written(opened())
    answer_opening(file, Opening(customer=CUSTOMER, inventory=INVENTORY))
    assert (file.case.inventory, file.case.numbers_known) == (INVENTORY, True)
    assert not file.case.pending.owes(ReadInventory)


def test_addresses_of_contacts_are_compared_without_case_X9() -> None:
    file = written(opened())
    contacts = tuple(one.model_copy(update={"email": "Rita@ACME.com.br"}) for one in CUSTOMER.contacts)
    answer_opening(file, Opening(customer=CUSTOMER.model_copy(update={"contacts": contacts})))
    assert file.case.authorised == [RITA]


def test_a_customer_that_the_crm_does_not_know_ends_the_case() -> None:
    file = written(opened())
    answer_opening(file, Opening(customer=None))
    assert file.case.stage is Stage.DISCARDED
    assert file.case.known_to_crm
    assert not file.case.pending.owes(OpenCase)


def test_a_cancelled_customer_has_nothing_to_close_X20() -> None:
    file = written(opened())
    answer_opening(file, Opening(customer=CUSTOMER.model_copy(update={"status": "Cancelado"})))
    assert file.case.stage is Stage.DISCARDED
    assert len(tasks(file.case, TaskKind.NOTHING_TO_CLOSE)) == 1


def forsaken(past_no_return: bool, formal: bool = True) -> Forsaken:
    notice = notice_from(OLD.received_at, POLICY)
    record = FormalizationRecord(
        completing=OLD,
        mails=(OLD,),
        reason="Ficou caro demais",
        notice=notice,
        notice_days=30,
        required_mailboxes=POLICY.mailboxes,
    )
    return Forsaken(
        case_id="run-0",
        protocol="CAN-20261001-AAAAAA",
        stage="closing" if past_no_return else "notice",
        opened_at=OPENED - 45 * DAY,
        past_no_return=past_no_return,
        formalization=record if formal else None,
        trail_seq=17,
    )


def test_a_case_that_was_reset_to_its_beginning_looks_at_the_crm_first_P20() -> None:
    file = written(opened())
    answer_opening(file, Opening(customer=CUSTOMER, went_on=True))
    assert [entry.kind for entry in file.trail.entries] == ["request_received", "execution_reset"]
    assert file.case.pending.owes(WriteTrail)
    assert file.case.stage is Stage.RETENTION


@pytest.mark.parametrize("customer", [CUSTOMER, None])
def test_a_case_that_had_ended_and_was_reset_to_its_beginning_has_ended_P20(
    customer: Customer | None,
) -> None:
    file = written(opened())
    answer_opening(file, Opening(customer=customer, went_on=True, outcome="withdrawn"))
    case = file.case
    assert (case.stage, case.known_to_crm, case.ended_at) == (Stage.WITHDRAWN, True, NOW)
    assert [entry.kind for entry in file.trail.entries][1:] == ["execution_reset", "followed_crm"]
    assert letters(case) == []
    assert [one.command for one in case.pending.owed] == [WriteTrail()]


@pytest.mark.parametrize("formal", [True, False])
def test_a_case_that_was_forsaken_in_time_is_undone_and_this_one_begins_X20(formal: bool) -> None:
    file = written(opened())
    answer_opening(file, Opening(customer=CUSTOMER, forsaken=forsaken(False, formal)))
    case = file.case
    assert (case.case_id, case.stage) == ("run-1", Stage.RETENTION)
    assert [one.command.do for one in case.pending.lanes().get("billing", [])] == [
        "lift_billing_end"
    ] * formal
    assert [entry.seq for entry in file.trail.entries] == [1, 2, 3]


def test_a_closing_that_was_forsaken_goes_on_and_so_does_its_trail_X20_P20() -> None:
    file = written(opened())
    answer_opening(file, Opening(customer=CUSTOMER, forsaken=forsaken(True)))
    case = file.case
    assert (case.case_id, case.stage, case.past_no_return) == ("run-0", Stage.CLOSING, True)
    assert case.formalization == assess([OLD], [RITA], POLICY)
    assert case.notice == notice_from(OLD.received_at, POLICY)
    assert [(entry.seq, entry.kind) for entry in file.trail.entries] == [
        (18, "request_received"),
        (19, "took_over"),
    ]
    assert file.trail.recorded_seq == 17
    assert case.authorised == [RITA]


def test_a_closing_goes_on_even_if_the_crm_has_lost_the_customer_X20() -> None:
    file = written(opened())
    answer_opening(file, Opening(customer=None, forsaken=forsaken(True)))
    assert (file.case.stage, file.case.customer_name) == (Stage.CLOSING, "1042")


# ---------------------------------------------------------------- records (P20)


def receipt(file: CaseFile, **said: Any) -> None:
    batch = file.case.pending.lanes()["crm"]
    asked = payloads.record(file, batch, NOW)
    take_answer(file, batch, asked, TrailReceipt(**said), NOW, NOW)
    file.write_down(NOW)


def test_a_record_that_was_taken_settles_all_that_it_held_P20() -> None:
    file = written(declined())
    file.case.send_script(NOW)
    receipt(file, recorded_seq=3)
    assert "crm" not in file.case.pending.lanes()
    assert file.trail.is_recorded


def test_a_record_that_the_crm_has_otherwise_goes_on_after_it_P20() -> None:
    file = written(known())
    receipt(file, recorded_seq=40, taken=False, branched=True)
    assert [(entry.seq, entry.kind) for entry in file.trail.entries] == [
        (41, "request_received"),
        (42, "branch_made_anew"),
    ]
    assert file.case.pending.lanes()["crm"]


def lose(file: CaseFile, held: int) -> Owed:
    """The CRM says that it holds no more than that; what is owed to it first."""
    file.case.want_record(NOW)
    receipt(file, recorded_seq=held, taken=held > 0)
    return file.case.pending.lanes()["crm"][0]


def restored(file: CaseFile, held: int) -> None:
    """What had been lost was given again, as far as the engine remembers it."""
    (owed, *_) = file.case.pending.lanes()["crm"]
    asked = payloads.lost_records(file, [owed], NOW)
    take_answer(file, [owed], asked, RestoredRecords(recorded_seq=held), NOW, NOW)
    file.write_down(NOW)


@pytest.mark.parametrize("held", [0, 1])
def test_before_anything_else_the_crm_is_given_again_what_it_has_lost_P20(held: int) -> None:
    file = written(known())
    file.trail.add(NOW, "ana", "note", "x")
    file.trail.confirm(2)
    assert lose(file, held).command == RestoreRecords(after=held)
    file.case.restore_records(held, NOW)
    assert [one.command.do for one in file.case.pending.lanes()["crm"]] == ["restore_records", "write_trail"]
    restored(file, 2)
    assert [entry.kind for entry in file.trail.unrecorded()] == ["records_restored"]
    assert [one.command.do for one in file.case.pending.lanes()["crm"]] == ["write_trail"]
    assert file.case.attention == []


def test_a_record_that_the_crm_does_not_take_is_not_given_again_at_once_X7() -> None:
    file = written(known())
    file.trail.confirm(1)
    file.case.discard("engano", "ana", NOW)
    file.case.end(NOW)
    file.write_down(NOW)
    receipt(file, recorded_seq=1, taken=False, outcome="closed")
    owed = file.case.pending.lanes()["crm"][0]
    assert owed.retry_at is not None
    assert owed.retry_at > NOW
    assert file.case.attention == ["record_case"]


def test_what_the_engine_has_let_go_of_the_case_gives_again_itself_P20() -> None:
    file = written(known())
    for _ in range(10):
        file.trail.add(NOW, "ana", "note", "x")
    file.trail.confirm(11)
    lose(file, 4)
    restored(file, 6)
    assert [entry.seq for entry in file.trail.unrecorded()] == list(range(7, 13))
    assert file.trail.entries[-1].kind == "records_restored"


def test_what_is_remembered_nowhere_is_said_and_the_case_goes_on_P20_X7() -> None:
    file = written(known())
    for _ in range(1500):
        file.trail.add(NOW, "ana", "note", "x")
    file.trail.confirm(1501)
    first = file.trail.entries[0].seq
    lose(file, 400)
    restored(file, 400)
    assert [entry.seq for entry in file.trail.entries] == list(range(401, 401 + len(file.trail.entries)))
    told = {entry.kind: entry.detail for entry in file.trail.entries[-2:]}
    assert told.keys() == {"records_lost", "records_restored"}
    assert f"401 a {first - 1}" in told["records_lost"]
    assert file.trail.unrecorded()[0].seq == 401


def test_after_a_reset_the_crms_end_is_the_cases_end_P20() -> None:
    file = written(declined())
    receipt(file, recorded_seq=2, outcome="retained")
    assert file.case.stage is Stage.RETAINED
    assert file.case.ended_at == NOW
    assert [entry.kind for entry in file.trail.entries][-1] == "followed_crm"
    assert {one.command.do for one in file.case.pending.owed} == {"write_trail"}


def test_the_outcome_that_the_case_has_itself_changes_nothing_P20() -> None:
    file = written(declined())
    file.case.discard("engano", "ana", NOW)
    file.write_down(NOW)
    before = len(file.trail.entries)
    receipt(file, recorded_seq=1, outcome="discarded")
    assert "followed_crm" not in [entry.kind for entry in file.trail.entries[before:]]


def test_what_a_record_changes_is_an_entry_of_the_same_record_and_once_P20() -> None:
    file = written(declined())
    file.case.send_script(NOW)
    batch = file.case.pending.lanes()["crm"]
    first, again = (payloads.record(file, batch, NOW).trail for _ in range(2))
    assert [entry.kind for entry in first][-1] == "crm_updated"
    assert first == again


# ---------------------------------------------------------------- billing, telephony, recordings


def test_the_invoice_is_kept_for_status_and_letters_P16() -> None:
    file = closing()
    while file.case.pending.lanes().get("billing"):
        serve(file, "billing", NOW)
    assert (file.case.invoice_total, file.case.voided_charges) == (INVOICE.total, 2)
    assert "billing_closed" in kinds_of(file)


def test_amounts_that_are_none_are_given_to_finance_and_told_with_the_invoice_P16_P18() -> None:
    file = closing()
    invoice = BillingClosed(invoice=INVOICE, voided_charges=2, doubtful=("cobrança nov",), doubtful_count=3)
    answer(file, CloseBilling, invoice)
    (task,) = tasks(file.case, TaskKind.DOUBTFUL_AMOUNTS)
    assert (task.names, task.count) == (("cobrança nov",), 3)
    assert file.case.lasting == [task]
    (entry,) = (entry for entry in file.trail.entries if entry.kind == "amounts_doubtful")
    assert "“cobrança nov” e mais 2" in entry.detail
    letter = write(file.case, LetterOrder(kind=LetterKind.CLOSED), NOW, invoice_total=INVOICE.total)
    assert isinstance(letter.content, Closed)
    assert letter.content.doubtful_amounts == 3


def test_an_invoice_that_is_a_credit_is_a_task_for_finance_that_outlives_the_case_P16_P18() -> None:
    file = closing()
    credit = INVOICE.model_copy(update={"total": Decimal("-12.30")})
    answer(file, CloseBilling, BillingClosed(invoice=credit, voided_charges=0))
    (wish,) = tasks(file.case, TaskKind.REFUND)
    assert file.case.lasting == [wish]
    task = order(file.case, wish)
    assert task is not None
    assert (task.team, task.title) == (Team.FINANCE, "Devolver R$\N{NO-BREAK SPACE}12,30 ao cliente 1042")


def closing() -> CaseFile:
    case = in_closing()
    assert case.notice is not None
    case.pass_point_of_no_return(case.notice.ends_at)
    case.end_services(case.notice.ends_at)
    return CaseFile(case=case)


def kinds_of(file: CaseFile) -> list[str]:
    file.write_down(NOW)
    return [entry.kind for entry in file.trail.entries]


def test_every_step_of_closing_is_told_when_it_is_done_P15_P16_P17_P10() -> None:
    file = closing()
    assert not file.case.is_shut_down
    serve_everything(file, NOW)
    assert file.case.is_shut_down
    assert {"deactivated", "released", "billing_closed", "recordings_purged"} <= set(kinds_of(file))
    assert file.case.released == Released(extensions=1, trunks=1, licences=1, numbers=3)


def test_an_inventory_that_is_read_plans_the_shutdown_P9_P13() -> None:
    case = opened()
    case.learn_customer("Acme", [RITA], NOW)
    file = written(case)
    answer(file, ReadInventory, INVENTORY)
    assert case.numbers == [OWN_NUMBER, OTHER_NUMBER]
    assert letters(case, LetterKind.SHUTDOWN_PLAN) == []
    late = in_notice()
    late.announce_notice(NOW)
    assert len(letters(late, LetterKind.SHUTDOWN_PLAN)) == 1
    assert len(tasks(late, TaskKind.SHUTDOWN_PLAN)) == 1


def test_support_hears_as_soon_as_telephony_has_told_P13() -> None:
    case = opened()
    case.learn_customer("Acme", [RITA], NOW)
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", NOW)
    case.receive_formalization(mail(), "inbox", NOW)
    case.announce_notice(NOW)
    assert letters(case, LetterKind.SHUTDOWN_PLAN) == []
    case.learn_inventory(INVENTORY, NOW + HOUR)
    assert len(letters(case, LetterKind.SHUTDOWN_PLAN)) == 1
    case.learn_inventory(INVENTORY, NOW + 2 * HOUR)
    assert len(letters(case, LetterKind.SHUTDOWN_PLAN)) == 1


def exporting() -> CaseFile:
    case = in_notice()
    case.request_recordings(recordings(), NOW)
    return CaseFile(case=case)


def archive(**changes: Any) -> Archive:
    given: dict[str, Any] = {
        "link_id": "l",
        "files": 3,
        "size": 10,
        "sha256": "0" * 64,
        "expires_at": NOW + DAY,
    }
    return Archive(**given | changes)


def test_an_archive_is_told_the_customer_P10() -> None:
    file = exporting()
    answer(file, ExportRecordings, archive())
    assert file.case.archive == archive()
    assert [one.ordinal for one in letters(file.case, LetterKind.RECORDINGS_READY)] == ["1"]
    assert not file.case.pending.owes(ExportRecordings)


def test_nothing_to_export_is_told_the_customer_P10() -> None:
    file = exporting()
    answer(file, ExportRecordings, None)
    assert file.case.archive is None
    assert len(letters(file.case, LetterKind.NO_RECORDINGS)) == 1


def test_recordings_left_out_are_named_and_a_task_stays_P10() -> None:
    file = exporting()
    answer(file, ExportRecordings, archive(left_out=("a.wav",), left_out_count=1))
    (task,) = tasks(file.case, TaskKind.NOT_DELIVERED)
    assert (task.names, task.count) == (("a.wav",), 1)
    assert "recordings_left_out" in kinds_of(file)


def test_an_archive_that_comes_after_the_end_is_not_told_P10_X3() -> None:
    file = exporting()
    owed = [one_owed(file.case, ExportRecordings)]
    file.case.withdraw("fica", "ana", NOW)
    take_answer(file, owed, None, archive(), NOW, NOW)
    assert letters(file.case, LetterKind.RECORDINGS_READY) == []
    assert file.case.archive is None


def test_who_used_the_links_and_what_was_removed_is_in_the_trail_P10_P20() -> None:
    file = closing()
    visit = Access(
        access_id=1,
        case_id="run-1",
        link_id="l",
        at=OPENED,
        address="203.0.113.7",
        kind=AccessKind.FILE,
        bytes=10,
    )
    gone = PurgeReport(recordings=3, archives=1, bytes=10, left_out=("b.wav",), left_out_count=1)
    answer(file, PurgeRecordings, LinksEnded(accesses=(visit,), purged=gone))
    told = {entry.kind: entry for entry in file.trail.entries}
    assert told["link_used"].actor == "203.0.113.7"
    assert "(em 16/11/2026 às 10h15)" in told["link_used"].detail
    assert {"recordings_left_out", "recordings_purged"} <= told.keys()
    assert [task.names for task in tasks(file.case, TaskKind.NOT_REMOVED)] == [("b.wav",)]


# ---------------------------------------------------------------- letters (X16, X17)


def deliveries(file: CaseFile, *what: Callable[[Owed], Delivery]) -> None:
    """The first letters that are owed go out together, each with its own result."""
    batch = [one for one in file.case.pending.owed if isinstance(one.command, SendLetter)][: len(what)]
    report = DeliveryReport(deliveries=tuple(make(one) for make, one in zip(what, batch, strict=True)))
    take_answer(file, batch, None, report, NOW - HOUR, NOW)


def delivery(**said: Any) -> Callable[[Owed], Delivery]:
    def made(owed: Owed) -> Delivery:
        assert isinstance(owed.command, SendLetter)
        kind = owed.command.letter.kind
        return Delivery(key=owed.key, kind=kind, message_id=f"<{kind.value}@x>", **said)

    return made


def test_each_letter_of_a_batch_has_its_own_result_X17() -> None:
    case = declined()
    case.send_script(NOW)
    file = CaseFile(case=case)
    deliveries(file, delivery(), delivery(put_off=True), delivery(put_off=True))
    assert letter_keys(case, LetterKind.REQUEST_TO_COMMERCIAL) == []
    head, behind = case.pending.lanes()["mail:customer"]
    assert (head.failing_since, behind.failing_since) == (NOW - HOUR, None)
    assert case.threads == {"commercial": "<request_to_commercial@x>"}


def test_a_refused_letter_is_given_up_at_once_and_a_part_refused_is_said_X16() -> None:
    case = known()
    file = CaseFile(case=case)
    deliveries(file, delivery(partly_refused="550 a"), delivery(refused="550 b"))
    sent, lost = file.case.take_events()[-2:]
    assert getattr(sent.event, "partly_refused", None) == "550 a"
    assert getattr(lost.event, "why", None) == "550 b"
    assert [one.words for one in letters(case, LetterKind.UNDELIVERED)] == ["550 b"]


def test_letters_to_customer_and_teams_can_come_back_later_X16() -> None:
    file = CaseFile(case=known())
    deliveries(file, delivery(), delivery())
    assert {letter_id: sent.team for letter_id, sent in file.case.letters.items()} == {
        "<request_to_commercial@x>": Team.COMMERCIAL,
        "<request_received@x>": None,
    }


def test_later_letters_refer_to_the_first_of_their_audience_X12() -> None:
    case = declined()
    case.send_script(NOW)
    file = CaseFile(case=case)
    deliveries(file, delivery(), delivery())
    (key,) = letter_keys(case, LetterKind.SCRIPT)
    owed = case.pending.find(key)
    assert owed is not None
    (letter,) = payloads.letters(file, [owed], NOW).letters
    assert letter.references == ("<request_received@x>",)


# ---------------------------------------------------------------- failures (X7)


def test_of_a_batch_the_first_of_each_lane_fails_and_the_rest_waits_X7_X17() -> None:
    case = declined()
    case.send_script(NOW)
    file = CaseFile(case=case)
    lanes = case.pending.lanes()
    take_failure(file, list(case.pending.owed), NOW, NOW + 2 * HOUR, None)
    first = {queue[0].key for queue in lanes.values()}
    assert {one.key for one in case.pending.owed if one.failing_since} == first
    assert {one.lane for one in case.pending.owed if one.attention} == set(lanes)


def test_a_refusal_carries_the_systems_words_X7() -> None:
    case = in_notice()
    case.announce_notice(NOW)
    file = CaseFile(case=case)
    serve(file, "billing", NOW, How.REFUSED)
    assert one_owed(case, PlanBillingEnd).refusals == 1
    assert [task.words for task in tasks(case, TaskKind.ATTENTION)] == ["não aceito"]


def test_the_port_of_a_strange_number_is_dropped_when_telephony_refuses_it_X6() -> None:
    case = in_notice()
    case.record_port(port(), NOW)
    case.learn_numbers([OTHER_NUMBER])
    serve(CaseFile(case=case), "telephony", NOW, How.REFUSED)
    assert not case.pending.owes(RecordPort)
    assert case.ports == []
    assert kinds(case)[-1] == "step_refused"


def test_customers_without_contacts_get_no_letter_but_a_task_X17() -> None:
    case = opened()
    file = written(case)
    answer_opening(file, Opening(customer=Customer(customer_id="1042", name="Acme")))
    serve_everything(file, NOW)
    assert "letter_undelivered" in [entry.kind for entry in file.trail.entries]
    assert [task.words for task in case.lasting] == ["no_contact"]


def test_the_trail_that_the_crm_gets_has_no_gap_P20() -> None:
    file = written(known())
    serve_everything(file, NOW)
    entries: list[TrailEntry] = file.trail.entries
    assert [entry.seq for entry in entries] == list(range(1, file.trail.last_seq + 1))
