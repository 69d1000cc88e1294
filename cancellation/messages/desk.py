"""What the desk shows of the records: cases, customers, tasks, letters, e-mails, figures (X24, X26)."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from pydantic import AwareDatetime

from cancellation.domain.values import Contact, Offer, Reason, Request, Team, Value
from cancellation.messages.crm import CaseSummary, Customer, MailDecision
from cancellation.messages.facts import AgainLetter
from cancellation.messages.mail_in import MailFate

CONFIRMS_NOTICE: Final = "confirm_notice"
DECIDES_ON_MAIL: Final = "mail:"
"""Keys of a case's tasks about an e-mail; the second is followed by its Message-ID."""
_LOST_LETTER: Final = "undelivered:"
"""Key of a case's task about a letter that did not arrive, followed by the letter's own key."""


class CaseFilter(Value):
    """Which cases of a list."""

    words: str = ""
    """Company, protocol, CNPJ, telephone number or customer id, or a part of it."""
    stage: str | None = None
    assigned_to: str | None = None
    attention: bool = False
    """Only cases with an open task about a step that fails, or about silence (X7, X19)."""
    open_only: bool = True
    offset: int = 0
    most: int = 50


class CaseLine(Value):
    """A case in a list."""

    case_id: str
    customer_id: str
    company: str | None
    """None where the CRM does not know the customer."""
    protocol: str
    stage: str
    since: AwareDatetime
    """Since when it stands in its stage."""
    opened_at: AwareDatetime
    request: Request
    """The request that opened it."""
    contact: Contact | None
    """Whom the CRM names first to speak for the customer."""
    reason: str | None
    """Category of the reason for leaving, once recorded."""
    last_day: date | None
    """Of the notice."""
    assigned_to: str | None
    attention: bool
    tasks: int
    """Open tasks."""


class CaseList(Value):
    """A page of a list, and how many there are in all."""

    cases: tuple[CaseLine, ...]
    total: int
    by_stage: dict[str, int]
    """Open cases, by stage, whatever the filter."""


class TaskFilter(Value):
    """Which tasks of a list; of all cases, without those about e-mails, which have a list of their own."""

    team: Team | None = None
    open_only: bool = True
    case_id: str | None = None
    offset: int = 0
    most: int = 100


class TaskLine(Value):
    """A task of a case."""

    case_id: str
    protocol: str
    customer_id: str
    company: str | None
    key: str
    team: Team
    title: str
    text: str
    due_on: date | None
    ordered_at: AwareDatetime
    closed_at: AwareDatetime | None
    closed_by: str | None
    """Who closed it at the desk; None where the case did."""
    word: str | None
    """What they wrote."""

    @property
    def decides(self) -> bool:
        """Whether it is about an e-mail: who decides on that closes it (X14, X15)."""
        return self.key == CONFIRMS_NOTICE or self.mail_id is not None

    @property
    def mail_id(self) -> str | None:
        """Message-ID of the e-mail that it is about; of a look at a notice the formalization says it."""
        return self.key.removeprefix(DECIDES_ON_MAIL) if self.key.startswith(DECIDES_ON_MAIL) else None

    @property
    def lost_letter(self) -> str | None:
        """Kind of the letter to the customer that it is about, which did not arrive and may be sent again (X16)."""
        if not self.key.startswith(_LOST_LETTER):
            return None
        kind, _, audience = self.key.removeprefix(_LOST_LETTER).partition(":")
        return kind if audience.startswith("customer:") and kind in set(AgainLetter) else None


class MailLine(Value):
    """An e-mail that waits for a person, in a case or in none (X14, X15)."""

    sha256: str | None
    """None where its original is not kept: it is decided from its case."""
    title: str
    protocol: str | None
    company: str | None
    since: AwareDatetime


class MailFile(Value):
    """What the records say of one e-mail, beside its bytes."""

    why: tuple[str, ...] = ()
    """What the reader said when it was handled."""
    waiting: tuple[TaskLine, ...] = ()
    """Open tasks of cases that wait for a decision on it."""
    decision: MailDecision | None = None
    """What a person said of it last."""
    notice_of: str | None = None
    """The open case whose notice rests on it."""


class Account(Value):
    """A customer as Commercial must know them before they call."""

    customer: Customer
    monthly: Decimal
    """Reais a month of what runs."""
    since: date | None
    """First day of the oldest subscription."""
    plan: tuple[str, ...]
    """What runs, in words."""
    earlier: tuple[CaseSummary, ...]
    """Every case of the customer, the latest first."""


class LetterLine(Value):
    """A letter of a case."""

    message_id: str
    kind: str
    audience: str
    subject: str
    status: str
    written_at: AwareDatetime
    problem: str | None
    """What the mail server said, without addresses."""


class DeskActKind(StrEnum):
    """What people do beside the facts that they report."""

    NOTE = "note"
    ASSIGNED = "assigned"
    TASK_CLOSED = "task_closed"
    MAIL_DISMISSED = "mail_dismissed"


class DeskAct(Value):
    """One of them; none moves a case."""

    act_id: str
    case_id: str
    at: AwareDatetime
    actor: str
    kind: DeskActKind
    subject: str = ""
    words: str = ""


class Dossier(Value):
    """Everything that the records hold of one case."""

    summary: CaseSummary
    since: AwareDatetime
    request: Request
    reason: Reason | None
    decided_by: str | None
    decided_at: AwareDatetime | None
    offers: tuple[Offer, ...]
    assigned_to: str | None
    letters: tuple[LetterLine, ...]
    acts: tuple[DeskAct, ...]


class CaseFigure(NamedTuple):
    """A case as the figures count it; a plain tuple, for there are many."""

    case_id: str
    protocol: str
    company: str | None
    channel: str
    opened_at: datetime
    ended_at: datetime | None
    outcome: str | None
    reason: str | None
    decision: str | None
    """What Commercial recorded last: `retained` or `declined`."""
    decided_by: str | None
    decided_at: datetime | None
    offers: tuple[str, ...]
    """Kinds that were offered, each once."""
    accepted: tuple[str, ...]
    declined_at: datetime | None
    """When the customer stayed with the decision; the case then waited for the formalization, unless it was there."""
    notice_at: datetime | None
    closing_at: datetime | None
    monthly: Decimal
    """Reais a month when it was opened."""
    back_at: datetime | None
    """When the customer's next case was opened, whatever became of it."""


class MailFigures(NamedTuple):
    """E-mails that arrived in a period."""

    arrived: int
    left_to_a_person: int


class MailFigure(NamedTuple):
    """One of them, as the list behind the figure shows it."""

    sha256: str | None
    """None where its original is not kept."""
    title: str | None
    """Of the task to read it; None where nobody was given one."""
    fate: MailFate | None
    """What was done about it when it arrived; None of a task, and while it is not handled."""
    protocol: str | None
    """Of the case whose task it is."""
    company: str | None
    at: datetime
    """When it was received; of one outside of every case when it was left to a person."""
    settled_at: datetime | None
    """When its task was closed; None while it waits, and where there is no task."""
