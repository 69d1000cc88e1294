"""What is done about an e-mail that arrived: from its kept bytes to a fact of a case, a task, or nothing (P7, X9).

| the reader says | then |
|---|---|
| accept, incomplete | with an open case: it is reported to the case |
| | without one, and the cancellation is plainly asked for: a case opens and then hears of it (P1, X2) |
| triage | only sender or authentication in doubt, open case: the case hears of it and asks Commercial (X9) |
| | otherwise: a task for Commercial, with the e-mail at hand |
| ignore, refuse | it is recorded |

What a case refuses, what the reader fails on and what costs it too much becomes a task as well: nothing is lost.

An addressee in To or Cc counts as reached once our own server delivered one copy and vouches for the
sender: the customer wrote to both mailboxes, which is what the procedure asks for, and our server has the
proof of it (P7). Of a sender whom it does not vouch for nothing counts, whatever the header says.

Copies of one e-mail (two mailboxes, delivered again) are reported again, so that the case learns which
mailboxes they reached; it counts them once. Only the first one may open a case: a copy that comes late must
not open a new case after the old one has ended.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol

from cancellation.confined import (
    MailReader,
    ReadingFailed,
    ReadingTooCostly,
    ReadOrder,
    UnderstandOrder,
    shared_reader,
)
from cancellation.domain.refusal import Refused
from cancellation.domain.values import Channel, Contact
from cancellation.failures import CaseFailed, CaseNotAnswering, CaseNotFound, ServerUnreachable
from cancellation.mail_entries import Read, addresses, entry_of, mail_task
from cancellation.mail_facts import formalization, resolve
from cancellation.messages.crm import Original
from cancellation.messages.envelope import Message
from cancellation.messages.facts import FormalizationMessage, RequestMessage
from cancellation.messages.mail_in import IncomingMail, MailFate, MailOutcome, Registered
from cancellation.messages.status import Answer
from cancellation.ports import CustomerDirectory, MailLedger, Originals, SentLetters
from cancellation.understanding import (
    Action,
    Damage,
    MailReading,
    Provider,
    ResolvedDirectory,
    Understanding,
    clues_of,
)

logger = logging.getLogger(__name__)

ACTOR: Final = "caixa de entrada"
_HEAD: Final = 32_000
_MOST_ADDRESSES: Final = 50
_NOBODY: Final = "nobody@example.invalid"
_NO_CNPJ: Final = "00000000000000"
_NO_PROTOCOL: Final = "CAN-0"
_NO_CUSTOMER: Final = "0"
"""What nobody has: asked for to hear whether anything answers."""


class Cases(Protocol):
    """The part of `CancellationClient` that an e-mail needs."""

    async def open_or_join(self, customer_id: str, request: RequestMessage) -> Answer:
        """Open the customer's case, or join the open one (P1, X1)."""

    async def report(self, case: str, message: Message) -> Answer:
        """Report a fact and hear the answer.

        Raises:
            Refused: the case did not take it.
            CaseNotFound: there is no open case.
        """


class EarlierCopyUnderWay(Exception):
    """Another copy of the same e-mail arrived before and is being handled: try again when it is done."""


