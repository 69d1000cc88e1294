"""How a case comes into the CRM's tables; every function takes the transaction's connection."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from cancellation.adapters.crm_rules import CANCELLED, end_of_forsaken
from cancellation.adapters.postgres.crm_records import append_trail, order_tasks, set_customer_status, write
from cancellation.adapters.postgres.pool import Connection
from cancellation.messages.crm import CaseOpening
from cancellation.ports import PermanentRefusal


@dataclass(frozen=True)
class CaseStart:
    """What a case's row says of the time before it (X20)."""

    status_before: str
    mails_count_after: datetime | None


async def open_case(connection: Connection, opening: CaseOpening) -> CaseStart:
    """Record a case with Commercial's task, once; answer with what was before it (P2, X20).

    Raises:
        PermanentRefusal: another case of the customer is open (X1), or the protocol is taken.
    """
    forsaken = await _end_forsaken(connection, opening)
    start = await _insert_case(connection, opening, forsaken)
    if start is None:
        return await _held_start(connection, opening)
    await order_tasks(connection, opening.case_id, opening.opened_at, (opening.commercial_task,))
    await append_trail(connection, opening.case_id, opening.trail)
    # Somebody who has left and writes once more stays one who has left, unless the case goes on.
    if start.status_before != CANCELLED:
        await set_customer_status(connection, opening.customer_id, opening.customer_status, opening.opened_at)
    return start


async def _end_forsaken(connection: Connection, opening: CaseOpening) -> asyncpg.Record | None:
    """End the customer's open case if it is an earlier execution of the same workflow id (X1)."""
    held = await connection.fetchrow(
        """
        select case_id, trail_seq, status_before from crm.cases
        where customer_id = $1 and workflow_id = $2 and case_id <> $3 and opened_at < $4 and ended_at is null
        """,
        opening.customer_id,
        opening.workflow_id,
        opening.case_id,
        opening.opened_at,
    )
    if held is not None:
        await write(connection, end_of_forsaken(held["case_id"], held["trail_seq"], opening))
    return held


async def _insert_case(
    connection: Connection, opening: CaseOpening, forsaken: asyncpg.Record | None
) -> CaseStart | None:
    """Insert the case's row; None when there is a row in the way."""
    row = await connection.fetchrow(
        """
        insert into crm.cases
            (case_id, customer_id, workflow_id, protocol, stage, opened_at, request, changed_at, status_before)
        values ($1, $2, $3, $4, $5, $6, $7, $6,
            coalesce($8, (select status from crm.customers where customer_id = $2), 'Ativo'))
        on conflict do nothing returning status_before, mails_count_after
        """,
        opening.case_id,
        opening.customer_id,
        opening.workflow_id,
        opening.protocol,
        opening.stage,
        opening.opened_at,
        opening.request.model_dump(mode="json"),
        forsaken["status_before"] if forsaken else None,
    )
    return CaseStart(**dict(row)) if row else None


async def _held_start(connection: Connection, opening: CaseOpening) -> CaseStart:
    """What the row of this very case says.

    Raises:
        PermanentRefusal: the row in the way is another case's.
    """
    held = await connection.fetchrow(
        "select customer_id, protocol, status_before, mails_count_after from crm.cases where case_id = $1",
        opening.case_id,
    )
    if held is None:
        raise PermanentRefusal("another case of this customer is open, or the protocol number is taken")
    if (held["customer_id"], held["protocol"]) != (opening.customer_id, opening.protocol):
        raise PermanentRefusal("this case was opened with another customer or protocol number")
    return CaseStart(held["status_before"], held["mails_count_after"])
