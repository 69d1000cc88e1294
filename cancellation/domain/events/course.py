"""What the process did by itself: ends, holds, reminders, what it took over."""

from dataclasses import dataclass
from datetime import datetime

from cancellation.domain.events.event import Event


@dataclass(frozen=True, kw_only=True)
class CustomerUnknown(Event):
    """The CRM does not know the customer; Commercial has the contact."""

    kind = "discarded"


@dataclass(frozen=True, kw_only=True)
class NothingToClose(Event):
    """The customer has nothing left that could be cancelled (X20)."""

    kind = "discarded"


@dataclass(frozen=True, kw_only=True)
class TookOver(Event):
    """An earlier execution was terminated: what it left is undone, or its closing finished, here (X20)."""

    kind = "took_over"
    protocol: str
    closing: bool


@dataclass(frozen=True, kw_only=True)
class FollowedCrm(Event):
    """After a reset: the CRM holds that the case has ended, and so it has (P20)."""

    kind = "followed_crm"
    outcome: str


@dataclass(frozen=True, kw_only=True)
class WasReset(Event):
    """An operator reset the execution to an earlier point (P20)."""

    kind = "execution_reset"


@dataclass(frozen=True, kw_only=True)
class BranchMadeAnew(Event):
    """The CRM holds other entries of these numbers: what differs goes on after them (P20)."""

    kind = "branch_made_anew"
    after: int


@dataclass(frozen=True, kw_only=True)
class RecordsRestored(Event):
    """The CRM had lost what followed an entry, and was given it again (P20)."""

    kind = "records_restored"
    after: int


@dataclass(frozen=True, kw_only=True)
class RecordsLost(Event):
    """Entries that the CRM had lost are remembered nowhere any more (P20)."""

    kind = "records_lost"
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Lapsed(Event):
    """No formalization within the policy's term (X5)."""

    kind = "lapsed"


@dataclass(frozen=True, kw_only=True)
class NoticeEnded(Event):
    """The last day is over (P15)."""

    kind = "notice_ended"


@dataclass(frozen=True, kw_only=True)
class NumberHeld(Event):
    """A number in the middle of a portability is kept (X6)."""

    kind = "number_held"
    number: str
    until: datetime


@dataclass(frozen=True, kw_only=True)
class HoldExpired(Event):
    """The grace of a held number is over (X6)."""

    kind = "hold_expired"
    number: str


@dataclass(frozen=True, kw_only=True)
class HoldLifted(Event):
    """Telephony does not know the number as the customer's: it is held no more (X6)."""

    kind = "hold_lifted"
    number: str


@dataclass(frozen=True, kw_only=True)
class PointOfNoReturn(Event):
    """The first destructive act is about to be ordered (P19)."""

    kind = "point_of_no_return"


@dataclass(frozen=True, kw_only=True)
class Closed(Event):
    """Everything is released, verified and confirmed (P18)."""

    kind = "closed"


@dataclass(frozen=True, kw_only=True)
class Reminded(Event):
    """Somebody was reminded (X4)."""

    kind = "reminded"
    urgent = False
    what: str


@dataclass(frozen=True, kw_only=True)
class ReminderOmitted(Event):
    """A reminder fell due when it could not help any more (X17)."""

    kind = "reminder_omitted"
    urgent = False
    what: str


@dataclass(frozen=True, kw_only=True)
class SilenceNoticed(Event):
    """Nobody has acted after the last reminder (X19)."""

    kind = "silence_noticed"


@dataclass(frozen=True, kw_only=True)
class NoticeConfirmed(Event):
    """A person looked at the sentences that the notice rests on, and found them right (X14)."""

    kind = "notice_confirmed"
    by: str


@dataclass(frozen=True, kw_only=True)
class ReadWrongly(Event):
    """The notice rested on an e-mail that is no request: everything is undone (X14)."""

    kind = "withdrawn"
    mail_id: str
    by: str


@dataclass(frozen=True, kw_only=True)
class DecisionAwaited(Event):
    """The point of no return waits for a person (X14, X15)."""

    kind = "decision_awaited"
    until: datetime


@dataclass(frozen=True, kw_only=True)
class DecisionMissed(Event):
    """Nobody decided within the policy's business days (X15)."""

    kind = "decision_missed"


@dataclass(frozen=True, kw_only=True)
class MailLeftUndecided(Event):
    """Nobody has decided after the last reminder (X15, X19)."""

    kind = "mail_left_undecided"
    mail_id: str