@dataclass(frozen=True)
class Mailroom:
    """Handles incoming e-mails, each once."""

    originals: Originals
    customers: CustomerDirectory
    ledger: MailLedger
    cases: Cases
    mailboxes: Sequence[str]
    """Those that a formalization has to reach (P7)."""
    trusted_servers: Sequence[str]
    """Our own receiving servers' names in `Authentication-Results` (X9)."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    provider: Provider = field(default_factory=Provider)
    """What else the reader must know of us (X9)."""
    mail_age_days: int = 5
    """How old an e-mail may be when it arrives (X9)."""
    reader: MailReader = field(default_factory=shared_reader)
    """Reads in a process of its own: nothing that arrives may stop this one."""
    letters: SentLetters | None = None
    """What we wrote to whoever answers; without it the reader knows our templates alone (X14)."""

    async def handle(self, mail: IncomingMail, *, patient: bool = True) -> MailOutcome:
        """Do what there is to do about a delivery; running it again changes nothing.

        Args:
            mail: what reception passed on.
            patient: False after many attempts: what still fails then goes to a person, except while an
                outside system does not answer at all (X7).

        Raises:
            EarlierCopyUnderWay: wait for the other copy.
            Exception: an outside system failed; worth another attempt.
        """
        raw = await self.originals.original(mail.sha256)
        if raw is None:
            # Reception keeps before it passes on; without the bytes there is nothing to show to anybody.
            raise LookupError("the original is not in the CRM")
        reading, failure = await self._read_safely(raw, mail)
        registered = await self.ledger.register(entry_of(mail, reading))
        if registered.outcome is not None:
            return registered.outcome
        if registered.pending_before and patient:
            raise EarlierCopyUnderWay
        try:
            read = _not_understood(mail, reading, failure) if failure else await self._read(mail, reading)
            fate = await self._act(read, registered)
        except ServerUnreachable:
            raise
        except Exception as error:
            if patient or not await self._systems_answer():
                raise
            problem = (
                f"O tratamento automático falhou ({type(error).__name__}): uma pessoa deve ler o e-mail."
            )
            logger.warning("mail cannot be handled", extra={"error": type(error).__name__})
            read = Read(mail, reading, None, problem)
            fate = await self._ask_commercial(read, registered)
        outcome = MailOutcome(fate=fate, action=read.action, customer_id=read.customer_id)
        await self.ledger.settle(mail.workflow_id, outcome, read.why, self.clock())
        return outcome

    async def _systems_answer(self) -> bool:
        """Whether what is asked about every e-mail is answered about nobody's: then it is this e-mail that fails."""
        try:
            await self.customers.customers_by_email(_NOBODY)
            await self.customers.customers_by_cnpj(_NO_CNPJ)
            await self.customers.case_by_protocol(_NO_PROTOCOL)
            await self.customers.customer(_NO_CUSTOMER)
            if self.letters is not None:
                await self.letters.texts_sent_to([_NOBODY])
        except Exception:
            return False
        return True

    async def _read(self, mail: IncomingMail, reading: MailReading) -> Read:
        if not mail.whole:
            problem = (
                "A mensagem é grande demais para ser lida: só o cabeçalho foi guardado; abra-a na caixa."
            )
            return Read(mail, reading, None, problem)
        try:
            clues = clues_of(reading)
        except Exception as error:
            return _not_understood(mail, reading, error)
        directory = await resolve(self.customers, clues)
        order = UnderstandOrder(
            reading=reading,
            directory=directory,
            mailboxes=tuple(self.mailboxes),
            trusted_servers=tuple(self.trusted_servers),
            now=self.clock(),
            provider=self.provider,
            mail_age_days=self.mail_age_days,
            known_letters=await self._letters_to(reading, directory),
        )
        try:
            return Read(mail, reading, await self.reader.understand(order))
        except ReadingFailed as error:
            return _not_understood(mail, reading, error)

    async def _letters_to(self, reading: MailReading, directory: ResolvedDirectory) -> tuple[str, ...]:
        """Texts of our letters to the sender, and to whoever else speaks for the customers that it may be about."""
        if self.letters is None:
            return ()
        found = (directory.emails, directory.protocols, directory.cnpjs, directory.customer_numbers)
        customers = [one for table in found for known in table.values() for one in known]
        addresses = [*reading.from_addresses, *(a for one in customers for a in one.authorised_emails)]
        return tuple(await self.letters.texts_sent_to(list(dict.fromkeys(addresses))[:_MOST_ADDRESSES]))

    async def _read_safely(self, raw: bytes, mail: IncomingMail) -> tuple[MailReading, Exception | None]:
        """The e-mail as it is read; one that the reader fails on is a reading of its headers, and the failure."""
        order = ReadOrder(envelope_recipients=tuple(addresses(mail.envelope)), delivered_at=mail.received_at)
        try:
            return await self.reader.read(raw, order), None
        except ReadingFailed as error:
            failure = error
        own = {"sha256": mail.sha256, "size": len(raw), "damage": (str(Damage.COMPLEX),)}
        try:
            return (await self.reader.read(_head_of(raw), order)).model_copy(update=own), failure
        except ReadingFailed:
            nothing = MailReading(
                sha256=mail.sha256,
                size=len(raw),
                message_id=f"<{mail.sha256}@sem-message-id.invalid>",
                received_at=mail.received_at,
            )
            return nothing, failure

    async def _act(self, read: Read, registered: Registered) -> MailFate:
        understood = read.understood
        if understood is None:
            return await self._ask_commercial(read, registered)
        if understood.action in (Action.IGNORE, Action.REFUSE):
            return MailFate.RECORDED
        customer_id = understood.customer_id
        if customer_id is None or not (_is_trusted(understood) or _only_sender_is_doubtful(understood)):
            return await self._ask_commercial(read, registered)
        fact = _fact(read, understood, registered.reported_as)
        try:
            return await self._report(read, understood, registered, customer_id, fact)
        except (Refused, CaseFailed) as refusal:
            return await self._ask_commercial(read, registered, f"O caso não aceitou o e-mail: {refusal}.")
        except CaseNotAnswering as silence:
            return await self._ask_commercial(read, registered, f"O e-mail não chegou ao caso: {silence}.")

    async def _report(
        self,
        read: Read,
        understood: Understanding,
        registered: Registered,
        customer_id: str,
        fact: FormalizationMessage,
    ) -> MailFate:
        try:
            await self.cases.report(customer_id, fact)
        except CaseNotFound:
            if registered.acted_before:
                return MailFate.RECORDED
            if not _is_trusted(understood) or understood.explicit_request is not True:
                return await self._ask_commercial(read, registered, "O cliente não tem caso aberto.")
        else:
            return MailFate.REPORTED
        await self.cases.open_or_join(customer_id, _request(read, registered.reported_as))
        await self.cases.report(customer_id, fact)
        return MailFate.OPENED

    async def _ask_commercial(self, read: Read, registered: Registered, *more: str) -> MailFate:
        await self.ledger.open_task(mail_task(read, registered.reported_as, self.clock(), more))
        return MailFate.TASK


