"""The billing watch: which cases it looks at, and what it finds and does, each once (X10)."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AwareDatetime, Field

from cancellation.domain.billing_watch import Found, WatchTerms
from cancellation.domain.values import Value
from cancellation.messages.crm import AuthorisedContact, TaskOrder

WATCH_ACTOR: Final = "conferência de faturamento"
"""Who does what the watch does."""


class WatchBatch(Value):
    """Look at some of the closed cases whose watch is not over."""

    at: AwareDatetime
    """The run's own clock: cycles, terms and records are reckoned from it."""
    cursor: str | None = None
    """Where the batch before stopped; None: the first one."""
    most: Annotated[int, Field(ge=1, le=1000)] = 100
    """Cases at most."""


class WatchBatchResult(Value):
    """What a batch did. Counted is what was recorded for the first time, whoever runs beside it."""

    cursor: str | None = None
    """Where the next batch goes on; None: that was all."""
    looked: int = 0
    """Cases that were looked at."""
    voided: int = 0
    """Undue charges that were voided, with their fiscal documents."""
    to_repay: int = 0
    """Undue charges that were paid: a task for Finance each."""
    to_review: int = 0
    """Undue charges that a person has to look at."""
    revived: int = 0
    """Resources and numbers of customers who have left, in use again."""
    overdue: int = 0
    """Cases that cannot be settled although their cycles have been over for long."""
    settled: int = 0
    """Customers who got their statement of no debt."""
    failed: int = 0
    """Cases of which something could not be done now; the next run tries again."""


class ActKind(StrEnum):
    """What the watch records."""

    VOIDED = "voided"
    """An undue charge was voided, alone or with its fiscal document."""
    REPAY = "repay"
    """An undue charge was paid: people give it back."""
    REVIEW = "review"
    """An undue charge that people look at."""
    REVIVED = "revived"
    """Something that was released is in use."""
    OVERDUE = "overdue"
    """The cycles are over for long, and something stays open."""
    NO_DEBT = "no_debt"
    """The cycles are over and nothing is due: the customer is to get the statement."""
    TOLD = "told"
    """A letter went out."""
    NOT_TOLD = "not_told"
    """A letter was refused for good."""


class NewAct(Value):
    """One thing to be recorded, unless it is recorded already."""

    kind: ActKind
    key: str
    """What makes it count once within the case."""
    detail: str
    """For people."""
    found: Found
    task: str | None = None
    """Key of the task of the same look that it belongs to."""


class WatchLook(Value):
    """One look at one case: whatever of it is new is written together."""

    case_id: str
    at: AwareDatetime
    terms: WatchTerms
    """Kept from the first look on where the case closed without saying its own."""
    acts: tuple[NewAct, ...]
    tasks: tuple[TaskOrder, ...] = ()
    """Each is opened if an act that names it is new."""
    settles: bool = False
    """The watch of this case is over."""


class WatchAct(Value):
    """One recorded thing."""

    seq: int
    look: int
    """The number of the first act that was recorded together with it: one letter tells of them."""
    at: AwareDatetime
    actor: str
    kind: ActKind
    key: str
    detail: str
    found: Found


class WatchedTask(Value):
    """A task of the watch, open or not."""

    key: str
    closed_at: AwareDatetime | None = None


class WatchedCase(Value):
    """A closed case whose watch is not over, with what the records hold of it."""

    case_id: str
    customer_id: str
    protocol: str
    ended_at: AwareDatetime
    last_day: date
    """The last day that was due."""
    terms: WatchTerms
    customer_name: str | None
    cnpj: str | None = None
    contract: str | None = None
    customer_status: str | None
    contacts: tuple[AuthorisedContact, ...] = ()
    acts: tuple[WatchAct, ...] = ()
    tasks: tuple[WatchedTask, ...] = ()
