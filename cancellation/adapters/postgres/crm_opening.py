"""How a case comes into the CRM's tables; every function takes the transaction's connection."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from cancellation.adapters.crm_rules import (
    CANCELLED,
    HeldCase,
    end_of_forsaken,
    forsaken_task_key,
    task_in_forsaken,
    went_on,
)
from cancellation.adapters.postgres.crm_records import (
    append_trail,
    held_formalization,
    write,
)
from cancellation.adapters.postgres.pool import Connection
from cancellation.adapters.postgres.queries import queries
from cancellation.messages.crm import CaseOpening, Forsaken
from cancellation.ports import PermanentRefusal

SQL: Final = queries("crm")


@dataclass(frozen=True)
class CaseStart:
    """What was before a case (X20)."""

    status_before: str
    mails_count_after: datetime | None
    forsaken: Forsaken | None = None
    went_on: bool = False
    outcome: str | None = None


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
    past_no_return = await connection.fetchval(SQL["is_past_no_return"], earlier["case_id"])
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
        order = task_in_forsaken(opening).model_dump(mode="json")
        await connection.execute(SQL["change_tasks"], forsaken.case_id, opening.opened_at, [order], [], False)
        return CaseStart(earlier["status_before"], earlier["mails_count_after"], forsaken)
    end = await write(connection, end_of_forsaken(forsaken.case_id, forsaken.trail_seq, opening))
    ended = forsaken.model_copy(update={"trail_seq": end.recorded_seq})
    return await _start(connection, opening, ended, earlier["status_before"])


async def _earlier(connection: Connection, opening: CaseOpening) -> asyncpg.Record | None:
    return await connection.fetchrow(
        SQL["earlier_case"],
        opening.case_id,
        opening.customer_id,
        opening.workflow_id,
        opening.opened_at,
        forsaken_task_key(opening.case_id),
    )


async def _start(
    connection: Connection, opening: CaseOpening, forsaken: Forsaken | None, status_before: str | None = None
) -> CaseStart:
    task = opening.commercial_task
    row = await connection.fetchrow(
        SQL["start_case"],
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
        task.key,
        task.team.value,
        task.title,
        task.text,
        task.due_on,
        opening.customer_status,
        CANCELLED,
        opening.notice_days,
    )
    if row is None:
        return await _held_start(connection, opening)
    await append_trail(connection, opening.case_id, opening.trail)
    return CaseStart(row["status_before"], row["mails_count_after"], forsaken)


async def _held_start(connection: Connection, opening: CaseOpening) -> CaseStart:
    """What the row of this very case says.

    Raises:
        PermanentRefusal: the row in the way is another case's.
    """
    held = await connection.fetchrow(SQL["held_start"], opening.case_id)
    if held is None:
        raise PermanentRefusal("another case of this customer is open, or the protocol number is taken")
    if (held["customer_id"], held["protocol"]) != (opening.customer_id, opening.protocol):
        raise PermanentRefusal("this case was opened with another customer or protocol number")
    gone = went_on(opening, HeldCase(held["stage"], held["trail_seq"], held["outcome"])), held["outcome"]
    if held["follows"] is None:
        return CaseStart(held["status_before"], held["mails_count_after"], None, *gone)
    forsaken = Forsaken(
        case_id=held["follows"],
        protocol=held["follows_protocol"],
        stage=held["follows_stage"],
        opened_at=held["follows_opened_at"],
        past_no_return=False,
        formalization=await held_formalization(connection, held["follows"]),
        trail_seq=held["follows_trail_seq"],
    )
    return CaseStart(held["status_before"], held["mails_count_after"], forsaken, *gone)
