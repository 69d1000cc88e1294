"""What the CRM writes within one transaction; every function takes the transaction's connection."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cancellation.adapters.crm_rules import (
    HeldCase,
    is_look,
    new_entries,
    receipt,
    refusal,
    revokes,
    with_local_days,
)
from cancellation.adapters.crm_views import bare_address, bare_cnpj
from cancellation.adapters.postgres.pool import Connection, storable, storable_json
from cancellation.domain.notice import Notice
from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import FormalizationMail
from cancellation.messages.crm import (
    CaseRecord,
    Customer,
    FormalizationRecord,
    TaskOrder,
    TrailReceipt,
)
from cancellation.ports import PermanentRefusal


async def write(connection: Connection, record: CaseRecord) -> TrailReceipt:
    """Write a whole record under the lock of its case; the caller holds the transaction.

    Formalization and revocation come before the outcome: a case does not end otherwise than closed with a
    formalization in force.
    """
    row = await connection.fetchrow(
        """
        select customer_id, stage, status_before, trail_seq, outcome from crm.cases where case_id = $1 for update
        """,
        record.case_id,
    )
    if row is None or row["customer_id"] != record.customer_id:
        raise PermanentRefusal("no such case of this customer")
    held = HeldCase(row["stage"], row["trail_seq"], row["outcome"])
    if is_look(record):
        return receipt(held)
    trail = [storable_entry(entry) for entry in record.trail]
    not_taken = refusal(record, trail, held, await _known(connection, record.case_id, held, trail))
    if not_taken is not None:
        return not_taken
    await append_trail(connection, record.case_id, new_entries(trail, held))
    await order_tasks(connection, record.case_id, record.at, record.open_tasks)
    await _close_tasks(connection, record)
    if record.formalization is not None:
        await _insert_formalization(connection, record, record.formalization)
    if revokes(record):
        await _revoke_formalization(connection, record)
    await _advance_case(connection, record)
    if record.customer_status is not None:
        await set_customer_status(connection, record.customer_id, record.customer_status, record.at)
    if record.restore_status:
        await set_customer_status(connection, record.customer_id, row["status_before"], record.at)
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
    rows = await connection.fetch(
        """
        select seq, at, actor, kind, detail, message_id, problems from crm.trail
        where case_id = $1 and seq = any($2)
        """,
        case_id,
        repeated,
    )
    return [TrailEntry.model_validate(dict(row)) for row in rows]


async def append_trail(connection: Connection, case_id: str, entries: Sequence[TrailEntry]) -> None:
    """Append entries that follow those held, in order (P20)."""
    await connection.executemany(
        """
        insert into crm.trail (case_id, seq, at, actor, kind, detail, message_id, problems)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
            (
                case_id,
                entry.seq,
                entry.at,
                entry.actor,
                entry.kind,
                entry.detail,
                entry.message_id,
                [p.model_dump() for p in entry.problems],
            )
            for entry in entries
        ],
    )


def storable_entry(entry: TrailEntry) -> TrailEntry:
    """The entry as it is kept and given back."""
    return TrailEntry.model_validate(storable_json(entry.model_dump()))


async def order_tasks(
    connection: Connection, case_id: str, at: datetime, orders: Sequence[TaskOrder]
) -> None:
    """Open tasks, or bring those of the same key up to date; an older order than the one held is late."""
    await connection.executemany(
        """
        insert into crm.tasks as held (case_id, key, team, title, text, due_on, ordered_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (case_id, key) do update
        set team = excluded.team, title = excluded.title, text = excluded.text, due_on = excluded.due_on,
            ordered_at = excluded.ordered_at, closed_at = null
        where held.ordered_at <= excluded.ordered_at
            and (held.closed_at is null or held.closed_at < excluded.ordered_at)
        """,
        [(case_id, t.key, t.team.value, t.title, t.text, t.due_on, at) for t in orders],
    )


async def set_customer_status(connection: Connection, customer_id: str, status: str, at: datetime) -> None:
    """Set the status of a customer, unless a later one is held; an unknown customer has none (P12)."""
    await connection.execute(
        """
        update crm.customers set status = $2, status_at = $3
        where customer_id = $1 and (status_at is null or status_at <= $3)
        """,
        customer_id,
        status,
        at,
    )


