"""What other systems answered, and what became of letters and failing steps."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cancellation.domain.events.event import Event
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.values import (
    Archive,
    EndTold,
    Released,
    Team,
)


@dataclass(frozen=True, kw_only=True)
class CrmUpdated(Event):
    """What one record changed in the CRM beside the trail."""

    kind = "crm_updated"
    urgent = False
    status: str | None = None
    registered: bool = False
    opened: tuple[str, ...] = ()
    """Titles of tasks."""
    closed: tuple[str, ...] = ()
    """Keys of tasks."""
    ended: bool = False
    """The case has ended, and with it every task about it that does not outlive it."""

    @property
    def says_something(self) -> bool:
        """Whether anything beside the trail changed."""
        return self != CrmUpdated(actor=self.actor)


@dataclass(frozen=True, kw_only=True)
class BillingEndPlanned(Event):
    """Billing will not recur after the last day (P16)."""

    kind = "billing_end_planned"
    urgent = False


@dataclass(frozen=True, kw_only=True)
class BillingEndLifted(Event):
    """Billing goes on as before (X3)."""

    kind = "billing_end_lifted"
    urgent = False


@dataclass(frozen=True, kw_only=True)
class PortRecorded(Event):
    """Telephony knows of a port (P9)."""

    kind = "port_recorded"
    urgent = False
    number: str


@dataclass(frozen=True, kw_only=True)
class ServicesDeactivated(Event):
    """Everything is dead but what held numbers need (P15)."""

    kind = "deactivated"
    urgent = False


@dataclass(frozen=True, kw_only=True)
class ResourcesReleased(Event):
    """Released and read back (P17)."""

    kind = "released"
    released: Released


@dataclass(frozen=True, kw_only=True)
class BillingClosed(Event):
    """Invoiced, voided, read back (P16)."""

    kind = "billing_closed"
    total: Decimal
    voided: int


@dataclass(frozen=True, kw_only=True)
class AmountsDoubtful(Event):
    """Billing holds no sound amount of these: Finance looks (P16)."""

    kind = "amounts_doubtful"
    names: tuple[str, ...]
    count: int


@dataclass(frozen=True, kw_only=True)
class NumbersOdd(Event):
    """Telephony keeps own numbers in another form than E.164 (P9)."""

    kind = "numbers_odd"
    names: tuple[str, ...]
    count: int


@dataclass(frozen=True, kw_only=True)
class RecordingsReady(Event):
    """The link was made (P10)."""

    kind = "recordings_ready"
    archive: Archive


@dataclass(frozen=True, kw_only=True)
class NoRecordings(Event):
    """There was nothing in the period (P10)."""

    kind = "no_recordings"


@dataclass(frozen=True, kw_only=True)
class RecordingsPurged(Event):
    """The data is removed (P10)."""

    kind = "recordings_purged"
    recordings: int
    archives: int


@dataclass(frozen=True, kw_only=True)
class RecordingsLeftOut(Event):
    """Single recordings could not be delivered, or removed (P10)."""

    kind = "recordings_left_out"
    names: tuple[str, ...]
    count: int
    purging: bool


@dataclass(frozen=True, kw_only=True)
class LinksRevoked(Event):
    """The download links are dead (P10)."""

    kind = "links_revoked"
    urgent = False


@dataclass(frozen=True, kw_only=True)
class LinkUsed(Event):
    """Somebody came with a download link (P20)."""

    kind = "link_used"
    urgent = False
    used_at: datetime
    what: str
    bytes: int | None


@dataclass(frozen=True, kw_only=True)
class LetterSent(Event):
    """A letter went out."""

    kind = "letter_sent"
    urgent = False
    letter: LetterKind
    team: Team | None
    letter_id: str
    partly_refused: str | None = None
    told: EndTold | None = None
    """The end in figures that it tells (X25)."""


@dataclass(frozen=True, kw_only=True)
class LetterUndelivered(Event):
    """A letter did not arrive (X16, X17)."""

    kind = "letter_undelivered"
    letter: LetterKind
    why: str
    """A code (`no_contact`, `put_off`) or the mail server's words."""


@dataclass(frozen=True, kw_only=True)
class LetterOmitted(Event):
    """A letter waited until it was not true any more (X18)."""

    kind = "letter_omitted"
    urgent = False
    letter: LetterKind


@dataclass(frozen=True, kw_only=True)
class StepRefused(Event):
    """The other side understood and will never do it."""

    kind = "step_refused"
    step: str


@dataclass(frozen=True, kw_only=True)
class AttentionRaised(Event):
    """A piece of work keeps failing (X7)."""

    kind = "attention_raised"
    step: str
    since: datetime
    refused: bool = False


@dataclass(frozen=True, kw_only=True)
class AttentionCleared(Event):
    """It works again."""

    kind = "attention_cleared"
    step: str
