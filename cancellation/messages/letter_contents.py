"""What each kind of letter says: one model a kind; a field that the letter would be wrong without is required.

For whom and when stands on the envelope, `cancellation.messages.letters`; words for codes and dates in the templates.
"""

import hashlib
import json
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from cancellation.domain.instants import Held
from cancellation.domain.inventory import Inventory
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.notice import Notice
from cancellation.domain.values import (
    Archive,
    Brief,
    Channel,
    Contact,
    EndTold,
    Offer,
    Reason,
    Released,
    Replaced,
    Team,
)
from cancellation.messages.afterwards_contents import Findings, NoDebt, Revived, UndueFound
from cancellation.messages.billing import InvoiceLine, OpenDebt

Codes = Annotated[tuple[str, ...], Field(min_length=1)]


class _Asked(Brief):
    """Somebody asked to cancel."""

    channel: Channel
    received_at: AwareDatetime
    contact: Contact
    request_text: str
    """Empty where the channel brought none."""


class Caller(Brief):
    """Somebody who may speak for the customer."""

    name: str
    email: str
    phone: str | None = None


class EarlierCase(Brief):
    """A case that the customer had before."""

    opened_at: AwareDatetime
    outcome: str | None = None


class KnownCustomer(Brief):
    """Whom Commercial is about to call, as the records know them when the letter is sent (X24)."""

    name: str
    callers: tuple[Caller, ...] = ()
    plan: tuple[str, ...] = ()
    """What runs, in words."""
    monthly: Decimal
    """Reais a month."""
    since: date | None = None
    earlier: tuple[EarlierCase, ...] = ()
    """The latest first."""


class RequestToCommercial(_Asked):
    """P2: the request as it came in."""

    kind: Literal[LetterKind.REQUEST_TO_COMMERCIAL] = LetterKind.REQUEST_TO_COMMERCIAL
    known: KnownCustomer | None = None
    """None where the records did not answer: nothing waits for it (P2)."""
    unknown: bool | None = None
    """True: the CRM does not know the customer."""


class NothingToClose(_Asked):
    """X20: the request of a customer who is cancelled already."""

    kind: Literal[LetterKind.NOTHING_TO_CLOSE] = LetterKind.NOTHING_TO_CLOSE


class RequestReceived(Brief):
    """X12: the protocol is on the envelope."""

    kind: Literal[LetterKind.REQUEST_RECEIVED] = LetterKind.REQUEST_RECEIVED
    channel: Channel
    received_at: AwareDatetime
    formalized: bool | None = None
    """True: a complete formalization is here already, and another letter says what it means (X18)."""
    replaces: Replaced | None = None
    """The case before this one, if its execution was terminated: what was told with it no longer holds (X18)."""


class EndPreview(Brief):
    """X25: the end in figures, before it has come, as billing reckons it when the letter is sent."""

    last_day: date
    lines: tuple[InvoiceLine, ...]
    total: Decimal
    """In reais; below zero it is a credit."""
    debts: tuple[OpenDebt, ...] = ()
    """What is open of earlier invoices, beside this one; empty where they are too many to be read."""
    debts_total: Decimal | None = None
    """Of all of them; None: none is known."""

    @property
    def told(self) -> EndTold:
        """What the case keeps of it: the hash is over the last day, the total, and what each line bills.

        Open debts are none of it: the final invoice bills none.
        """
        billed = [
            (one.subscription_id, one.first_day.isoformat(), one.last_day.isoformat(), str(one.amount))
            for one in self.lines
        ]
        whole = json.dumps([self.last_day.isoformat(), str(self.total), sorted(billed)])
        digest = hashlib.sha256(whole.encode()).hexdigest()
        return EndTold(last_day=self.last_day, total=self.total, sha256=digest)


class EndChange(Brief):
    """What the final invoice bills of one thing otherwise than it was told (X25)."""

    description: str
    told: Decimal | None = None
    """In reais; None: it was not told."""
    billed: Decimal | None = None
    """In reais; None: it is not billed."""
    other_days: bool = False
    """It bills other days than were told; else the same days cost another amount."""


class Script(Brief):
    """P6: everything to know before formalising."""

    kind: Literal[LetterKind.SCRIPT] = LetterKind.SCRIPT
    clause: str
    notice_days: int
    formalization_until: date
    """Last day on which the formalization may still come (X5)."""
    numbers: tuple[str, ...]
    """Customer-owned numbers; empty where telephony has told none."""
    port_until: date | None = None
    """Last safe day to ask for portability if the formalization came on the day of the letter (X4)."""
    recordings_asked: bool
    preview: EndPreview | None = None
    """If the formalization came on the day of the letter; None where billing did not answer."""


