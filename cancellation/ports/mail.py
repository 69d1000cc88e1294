"""Mail out, and the ledger of mail in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from cancellation.messages.crm import MailDecision
from cancellation.messages.dkim import SigningKey
from cancellation.messages.letters import Delivery, KeptLetter, Letter
from cancellation.messages.mail_in import Copies, KeptMail, MailEntry, MailOutcome, MailTask, Registered


class Mailer(Protocol):
    """Outgoing e-mail."""

    async def send(self, letter: Letter) -> Delivery:
        """Render and send a letter, once for each key; a permanent refusal is an answer, not an error."""


class MailLedger(Protocol):
    """What became of every e-mail that arrived (P11, X2, X9)."""

    async def register(self, entry: MailEntry) -> Registered:
        """Note a delivery, once; answer with what is known of it and of earlier copies of the e-mail."""

    async def settle(self, delivery_id: str, outcome: MailOutcome, why: Sequence[str], at: datetime) -> None:
        """Note what became of a registered delivery; the first word stays."""

    async def keep_keys(self, sha256: str, keys: Sequence[SigningKey]) -> None:
        """Keep what the DNS said of the keys of a kept e-mail's signatures; the first word about each stays (X13)."""

    async def keys_of(self, sha256: str) -> Sequence[SigningKey]:
        """The keys that are kept of an e-mail's signatures, by domain and selector."""

    async def copies(self, sha256: str) -> Copies | None:
        """What all deliveries of an e-mail say together, found by one copy's bytes; None if never delivered."""

    async def open_task(self, task: MailTask) -> None:
        """Give Commercial an e-mail to read, once an e-mail whichever copy is at hand."""

    async def task(self, sha256: str) -> MailTask | None:
        """Commercial's task about an e-mail, found by any of its copies."""

    async def mails_of(self, customer_id: str) -> Sequence[KeptMail]:
        """The newest e-mails of a customer, the newest first."""

    async def keep_decision(self, decision: MailDecision) -> None:
        """Keep what a person decided about an e-mail of no case."""

    async def decisions(self) -> Sequence[MailDecision]:
        """What people decided about e-mails, the oldest first: labels for the reader (X14)."""

    async def close_task(self, sha256: str, closed_by: str, at: datetime) -> bool:
        """The e-mail has been decided; False if there was no open task for it."""

    async def mail_tasks(self, *, open_only: bool = True) -> Sequence[MailTask]:
        """E-mails that wait for a person, the oldest first."""


@runtime_checkable
class SentLetters(Protocol):
    """What we wrote, for the reader of answers and of reports."""

    async def texts_sent_to(self, addresses: Sequence[str]) -> Sequence[str]:
        """The plain texts of our letters to these addresses of customers, the newest first (X14)."""

    async def sent_letter(self, message_ids: Sequence[str], subject: str = "") -> KeptLetter | None:
        """The first of these Message-IDs that is a letter of ours, else the newest one with that subject (X16)."""