def _head_of(raw: bytes) -> bytes:
    """The headers alone, or as much of them as a person needs to find the e-mail."""
    ends = [at for at in (raw.find(b"\r\n\r\n", 0, _HEAD), raw.find(b"\n\n", 0, _HEAD)) if at >= 0]
    return raw[: min(ends, default=_HEAD)] + b"\n\n"


def _not_understood(mail: IncomingMail, reading: MailReading, error: Exception) -> Read:
    if isinstance(error, ReadingTooCostly):
        logger.warning("mail is too costly to read", extra={"sha256": mail.sha256})
        problem = "A mensagem é complexa demais para a leitura automática: uma pessoa deve abri-la."
        return Read(mail, reading, None, problem)
    logger.error("mail cannot be understood", exc_info=error, extra={"sha256": mail.sha256})
    problem = f"A leitura automática falhou ({error}): uma pessoa deve ler o e-mail."
    return Read(mail, reading, None, problem)


def _is_trusted(understood: Understanding) -> bool:
    return understood.action in (Action.ACCEPT, Action.INCOMPLETE)


def _only_sender_is_doubtful(understood: Understanding) -> bool:
    """Whether the case itself will doubt the e-mail and ask Commercial: only then may it hear of it (X9)."""
    return (
        understood.action is Action.TRIAGE
        and understood.explicit_request is True
        and not {"sender", "authentication"}.isdisjoint(understood.missing)
    )


def _fact(read: Read, understood: Understanding, reported_as: str) -> FormalizationMessage:
    mail = read.mail
    original = Original(sha256=mail.sha256, ref=mail.ref, size=read.reading.size)
    fact = formalization(read.reading, understood, original, mail.received_at, actor=ACTOR)
    return fact.model_copy(update={"message_id": reported_as})


def _request(read: Read, reported_as: str) -> RequestMessage:
    reading = read.reading
    return RequestMessage(
        channel=Channel.EMAIL,
        text=reading.newest[:20_000],
        contact=Contact(name=reading.sender_name or None, email=reading.sender),
        message_id=reported_as,
        occurred_at=read.mail.received_at,
        actor=ACTOR,
    )
