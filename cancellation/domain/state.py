"""What a case remembers, and the questions that it can answer from that alone.

Serialisable, so that a long case can continue in a new execution. What happens to it is in `case`: nobody else
assigns to a field.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal

from pydantic import AwareDatetime, BaseModel, Field, PrivateAttr

from cancellation.domain.commands import (
    LASTING_TASKS,
    CloseTask,
    Command,
    OpenTask,
    Owed,
    SendLetter,
    TaskKind,
)
from cancellation.domain.events import Event, Happened, MessageRefused, MessageRepeated
from cancellation.domain.formalization import Formalization, assess, not_refused, still_missing
from cancellation.domain.instants import Held, RefusedMessage
from cancellation.domain.inventory import Inventory
from cancellation.domain.ledger import Ledger
from cancellation.domain.letter_kinds import LetterKind, LetterOrder
from cancellation.domain.notice import Notice, business_days_later, notice_from
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.refusal import Problem, RuleBroken
from cancellation.domain.stage import Move, NotAllowed, Stage, advance
from cancellation.domain.values import (
    Archive,
    Channel,
    EndTold,
    FormalizationMail,
    Offer,
    Port,
    PortStatus,
    Reason,
    RecordingsRequest,
    Released,
    Replaced,
    Request,
    Team,
    is_e164,
)


class ToDecide(BaseModel):
    """An e-mail, or a notice that rests on one, of which a person has not said what it is (X14, X15)."""

    message_id: str
    number: int
    """Its place among the case's e-mails; 0 for the notice."""
    since: AwareDatetime
    received_at: AwareDatetime
    codes: tuple[str, ...] = ()
    is_notice: bool = False
    """The notice has started by it, without a person (X14)."""
    attention: bool = False
    """Nobody has decided after the last reminder, or the point of no return waits: people were told."""


