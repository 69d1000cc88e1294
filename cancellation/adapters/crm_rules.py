"""What every CRM adapter decides alike: whether a record continues the case that is held, how a forsaken case ends."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cancellation.domain.stage import Stage
from cancellation.domain.trail import SYSTEM, TrailEntry
from cancellation.messages.crm import CaseOpening, CaseRecord, FormalizationRecord, TaskOrder, TrailReceipt

_ZONE: Final = ZoneInfo("America/Sao_Paulo")
CANCELLED: Final = Stage.CLOSED.crm_status
"""The status of a customer who has left."""


@dataclass(frozen=True)
class HeldCase:
    """What the CRM holds of a case when a record comes."""

    stage: str
    trail_seq: int
    """The number of the last trail entry."""
    outcome: str | None


NOTHING_HELD: Final = TrailReceipt(recorded_seq=0, taken=False)
"""The answer about a case of which nothing is held."""


def is_look(record: CaseRecord) -> bool:
    """Whether the record has nothing to write and only asks how the case stands."""
    return record == CaseRecord(
        case_id=record.case_id, customer_id=record.customer_id, at=record.at, stage=record.stage
    )


def receipt(held: HeldCase, *, taken: bool = True, branched: bool = False) -> TrailReceipt:
    """The answer that tells how the case stands."""
    return TrailReceipt(recorded_seq=held.trail_seq, taken=taken, branched=branched, outcome=held.outcome)


def refusal(
    record: CaseRecord, trail: Sequence[TrailEntry], held: HeldCase, known: Collection[TrailEntry]
) -> TrailReceipt | None:
    """Why nothing of a record may be written, as the answer to it; None when it continues what is held (P20).

    Args:
        record: what the case says.
        trail: its entries, as the CRM would keep them.
        held: what the CRM holds.
        known: the held entries of the numbers that `trail` repeats.
    """
    before = {entry.seq: entry for entry in known}
    if any(before.get(entry.seq, entry) != entry for entry in trail):
        return receipt(held, taken=False, branched=True)
    following = [entry.seq for entry in new_entries(trail, held)]
    if following != list(range(held.trail_seq + 1, held.trail_seq + 1 + len(following))):
        return receipt(held, taken=False)
    if held.outcome is not None and _contradicts_the_end(record, held):
        return receipt(held, taken=False)
    return None


def went_on(opening: CaseOpening, held: HeldCase) -> bool:
    """Whether more is held of a case than its opening tells (P20)."""
    return held.trail_seq > max((entry.seq for entry in opening.trail), default=0)


def new_entries(trail: Sequence[TrailEntry], held: HeldCase) -> list[TrailEntry]:
    """The entries that follow those held, in order."""
    return sorted((entry for entry in trail if entry.seq > held.trail_seq), key=lambda entry: entry.seq)


def _contradicts_the_end(record: CaseRecord, held: HeldCase) -> bool:
    """Whether a record takes an ended case for one that goes on, or that ended otherwise.

    Entries and tasks still come after the end: letters of the last moment are delivered, or are not.
    """
    if record.outcome is not None:
        return record.outcome != held.outcome
    return record.stage != held.stage or record.customer_status is not None or record.restore_status


def revokes(record: CaseRecord) -> bool:
    """Whether a formalization ends to be in force with this record (X3).

    A case that ends otherwise than closed is one of a customer who stays, even if the record does not say so.
    """
    return record.revoke_formalization or record.outcome not in (None, "closed")


def task_in_forsaken(opening: CaseOpening) -> TaskOrder:
    """Commercial's task of an opening that goes on with the closing of a forsaken case, as a task of that case (P2)."""
    return opening.commercial_task.model_copy(update={"key": forsaken_task_key(opening.case_id)})


def forsaken_task_key(case_id: str) -> str:
    """The key under which a forsaken case holds the task of the opening of `case_id`."""
    return f"commercial:{case_id}"


def end_of_forsaken(case_id: str, recorded_seq: int, successor: CaseOpening) -> CaseRecord:
    """The record that ends a case whose execution is gone, terminated in the Web UI say, when a new one opens.

    Temporal runs one execution of a workflow id at a time: a later one of the same id is the proof that the
    earlier is gone. Its formalization counts no more; the customer asks and formalises anew (X1, P19).
    """
    entry = TrailEntry(
        seq=recorded_seq + 1,
        at=successor.opened_at,
        actor=SYSTEM,
        kind="discarded",
        detail=(
            "A execução deste caso terminou fora do procedimento. O cliente tem um caso novo, de protocolo "
            f"{successor.protocol}."
        ),
    )
    return CaseRecord(
        case_id=case_id,
        customer_id=successor.customer_id,
        at=successor.opened_at,
        stage=Stage.DISCARDED.value,
        trail=(entry,),
        close_all_tasks=True,
        revoke_formalization=True,
        restore_status=True,
        outcome=Stage.DISCARDED.value,
    )


def with_local_days(formalization: FormalizationRecord) -> FormalizationRecord:
    """The record as it is kept: with local days also for callers that leave them out (X23), and instants in UTC.

    Python holds an instant of an hour that a clock change skips or repeats for different from the same one in
    another zone, so what is kept and what is given compare in one zone alone.
    """
    notice = formalization.notice
    starts_at, ends_at = notice.starts_at.astimezone(UTC), notice.ends_at.astimezone(UTC)
    received_on, offset = formalization.received_on, formalization.end_offset_minutes
    if offset is None:
        midnight = datetime.combine(notice.last_day + timedelta(days=1), time(0), tzinfo=_ZONE)
        offset = (midnight.utcoffset() or timedelta()) // timedelta(minutes=1)
    return formalization.model_copy(
        update={
            "notice": notice.model_copy(update={"starts_at": starts_at, "ends_at": ends_at}),
            "received_on": received_on or starts_at.astimezone(_ZONE).date(),
            "end_offset_minutes": offset,
        }
    )
