"""What commands of the ledger say to the outside when they run, read from the case at that moment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cancellation.application import dates, tasks
from cancellation.application.casefile import CaseFile
from cancellation.application.letters import write
from cancellation.domain.case import Case
from cancellation.domain.commands import (
    CloseTask,
    Command,
    CorrectContact,
    EndCase,
    ExportRecordings,
    KeepDecision,
    LiftBillingEnd,
    OpenTask,
    Owed,
    RecordPort,
    RegisterFormalization,
    RevokeLinks,
    SendLetter,
    SetStatus,
)
from cancellation.domain.due import is_pointless
from cancellation.domain.events import CrmUpdated, Declined, OfferChanged, Retained
from cancellation.domain.identity import workflow_id
from cancellation.domain.letter_kinds import LetterKind, LetterOrder
from cancellation.domain.stage import Stage
from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import Outcome
from cancellation.messages.billing import BillingClosure, BillingEndPlan
from cancellation.messages.crm import (
    CaseOpening,
    CaseRecord,
    ContactCorrection,
    FormalizationRecord,
    LostRecords,
    MailDecision,
    RetentionDecision,
    RetentionRecord,
    TaskOrder,
)
from cancellation.messages.letters import Letter, LetterBatch
from cancellation.messages.recordings import ExportOrder, LinkRevocation, PurgeOrder
from cancellation.messages.telephony import InventoryQuery, PortRecord, Shutdown
from cancellation.messages.warrant import Warrant

_OUTCOMES: Final = {Retained.kind: Outcome.RETAINED, Declined.kind: Outcome.DECLINED}

# ---------------------------------------------------------------------------- the CRM


def opening(file: CaseFile, batch: Sequence[Owed], now: datetime) -> CaseOpening:
    """The case's own record with Commercial's task, before anything else (P2)."""
    case = file.case
    first = case.contacts[0]
    task = tasks.call_customer(case.customer_id, first, case.protocol)
    return CaseOpening(
        case_id=case.case_id,
        customer_id=case.customer_id,
        workflow_id=workflow_id(case.customer_id),
        protocol=case.protocol,
        opened_at=case.opened_at,
        stage=case.stage.value,
        customer_status=case.stage.crm_status,
        request=first,
        commercial_task=task,
        trail=tuple(file.trail.unrecorded()),
        notice_days=case.policy.notice_days,
    )


def record(file: CaseFile, batch: Sequence[Owed], now: datetime) -> CaseRecord:
    """One transaction in the CRM for everything that it is owed, with what the trail has more (P20)."""
    case = file.case
    commands = [owed.command for owed in batch]
    ends = any(isinstance(command, EndCase) for command in commands)
    opened = [task for command in commands if (task := _task(case, command)) is not None]
    if ends:
        known = {task.key for task in opened}
        opened += [task for wish in case.lasting if (task := _task(case, wish)) and task.key not in known]
    closed = tuple(command.key for command in commands if isinstance(command, CloseTask))
    registers = any(isinstance(command, RegisterFormalization) for command in commands)
    ends_closed = ends and case.stage is Stage.CLOSED
    sets_status = ends_closed or (not ends and any(isinstance(c, SetStatus) for c in commands))
    _say_what_changes(file, batch, opened, now)
    trail = tuple(file.trail.unrecorded())
    return CaseRecord(
        case_id=case.case_id,
        customer_id=case.customer_id,
        at=now,
        stage=case.stage.value,
        customer_status=case.stage.crm_status if sets_status else None,
        restore_status=ends and not ends_closed,
        trail=trail,
        retention=retention_record(case, trail),
        open_tasks=tuple(opened),
        close_tasks=closed,
        close_all_tasks=ends and case.customer_name is not None,
        formalization=formalization_record(case) if registers else None,
        revoke_formalization=ends and case.stage in (Stage.WITHDRAWN, Stage.DISCARDED),
        outcome=case.stage.value if ends else None,
        decisions=tuple(
            _decision(case, command) for command in commands if isinstance(command, KeepDecision)
        ),
        corrections=tuple(
            ContactCorrection(wrong=command.wrong, right=command.right)
            for command in commands
            if isinstance(command, CorrectContact)
        ),
        watch=case.policy.watch if ends_closed else None,
    )


def lost_records(file: CaseFile, batch: Sequence[Owed], now: datetime) -> LostRecords:
    """Whose records the CRM has lost (P20)."""
    return LostRecords(case_id=file.case.case_id, customer_id=file.case.customer_id)


def _decision(case: Case, command: KeepDecision) -> MailDecision:
    return MailDecision(
        message_id=command.message_id,
        original_sha256=command.original_sha256,
        case_id=case.case_id,
        customer_id=case.customer_id,
        is_request=command.is_request,
        reason=command.reason,
        decided_by=command.decided_by,
        decided_at=command.decided_at,
    )


def retention_record(case: Case, trail: Sequence[TrailEntry]) -> RetentionRecord | None:
    """What entries that the CRM does not hold yet say of Commercial's attempt, as data (P3, P4, X26)."""
    offers = any(entry.kind.startswith(OfferChanged.kind) for entry in trail)
    outcome = next((entry for entry in reversed(trail) if entry.kind in _OUTCOMES), None)
    if not offers and outcome is None:
        return None
    decision = None
    if outcome is not None and case.reason is not None:
        decision = RetentionDecision(
            outcome=_OUTCOMES[outcome.kind], reason=case.reason, actor=outcome.actor, at=outcome.at
        )
    return RetentionRecord(offers=tuple(case.offers) if offers else (), decision=decision)