class WhatIsMissing(Brief):
    """P7: exactly what the formalization lacks."""

    kind: Literal[LetterKind.WHAT_IS_MISSING] = LetterKind.WHAT_IS_MISSING
    missing: Codes
    """Codes of contract.md, such as `recipient:<mailbox>` or `explicit_request`."""
    formalization_until: date | None = None
    """None while Commercial still talks: no term runs yet."""


class MailCommands(Brief):
    """The exact commands by which a person decides on an e-mail (X15)."""

    confirm: str
    refuse: str
    show: str


class MailToDecide(Brief):
    """X9: an e-mail that cannot count by itself, and why."""

    kind: Literal[LetterKind.MAIL_TO_DECIDE] = LetterKind.MAIL_TO_DECIDE
    doubts: Codes
    message_id: str
    sender: str | None = None
    """None, as the subject and the words, where the case has let go of the e-mail: the original is kept."""
    subject: str | None = None
    words: str | None = None
    """The reason that the e-mail gives."""
    why: tuple[str, ...] = ()
    """Why a person has to read it, in the reader's words; beside the doubts."""
    commands: MailCommands | None = None
    """None where the original is not kept here."""
    original_sha256: str | None = None
    """The original goes along with the letter."""


class RemindMail(Brief):
    """X15: what waits for a decision, the oldest first."""

    kind: Literal[LetterKind.REMIND_MAIL] = LetterKind.REMIND_MAIL
    mails: tuple["WaitingMail", ...] = Field(min_length=1)
    closing_waits_until: AwareDatetime | None = None
    """The notice is over: until when the point of no return waits at most."""
    notice_until: date | None = None
    """The notice runs meanwhile, and this is its last day."""
    past_no_return: bool = False
    """Nothing can be undone any more: only the word is missing."""


class WaitingMail(Brief):
    """One of them."""

    message_id: str
    sender: str | None = None
    subject: str | None = None
    since: AwareDatetime
    is_notice: bool = False
    commands: MailCommands | None = None
    original_sha256: str | None = None
    """Whose page the desk has; None where the original is not kept."""


class NoticeToConfirm(Brief):
    """X14: the very sentences that a notice rests on which started without a person."""

    kind: Literal[LetterKind.NOTICE_TO_CONFIRM] = LetterKind.NOTICE_TO_CONFIRM
    notice: Notice
    message_id: str
    sender: str
    subject: str
    request_words: tuple[str, ...]
    words: str
    """What was taken for the reason."""
    commands: MailCommands | None = None
    original_sha256: str | None = None


class MailWithoutCase(Brief):
    """X15: an e-mail of no case that a person has to read."""

    kind: Literal[LetterKind.MAIL_WITHOUT_CASE] = LetterKind.MAIL_WITHOUT_CASE
    title: str
    text: str
    """Of Commercial's task."""
    commands: tuple[str, ...] = ()
    reminds: bool
    original_sha256: str | None = None


class FormalizedEarly(Brief):
    """X18: complete, and what it will mean if the decision stands."""

    kind: Literal[LetterKind.FORMALIZED_EARLY] = LetterKind.FORMALIZED_EARLY
    notice: Notice
    """The notice that starts if the decision stands."""
    notice_days: int


class FormalizedEarlyToCommercial(Brief):
    """X18: the same, with the e-mail that completed it."""

    kind: Literal[LetterKind.FORMALIZED_EARLY_TO_COMMERCIAL] = LetterKind.FORMALIZED_EARLY_TO_COMMERCIAL
    notice: Notice
    message_id: str
    sender: str
    subject: str
    words: str
    """The reason that the customer gives."""


class EarlyUndone(Brief):
    """X18: what was complete counts no more."""

    kind: Literal[LetterKind.EARLY_UNDONE] = LetterKind.EARLY_UNDONE
    last_day: date
    """The last day that was told and no longer holds."""


class EarlyUndoneToCommercial(Brief):
    """X18: the same, to whoever talks with the customer."""

    kind: Literal[LetterKind.EARLY_UNDONE_TO_COMMERCIAL] = LetterKind.EARLY_UNDONE_TO_COMMERCIAL
    last_day: date


