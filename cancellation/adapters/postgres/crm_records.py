"""What the CRM writes within one transaction; every function takes the transaction's connection."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any, Final

from cancellation.adapters.crm_rules import (
    NOTHING_HELD,
    HeldCase,
    is_look,
    new_entries,
    receipt,
    refusal,
    revokes,
    with_local_days,
)
from cancellation.adapters.postgres.pool import Connection, Pool, storable, storable_json
from cancellation.adapters.postgres.queries import queries
from cancellation.domain.notice import Notice
from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import FormalizationMail
from cancellation.messages.crm import (
    CaseRecord,
    FormalizationRecord,
    MailDecision,
    RetentionRecord,
    TrailReceipt,
)
from cancellation.ports import PermanentRefusal

SQL: Final = queries("crm")


async def write(connection: Connection, record: CaseRecord) -> TrailReceipt:
    """Write a whole record under the lock of its case; the caller holds the transaction.

    Formalization and revocation come before the outcome: a case does not end otherwise than closed with a
    formalization in force.
    """
    row = await connection.fetchrow(SQL["lock_case"], record.case_id)
    if row is None:
        return NOTHING_HELD
    if row["customer_id"] != record.customer_id:
        raise PermanentRefusal("the case is another customer's")
    held = HeldCase(row["stage"], row["trail_seq"], row["outcome"])
    if is_look(record):
        return receipt(held)
    trail = [storable_entry(entry) for entry in record.trail]
    not_taken = refusal(record, trail, held, await _known(connection, record.case_id, held, trail))
    if not_taken is not None:
        return not_taken
    await append_trail(connection, record.case_id, new_entries(trail, held))
    await _change_tasks(connection, record)
    if record.retention is not None:
        await _put_retention(connection, record.case_id, record.retention)
    if record.formalization is not None:
        await _insert_formalization(connection, record, record.formalization)
    if record.decisions:
        await keep_decisions(connection, record.decisions)
    for one in record.corrections:
        await connection.execute(SQL["correct_contact"], record.customer_id, one.wrong, one.right)
    if revokes(record):
        await connection.execute(SQL["revoke_formalization"], record.case_id, record.at)
    await connection.execute(
        SQL["advance_case"],
        record.case_id,
        record.at,
        record.customer_id,
        record.stage,
        record.outcome,
        record.customer_status,
        record.restore_status,
    )
    if record.watch is not None:
        await connection.execute(SQL["start_watch"], record.case_id, record.watch.model_dump(mode="json"))
    return TrailReceipt(
        recorded_seq=max([held.trail_seq, *(entry.seq for entry in trail)]),
        outcome=held.outcome or record.outcome,
    )


async def _known(
    connection: Connection, case_id: str, held: HeldCase, trail: Sequence[TrailEntry]
) -> list[TrailEntry]:
    """The held entries of the numbers that a record repeats; mostly it repeats none."""
    repeated = [entry.seq for entry in trail if entry.seq <= held.trail_seq]
    if not repeated:
        return []
    rows = await connection.fetch(SQL["trail_entries"], case_id, repeated)
    return [TrailEntry.model_validate(dict(row)) for row in rows]


async def append_trail(connection: Connection, case_id: str, entries: Sequence[TrailEntry]) -> None:
    """Append entries that follow those held, in order (P20)."""
    if entries:
        rows = [entry.model_dump(mode="json") for entry in entries]
        await connection.execute(SQL["append_trail"], case_id, rows)


def storable_entry(entry: TrailEntry) -> TrailEntry:
    """The entry as it is kept and given back."""
    return TrailEntry.model_validate(storable_json(entry.model_dump()))


async def _change_tasks(connection: Connection, record: CaseRecord) -> None:
    if not (record.open_tasks or record.close_tasks or record.close_all_tasks):
        return
    # Of several orders with one key the last one counts.
    orders = {order.key: order.model_dump(mode="json") for order in record.open_tasks}
    await connection.execute(
        SQL["change_tasks"],
        record.case_id,
        record.at,
        list(orders.values()),
        list(map(storable, record.close_tasks)),
        record.close_all_tasks,
    )


async def _put_retention(connection: Connection, case_id: str, retention: RetentionRecord) -> None:
    """What Commercial tried, as it stands now (P3, P4)."""
    decision = retention.decision
    await connection.execute(
        SQL["put_retention"],
        case_id,
        [offer.model_dump(mode="json") for offer in retention.offers],
        decision and decision.outcome.value,
        decision and decision.reason.category.value,
        decision and decision.reason.text,
        decision and decision.actor,
        decision and decision.at,
    )


async def keep_decisions(connection: "Connection | Pool", decisions: Sequence[MailDecision]) -> None:
    """Keep what people decided about e-mails, each once (X14)."""
    rows = [storable_json(decision.model_dump(mode="json")) for decision in decisions]
    await connection.execute(SQL["keep_mail_decisions"], rows)


async def _insert_formalization(
    connection: Connection, record: CaseRecord, formalization: FormalizationRecord
) -> None:
    """Register the formalization, once a case (P11); PostgreSQL checks that it is complete (P19)."""
    if formalization.mails[-1:] != (formalization.completing,):
        raise PermanentRefusal("the completing e-mail is not the last one that counted")
    given = _storable_formalization(formalization)
    columns = _columns(record, given)
    if await connection.fetchval(SQL["insert_formalization"], *columns.values()):
        return
    if await held_formalization(connection, record.case_id) != given:
        raise PermanentRefusal("the case holds another formalization")


async def held_formalization(
    connection: Connection, case_id: str, *, lock: bool = False
) -> FormalizationRecord | None:
    """The case's formalization as it was recorded, in force or not; None without one."""
    query = SQL["formalization_record_locked"] if lock else SQL["formalization_record"]
    row = await connection.fetchrow(query, case_id)
    if row is None:
        return None
    mails = tuple(FormalizationMail.model_validate(mail) for mail in row["mails"])
    return FormalizationRecord(
        completing=mails[-1],
        mails=mails,
        reason=row["reason"],
        notice=Notice(
            starts_at=row["starts_at"],
            last_day=row["last_day"],
            ends_at=row["notice_ends_at"],
            clause=row["clause"],
        ),
        notice_days=row["notice_days"],
        required_mailboxes=tuple(row["required_mailboxes"]),
        received_on=row["received_on"],
        end_offset_minutes=row["end_offset_minutes"],
    )


