"""What a case remembers, and the questions that it can answer from that alone.

Serialisable, so that a long case can continue in a new execution. What each fact does to it is in `case`.
"""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, Field

from cancellation.domain.formalization import Formalization, still_missing
from cancellation.domain.notice import Notice
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.refusal import Problem, refuse
from cancellation.domain.stage import Event, NotAllowed, Stage, advance
from cancellation.domain.trail import Trail
from cancellation.domain.values import (
    Archive,
    Channel,
    FormalizationMail,
    Offer,
    Port,
    PortStatus,
    Reason,
    RecordingsRequest,
    Released,
    Request,
)
from cancellation.language import vocabulary


class DutyKind(StrEnum):
    """Something that a fact obliges the case to do outside, beside what its stage obliges it to."""

    TELL_WHAT_IS_MISSING = "tell_what_is_missing"
    ASK_COMMERCIAL_ABOUT_MAIL = "ask_commercial_about_mail"
    RECORD_PORT = "record_port"
    DELIVER_RECORDINGS = "deliver_recordings"


class Duty(BaseModel):
    """One owed effect: done once, in the order in which it arose."""

    ordinal: int
    kind: DutyKind
    reference: str = ""
    """The message id of the e-mail, or the number, that the duty is about."""
    missing: tuple[str, ...] = ()


class Held(BaseModel):
    """A number kept after the notice because its portability was asked for in time (X6)."""

    number: str
    held_until: AwareDatetime
    ended: str | None = None
    """None while it is held, then `completed` (ported) or `expired` (released without a port)."""


class RefusedMessage(BaseModel):
    """A message that was refused, as `status` shows it (X8)."""

    at: AwareDatetime
    name: str
    actor: str
    message_id: str | None = None
    details: tuple[Problem, ...]


