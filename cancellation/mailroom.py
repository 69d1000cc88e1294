"""What is done about an e-mail that arrived: from its kept bytes to a fact of a case, or to a person (P7, X9, X15).

Three decisions, each on its own: may it be answered, does it count, who must see it. The reader makes the first two.

| the e-mail | then |
|---|---|
| reports that a letter of ours came back | its case hears of it (X16); after the case's end it is a task |
| was written by this process or by one of our own teams | it is recorded |
| counts: the reader says accept or incomplete, or doubts only the sender | an open case hears of it |
| and there is no case, and the cancellation is plainly asked for | a case opens and then hears of it (P1, X2) |
| is proven automatic and says nothing | it is recorded |
| anything else, of an open case: from an authorised contact, or naming it | it is in the case, and waits there (X15) |
| anything else that asks for something, or could not be read | a task for Commercial, with letter and reminders |
| anything else from an authorised contact | a task for Commercial |
| anything else | it is recorded: it stays in the mailbox for the team |

Anybody can write a report about a letter, so what follows from it is a task and a letter for Commercial, and nothing
else (X9). What a case refuses, what the reader fails on and what costs it too much goes to a person as well.

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
from cancellation.failures import CaseFailed, CaseNotAnswering, CaseNotFound, ServerUnreachable
from cancellation.mail_entries import Read, addresses, entry_of, head_of
from cancellation.mail_facts import resolve, systems_answer
from cancellation.mail_reports import ACTOR, counts, fact_of, for_a_person, is_trusted, request_of
from cancellation.mail_tasks import bounce_task, mail_task, with_mail_page
from cancellation.messages.envelope import Message
from cancellation.messages.facts import BounceMessage, FormalizationMessage, RequestMessage
from cancellation.messages.letters import KeptLetter
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

CAME_BACK: Final = "bounce"
"""What is decided of an e-mail beside the reader's own decisions."""
_MOST_ADDRESSES: Final = 50
_OURS: Final = "É uma mensagem nossa."
_DELAYED: Final = "O servidor de destino diz o que houve com uma mensagem nossa, que não foi devolvida."


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
    own_addresses: Sequence[str] = ()
    """Whom our letters come from, beside the mailboxes."""
    desk_url: str = ""
    """Where tasks lead to; empty where there is no desk (X24)."""

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
            return await self._with_task(mail, registered.outcome)
        if registered.pending_before and patient:
            raise EarlierCopyUnderWay
        try:
            outcome, why = await self._decided(mail, reading, failure, registered, patient=patient)
        except ServerUnreachable:
            raise
        except Exception as error:
            if patient or not await systems_answer(self.customers, self.letters):
                raise
            problem = (
                f"O tratamento automático falhou ({type(error).__name__}): uma pessoa deve ler o e-mail."
            )
            logger.warning("mail cannot be handled", extra={"error": type(error).__name__})
            read = Read(mail, reading, None, problem)
            fate = await self._ask_commercial(read, registered)
            outcome, why = MailOutcome(fate=fate, action=read.action, customer_id=None), read.why
        await self.ledger.settle(mail.workflow_id, outcome, why, self.clock())
        return await self._with_task(mail, outcome)

    async def _decided(
        self,
        mail: IncomingMail,
        reading: MailReading,
        failure: Exception | None,
        registered: Registered,
        *,
        patient: bool,
    ) -> tuple[MailOutcome, Sequence[str]]:
        """What is done, and why."""
        letter = await self._letter_reported_on(reading)
        if letter is not None and reading.report is not None:
            if not reading.report.failed:
                return MailOutcome(fate=MailFate.AUTOMATIC, action=CAME_BACK), (_DELAYED,)
            return await self._tell_of_bounce(mail, reading, letter, registered, patient=patient)
        if await self._is_own_letter(reading):
            return MailOutcome(fate=MailFate.OWN, action=Action.IGNORE.value), (_OURS,)
        read = _not_understood(mail, reading, failure) if failure else await self._read(mail, reading)
        customer_id = read.customer_id or await self._customer_of_sender(reading)
        fate = await self._act(read, registered, customer_id)
        return MailOutcome(fate=fate, action=read.action, customer_id=customer_id), read.why

    async def _with_task(self, mail: IncomingMail, outcome: MailOutcome) -> MailOutcome:
        """With the task that Commercial is written about, unless that is quiet or done."""
        if outcome.fate is not MailFate.TASK:
            return outcome
        task = await self.ledger.task(mail.sha256)
        loud = task is not None and not task.quiet and task.closed_at is None
        return outcome.model_copy(update={"task": task.sha256 if task and loud else None})

    async def _is_own_letter(self, reading: MailReading) -> bool:
        """Whether this process wrote it: letters to our teams lie in mailboxes that are read here."""
        if self.letters is None or reading.sender not in self.own_addresses:
            return False
        return await self.letters.sent_letter([reading.message_id]) is not None

    async def _customer_of_sender(self, reading: MailReading) -> str | None:
        """The one customer whose contact wrote; for what was not understood, or names somebody else too."""
        if reading.sender is None:
            return None
        found = {one.customer_id for one in await self.customers.customers_by_email(reading.sender)}
        return found.pop() if len(found) == 1 else None

    # ------------------------------------------------------------------ letters that come back

    async def _letter_reported_on(self, reading: MailReading) -> KeptLetter | None:
        """The letter of ours that a mail server reports on."""
        if reading.report is None or self.letters is None:
            return None
        return await self.letters.sent_letter(reading.report.letters, reading.report.subject)

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
            await self.ledger.open_task(with_mail_page(task, self.desk_url))
        why = (f"Uma mensagem nossa foi devolvida: {report.words}",)
        return MailOutcome(fate=fate, action=CAME_BACK, customer_id=customer_id), why

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
            return (await self.reader.read(head_of(raw), order)).model_copy(update=own), failure
        except ReadingFailed:
            nothing = MailReading(
                sha256=mail.sha256,
                size=len(raw),
                message_id=f"<{mail.sha256}@sem-message-id.invalid>",
                received_at=mail.received_at,
            )
            return nothing, failure

    async def _act(self, read: Read, registered: Registered, customer_id: str | None) -> MailFate:
        understood = read.understood
        if understood is not None and counts(understood) and understood.customer_id is not None:
            return await self._report(read, understood, registered, understood.customer_id)
        if understood is not None and understood.automatic:
            return MailFate.AUTOMATIC
        if understood is not None and self._is_own(read.reading, understood):
            return MailFate.OWN
        more: tuple[str, ...] = ()
        if customer_id is not None:
            try:
                await self.cases.report(customer_id, for_a_person(read, registered.reported_as))
                return MailFate.UNDECIDED
            except CaseNotFound:
                if registered.acted_before:
                    return MailFate.RECORDED
                more = ("O cliente não tem caso aberto.",)
            except (Refused, CaseFailed) as refusal:
                more = (f"O caso não aceitou o e-mail: {refusal}.",)
            except CaseNotAnswering as silence:
                more = (f"O e-mail não chegou ao caso: {silence}.",)
        asks_nothing = understood is not None and understood.action in (Action.IGNORE, Action.REFUSE)
        if asks_nothing and customer_id is None:
            return MailFate.RECORDED
        shows_something = bool(read.reading.attachments or read.reading.unread)
        quiet = asks_nothing and not shows_something and len(more) == 1 and "aberto" in more[0]
        return await self._ask_commercial(read, registered, *more, customer_id=customer_id, quiet=quiet)

    def _is_own(self, reading: MailReading, understood: Understanding) -> bool:
        """Whether one of our own teams wrote it: from a mailbox of ours, or surely from our domain."""
        if reading.sender is None or understood.action is not Action.IGNORE:
            return False
        own = {*self.mailboxes, *self.own_addresses}
        domains = {address.rpartition("@")[2] for address in own}
        surely_ours = understood.authentication == "pass" and reading.sender.rpartition("@")[2] in domains
        return reading.sender in own or surely_ours

    async def _report(
        self, read: Read, understood: Understanding, registered: Registered, customer_id: str
    ) -> MailFate:
        fact = fact_of(read, understood, registered.reported_as)
        try:
            return await self._open_and_report(read, understood, registered, customer_id, fact)
        except (Refused, CaseFailed) as refusal:
            more = f"O caso não aceitou o e-mail: {refusal}."
        except CaseNotAnswering as silence:
            more = f"O e-mail não chegou ao caso: {silence}."
        return await self._ask_commercial(read, registered, more, customer_id=customer_id)

    async def _open_and_report(
        self,
        read: Read,
        understood: Understanding,
        registered: Registered,
        customer_id: str,
        fact: FormalizationMessage,
    ) -> MailFate:
        # One whose sender is in doubt waits in the case for Commercial's decision.
        heard = MailFate.REPORTED if is_trusted(understood) else MailFate.UNDECIDED
        try:
            await self.cases.report(customer_id, fact)
        except CaseNotFound:
            if registered.acted_before:
                return MailFate.RECORDED
            if not is_trusted(understood) or understood.explicit_request is not True:
                return await self._ask_commercial(
                    read, registered, "O cliente não tem caso aberto.", customer_id=customer_id
                )
        else:
            return heard
        await self.cases.open_or_join(customer_id, request_of(read, registered.reported_as))
        await self.cases.report(customer_id, fact)
        return MailFate.OPENED

    async def _ask_commercial(
        self,
        read: Read,
        registered: Registered,
        *more: str,
        customer_id: str | None = None,
        quiet: bool = False,
    ) -> MailFate:
        task = mail_task(read, registered.reported_as, self.clock(), more, customer_id)
        led = with_mail_page(task, self.desk_url)
        await self.ledger.open_task(led.model_copy(update={"quiet": quiet}))
        return MailFate.TASK


def _not_understood(mail: IncomingMail, reading: MailReading, error: Exception) -> Read:
    if isinstance(error, ReadingTooCostly):
        logger.warning("mail is too costly to read", extra={"sha256": mail.sha256})
        problem = "A mensagem é complexa demais para a leitura automática: uma pessoa deve abri-la."
        return Read(mail, reading, None, problem)
    logger.error("mail cannot be understood", exc_info=error, extra={"sha256": mail.sha256})
    problem = f"A leitura automática falhou ({error}): uma pessoa deve ler o e-mail."
    return Read(mail, reading, None, problem)
