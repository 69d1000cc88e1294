"""E-mails that wait for a person: what they say, why the reader hesitated, and what a person decides (X9, X15).

The original is read in a process with limits, as everywhere; what is shown of it is text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.values import Channel
from cancellation.failures import CaseNotFound
from cancellation.messages.crm import Original
from cancellation.messages.facts import RequestMessage
from cancellation.messages.mail_in import Copies, MailTask
from cancellation.ports import CustomerDirectory, MailLedger
from cancellation.settings import Settings

if TYPE_CHECKING:
    from cancellation.client import CancellationClient
    from cancellation.messages.status import Answer
    from cancellation.understanding import MailReading, Understanding

# The reader is loaded with the first e-mail that somebody opens: on most days nobody does.

_MOST_SHOWN: Final = 60_000
_LONGEST_ID: Final = 200
"""Of a Message-ID in a fact."""


@dataclass(frozen=True)
class ReadMail:
    """An e-mail as people see it."""

    reading: "MailReading"
    understood: "Understanding | None"
    """None where the reader failed on it."""
    received_at: datetime | None
    copies: Copies | None
    is_readable: bool = True

    @property
    def text(self) -> str:
        """What the writer wrote, cut where nobody would read on."""
        return self.reading.newest[:_MOST_SHOWN]

    @property
    def why(self) -> Sequence[str]:
        """Why the reader hesitates now, in sentences."""
        return self.understood.why if self.understood else ()

    @property
    def reported_as(self) -> str:
        """The Message-ID by which cases know it."""
        return self.copies.reported_as if self.copies else self.reading.message_id[:_LONGEST_ID]


@dataclass(frozen=True)
class MailWork:
    """Reads e-mails for people, and reports what they decide under their name."""

    settings: Settings
    policy: CancellationPolicy
    customers: CustomerDirectory
    ledger: MailLedger

    async def read(self, sha256: str, raw: bytes) -> ReadMail:
        """The e-mail; of one that cannot be read at all, what the ledger knows of it."""
        from cancellation.confined import ReadingFailed, ReadOrder, UnderstandOrder, shared_reader
        from cancellation.mail_entries import addresses
        from cancellation.mail_facts import resolve
        from cancellation.understanding import MailReading, Provider, clues_of

        copies = await self.ledger.copies(sha256)
        order = ReadOrder(
            envelope_recipients=tuple(addresses(copies.envelope if copies else ())),
            delivered_at=copies.received_at if copies else None,
        )
        reader = shared_reader()
        try:
            reading = await reader.read(raw, order)
        except ReadingFailed:
            nothing = MailReading(
                sha256=sha256,
                size=len(raw),
                message_id=f"<{sha256}@sem-message-id.invalid>",
                received_at=copies.received_at if copies else None,
            )
            return ReadMail(nothing, None, nothing.received_at, copies, is_readable=False)
        received_at = copies.received_at if copies else reading.received_at
        try:
            understood = await reader.understand(
                UnderstandOrder(
                    reading=reading,
                    directory=await resolve(self.customers, clues_of(reading)),
                    mailboxes=self.policy.mailboxes,
                    trusted_servers=self.settings.inbox.trusted_servers,
                    now=None,
                    provider=Provider(
                        names=(self.settings.sender.company, self.settings.sender.name),
                        cnpjs=self.settings.sender.cnpjs,
                        nameless_servers=self.settings.inbox.trusted_nameless_servers,
                    ),
                    mail_age_days=self.policy.mail_age_days,
                )
            )
        except ReadingFailed:
            return ReadMail(reading, None, received_at, copies)
        return ReadMail(reading, understood, received_at, copies)

    async def report_request(
        self,
        client: "CancellationClient",
        mail: ReadMail,
        customer_id: str,
        *,
        by: str,
        asks: bool,
        reason: str | None,
    ) -> "Answer":
        """Take the e-mail to the customer's case as a person has read it; without a case, open one first.

        Args:
            client: of the cases.
            mail: as it was read.
            customer_id: whose it is.
            by: the person who vouches for it.
            asks: whether it plainly asks for the cancellation.
            reason: the reason in the customer's words; None where it gives none.

        Raises:
            ValueError: nobody knows when it was received.
            Refused: the case did not take it.
        """
        from cancellation.mail_facts import formalization

        if mail.received_at is None or mail.understood is None:
            raise ValueError("o e-mail não diz quando chegou")
        sha256 = mail.reading.sha256
        fact = formalization(
            mail.reading,
            mail.understood.model_copy(update={"reason": None}),
            Original(sha256=sha256, ref=f"crm:original/{sha256}", size=mail.reading.size),
            mail.received_at,
            actor=by,
            explicit_request=asks,
            reason=reason,
            confirmed_by=by,
        )
        fact = fact.model_copy(
            update={"message_id": mail.reported_as, "request_words": mail.understood.request_words}
        )
        try:
            return await client.report(customer_id, fact)
        except CaseNotFound:
            if not asks:
                raise
        await client.open_or_join(customer_id, self._request(mail, by))
        return await client.report(customer_id, fact)

    async def refuse(
        self, client: "CancellationClient", mail: ReadMail, customer_id: str, *, by: str, now: datetime
    ) -> bool:
        """The e-mail is no request, or has been dealt with: told to its case, or its task closed; False if neither.

        Raises:
            Refused: what follows from it cannot be undone any more.
        """
        from cancellation.mail_decisions import MailDecisions

        return await MailDecisions(self.ledger, client).refuse(mail.reading, by, now, customer_id or None)

    async def task(self, sha256: str) -> MailTask | None:
        """The task about an e-mail of no case, open or closed."""
        return await self.ledger.task(sha256)

    async def close(self, sha256: str, by: str, now: datetime) -> bool:
        """The e-mail is decided; False if no task was open for it."""
        return await self.ledger.close_task(sha256, by, now)

    @staticmethod
    def _request(mail: ReadMail, by: str) -> RequestMessage:
        return RequestMessage.model_validate(
            {
                "channel": Channel.EMAIL,
                "text": mail.reading.newest[:20_000],
                "contact": {"email": mail.reading.sender},
                "message_id": f"pedido:{mail.reading.message_id}"[:200],
                "occurred_at": mail.received_at,
                "actor": by,
            }
        )
