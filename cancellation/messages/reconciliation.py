"""Reconciliation on its way: what a run begins with, its batches, and what the ledger of findings answers (X11)."""

from pydantic import AwareDatetime

from cancellation.domain.findings import Finding, Repair, Rule
from cancellation.domain.values import Brief, Value


class CheckBatch(Value):
    """The next batch of a step; every step of a run takes one like it."""

    at: AwareDatetime
    """When the run began: the same for all its batches."""
    cursor: str | None = None
    """Where the batch before stopped; None: the first one."""


class CheckBatchResult(Value):
    """What a batch has done; other steps count other things."""

    cursor: str | None = None
    """Where the next one goes on; None: the step is done."""
    looked: int = 0
    """At how many things."""
    found: int = 0
    """How many of them disagree."""
    resolved: int = 0
    """How many that disagreed do so no more."""
    repaired: int = 0
    told: int = 0
    failed: int = 0
    """What could not be done now; the next run tries again."""


class ReconciliationStart(Value):
    """How a run goes on in a new execution."""

    at: AwareDatetime
    step: int
    """The place of the step in their order."""
    cursor: str | None = None
    counts: dict[str, dict[str, int]]
    """By step, what its batches have counted."""
    failed: tuple[str, ...] = ()


class ReconciliationResult(Value):
    """How a run ended."""

    at: AwareDatetime
    counts: dict[str, dict[str, int]]
    failed: tuple[str, ...] = ()
    """Steps that gave up, for a system was away for too long. The next run begins them again."""


class ExecutionSeen(Brief):
    """An execution that runs, as the engine and the execution itself tell it."""

    workflow_id: str
    run_id: str
    workflow_type: str
    started_at: AwareDatetime
    wedged: bool = False
    """Its workflow tasks keep failing."""
    stage: str | None = None
    """This and what follows: None where the execution did not answer."""
    notice_ends_at: AwareDatetime | None = None
    trail_entries: int | None = None
    trail_recorded: int | None = None
    """Up to which entry it knows the CRM to hold its trail."""
    owes_crm: bool = False
    """Something for the CRM is on its way."""


class ExecutionPage(Brief):
    """Some of the executions that run."""

    executions: tuple[ExecutionSeen, ...] = ()
    next_page: str | None = None
    """None: there are no more."""


class KeptFinding(Finding):
    """A finding as the ledger holds it."""

    first_seen: AwareDatetime
    last_seen: AwareDatetime
    resolved_at: AwareDatetime | None = None
    """When a look did not find it any more."""
    told_at: AwareDatetime | None = None
    company: str | None = None
    """The customer's name, where the CRM knows it."""
    repair: Repair | None = None
    """What was undone because of it."""
    repaired_at: AwareDatetime | None = None


class RepairDone(Brief):
    """An act of reconciliation; kept for good."""

    rule: Rule
    subject: str
    repair: Repair
    case_id: str
    run_at: AwareDatetime
    at: AwareDatetime