def _storable_formalization(formalization: FormalizationRecord) -> FormalizationRecord:
    """The record as it is kept and given back."""
    whole = with_local_days(formalization)
    return FormalizationRecord.model_validate(storable_json(whole.model_dump(mode="json")))


def _columns(record: CaseRecord, formalization: FormalizationRecord) -> dict[str, Any]:
    """The row of a formalization, in the order of the query."""
    mail, notice, mails = formalization.completing, formalization.notice, formalization.mails
    return {
        "case_id": record.case_id,
        "customer_id": record.customer_id,
        "message_id": mail.message_id,
        "sender": mail.sender,
        "recipients": list(dict.fromkeys(address for each in mails for address in each.recipients)),
        "received_at": mail.received_at.astimezone(UTC),
        "subject": mail.subject,
        "explicit_request": any(each.explicit_request for each in mails),
        "reason": formalization.reason,
        "authentication": mail.authentication.value,
        "confirmed_by": mail.confirmed_by,
        "original_sha256": mail.original_sha256,
        "original_ref": mail.original_ref,
        "mails": [each.model_dump(mode="json") for each in mails],
        "required_mailboxes": list(formalization.required_mailboxes),
        "notice_days": formalization.notice_days,
        "clause": notice.clause,
        "starts_at": notice.starts_at,
        "received_on": formalization.received_on,
        "last_day": notice.last_day,
        "end_offset_minutes": formalization.end_offset_minutes,
        "notice_ends_at": notice.ends_at,
    }