def _say_what_changes(
    file: CaseFile, batch: Sequence[Owed], opened: Sequence[TaskOrder], now: datetime
) -> None:
    """The entry about a record goes along with it, once however often the record is tried."""
    case = file.case
    new = [owed for owed in batch if not owed.told]
    commands = [owed.command for owed in new]
    keys = {command.key for command in commands if isinstance(command, OpenTask)}
    ends = any(isinstance(command, EndCase) for command in commands) and case.customer_name is not None
    status = case.stage.crm_status if any(isinstance(c, SetStatus) for c in commands) else None
    if ends:
        status = case.stage.crm_status if case.stage is Stage.CLOSED else case.status_before
    change = CrmUpdated(
        status=status,
        registered=any(isinstance(c, RegisterFormalization) for c in commands),
        opened=tuple(task.title for task in opened if task.key in keys),
        closed=tuple(command.key for command in commands if isinstance(command, CloseTask)),
        ended=ends,
    )
    case.tell_crm_change([owed.key for owed in new], change, now)
    file.write_down(now)


def _task(case: Case, command: Command) -> TaskOrder | None:
    return tasks.order(case, command) if isinstance(command, OpenTask) else None


def formalization_record(case: Case) -> FormalizationRecord:
    """The complete formalization with its dates, as the case's own rules have them (P11, X23)."""
    assert case.formalization is not None
    assert case.notice is not None
    zone = case.policy.zone
    return FormalizationRecord(
        completing=case.formalization.completing,
        mails=case.formalization.mails,
        reason=case.formalization.reason,
        notice=case.notice,
        notice_days=case.policy.notice_days,
        required_mailboxes=case.policy.mailboxes,
        received_on=zone.local_date(case.formalization.received_at),
        end_offset_minutes=int(zone.offset(case.notice.ends_at).total_seconds()) // 60,
    )


# ---------------------------------------------------------------------------- mail


def letters(file: CaseFile, batch: Sequence[Owed], now: datetime) -> LetterBatch:
    """The letters of a batch, written now."""
    return LetterBatch(letters=tuple(_letter(file.case, owed, now) for owed in batch))


def _letter(case: Case, owed: Owed, now: datetime) -> Letter:
    assert isinstance(owed.command, SendLetter)
    letter = owed.command.letter
    return write(case, letter, now, inventory=case.inventory, invoice_total=case.invoice_total)


_TAKING_BACK: Final = {
    LetterKind.EARLY_UNDONE: LetterKind.FORMALIZED_EARLY,
    LetterKind.EARLY_UNDONE_TO_COMMERCIAL: LetterKind.FORMALIZED_EARLY_TO_COMMERCIAL,
}
_TELLING_EARLY: Final = frozenset(_TAKING_BACK.values())
_TELLING_OF_A_NOTICE: Final = frozenset(
    {
        LetterKind.NOTICE_STARTED,
        LetterKind.FINAL_BILLING,
        LetterKind.SHUTDOWN_PLAN,
        LetterKind.RECORDINGS_READY,
        LetterKind.NO_RECORDINGS,
    }
)