class NoticeStarted(Brief):
    """P8: the dates of the notice, and what to do within it."""

    kind: Literal[LetterKind.NOTICE_STARTED] = LetterKind.NOTICE_STARTED
    notice: Notice
    notice_days: int
    numbers: tuple[str, ...]
    port_until: date
    """Last safe day to ask for portability (X4)."""
    recordings_asked: bool
    request_words: tuple[str, ...] = ()
    """The very sentences that were taken for the request (X14)."""
    words: str | None = None
    """What was taken for the reason."""
    preview: EndPreview | None = None
    """None where billing did not answer."""


class PortNoted(Brief):
    """P9: what we know of a number's portability now."""

    kind: Literal[LetterKind.PORT_NOTED] = LetterKind.PORT_NOTED
    number: str
    completed: bool
    operator: str | None = None
    last_day: date | None = None
    """Of the notice; None while none runs."""


class FinalBilling(Brief):
    """P13: what to invoice."""

    kind: Literal[LetterKind.FINAL_BILLING] = LetterKind.FINAL_BILLING
    notice: Notice


class ShutdownPlan(Brief):
    """P13: what will be released."""

    kind: Literal[LetterKind.SHUTDOWN_PLAN] = LetterKind.SHUTDOWN_PLAN
    notice: Notice
    inventory: Inventory | None = None
    """None: telephony has not told, and the letter says so."""


class RecordingsReady(Brief):
    """P10: what lies behind the link; the link itself is in no payload."""

    kind: Literal[LetterKind.RECORDINGS_READY] = LetterKind.RECORDINGS_READY
    archive: Archive


class NoRecordings(Brief):
    """P10: nothing was found."""

    kind: Literal[LetterKind.NO_RECORDINGS] = LetterKind.NO_RECORDINGS
    last_day: date
    """Last day of the notice: until then it can be looked for again."""


class Retained(Brief):
    """P5: what was agreed."""

    kind: Literal[LetterKind.RETAINED] = LetterKind.RETAINED
    accepted: tuple[Offer, ...]
    last_day: date | None = None
    """A last day that the customer was told and that no longer holds (X18)."""


class Withdrawn(Brief):
    """X3: what is undone."""

    kind: Literal[LetterKind.WITHDRAWN] = LetterKind.WITHDRAWN
    last_day: date
    """The last day that the customer was told and that no longer holds (X18)."""
    link_was_sent: bool
    misread: bool = False
    """The e-mail that the notice rested on is no request: nobody gave up anything (X14)."""


class _Undone(Brief):
    """A notice that the teams were told of ended before its last day."""

    last_day: date
    words: str
    """What was recorded about it."""


class WithdrawnToTeam(_Undone):
    """X3: the customer gave up leaving."""

    kind: Literal[LetterKind.WITHDRAWN_TO_TEAM] = LetterKind.WITHDRAWN_TO_TEAM


class DiscardedToTeam(_Undone):
    """X18: the case was stopped."""

    kind: Literal[LetterKind.DISCARDED_TO_TEAM] = LetterKind.DISCARDED_TO_TEAM


class Lapsed(Brief):
    """X5: nothing came in time."""

    kind: Literal[LetterKind.LAPSED] = LetterKind.LAPSED
    formalization_until: date


class LapsedToCommercial(Brief):
    """X5: nothing came in time, and why the customer had wanted to leave."""

    kind: Literal[LetterKind.LAPSED_TO_COMMERCIAL] = LetterKind.LAPSED_TO_COMMERCIAL
    formalization_until: date
    reason: Reason


class Discarded(Brief):
    """X18: what the customer was told and no longer holds."""

    kind: Literal[LetterKind.DISCARDED] = LetterKind.DISCARDED
    last_day: date | None = None
    """A last day that the customer was told, by the notice or for an early formalization."""
    formalization_until: date | None = None
    """A term for formalising that the customer was told."""
    link_was_sent: bool


class DiscardedToCommercial(Brief):
    """The case ended; whoever asked to leave may still be waiting."""

    kind: Literal[LetterKind.DISCARDED_TO_COMMERCIAL] = LetterKind.DISCARDED_TO_COMMERCIAL
    words: str
    """Why it was discarded."""
    contact: Contact
    request_text: str


class _Closing(Brief):
    """What closing did, after it was read back (P16, P17)."""

    notice: Notice
    released: Released
    held: tuple[Held, ...]
    invoice_total: Decimal
    """In reais; below zero it is a credit that is given back."""
    invoice: tuple[InvoiceLine, ...] = ()
    """The final invoice line by line, as billing holds it when the letter is sent; empty where it did not answer."""
    due_on: date | None = None
    """Until when the invoice is to be paid, as billing holds it when the letter is sent."""
    told: EndTold | None = None
    """The end in figures as the customer was told it last; None: no letter told it (X25)."""
    changes: tuple[EndChange, ...] = ()
    """What is billed otherwise than told; empty where nothing is, or the records did not answer."""
    voided_charges: int
    doubtful_amounts: int | None = None
    """How many amounts the final invoice leaves to Finance."""