class CaseState(BaseModel):
    """Everything that is known of one customer's cancellation."""

    case_id: str
    """The execution's first run id."""
    customer_id: str
    protocol: str
    policy: CancellationPolicy
    opened_at: AwareDatetime
    channel: Channel
    opening_id: str
    """Message id of the request that opened the case."""
    opening_answered: bool = False
    stage: Stage = Stage.RETENTION
    contacts: list[Request] = Field(default_factory=list)
    offers: list[Offer] = Field(default_factory=list)
    reason: Reason | None = None
    declined_at: AwareDatetime | None = None
    mails: list[FormalizationMail] = Field(default_factory=list)
    authorised: list[str] = Field(default_factory=list)
    """Addresses of the customer's authorised contacts, as the CRM gave them (X9)."""
    customer_name: str | None = None
    """The company's name; None until the CRM has answered."""
    formalization: Formalization | None = None
    notice: Notice | None = None
    numbers: list[str] = Field(default_factory=list)
    """Customer-owned numbers, as telephony gave them (P9)."""
    numbers_known: bool = False
    ports: list[Port] = Field(default_factory=list)
    recordings: RecordingsRequest | None = None
    archive: Archive | None = None
    """The archive delivered last (P10)."""
    held: list[Held] = Field(default_factory=list)
    released: Released = Released()
    voided_charges: int = 0
    past_no_return: bool = False
    ending: str | None = None
    """Why the case ended, in words, where a fact gave them."""
    ended_at: AwareDatetime | None = None
    duties: list[Duty] = Field(default_factory=list)
    duties_seen: int = 0
    reminded: list[str] = Field(default_factory=list)
    """Names of reminders already given or found pointless."""
    milestones: list[str] = Field(default_factory=list)
    """Effects that a stage owes once and that were done."""
    attention: list[str] = Field(default_factory=list)
    """Steps that have been failing for longer than the policy allows (X7)."""
    refused: list[RefusedMessage] = Field(default_factory=list)
    threads: dict[str, str] = Field(default_factory=dict)
    """Audience to the Message-ID of the first letter that it got: later ones refer to it (X12)."""
    seen: dict[str, str] = Field(default_factory=dict)
    """Signal names with fingerprints of message ids, to fingerprints of what they said."""
    messages_seen: int = 0
    trail: Trail = Field(default_factory=Trail)

    # ------------------------------------------------------------------ messages in general

    def is_repeated(self, name: str, message_id: str, content: str) -> bool:
        """Whether this very message was taken before.

        Raises:
            Refused: the id was used for another content, which would lose one of the two.
        """
        known = self.seen.get(_key(name, message_id))
        if known == _fingerprint(content):
            return True
        if known is not None and name != "formalization":
            raise refuse("message_id", "já usado por outra mensagem com outro conteúdo")
        return False

    def remember(self, name: str, message_id: str, content: str) -> None:
        """Keep the id of a message that was taken."""
        if len(self.seen) >= _IDS_KEPT:
            del self.seen[next(iter(self.seen))]
        self.seen[_key(name, message_id)] = _fingerprint(content)

    def record_repeat(self, name: str, message_id: str, actor: str, now: datetime) -> None:
        """A message arrived again: it is in the trail and changes nothing (X2)."""
        what = vocabulary.message_name(name)
        self.trail.add(
            now, actor, "message_repeated", f"Mensagem repetida, nada mudou: {what} ({message_id})."
        )

    def record_refusal(
        self, name: str, message_id: str | None, actor: str, problems: list[Problem], now: datetime
    ) -> None:
        """A message was refused: it is in the trail and in `status.refused`, and changes nothing (X8)."""
        what = vocabulary.message_name(name)
        why = "; ".join(problem.told for problem in problems)
        why = why if len(why) <= 300 else f"{why[:299]}…"
        self.trail.add(now, actor, "message_refused", f"Mensagem recusada ({what}): {why}", tuple(problems))
        self.refused.append(
            RefusedMessage(
                at=now, name=name[:200], actor=actor, message_id=message_id, details=tuple(problems)
            )
        )
        del self.refused[:-_REFUSALS_KEPT]

    # ------------------------------------------------------------------ questions

    @property
    def numbers_not_asked_for(self) -> list[str]:
        """The customer's own numbers whose portability nobody has asked for, or was rejected or given up (X4)."""
        going = {p.number for p in self.ports if p.status in (PortStatus.REQUESTED, PortStatus.COMPLETED)}
        return [number for number in self.numbers if number not in going]

    @property
    def held_now(self) -> list[Held]:
        """Numbers that are held at this moment."""
        return [hold for hold in self.held if hold.ended is None]

    @property
    def missing(self) -> list[str]:
        """What the formalization still lacks, as codes of contract.md."""
        if self.formalization is not None:
            return []
        return still_missing(self.mails, self.authorised, self.policy)

    @property
    def lapses_at(self) -> datetime | None:
        """The end of the last day on which the formalization may still come (X5)."""
        if self.declined_at is None:
            return None
        day = self.policy.local_date(self.declined_at)
        return self.policy.day_start(day + timedelta(days=self.policy.formalization_term_days + 1))

    # ------------------------------------------------------------------ duties

    def owe(self, kind: DutyKind, reference: str = "", missing: tuple[str, ...] = ()) -> None:
        """Note an effect that a fact obliges the case to."""
        self.duties_seen += 1
        self.duties.append(Duty(ordinal=self.duties_seen, kind=kind, reference=reference, missing=missing))

    def done(self, duty: Duty) -> None:
        """The effect happened."""
        self.duties = [d for d in self.duties if d.ordinal != duty.ordinal]

    def reach(self, milestone: str) -> bool:
        """Whether this milestone is new; it is reached from now on."""
        if milestone in self.milestones:
            return False
        self.milestones.append(milestone)
        return True

    # ------------------------------------------------------------------ guards

    def _advance(self, event: Event, field: str) -> None:
        try:
            self.stage = advance(self.stage, event)
        except NotAllowed:
            raise refuse(field, f"não se aplica a um caso na etapa {self._stage_name}") from None

    def _must_be_open(self) -> None:
        if self.stage.is_terminal:
            raise refuse("stage", f"o caso já terminou ({self._stage_name}) e não muda mais")

    def _must_stand_in(self, *stages: Stage, what: str) -> None:
        if self.stage not in stages:
            raise refuse("stage", f"{what} não se aplica a um caso na etapa {self._stage_name}")

    @property
    def _stage_name(self) -> str:
        return f"“{vocabulary.stage(self.stage)}”"


_REFUSALS_KEPT = 50
_IDS_KEPT = 2000


def _key(name: str, message_id: str) -> str:
    return f"{name}:{_fingerprint(message_id)}"


def _fingerprint(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:16]