def is_superfluous(case: Case, owed: Owed, queue: Sequence[Owed], now: datetime) -> bool:
    """Whether a letter that waited says what is not true any more, or what a newer one says better (X18)."""
    if not isinstance(owed.command, SendLetter):
        return False
    letter = owed.command.letter
    if letter.kind is LetterKind.WHAT_IS_MISSING:
        newer = any(_is_newer_answer(letter, other) for other in queue if other.key != owed.key)
        return newer or case.formalization is not None or case.stage.is_terminal
    if letter.kind in _TELLING_EARLY:
        return dates.complete_formalization(case) is None
    if letter.kind in _TAKING_BACK:
        # Whoever was not told that it is complete has nothing to hear of its end.
        return all(sent.kind is not _TAKING_BACK[letter.kind] for sent in case.letters.values())
    if letter.kind is LetterKind.ATTENTION:
        return letter.step not in case.attention
    if letter.kind is LetterKind.NOTICE_TO_CONFIRM:
        return not any(one.is_notice for one in case.to_decide)
    if letter.kind is LetterKind.MAIL_TO_DECIDE:
        return not any(one.message_id == letter.mail_id for one in case.to_decide)
    if letter.kind is LetterKind.REMIND_MAIL and letter.ordinal.endswith(":closing"):
        return not case.holding_up
    if letter.kind.value.startswith("remind_"):
        return is_pointless(case, letter.ordinal, now)
    if letter.kind is LetterKind.SCRIPT:
        return case.stage is not Stage.AWAITING_FORMALIZATION
    if letter.kind is LetterKind.PORT_NOTED:
        # Another report of the same number has come meanwhile, and has its own letter.
        port = next((port for port in case.ports if port.number == letter.number), None)
        return port is None or letter.ordinal != f"{port.number}:{port.status.value}"
    if letter.kind in _TELLING_OF_A_NOTICE:
        # Who stays hears of a notice and its link no more: they are undone, and the next letter says so.
        return case.notice is None or (case.stage.is_terminal and case.stage is not Stage.CLOSED)
    return False


def _is_newer_answer(letter: LetterOrder, other: Owed) -> bool:
    command = other.command
    if not isinstance(command, SendLetter) or command.letter.kind is not letter.kind:
        return False
    return int(command.letter.ordinal) > int(letter.ordinal)


def has_nobody(case: Case, owed: Owed) -> bool:
    """Whether a letter to the customer has no address to go to."""
    return isinstance(owed.command, SendLetter) and owed.command.letter.team is None and not case.authorised


# ---------------------------------------------------------------------------- billing


def billing_end_plan(file: CaseFile, batch: Sequence[Owed], now: datetime) -> BillingEndPlan:
    """Nothing recurs after the last day (P16)."""
    case = file.case
    assert case.notice is not None
    return BillingEndPlan(
        case_id=case.case_id, customer_id=case.customer_id, last_day=case.notice.last_day, at=now
    )


def billing_end_to_lift(file: CaseFile, batch: Sequence[Owed], now: datetime) -> str:
    """Whose plan is lifted."""
    command = batch[0].command
    assert isinstance(command, LiftBillingEnd)
    return command.case_id


def billing_closure(file: CaseFile, batch: Sequence[Owed], now: datetime) -> BillingClosure:
    """Invoice the days due, void the rest (P16)."""
    assert file.case.notice is not None
    return BillingClosure(warrant=warrant(file.case, now), last_day=file.case.notice.last_day)


# ---------------------------------------------------------------------------- telephony


def inventory_query(file: CaseFile, batch: Sequence[Owed], now: datetime) -> InventoryQuery:
    """Whose inventory to read."""
    return InventoryQuery(customer_id=file.case.customer_id)


def port_record(file: CaseFile, batch: Sequence[Owed], now: datetime) -> PortRecord:
    """One fact about one number (P9)."""
    command = batch[0].command
    assert isinstance(command, RecordPort)
    return PortRecord(
        case_id=file.case.case_id,
        customer_id=file.case.customer_id,
        number=command.number,
        status=command.status,
        operator=command.operator,
        at=command.at,
    )


def shutdown(file: CaseFile, batch: Sequence[Owed], now: datetime) -> Shutdown:
    """Deactivate, or release, everything but what held numbers need (P15, P17)."""
    hold: tuple[str, ...] = getattr(batch[0].command, "hold", ())
    return Shutdown(warrant=warrant(file.case, now), hold=hold)


def warrant(case: Case, now: datetime) -> Warrant:
    """The authority for a destructive act, after the point of no return (P19)."""
    assert case.notice is not None
    assert case.past_no_return
    return Warrant(
        case_id=case.case_id,
        customer_id=case.customer_id,
        notice_ends_at=case.notice.ends_at,
        at=now,
    )


# ---------------------------------------------------------------------------- recordings


def export_order(file: CaseFile, batch: Sequence[Owed], now: datetime) -> ExportOrder:
    """An archive behind a link that dies with the notice (P10)."""
    case, command = file.case, batch[0].command
    assert isinstance(command, ExportRecordings)
    assert case.notice is not None
    return ExportOrder(
        case_id=case.case_id,
        customer_id=case.customer_id,
        ordinal=command.ordinal,
        from_date=command.from_date,
        to_date=command.to_date,
        link_expires_at=case.notice.ends_at,
        at=now,
    )


def link_revocation(file: CaseFile, batch: Sequence[Owed], now: datetime) -> LinkRevocation:
    """Whose links to kill."""
    command = batch[0].command
    assert isinstance(command, RevokeLinks)
    return LinkRevocation(case_id=command.case_id, at=now)


def purge_order(file: CaseFile, batch: Sequence[Owed], now: datetime) -> PurgeOrder:
    """Kill links, remove recordings (P10)."""
    return PurgeOrder(warrant=warrant(file.case, now))
