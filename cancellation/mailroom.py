"""What is done about an e-mail that arrived: from its kept bytes to a fact of a case, a task, or nothing (P7, X9).

| the reader says | then |
|---|---|
| accept, incomplete | with an open case: it is reported to the case |
| | without one, and the cancellation is plainly asked for: a case opens and then hears of it (P1, X2) |
| triage | only sender or authentication in doubt, open case: the case hears of it and asks Commercial (X9) |
| | otherwise: a task for Commercial, with the e-mail at hand |
| ignore, refuse | it is recorded |

Before anything else: a mail server's report that a letter of ours came back is told to the letter's case (X16).
Anybody can write such a report, so what follows from it is a task and a letter for Commercial, and nothing else.

What a case refuses, what the reader fails on and what costs it too much becomes a task as well: nothing is lost.

An addressee in To or Cc counts as reached once our own server delivered one copy and vouches for the
sender: the customer wrote to both mailboxes, which is what the procedure asks for, and our server has the
proof of it (P7). Of a sender whom it does not vouch for nothing counts, whatever the header says.

Copies of one e-mail (two mailboxes, delivered again) are reported again, so that the case learns which
mailboxes they reached; it counts them once. Only the first one may open a case: a copy that comes late must
not open a new case after the old one has ended.
"""

import hashlib
import logging
import re
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
from cancellation.language import vocabulary, words
from cancellation.mail_facts import formalization, resolve
from cancellation.messages.crm import CaseSummary, Original
from cancellation.messages.envelope import Message
from cancellation.messages.facts import BounceMessage, FormalizationMessage, RequestMessage
from cancellation.messages.letters import KeptLetter
from cancellation.messages.mail_in import IncomingMail, MailEntry, MailFate, MailOutcome, MailTask, Registered
from cancellation.messages.status import Answer
from cancellation.ports import CustomerDirectory, MailLedger, Originals, SentLetters
from cancellation.understanding import (
    Action,
    Damage,
    DeliveryReport,
    MailReading,
    Provider,
    ResolvedDirectory,
    Understanding,
    clues_of,
)

logger = logging.getLogger(__name__)

ACTOR: Final = "caixa de entrada"
UNREADABLE: Final = "unreadable"
CAME_BACK: Final = "bounce"
"""What is decided of an e-mail beside the reader's own decisions."""
_LONGEST_ID: Final = 180
"""Leaves room for what tells two contents of one Message-ID apart: message ids have 200 characters at most."""
_HEAD: Final = 32_000
_MOST_ADDRESSES: Final = 50
_NOBODY: Final = "nobody@example.invalid"
_NO_CNPJ: Final = "00000000000000"
_NO_PROTOCOL: Final = "CAN-0"
_NO_CUSTOMER: Final = "0"
_NO_LETTER: Final = "<nobody@example.invalid>"
"""What nobody has: asked for to hear whether anything answers."""
_ADDRESS: Final = re.compile(r"^[^@\s]{1,64}@[^@\s]{1,255}$")


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
            returned = await self._letter_that_came_back(reading)
            if returned is not None:
                outcome, why = await self._tell_of_bounce(
                    mail, reading, returned, registered, patient=patient
                )
                await self.ledger.settle(mail.workflow_id, outcome, why, self.clock())
                return outcome
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

    # ------------------------------------------------------------------ letters that come back

    async def _letter_that_came_back(self, reading: MailReading) -> KeptLetter | None:
        """The letter of ours that a mail server says it could not deliver, for good."""
        report = reading.report
        if report is None or not report.failed or self.letters is None:
            return None
        return await self.letters.sent_letter(report.letters)

    async def _tell_of_bounce(
        self,
        mail: IncomingMail,
        reading: MailReading,
        letter: KeptLetter,
        registered: Registered,
        *,
        patient: bool,
    ) -> tuple[MailOutcome, tuple[str, ...]]:
        """The case hears of it; where there is none any more, Commercial does (X16).

        Raises:
            Refused: the case does not know the letter, which it may hear of in a moment.
        """
        report = reading.report
        assert report is not None
        case = await self.customers.case_by_id(letter.case_id)
        customer_id = case.customer_id if case else None
        fact = BounceMessage(
            letter=letter.message_id,
            status=report.words,
            message_id=registered.reported_as,
            occurred_at=mail.received_at,
            actor=ACTOR,
        )
        fate = MailFate.TASK
        if case is not None and case.ended_at is None:
            try:
                await self.cases.report(case.customer_id, fact)
                fate = MailFate.REPORTED
            except Refused:
                if patient:
                    raise
            except (CaseNotFound, CaseFailed, CaseNotAnswering):
                pass
        if fate is MailFate.TASK:
            now = self.clock()
            task = bounce_task(mail, letter, report, registered.reported_as, case, now)
            await self.ledger.open_task(task)
        why = (f"Uma mensagem nossa foi devolvida: {report.words}",)
        return MailOutcome(fate=fate, action=CAME_BACK, customer_id=customer_id), why

    async def _systems_answer(self) -> bool:
        """Whether what is asked about every e-mail is answered about nobody's: then it is this e-mail that fails."""
        try:
            await self.customers.customers_by_email(_NOBODY)
            await self.customers.customers_by_cnpj(_NO_CNPJ)
            await self.customers.case_by_protocol(_NO_PROTOCOL)
            await self.customers.customer(_NO_CUSTOMER)
            await self.customers.case_by_id(_NO_CUSTOMER)
            if self.letters is not None:
                await self.letters.texts_sent_to([_NOBODY])
                await self.letters.sent_letter([_NO_LETTER])
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


def bounce_task(
    mail: IncomingMail,
    letter: KeptLetter,
    report: DeliveryReport,
    reported_as: str,
    case: CaseSummary | None,
    now: datetime,
) -> MailTask:
    """Commercial's task about a letter that came back when its case had ended (X16)."""
    customer_id = case.customer_id if case else None
    what, to = vocabulary.letter(letter.kind), vocabulary.audience(letter.team)
    lines = [
        f"Mensagem: {what}",
        f"Destinatário: {to}",
        f"Protocolo: {case.protocol if case else '—'}",
        f"Motivo: {words.sentence(report.words)}",
        "",
        "O caso já terminou. Passem o conteúdo da mensagem por outro canal e corrijam o endereço no cadastro.",
        "Depois arquive a tarefa com:",
        f"cancelamento inbox --dismiss {mail.sha256}",
    ]
    return MailTask(
        sha256=mail.sha256,
        reported_as=reported_as,
        customer_id=customer_id,
        title=f"E-mail devolvido depois do envio ({to}): {what}"[:200],
        text="\n".join(lines),
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
