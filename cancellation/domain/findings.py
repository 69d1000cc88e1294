"""What reconciliation looks for: two sides that disagree, as data; words are in `language.findings` (X11)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from pydantic import AwareDatetime

from cancellation.domain.values import Brief, Team


class Rule(StrEnum):
    """One way in which the records can disagree; the code is stable, for whoever counts findings."""

    CASE_WITHOUT_EXECUTION = "case_without_execution"
    """The CRM holds an open case, and no execution runs for it."""
    EXECUTION_WITHOUT_CASE = "execution_without_case"
    """An execution runs, and the CRM holds no open case of it."""
    EXECUTION_WEDGED = "execution_wedged"
    """The engine reports that an execution's workflow tasks keep failing."""
    STAGE_DIFFERS = "stage_differs"
    """A case stands in one stage by the CRM and in another by its execution, which owes the CRM nothing."""
    TRAIL_BEHIND = "trail_behind"
    """The CRM holds fewer trail entries than the execution knows to be recorded (P20)."""
    TRAIL_AHEAD = "trail_ahead"
    """The CRM holds trail entries that the execution does not know: it was set back (P20)."""
    TASK_DIFFERS = "task_differs"
    """The D+30 task is missing, closed or of another day than the notice's end (P14)."""
    TIMER_MISSED = "timer_missed"
    """The notice has ended, and the execution still stands in it."""
    TASK_LEFT = "task_left"
    """A task that belongs to a deadline is open, and its case has ended."""
    STATUS_UNEXPLAINED = "status_unexplained"
    """The customer's status in the CRM is one that no case explains (P12)."""
    BILLING_END_LEFT = "billing_end_left"
    """Billing plans an end for a case that has ended otherwise, or that does not exist (P16)."""
    LINK_LEFT = "link_left"
    """A download link lives longer than its notice, or than its case (P10)."""
    EXPORT_WITHOUT_CASE = "export_without_case"
    """Recordings were exported for a case that the CRM does not hold (P10)."""
    LETTER_NOT_SENT = "letter_not_sent"
    """A letter is tried and tried, and does not leave the outbox."""
    MAIL_NOT_HANDLED = "mail_not_handled"
    """An e-mail is kept, and nothing was ever done about it (X15)."""
    MAIL_UNDECIDED = "mail_undecided"
    """An e-mail or a notice has waited for a person for days (X14, X15)."""
    NUMBER_WITHOUT_HOLD = "number_without_hold"
    """A number is still in use after everything was released, and no portability holds it (X6)."""


class System(StrEnum):
    """Whose word stands against the CRM's."""

    ENGINE = "engine"
    CRM = "crm"
    """The CRM contradicts itself."""
    BILLING = "billing"
    RECORDINGS = "recordings"
    MAIL = "mail"
    TELEPHONY = "telephony"


@dataclass(frozen=True)
class Terms:
    """What a rule is about, and how soon."""

    team: Team
    """Who can do something about it."""
    against: System
    patience: timedelta
    """What is younger is on its way, and no finding."""
    reads_executions: bool = False
    """Whether it says nothing where the engine's executions were not all read."""


_MOMENT: Final = timedelta(minutes=15)
_HOUR: Final = timedelta(hours=1)

RULES: Final[Mapping[Rule, Terms]] = {
    Rule.CASE_WITHOUT_EXECUTION: Terms(Team.SUPPORT, System.ENGINE, _MOMENT, reads_executions=True),
    Rule.EXECUTION_WITHOUT_CASE: Terms(Team.SUPPORT, System.ENGINE, _MOMENT, reads_executions=True),
    Rule.EXECUTION_WEDGED: Terms(Team.SUPPORT, System.ENGINE, timedelta(0), reads_executions=True),
    Rule.STAGE_DIFFERS: Terms(Team.SUPPORT, System.ENGINE, _MOMENT, reads_executions=True),
    Rule.TRAIL_BEHIND: Terms(Team.SUPPORT, System.ENGINE, timedelta(0), reads_executions=True),
    Rule.TRAIL_AHEAD: Terms(Team.SUPPORT, System.ENGINE, timedelta(0), reads_executions=True),
    Rule.TASK_DIFFERS: Terms(Team.SUPPORT, System.ENGINE, _MOMENT, reads_executions=True),
    Rule.TIMER_MISSED: Terms(Team.SUPPORT, System.ENGINE, _HOUR, reads_executions=True),
    Rule.TASK_LEFT: Terms(Team.COMMERCIAL, System.CRM, _MOMENT),
    Rule.STATUS_UNEXPLAINED: Terms(Team.COMMERCIAL, System.CRM, _MOMENT),
    Rule.BILLING_END_LEFT: Terms(Team.FINANCE, System.BILLING, _HOUR),
    Rule.LINK_LEFT: Terms(Team.SUPPORT, System.RECORDINGS, _HOUR),
    Rule.EXPORT_WITHOUT_CASE: Terms(Team.SUPPORT, System.RECORDINGS, _HOUR),
    Rule.LETTER_NOT_SENT: Terms(Team.SUPPORT, System.MAIL, timedelta(hours=6)),
    Rule.MAIL_NOT_HANDLED: Terms(Team.SUPPORT, System.MAIL, _HOUR, reads_executions=True),
    Rule.MAIL_UNDECIDED: Terms(Team.COMMERCIAL, System.MAIL, timedelta(days=3)),
    Rule.NUMBER_WITHOUT_HOLD: Terms(Team.SUPPORT, System.TELEPHONY, _HOUR),
}


class Side(Brief):
    """What one side says, as far as it says anything; nothing at all: it holds nothing."""

    state: str = ""
    """A stage, a status, a state of an execution, a kind of letter: a code."""
    name: str = ""
    """Of the thing that it is about: a task's key, a number, an execution."""
    day: date | None = None
    at: AwareDatetime | None = None
    count: int | None = None


class Finding(Brief):
    """Two sides that disagree, about one thing; rule and subject together are its identity."""

    rule: Rule
    subject: str
    """What it is about, unique within the rule: a case, an execution, a link, a letter, a number."""
    customer_id: str | None = None
    case_id: str | None = None
    protocol: str | None = None
    crm: Side = Side()
    other: Side = Side()
    """The system's that `Terms.against` names."""

    @property
    def key(self) -> tuple[Rule, str]:
        """Its identity."""
        return self.rule, self.subject

    @property
    def terms(self) -> Terms:
        """What its rule is about."""
        return RULES[self.rule]


class Repair(StrEnum):
    """What is undone without asking: what the case itself undoes at an end that closes nothing (X3, X20)."""

    LIFT_BILLING_END = "lift_billing_end"
    REVOKE_LINKS = "revoke_links"


UNDONE_BY: Final[Mapping[Rule, Repair]] = {
    Rule.BILLING_END_LEFT: Repair.LIFT_BILLING_END,
    Rule.LINK_LEFT: Repair.REVOKE_LINKS,
}
ENDS_WITHOUT_CLOSING: Final = ("retained", "withdrawn", "lapsed", "discarded")


def repair_of(finding: Finding) -> Repair | None:
    """What may be undone by rule; None wherever a person has to look, and whenever it is in doubt."""
    if finding.case_id is None or finding.crm.state not in ENDS_WITHOUT_CLOSING:
        return None
    return UNDONE_BY.get(finding.rule)