class SentLetter(BaseModel):
    """A letter that went out, for when it comes back (X16)."""

    kind: LetterKind
    team: Team | None = None
    """None: the customer."""
    came_back: bool = False


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
    numbers_complete: bool = True
    """Whether telephony named every number; false where there are too many."""
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
    ended_by: str | None = None
    """Who ended it: the actor of the fact, or the case itself."""
    pending: Ledger = Field(default_factory=Ledger)
    """Everything that is owed outside."""
    reminded: list[str] = Field(default_factory=list)
    """Names of reminders already given, or found pointless."""
    milestones: list[str] = Field(default_factory=list)
    """What the procedure has ordered once."""
    silent: bool = False
    """Nobody has acted after the last reminder: people were told (X19)."""
    known_to_crm: bool = False
    status_before: str = "Ativo"
    """The customer's CRM status of before the case (X20)."""
    replaces: Replaced | None = None
    """The case of an execution that was terminated before its point of no return (X20)."""
    mails_count_after: AwareDatetime | None = None
    """E-mail received until then belonged to an earlier case of the customer (X20)."""
    inventory: Inventory | None = None
    """What the customer occupies, as telephony told it; kept until the shutdown is planned (P13)."""
    sent_again: int = 0
    """How many letters people have sent once more (X16)."""
    end_told: EndTold | None = None
    """The end in figures as a letter told it last (X25)."""
    invoice_total: Decimal | None = None
    """Of the final invoice, once billing is closed (P16)."""
    doubtful_amounts: int = 0
    """How many amounts the final invoice leaves to Finance."""
    lasting: list[OpenTask] = Field(default_factory=list)
    """Tasks that stay open when the case has ended."""
    exports: int = 0
    """How many exports of recordings were ordered."""
    kept: list[str] | None = None
    """Numbers that the last order to end services kept; None before the first."""
    confirmed: list[str] | None = None
    """The same, of the last confirmation that was sent."""
    untold: str | None = None
    """Message id of an incomplete e-mail that came early: its sender hears what is missing with the script."""
    mails_seen: int = 0
    to_decide: list[ToDecide] = Field(default_factory=list)
    """What waits for a person, the oldest first."""
    seen_by: str | None = None
    """The person who looked at a notice that started without one, and found it right (X14)."""
    misread: bool = False
    """It was not: the case ended because the e-mail is no request."""
    closing_since: AwareDatetime | None = None
    waited_enough: bool = False
    """The point of no return has waited for people as long as the policy says."""
    refused: list[RefusedMessage] = Field(default_factory=list)
    threads: dict[str, str] = Field(default_factory=dict)
    """Audience to the Message-ID of the first letter that it got: later ones refer to it (X12)."""
    seen: dict[str, str] = Field(default_factory=dict)
    """Signal names with fingerprints of message ids, to fingerprints of what they said."""
    messages_seen: int = 0
    letters: dict[str, SentLetter] = Field(default_factory=dict)
    """By Message-ID the newest letters, for those that come back later (X16)."""
    _happened: list[Happened] = PrivateAttr(default_factory=list)
    _cause: str | None = PrivateAttr(default=None)

    # ------------------------------------------------------------------ what happens, and what is owed

    @contextmanager
    def caused_by(self, message_id: str | None) -> Iterator[None]:
        """Whatever happens inside was caused by that message."""
        self._cause = message_id
        try:
            yield
        finally:
            self._cause = None

    def note(self, event: Event, now: datetime) -> None:
        """Something happened that changes nothing in the case."""
        self._happen(event, now)

    def freeze(self, policy: CancellationPolicy) -> None:
        """The terms under which the case stands, once and for all."""
        self.policy = policy

    def count_message(self) -> None:
        """One more message arrived, whatever becomes of it."""
        self.messages_seen += 1

    def answer_opening(self) -> None:
        """The request that opened the case has heard its answer."""
        self.opening_answered = True

    def take_events(self) -> list[Happened]:
        """What has happened since this was asked last, in order."""
        happened, self._happened = self._happened, []
        return happened

    def _happen(self, event: Event, now: datetime) -> None:
        self._happened.append(Happened(event, now, self._cause))

    def _owe(self, *commands: Command, now: datetime) -> None:
        for command in commands:
            self.pending.add(command, now)
            if isinstance(command, OpenTask) and command.task in LASTING_TASKS:
                self.lasting = [wish for wish in self.lasting if wish.key != command.key] + [command]

    def _owe_no_more(self, *steps: type[BaseModel], now: datetime) -> None:
        """Nobody needs commands of these types any more, nor attention to those that fail."""
        unneeded = [one for one in self.pending.owed if isinstance(one.command, steps)]
        self.pending.drop(lambda one: one in unneeded)
        for one in unneeded:
            self._close_attention(one, now)

    def _close_attention(self, owed: Owed, now: datetime) -> None:
        """Whoever was told that this piece of work fails need not look at it any more."""
        if owed.attention:
            self._owe(CloseTask(key=f"{TaskKind.ATTENTION.value}:{owed.trouble}"), now=now)

    def _owe_letter(self, *letters: LetterOrder, now: datetime) -> None:
        """Owe letters; each is owed and sent once, by its key."""
        for one in letters:
            self.pending.add(SendLetter(letter=one), now, key=f"letter:{one.key}")

    # ------------------------------------------------------------------ messages in general

    def is_repeated(self, name: str, message_id: str, content: str) -> bool:
        """Whether this very message was taken before.

        Raises:
            RuleBroken: the id was used for another content, which would lose one of the two.
        """
        known = self.seen.get(_key(name, message_id))
        if known == _fingerprint(content):
            return True
        if known is not None and name != "formalization":
            raise RuleBroken("message_id", "id_of_another_message")
        return False

    def remember(self, name: str, message_id: str, content: str) -> None:
        """Keep the id of a message that was taken."""
        if len(self.seen) >= _IDS_KEPT:
            del self.seen[next(iter(self.seen))]
        self.seen[_key(name, message_id)] = _fingerprint(content)

    def record_repeat(self, name: str, message_id: str, actor: str, now: datetime) -> None:
        """A message arrived again: it changes nothing (X2)."""
        self._happen(MessageRepeated(actor=actor, name=name, message_id=message_id), now)

    def record_refusal(
        self, name: str, message_id: str | None, actor: str, problems: list[Problem], now: datetime
    ) -> None:
        """A message was refused: it is in the trail and in `status.refused`, and changes nothing (X8)."""
        self._happen(MessageRefused(actor=actor, name=name, problems=tuple(problems)), now)
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
    def odd_numbers(self) -> list[str]:
        """The customer's own numbers that telephony keeps in another form than E.164."""
        return [number for number in self.numbers if not is_e164(number)]

    def may_own(self, number: str) -> bool:
        """Whether a number can be the customer's own, for all that telephony has told (P9)."""
        surely_all = self.numbers_known and self.numbers_complete and not self.odd_numbers
        return number in self.numbers or not surely_all

    @property
    def held_now(self) -> list[Held]:
        """Numbers that are held at this moment."""
        return [hold for hold in self.held if hold.ended is None]

    @property
    def missing(self) -> list[str]:
        """What the formalization still lacks, as codes of contract.md."""
        if self.formalization is not None:
            return []
        return still_missing(self.countable_mails, self.authorised, self.policy)

    @property
    def early_formalization(self) -> Formalization | None:
        """Complete e-mails that arrived while Commercial still talks: they count once the decision stands (X2)."""
        if self.stage is not Stage.RETENTION or self.customer_name is None:
            return None
        return assess(self.countable_mails, self.authorised, self.policy)

    @property
    def notice_if_declined(self) -> Notice | None:
        """The notice of the early formalization, if the customer stays with the decision (X18)."""
        early = self.early_formalization
        return notice_from(early.received_at, self.policy) if early else None

    @property
    def countable_mails(self) -> list[FormalizationMail]:
        """E-mails that do not belong to an earlier case of the customer, and that nobody refused (X20, X14)."""
        after = self.mails_count_after
        return [mail for mail in not_refused(self.mails) if after is None or mail.received_at > after]

    @property
    def attention(self) -> list[str]:
        """Steps of which people were told that they fail, and what nobody acts on (X7, X19)."""
        steps = [one.step for one in self.pending.failing()]
        undecided = ["mail"] if any(one.attention for one in self.to_decide) else []
        return list(dict.fromkeys([*steps, *(["waiting"] if self.silent else []), *undecided]))

    @property
    def holding_up(self) -> list[ToDecide]:
        """What the point of no return waits for: the notice's e-mails, and the look at the notice itself (X14, X15)."""
        if (
            self.stage is not Stage.CLOSING
            or self.past_no_return
            or self.waited_enough
            or self.notice is None
        ):
            return []
        ends_at = self.notice.ends_at
        return [one for one in self.to_decide if one.is_notice or one.received_at < ends_at]

    @property
    def waits_until(self) -> datetime | None:
        """Until when the point of no return waits for people at most, while it does."""
        if not self.holding_up or self.closing_since is None:
            return None
        return business_days_later(
            self.closing_since, self.policy.decision_business_days, self.policy, self.policy.holidays or ()
        )

    def mail(self, message_id: str) -> FormalizationMail | None:
        """The e-mail of that id, as it was first reported, while the case remembers it."""
        return next((mail for mail in self.mails if mail.message_id == message_id), None)

    @property
    def lapses_at(self) -> datetime | None:
        """The end of the last day on which the formalization may still come (X5)."""
        if self.declined_at is None:
            return None
        day = self.policy.local_date(self.declined_at)
        return self.policy.day_start(day + timedelta(days=self.policy.formalization_term_days + 1))

    # ------------------------------------------------------------------ guards

    def _reach(self, milestone: str) -> bool:
        """Whether this milestone is new; it is reached from now on."""
        if milestone in self.milestones:
            return False
        self.milestones.append(milestone)
        return True

    def _advance(self, move: Move, field: str) -> None:
        try:
            self.stage = advance(self.stage, move)
        except NotAllowed:
            raise RuleBroken(field, "not_in_this_stage", stage=self.stage) from None
        self.silent = False

    def _must_be_open(self) -> None:
        if self.stage.is_terminal:
            raise RuleBroken("stage", "ended", stage=self.stage)

    def _must_stand_in(self, *stages: Stage, message: str) -> None:
        if self.stage not in stages:
            raise RuleBroken("stage", "message_not_in_this_stage", message=message, stage=self.stage)


_REFUSALS_KEPT = 50
_IDS_KEPT = 2000


def _key(name: str, message_id: str) -> str:
    return f"{name}:{_fingerprint(message_id)}"


def _fingerprint(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:16]