class Closed(_Closing):
    """P18: for the customer."""

    kind: Literal[LetterKind.CLOSED] = LetterKind.CLOSED
    link_was_sent: bool


class ClosedToTeam(_Closing):
    """For Finance and Support."""

    kind: Literal[LetterKind.CLOSED_TO_TEAM] = LetterKind.CLOSED_TO_TEAM


class _Holds(Brief):
    """How the numbers stand that were held for their portability (X6)."""

    held: Annotated[tuple[Held, ...], Field(min_length=1)]


class HoldEnded(_Holds):
    """X6: for the customer."""

    kind: Literal[LetterKind.HOLD_ENDED] = LetterKind.HOLD_ENDED


class HoldEndedToTeam(_Holds):
    """X6: for Finance and Support."""

    kind: Literal[LetterKind.HOLD_ENDED_TO_TEAM] = LetterKind.HOLD_ENDED_TO_TEAM


class Attention(Brief):
    """X7: a step that fails, since when, and whether it was refused."""

    kind: Literal[LetterKind.ATTENTION] = LetterKind.ATTENTION
    step: str
    """Code, as `vocabulary.step` knows it."""
    since: AwareDatetime
    words: str | None = None
    """The other system's refusal of a step that it will not do; None: the step fails, and is tried on."""


class RemindCommercial(Brief):
    """X4, X19: who waits since when, and what was offered."""

    kind: Literal[LetterKind.REMIND_COMMERCIAL] = LetterKind.REMIND_COMMERCIAL
    received_at: AwareDatetime
    contact: Contact
    offers: tuple[Offer, ...]
    request_text: str


class RemindFormalization(Brief):
    """X4: what is missing, and until when it is waited for."""

    kind: Literal[LetterKind.REMIND_FORMALIZATION] = LetterKind.REMIND_FORMALIZATION
    missing: tuple[str, ...]
    """Empty where no e-mail came yet: everything is."""
    formalization_until: date


class RemindPortability(Brief):
    """X4: the numbers that nobody has asked to take along yet."""

    kind: Literal[LetterKind.REMIND_PORTABILITY] = LetterKind.REMIND_PORTABILITY
    last_day: date
    port_until: date
    numbers: tuple[str, ...]


class RemindLink(Brief):
    """X4: the link is about to die."""

    kind: Literal[LetterKind.REMIND_LINK] = LetterKind.REMIND_LINK
    archive: Archive


class _Lost(Brief):
    """A letter that did not arrive."""

    about: LetterKind
    about_team: Team | None = None
    """Whom it was for; None: the customer."""
    words: str
    """Why, as the mail server says it, without addresses."""
    contact: Contact


class Undelivered(_Lost):
    """It could not be delivered."""

    kind: Literal[LetterKind.UNDELIVERED] = LetterKind.UNDELIVERED


class Bounced(_Lost):
    """X16: it came back after it was sent."""

    kind: Literal[LetterKind.BOUNCED] = LetterKind.BOUNCED


LetterContent = Annotated[
    RequestToCommercial
    | RequestReceived
    | Script
    | WhatIsMissing
    | MailToDecide
    | RemindMail
    | NoticeToConfirm
    | MailWithoutCase
    | Findings
    | FormalizedEarly
    | FormalizedEarlyToCommercial
    | EarlyUndone
    | EarlyUndoneToCommercial
    | NoticeStarted
    | PortNoted
    | FinalBilling
    | ShutdownPlan
    | RecordingsReady
    | NoRecordings
    | Retained
    | Withdrawn
    | WithdrawnToTeam
    | Lapsed
    | LapsedToCommercial
    | Discarded
    | DiscardedToTeam
    | DiscardedToCommercial
    | NothingToClose
    | Closed
    | ClosedToTeam
    | HoldEnded
    | HoldEndedToTeam
    | Attention
    | RemindCommercial
    | RemindFormalization
    | RemindPortability
    | RemindLink
    | Undelivered
    | Bounced
    | UndueFound
    | Revived
    | NoDebt,
    Field(discriminator="kind"),
]
"""What a letter says, told apart by its kind."""
