"""An e-mail that arrived: what reception passes on, what the ledger keeps of it, and what became of it (P11)."""

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AwareDatetime, Field, StringConstraints

from cancellation.domain.values import Value

MAIL_WORKFLOW_PREFIX: Final = "mail-"
UNDECIDED_PREFIX: Final = "undecided-mail-"
"""Of the execution that reminds of an e-mail, by the hash of its original."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class IncomingMail(Value):
    """One delivery of one e-mail, whose bytes are kept already."""

    sha256: Sha256
    ref: str
    received_at: AwareDatetime
    """The receiving server's clock: the listener's own, or IMAP's INTERNALDATE; never the Date header (P8)."""
    envelope: tuple[str, ...] = ()
    """Where it was really delivered: RCPT TO, or the address of the mailbox it lay in."""
    source: str = Field(default="", max_length=300)
    """Which way it came in, for operators."""
    whole: bool = True
    """False when it was too large and only its header was kept: a person has to open it in the mailbox."""

    @property
    def workflow_id(self) -> str:
        """One execution a delivery: the same bytes to the same recipients are the same delivery."""
        to = hashlib.sha256("\n".join(sorted(set(self.envelope))).encode()).hexdigest()
        return f"{MAIL_WORKFLOW_PREFIX}{self.sha256[:32]}-{to[:8]}"


class MailFate(StrEnum):
    """What was done about a delivery."""

    OPENED = "opened"
    """It opened a case and was reported to it (P1, X2)."""
    REPORTED = "reported"
    """It was reported to the customer's open case."""
    UNDECIDED = "undecided"
    """It is in the customer's open case, and waits there for Commercial (X15)."""
    TASK = "task"
    """It is in no case; Commercial has a task to read it."""
    AUTOMATIC = "automatic"
    """It is proven automatic, and says nothing."""
    OWN = "own"
    """One of our own teams, or this process, wrote it."""
    RECORDED = "recorded"
    """It is kept and nothing else happened: nobody's, about nothing of ours; or a late copy."""


class MailOutcome(Value):
    """How a delivery was handled; no personal data, it is shown in the Web UI."""

    fate: MailFate
    action: str
    """What the reader decided: accept, incomplete, triage, ignore, refuse; or unreadable."""
    customer_id: str | None = None
    task: str | None = None
    """The original whose task Commercial is written about, and reminded of (X15)."""


class MailEntry(Value):
    """A delivery as the ledger registers it, before anything is done about it."""

    id: str
    sha256: Sha256
    message_id: str = Field(max_length=200)
    content_sha256: Sha256
    """Of what two copies of one e-mail share: everything but the trace that servers leave."""
    received_at: AwareDatetime
    envelope: tuple[str, ...]
    source: str = ""


class Registered(Value):
    """What the ledger knows about a delivery and the other copies of the same e-mail."""

    reported_as: str
    """The message id for reports: its Message-ID, with a suffix where that was used for other content."""
    outcome: MailOutcome | None = None
    """Set when this very delivery has been handled."""
    acted_before: bool = False
    """An earlier copy was reported to a case, or opened one."""
    pending_before: bool = False
    """An earlier copy has been registered and not been handled yet."""


class MailTask(Value):
    """An e-mail that a person at Commercial has to read (X9)."""

    sha256: Sha256
    reported_as: str
    customer_id: str | None = None
    title: str = Field(max_length=200)
    text: str = Field(max_length=30_000)
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None = None
    closed_by: str | None = None
    quiet: bool = False
    """A task alone: it asks for nothing of ours, so nobody is written to nor reminded."""


class KeptMail(Value):
    """An e-mail of a customer, and what became of it."""

    sha256: Sha256
    reported_as: str
    received_at: AwareDatetime
    fate: MailFate
    action: str


class MailReminder(Value):
    """What Commercial is to be told about an e-mail of no case: the first time, or once more (X15)."""

    task: Sha256
    count: int
    """How often it was told before."""
    at: AwareDatetime
    """The workflow's instant."""


class ToldAgain(Value):
    """What became of a reminder."""

    next_at: AwareDatetime | None = None
    """When to tell again; None: somebody has decided."""
    silent: bool = False
    """The policy's own reminders are over, and nobody has acted (X19)."""


class Copies(Value):
    """What is known of an e-mail from all its deliveries together."""

    reported_as: str
    received_at: AwareDatetime
    """When the first copy arrived."""
    envelope: tuple[str, ...]
    customer_id: str | None = None
    """Whose it is, once it was handled and that is known."""


def first_reported_as(message_id: str, content_sha256: str, others: Sequence[tuple[str, str]]) -> str:
    """The message id for reports of an e-mail.

    Args:
        message_id: its own Message-ID.
        content_sha256: what its copies share.
        others: content hash and report id of e-mails with that Message-ID, the first one first.

    Returns:
        The id of the same content if it is known, else the Message-ID, else, where another content has taken
        it, `<Message-ID>#<first 8 of the content hash>`: two contents never count as one (X2).
    """
    for content, reported_as in others:
        if content == content_sha256:
            return reported_as
    return f"{message_id}#{content_sha256[:8]}" if others else message_id
