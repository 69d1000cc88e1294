"""The outside systems of a process, whatever is done with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cancellation.ports import Billing, BillingAfterwards, Crm, Mailer, MailLedger, RecordingStore, Telephony
from cancellation.ports.letter_facts import LetterFacts
from cancellation.ports.reconciliation import Comparison, Findings
from cancellation.ports.watch import WatchRecords
from workers.prepared import Need
from workers.readiness import Ask


@dataclass(frozen=True)
class Systems:
    """The outside systems of one process."""

    crm: Crm
    billing: Billing
    telephony: Telephony
    recordings: RecordingStore
    mailer: Mailer
    inbox: MailLedger | None = None
    """None where no incoming mail is handled."""
    letter_facts: LetterFacts | None = None
    """What letters and tasks say beside the case's own knowledge; None: they say less."""
    comparison: Comparison | None = None
    findings: Findings | None = None
    """None where nothing is reconciled."""
    desk_url: str = ""
    """Where Commercial's desk is, for tasks to lead to; empty: there is none."""
    aftermath: BillingAfterwards | None = None
    """What is left in billing of customers who have left; None, as without a record of it: nobody looks (X10)."""
    watches: WatchRecords | None = None
    asks: Mapping[Need, Ask] = field(default_factory=dict)
    """Whether what stands behind them answers, for `/ready`."""
