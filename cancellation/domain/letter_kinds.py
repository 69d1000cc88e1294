"""The letters of the process by their meaning, and what a case owes of one; words are elsewhere."""

from enum import StrEnum

from pydantic import AwareDatetime

from cancellation.domain.values import Team, Value


class LetterKind(StrEnum):
    """Every message that the process sends; each has a template of the same name."""

    REQUEST_TO_COMMERCIAL = "request_to_commercial"
    REQUEST_RECEIVED = "request_received"
    SCRIPT = "script"
    WHAT_IS_MISSING = "what_is_missing"
    MAIL_TO_DECIDE = "mail_to_decide"
    FORMALIZED_EARLY = "formalized_early"
    FORMALIZED_EARLY_TO_COMMERCIAL = "formalized_early_to_commercial"
    NOTICE_STARTED = "notice_started"
    FINAL_BILLING = "final_billing"
    SHUTDOWN_PLAN = "shutdown_plan"
    RECORDINGS_READY = "recordings_ready"
    NO_RECORDINGS = "no_recordings"
    RETAINED = "retained"
    WITHDRAWN = "withdrawn"
    WITHDRAWN_TO_TEAM = "withdrawn_to_team"
    LAPSED = "lapsed"
    LAPSED_TO_COMMERCIAL = "lapsed_to_commercial"
    DISCARDED = "discarded"
    DISCARDED_TO_COMMERCIAL = "discarded_to_commercial"
    DISCARDED_TO_TEAM = "discarded_to_team"
    NOTHING_TO_CLOSE = "nothing_to_close"
    CLOSED = "closed"
    HOLD_ENDED = "hold_ended"
    HOLD_ENDED_TO_TEAM = "hold_ended_to_team"
    CLOSED_TO_TEAM = "closed_to_team"
    ATTENTION = "attention"
    REMIND_COMMERCIAL = "remind_commercial"
    REMIND_FORMALIZATION = "remind_formalization"
    REMIND_PORTABILITY = "remind_portability"
    REMIND_LINK = "remind_link"
    UNDELIVERED = "undelivered"
    BOUNCED = "bounced"


class LetterOrder(Value):
    """A letter that a case owes: a few codes; the letter itself is written when it is sent."""

    kind: LetterKind
    team: Team | None = None
    """None: the customer."""
    ordinal: str = ""
    in_reply_to: str | None = None
    codes: tuple[str, ...] = ()
    mail_id: str | None = None
    about: LetterKind | None = None
    words: str | None = None
    step: str | None = None
    since: AwareDatetime | None = None

    @property
    def audience(self) -> str:
        """Who gets it: a team's code, or `customer`."""
        return self.team.value if self.team else "customer"

    @property
    def key(self) -> str:
        """Unique within a case."""
        return f"{self.kind.value}:{self.audience}:{self.ordinal}"
