"""How a case comes into the CRM's tables; every function takes the transaction's connection."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from cancellation.adapters.crm_rules import CANCELLED, end_of_forsaken, forsaken_task_key, task_in_forsaken
from cancellation.adapters.postgres.crm_records import (
    append_trail,
    held_formalization,
    order_tasks,
    set_customer_status,
    write,
)
from cancellation.adapters.postgres.pool import Connection
from cancellation.messages.crm import CaseOpening, Forsaken
from cancellation.ports import PermanentRefusal


@dataclass(frozen=True)
class CaseStart:
    """What was before a case (X20)."""

    status_before: str
    mails_count_after: datetime | None
    forsaken: Forsaken | None = None


async def open_case(connection: Connection, opening: CaseOpening) -> CaseStart:
    """Record a case with Commercial's task, once; answer with what was before it (P2, X20).

    A case that an earlier execution of the same workflow id left open ends here, unless something of it was
    destroyed already: then it stays, gets Commercial's task, and the new execution goes on as that case.

    Raises:
        PermanentRefusal: another case of the customer is open (X1), or the protocol is taken.
    """
    earlier = await _earlier(connection, opening)
    if earlier is None:
        return await _start(connection, opening, None)
    if earlier["case_id"] == opening.case_id:
        return await _held_start(connection, opening)
    formalization = await held_formalization(connection, earlier["case_id"], lock=True)
    past_no_return = await _is_past_no_return(connection, earlier["case_id"])
    forsaken = Forsaken(
        case_id=earlier["case_id"],
        protocol=earlier["protocol"],
        stage=earlier["stage"],
        opened_at=earlier["opened_at"],
        past_no_return=past_no_return,
        formalization=formalization,
        trail_seq=earlier["trail_seq"],
    )
    if past_no_return:
        order = task_in_forsaken(opening)
        await order_tasks(connection, forsaken.case_id, opening.opened_at, (order,))
        return CaseStart(earlier["status_before"], earlier["mails_count_after"], forsaken)
    end = await write(connection, end_of_forsaken(forsaken.case_id, forsaken.trail_seq, opening))
    ended = forsaken.model_copy(update={"trail_seq": end.recorded_seq})
    return await _start(connection, opening, ended, earlier["status_before"])


async def _earlier(connection: Connection, opening: CaseOpening) -> asyncpg.Record | None:
    """The row of this very case; else the case that it goes on as; else the one it ends. Locked."""
    return await connection.fetchrow(
        """
        select case_id, protocol, stage, opened_at, trail_seq, status_before, mails_count_after
        from crm.cases c
        where case_id = $1 or (
            customer_id = $2 and workflow_id = $3 and (
                (opened_at < $4 and ended_at is null)
                or exists (select from crm.tasks t where t.case_id = c.case_id and t.key = $5)))
        order by case_id = $1 desc, ended_at is null limit 1
        for update
        """,
        opening.case_id,
        opening.customer_id,
        opening.workflow_id,
        opening.opened_at,
        forsaken_task_key(opening.case_id),
    )


async def _is_past_no_return(connection: Connection, case_id: str) -> bool:
    """Whether a destructive act was ordered; one under way holds the formalization, which is locked before."""
    ordered: bool = await connection.fetchval(
        "select exists (select from crm.destructive_acts where case_id = $1)", case_id
    )
    return ordered


async def _start(
    connection: Connection, opening: CaseOpening, forsaken: Forsaken | None, status_before: str | None = None
) -> CaseStart:
    row = await connection.fetchrow(
        """
        insert into crm.cases
            (case_id, customer_id, workflow_id, protocol, stage, opened_at, request, changed_at, follows,
             follows_stage, status_before)
        values ($1, $2, $3, $4, $5, $6, $7, $6, $8, $9,
            coalesce($10, (select status from crm.customers where customer_id = $2), 'Ativo'))
        on conflict do nothing returning status_before, mails_count_after
        """,
        opening.case_id,
        opening.customer_id,
        opening.workflow_id,
        opening.protocol,
        opening.stage,
        opening.opened_at,
        opening.request.model_dump(mode="json"),
        forsaken and forsaken.case_id,
        forsaken and forsaken.stage,
        status_before,
    )
    if row is None:
        return await _held_start(connection, opening)
    await order_tasks(connection, opening.case_id, opening.opened_at, (opening.commercial_task,))
    await append_trail(connection, opening.case_id, opening.trail)
    # Somebody who has left and writes once more stays one who has left, unless the case goes on.
    if row["status_before"] != CANCELLED:
        await set_customer_status(connection, opening.customer_id, opening.customer_status, opening.opened_at)
    return CaseStart(row["status_before"], row["mails_count_after"], forsaken)


async def _held_start(connection: Connection, opening: CaseOpening) -> CaseStart:
    """What the row of this very case says.

    Raises:
        PermanentRefusal: the row in the way is another case's.
    """
    held = await connection.fetchrow(
        """
        select c.customer_id, c.protocol, c.status_before, c.mails_count_after, c.follows_stage,
            f.case_id as follows, f.protocol as follows_protocol, f.opened_at as follows_opened_at,
            f.trail_seq as follows_trail_seq
        from crm.cases c left join crm.cases f on f.case_id = c.follows where c.case_id = $1
        """,
        opening.case_id,
    )
    if held is None:
        raise PermanentRefusal("another case of this customer is open, or the protocol number is taken")
    if (held["customer_id"], held["protocol"]) != (opening.customer_id, opening.protocol):
        raise PermanentRefusal("this case was opened with another customer or protocol number")
    if held["follows"] is None:
        return CaseStart(held["status_before"], held["mails_count_after"])
    forsaken = Forsaken(
        case_id=held["follows"],
        protocol=held["follows_protocol"],
        stage=held["follows_stage"],
        opened_at=held["follows_opened_at"],
        past_no_return=False,
        formalization=await held_formalization(connection, held["follows"]),
        trail_seq=held["follows_trail_seq"],
    )
    return CaseStart(held["status_before"], held["mails_count_after"], forsaken)
