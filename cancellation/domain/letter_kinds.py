"""The letters of the process as codes, and what a case owes of them; words are in `language` and `letters`."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final, Self

from pydantic import AwareDatetime, model_validator

from cancellation.domain.values import Brief, Team


class LetterKind(StrEnum):
    """Every message that the process sends; each has one content, two templates and one label."""

    REQUEST_TO_COMMERCIAL = "request_to_commercial"
    """P2: a customer asks to cancel, act now."""
    REQUEST_RECEIVED = "request_received"
    """X12: the customer's protocol number."""
    SCRIPT = "script"
    """P6: the whole script for a customer who stays with the decision."""
    WHAT_IS_MISSING = "what_is_missing"
    """P7: exactly what the formalization lacks."""
    MAIL_TO_DECIDE = "mail_to_decide"
    """X9: an e-mail that Commercial has to vouch for or not."""
    REMIND_MAIL = "remind_mail"
    """X15: e-mails still wait for a decision."""
    NOTICE_TO_CONFIRM = "notice_to_confirm"
    """X14: to Commercial, the sentences that a notice rests on which started without a person."""
    MAIL_WITHOUT_CASE = "mail_without_case"
    """X15: to Commercial, an e-mail of no case that a person has to read, and its reminders."""
    FINDINGS = "findings"
    """X11: to a team, where the records disagree with each other or with the engine."""
    FORMALIZED_EARLY = "formalized_early"
    """X18: to the customer, a complete formalization came while Commercial still talks."""
    FORMALIZED_EARLY_TO_COMMERCIAL = "formalized_early_to_commercial"
    """X18: the same to Commercial, with the date from which it will count."""
    EARLY_UNDONE = "early_undone"
    """X18: to the customer, what was complete no longer counts, nor does the day that was told."""
    EARLY_UNDONE_TO_COMMERCIAL = "early_undone_to_commercial"
    """X18: the same to Commercial."""
    NOTICE_STARTED = "notice_started"
    """P8: to the customer, with dates."""
    PORT_NOTED = "port_noted"
    """P9: to the customer, a portability that was asked for or is finished has been noted."""
    FINAL_BILLING = "final_billing"
    """P13: to Finance."""
    SHUTDOWN_PLAN = "shutdown_plan"
    """P13: to Support, with the inventory that will be released."""
    RECORDINGS_READY = "recordings_ready"
    """P10: the download link."""
    NO_RECORDINGS = "no_recordings"
    """P10: there was nothing to deliver."""
    RETAINED = "retained"
    """P5: to the customer who stays, with what was agreed."""
    WITHDRAWN = "withdrawn"
    """X3: to the customer."""
    WITHDRAWN_TO_TEAM = "withdrawn_to_team"
    """X3: to Finance and Support, everything planned is undone."""
    LAPSED = "lapsed"
    """X5: to the customer."""
    LAPSED_TO_COMMERCIAL = "lapsed_to_commercial"
    """X5: to Commercial."""
    DISCARDED = "discarded"
    """X18: to a customer who was told a protocol or a date, which no longer holds."""
    DISCARDED_TO_TEAM = "discarded_to_team"
    """X18: to Finance and Support, a notice was stopped and everything planned is undone."""
    DISCARDED_TO_COMMERCIAL = "discarded_to_commercial"
    """An operator or a stopped execution ended the case."""
    NOTHING_TO_CLOSE = "nothing_to_close"
    """X20: to Commercial, who answers a customer that is cancelled already."""
    CLOSED = "closed"
    """P18: confirmation to the customer, naming numbers still held."""
    CLOSED_TO_TEAM = "closed_to_team"
    """To Finance and Support: what was closed."""
    HOLD_ENDED = "hold_ended"
    """X6: to the customer, a held number was ported or released."""
    HOLD_ENDED_TO_TEAM = "hold_ended_to_team"
    """X6: to Finance and Support."""
    ATTENTION = "attention"
    """X7: to a team, a step keeps failing or was refused."""
    REMIND_COMMERCIAL = "remind_commercial"
    """X4, X19: no outcome is recorded yet."""
    REMIND_FORMALIZATION = "remind_formalization"
    """X4."""
    REMIND_PORTABILITY = "remind_portability"
    """X4."""
    REMIND_LINK = "remind_link"
    """X4."""
    UNDELIVERED = "undelivered"
    """To Commercial: a letter could not be delivered."""
    BOUNCED = "bounced"
    """X16: to Commercial, a letter came back after it was sent."""
    UNDUE_FOUND = "undue_found"
    """X10: to Finance, charges of a contract that has ended."""
    REVIVED = "revived"
    """X10: to Support, a customer who has left occupies something again."""
    NO_DEBT = "no_debt"
    """X10: to the customer, a statement that nothing is owed any more."""

    @property
    def audiences(self) -> tuple[Team | None, ...]:
        """Whom letters of this kind may go to; None is the customer."""
        return _TO_TEAMS.get(self, _CUSTOMER)


