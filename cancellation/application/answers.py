"""What the answers of outside systems do to a case: from each port's own words to the case's verbs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cancellation.application.casefile import CaseFile
from cancellation.domain.commands import (
    CloseBilling,
    DeactivateServices,
    ExportRecordings,
    LiftBillingEnd,
    OpenCase,
    Owed,
    PlanBillingEnd,
    PurgeRecordings,
    ReadInventory,
    RecordPort,
    ReleaseResources,
    RestoreRecords,
    RevokeLinks,
    SendLetter,
    System,
)
from cancellation.domain.events import CrmUpdated
from cancellation.domain.formalization import Formalization
from cancellation.domain.stage import Stage
from cancellation.domain.values import Archive, Replaced
from cancellation.messages.crm import CaseOpening, FormalizationRecord, Opening, RestoredRecords, TrailReceipt
from cancellation.messages.letters import DeliveryReport
from cancellation.messages.recordings import LinksEnded


def take_answer(
    file: CaseFile, batch: Sequence[Owed], asked: Any, answer: Any, asked_at: datetime, now: datetime
) -> None:
    """A batch of commands was answered: what that means to the case.

    Args:
        file: the case.
        batch: the commands, all of one lane, or letters.
        asked: what the port was told.
        answer: what the port answered.
        asked_at: when the attempt began.
        now: the workflow's instant.
    """
    case, first = file.case, batch[0]
    if isinstance(first.command, SendLetter):
        _take_deliveries(file, batch, answer, asked_at, now)
        return
    if isinstance(first.command, OpenCase):
        _take_opening(file, asked, answer, now)
    elif isinstance(first.command, RestoreRecords):
        _take_restored(file, first.command, answer, now)
    elif first.system is System.CRM and not _take_receipt(file, batch, answer, asked_at, now):
        return
    match first.command:
        case PlanBillingEnd():
            case.note_billing_planned(now)
        case LiftBillingEnd():
            case.note_billing_lifted(now)
        case CloseBilling():
            case.note_billing_closed(
                answer.invoice.total,
                answer.voided_charges,
                now,
                doubtful=answer.doubtful,
                count=answer.doubtful_count,
            )
        case ReadInventory():
            case.learn_inventory(answer, now)
        case RecordPort(number=number):
            case.note_port(number, now)
        case DeactivateServices():
            case.note_deactivated(now)
        case ReleaseResources():
            case.note_released(answer.released, now)
        case ExportRecordings(ordinal=ordinal):
            _take_archive(file, answer, ordinal, now)
        case RevokeLinks() | PurgeRecordings():
            _take_links_ended(file, answer, now)
        case _:
            pass
    for owed in batch:
        case.note_done(owed.key, now)


def take_failure(
    file: CaseFile, batch: Sequence[Owed], asked_at: datetime, now: datetime, refusal: str | None
) -> None:
    """A batch was not done within the time after which people are told, or was refused for good (X7).

    It is the first of its lane that fails; what queues behind it only waits.
    """
    heads = {owed.lane: owed for owed in reversed(batch)}
    for owed in heads.values():
        if refusal is None:
            file.case.note_failing(owed.key, asked_at, now)
        else:
            file.case.note_refused(owed.key, asked_at, now, refusal)


# ---------------------------------------------------------------------------- the CRM


def _take_opening(file: CaseFile, asked: CaseOpening, answer: Opening, now: datetime) -> None:
    case, customer, forsaken = file.case, answer.customer, answer.forsaken
    authorised = [contact.email.lower() for contact in customer.contacts] if customer else []
    if forsaken is not None and forsaken.past_no_return:
        record = forsaken.formalization
        assert record is not None
        case.take_over_closing(
            forsaken.case_id,
            forsaken.protocol,
            _formalization(record),
            record.notice,
            now,
            name=customer.name if customer else case.customer_id,
            authorised=authorised,
        )
        file.write_down(now)
        file.trail.go_on_after(forsaken.trail_seq)
        return
    file.trail.confirm(asked.trail[-1].seq)
    if answer.went_on:  # the execution was reset to its beginning: the first look is at the CRM (P20)
        case.notice_reset(now)
        if answer.outcome is not None:
            case.follow_crm(answer.outcome, now)
    if forsaken is not None:
        record = forsaken.formalization
        left = Replaced(protocol=forsaken.protocol, last_day=record.notice.last_day if record else None)
        case.undo_forsaken(forsaken.case_id, left, now)
    stays_gone = customer is None or answer.status_before == Stage.CLOSED.crm_status
    change = CrmUpdated(
        status=None if stays_gone else asked.customer_status, opened=(asked.commercial_task.title,)
    )
    if not answer.went_on:
        case.tell_crm_change((), change, now)
    if customer is None:
        case.miss_customer(now)
        return
    case.learn_customer(
        customer.name,
        authorised,
        now,
        status=customer.status,
        status_before=answer.status_before,
        mails_count_after=answer.mails_count_after,
        inventory=answer.inventory,
    )


def _take_receipt(
    file: CaseFile, batch: Sequence[Owed], receipt: TrailReceipt, asked_at: datetime, now: datetime
) -> bool:
    """Whether the record was taken; what the CRM holds otherwise decides how it goes on (P20)."""
    case = file.case
    follows = receipt.outcome is not None and not case.stage.is_terminal
    if receipt.outcome is not None and follows:
        case.follow_crm(receipt.outcome, now)
    if receipt.recorded_seq < file.trail.recorded_seq and not receipt.branched:
        case.restore_records(receipt.recorded_seq, now)
        return False
    if receipt.taken:
        file.trail.confirm(receipt.recorded_seq)
        return True
    if receipt.branched:
        file.write_down(now)
        file.trail.go_on_after(receipt.recorded_seq)
        case.branch(receipt.recorded_seq, now)
    elif file.trail.recorded_seq == receipt.recorded_seq and not follows:
        # Giving the same again at once would be answered alike, without end.
        case.note_refused(batch[0].key, asked_at, now, "o CRM não aceita o registro")
    else:
        file.trail.go_back_to(receipt.recorded_seq)
    return False


def _take_restored(file: CaseFile, command: RestoreRecords, restored: RestoredRecords, now: datetime) -> None:
    """What the CRM had lost was given to it again; of what the engine has let go too, the case has the newest (P20)."""
    case, trail, held = file.case, file.trail, restored.recorded_seq
    if held < trail.recorded_seq:
        file.write_down(now)
        if gap := trail.go_back_to(held):
            case.note_lost(held + 1, held + gap, now)
    case.note_restored(command.after, now)


def _formalization(record: FormalizationRecord) -> Formalization:
    return Formalization(
        received_at=record.completing.received_at,
        completing=record.completing,
        mails=record.mails,
        reason=record.reason,
    )


# ---------------------------------------------------------------------------- letters


def _take_deliveries(
    file: CaseFile, batch: Sequence[Owed], report: DeliveryReport, asked_at: datetime, now: datetime
) -> None:
    """Each letter went out, was refused, or is put off; what queues behind one that is put off stays owed."""
    put_off: set[str] = set()
    for owed, delivery in zip(batch, report.deliveries, strict=True):
        if not delivery.put_off:
            file.case.note_letter(
                owed.key,
                delivery.message_id,
                delivery.refused,
                delivery.partly_refused,
                now,
                delivery.told,
                of=owed.command.letter if isinstance(owed.command, SendLetter) else None,
            )
        elif owed.lane not in put_off:
            put_off.add(owed.lane)
            file.case.note_failing(owed.key, asked_at, now)


# ---------------------------------------------------------------------------- recordings


def _take_archive(file: CaseFile, archive: Archive | None, ordinal: int, now: datetime) -> None:
    file.case.note_archive(archive, ordinal, now)
    if archive is not None:
        file.case.note_left_out(archive.left_out, archive.left_out_count, now, purging=False)


def _take_links_ended(file: CaseFile, ended: LinksEnded, now: datetime) -> None:
    case = file.case
    for access in ended.accesses:
        case.note_access(access.at, access.address, access.kind.value, access.bytes, now)
    if ended.purged is None:
        case.note_links_ended(now)
        return
    case.note_purged(ended.purged.recordings, ended.purged.archives, now)
    case.note_left_out(ended.purged.left_out, ended.purged.left_out_count, now, purging=True)
