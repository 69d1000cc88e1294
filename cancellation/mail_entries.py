"""What the ledger of incoming mail and Commercial are told of an e-mail (P11, X2, X9)."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cancellation.language import vocabulary, words
from cancellation.messages.mail_in import IncomingMail, MailEntry, MailTask
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


def mail_task(read: Read, reported_as: str, now: datetime, more: Sequence[str] = ()) -> MailTask:
    """Commercial's task: who wrote, what was understood and why, and the command that decides it."""
    mail, reading, understood = read.mail, read.reading, read.understood
    whose = f"cliente {read.customer_id}" if read.customer_id else "cliente não identificado"
    asked = vocabulary.asked(understood.explicit_request) if understood else "—"
    lines = [
        f"Remetente: {', '.join(reading.from_addresses) or '—'}",
        f"Assunto: {reading.subject or '—'}",
        f"Recebido em: {words.short_date(mail.received_at)} às {words.clock(mail.received_at)}",
        f"Caixas: {', '.join(reading.delivered) or '—'}",
        f"Cliente: {read.customer_id or 'não identificado'}",
        f"Pedido explícito: {asked}",
        f"Motivo: {understood.reason if understood and understood.reason else '—'}",
        "",
        *(f"- {sentence}" for sentence in (*more, *read.why)),
        "",
        "Se o e-mail for mesmo um pedido de cancelamento, confirme com:",
        confirming_command(read),
        "Se não for, arquive a tarefa com:",
        f"cancelamento inbox --dismiss {mail.sha256}",
    ]
    return MailTask(
        sha256=mail.sha256,
        reported_as=reported_as,
        customer_id=read.customer_id,
        title=f"Ler e decidir: e-mail recebido ({whose})",
        text="\n".join(lines)[:30_000],
        opened_at=now,
    )


def confirming_command(read: Read) -> str:
    """The command by which a person at Commercial vouches for the e-mail."""
    parts = [
        f'cancelamento formalize crm:original/{read.mail.sha256} --confirmed-by "SEU NOME"',
        "--explicit-request --open",
    ]
    if read.customer_id is None:
        parts.append("--customer NÚMERO")
    if read.understood is None or read.understood.reason is None:
        parts.append('--reason "MOTIVO"')
    return " ".join(parts)