async def put_customer(connection: Connection, customer: Customer) -> None:
    """Insert or bring up to date a customer's master data; contacts become exactly those given."""
    await connection.execute(
        """
        insert into crm.customers (customer_id, name, cnpj, status) values ($1, $2, $3, $4)
        on conflict (customer_id) do update set name = excluded.name, cnpj = excluded.cnpj
        """,
        customer.customer_id,
        customer.name,
        bare_cnpj(customer.cnpj) if customer.cnpj else None,
        customer.status,
    )
    await connection.execute(
        "delete from crm.authorised_contacts where customer_id = $1", customer.customer_id
    )
    await connection.executemany(
        """
        insert into crm.authorised_contacts (customer_id, email, name, phone, place)
        values ($1, $2, $3, $4, $5) on conflict do nothing
        """,
        [
            (customer.customer_id, bare_address(c.email), c.name, c.phone, place)
            for place, c in enumerate(customer.contacts)
        ],
    )
    if customer.contract:
        await connection.execute(
            "insert into crm.contracts (customer_id, number) values ($1, $2) on conflict do nothing",
            customer.customer_id,
            customer.contract,
        )


async def _close_tasks(connection: Connection, record: CaseRecord) -> None:
    await connection.execute(
        """
        update crm.tasks set closed_at = $2
        where case_id = $1 and closed_at is null and ordered_at <= $2
            and (key = any($4) or ($3 and key <> all($5)))
        """,
        record.case_id,
        record.at,
        record.close_all_tasks,
        list(map(storable, record.close_tasks)),
        [storable(order.key) for order in record.open_tasks],
    )


async def _advance_case(connection: Connection, record: CaseRecord) -> None:
    await connection.execute(
        """
        update crm.cases set stage = $3, changed_at = $2 where case_id = $1 and changed_at <= $2
        """,
        record.case_id,
        record.at,
        record.stage,
    )
    if record.outcome is not None:
        await connection.execute(
            "update crm.cases set outcome = $2, ended_at = $3 where case_id = $1 and outcome is null",
            record.case_id,
            record.outcome,
            record.at,
        )


async def _insert_formalization(
    connection: Connection, record: CaseRecord, formalization: FormalizationRecord
) -> None:
    """Register the formalization, once a case (P11); PostgreSQL checks that it is complete (P19)."""
    if formalization.mails[-1:] != (formalization.completing,):
        raise PermanentRefusal("the completing e-mail is not the last one that counted")
    columns = formalization_columns(record, with_local_days(formalization))
    names = ", ".join(columns)
    places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
    await connection.execute(
        f"insert into crm.formalizations ({names}) values ({places}) on conflict (case_id) do nothing",
        *columns.values(),
    )
    held = await connection.fetchrow(
        f"select {names} from crm.formalizations where case_id = $1", record.case_id
    )
    if held is None or dict(held) != columns:
        raise PermanentRefusal("the case holds another formalization")


async def held_formalization(
    connection: Connection, case_id: str, *, lock: bool = False
) -> FormalizationRecord | None:
    """The case's formalization as it was recorded, in force or not; None without one."""
    row = await connection.fetchrow(
        f"select * from crm.formalizations where case_id = $1 {'for update' if lock else ''}", case_id
    )
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


async def _revoke_formalization(connection: Connection, record: CaseRecord) -> None:
    await connection.execute(
        """
        update crm.formalizations set in_force = false, revoked_at = $2 where case_id = $1 and in_force
        """,
        record.case_id,
        record.at,
    )


def formalization_columns(record: CaseRecord, formalization: FormalizationRecord) -> dict[str, Any]:
    """The row of a formalization, as PostgreSQL gives it back."""
    mail, notice, mails = formalization.completing, formalization.notice, formalization.mails
    reached = dict.fromkeys(address for each in mails for address in each.recipients)
    columns: dict[str, Any] = {
        "case_id": record.case_id,
        "customer_id": record.customer_id,
        "message_id": mail.message_id,
        "sender": mail.sender,
        "recipients": list(reached),
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
    return {name: storable_json(value) for name, value in columns.items()}
