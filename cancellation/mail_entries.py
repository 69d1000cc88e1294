"""An e-mail as it was read, and as the ledger of incoming mail registers it (P11, X2)."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cancellation.messages.mail_in import IncomingMail, MailEntry
from cancellation.understanding import MailReading, Understanding

UNREADABLE: Final = "unreadable"
_LONGEST_ID: Final = 180
"""Leaves room for what tells two contents of one Message-ID apart: message ids have 200 characters at most."""
_ADDRESS: Final = re.compile(r"^[^@\s]{1,64}@[^@\s]{1,255}$")


@dataclass(frozen=True)
class Read:
    """An e-mail as it was read and understood; without `understood`, it could not be."""

    mail: IncomingMail
    reading: MailReading
    understood: Understanding | None
    problem: str = ""
    """Why it could not be understood, in Portuguese."""

    @property
    def why(self) -> tuple[str, ...]:
        """The reasons, in Portuguese."""
        return self.understood.why if self.understood else (self.problem,)

    @property
    def action(self) -> str:
        """The reader's decision."""
        return self.understood.action.value if self.understood else UNREADABLE

    @property
    def customer_id(self) -> str | None:
        """The one customer that it is about, if that is known."""
        return self.understood.customer_id if self.understood else None


def addresses(envelope: Sequence[str]) -> list[str]:
    """The envelope's recipients that are addresses; a bare local name is of no use to anybody."""
    return [address for address in envelope if _ADDRESS.match(address)]


def entry_of(mail: IncomingMail, reading: MailReading) -> MailEntry:
    """A delivery as the ledger registers it."""
    content = content_hash(reading)
    message_id = reading.message_id
    if message_id.endswith("@sem-message-id.invalid>"):
        # Made from the bytes, which differ between copies: the content is what they share.
        message_id = f"<{content}@sem-message-id.invalid>"
    if len(message_id) > _LONGEST_ID:
        message_id = f"<{hashlib.sha256(message_id.encode()).hexdigest()}@message-id-longo.invalid>"
    return MailEntry(
        id=mail.workflow_id,
        sha256=mail.sha256,
        message_id=message_id,
        content_sha256=content,
        received_at=mail.received_at,
        envelope=mail.envelope,
        source=mail.source,
    )


def content_hash(reading: MailReading) -> str:
    """A hash of what two copies of one e-mail share, and two different e-mails do not."""
    if not (reading.from_addresses or reading.subject or reading.newest or reading.date_header):
        return reading.sha256
    parts = [
        *reading.from_addresses,
        "",
        *reading.addressed,
        "",
        reading.subject,
        reading.date_header.isoformat() if reading.date_header else "",
        reading.newest,
        *(f"{attachment.name}:{attachment.size}" for attachment in reading.attachments),
    ]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()