_CUSTOMER: Final = (None,)
_COMMERCIAL: Final = (Team.COMMERCIAL,)
_FINANCE_AND_SUPPORT: Final = (Team.FINANCE, Team.SUPPORT)
_TO_TEAMS: Final[Mapping[LetterKind, tuple[Team, ...]]] = {
    LetterKind.REQUEST_TO_COMMERCIAL: _COMMERCIAL,
    LetterKind.MAIL_TO_DECIDE: _COMMERCIAL,
    LetterKind.REMIND_MAIL: _COMMERCIAL,
    LetterKind.NOTICE_TO_CONFIRM: _COMMERCIAL,
    LetterKind.MAIL_WITHOUT_CASE: _COMMERCIAL,
    LetterKind.FINDINGS: (Team.SUPPORT, Team.FINANCE, Team.COMMERCIAL),
    LetterKind.FORMALIZED_EARLY_TO_COMMERCIAL: _COMMERCIAL,
    LetterKind.EARLY_UNDONE_TO_COMMERCIAL: _COMMERCIAL,
    LetterKind.FINAL_BILLING: (Team.FINANCE,),
    LetterKind.SHUTDOWN_PLAN: (Team.SUPPORT,),
    LetterKind.WITHDRAWN_TO_TEAM: _FINANCE_AND_SUPPORT,
    LetterKind.LAPSED_TO_COMMERCIAL: _COMMERCIAL,
    LetterKind.DISCARDED_TO_TEAM: _FINANCE_AND_SUPPORT,
    LetterKind.DISCARDED_TO_COMMERCIAL: _COMMERCIAL,
    LetterKind.NOTHING_TO_CLOSE: _COMMERCIAL,
    LetterKind.CLOSED_TO_TEAM: _FINANCE_AND_SUPPORT,
    LetterKind.HOLD_ENDED_TO_TEAM: _FINANCE_AND_SUPPORT,
    LetterKind.ATTENTION: (Team.SUPPORT, Team.FINANCE, Team.COMMERCIAL),
    LetterKind.REMIND_COMMERCIAL: _COMMERCIAL,
    LetterKind.UNDELIVERED: _COMMERCIAL,
    LetterKind.BOUNCED: _COMMERCIAL,
    LetterKind.UNDUE_FOUND: (Team.FINANCE,),
    LetterKind.REVIVED: (Team.SUPPORT,),
}


class LetterOrder(Brief):
    """A letter that a case owes: a few codes. The letter itself is written when it is sent."""

    kind: LetterKind
    team: Team | None = None
    """None: the customer."""
    ordinal: str = ""
    """Tells letters of one kind to one audience apart: each goes out once."""
    in_reply_to: str | None = None
    """Message-ID of the customer's e-mail that it answers."""
    codes: tuple[str, ...] = ()
    """What is missing (P7), or why an e-mail is doubted (X9)."""
    mail_id: str | None = None
    """Message-ID of the e-mail of the case that it is about."""
    about: LetterKind | None = None
    """The letter that was not delivered."""
    number: str | None = None
    """The telephone number that it is about."""
    about_team: Team | None = None
    """Whom that letter was for; None: the customer, or the only team that letters of its kind go to."""
    day: date | None = None
    """The day that was told and holds no more."""
    words: str | None = None
    """Somebody's words; of an attention, the refusal of a system that will not do the step."""
    step: str | None = None
    """Code of the step that needs attention, as `vocabulary.step` knows it."""
    since: AwareDatetime | None = None
    """Since when that step fails."""

    @property
    def key(self) -> str:
        """`kind:audience:ordinal`, unique within a case."""
        return f"{self.kind.value}:{self.audience}:{self.ordinal}"

    @property
    def audience(self) -> str:
        """The team's code, or `customer`."""
        return self.team.value if self.team else "customer"

    @property
    def lost_team(self) -> Team | None:
        """Whom the letter was for that was not delivered; None: the customer."""
        audiences = self.about.audiences if self.about else ()
        return audiences[0] if len(audiences) == 1 else self.about_team

    @model_validator(mode="after")
    def _goes_where_its_kind_goes(self) -> Self:
        if self.team not in self.kind.audiences:
            msg = f"{self.kind.value} does not go to {self.audience}"
            raise ValueError(msg)
        return self
