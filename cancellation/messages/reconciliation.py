"""Reconciliation on its way: what a run begins with, its batches, and what the ledger of findings answers (X11)."""

from pydantic import AwareDatetime, Field

from cancellation.domain.findings import Finding, Repair, Rule
from cancellation.domain.values import Brief


class CheckBatch(Brief):
    """The next batch of a step."""

    run_at: AwareDatetime
    """When the run began: the same for all its batches."""
    cursor: str = ""
    """Where the step goes on, as its last batch said; empty: at its beginning."""


class CheckBatchResult(Brief):
    """What a batch has done."""

    cursor: str | None = None
    """Where the next one goes on; None: the step is done."""
    looked: int = 0
    """At how many things."""
    found: int = 0
    """How many of them disagree, or were acted upon."""


class Tally(Brief):
    """What a step has done so far."""

    looked: int = 0
    found: int = 0


class ReconciliationStart(Brief):
    """How a run begins, or goes on in a new execution."""

    run_at: AwareDatetime | None = None
    """None: now."""
    step: int = 0
    """The place of the step in their order."""
    cursor: str = ""
    tallies: dict[str, Tally] = Field(default_factory=dict)
    failed: tuple[str, ...] = ()


class ReconciliationResult(Brief):
    """How a run ended."""

    run_at: AwareDatetime
    tallies: dict[str, Tally]
    failed: tuple[str, ...] = ()
    """Steps that gave up: a system was away for too long. The next run begins them again."""


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
