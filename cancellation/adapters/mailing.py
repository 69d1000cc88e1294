"""A mailer made of an outbox that remembers and a transport that sends; every adapter of the port is one.

The outbox row comes first, then the letter is sent, then the row is settled. While one attempt runs no other
attempt at the same letter does. What remains is a process that dies, or a connection that ends, after the
server took the letter and before that was written down: the next attempt sends the letter once more, with the
same Message-ID, by which mail programs show it once.

A letter's bytes are kept when it is first tried and are what every attempt sends. A letter with a download
link is the exception: who has its bytes has the recordings, so the outbox keeps it without the link, and each
attempt renders it again from the same letter. So is one that a customer's e-mail goes along with: that is kept
already.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from email import message_from_bytes, policy
from enum import StrEnum
from typing import Protocol

from cancellation.letters import (
    WITH_LINK,
    Letterhead,
    LinkUrl,
    is_deliverable,
    message_id,
    original_of,
    render,
    with_original,
)
from cancellation.messages.letter_contents import EndPreview
from cancellation.messages.letters import Delivery, KeptLetter, Letter

MOST_TEXTS = 30
"""Letters whose words a reader of answers gets: those of a whole case."""
NOBODY = "nenhum destinatário"
BAD_ADDRESS = "endereço de e-mail inválido"


ReadOriginal = Callable[[str], Awaitable[bytes | None]]
"""Gives the bytes of a kept e-mail by its hash."""


class MailNotTaken(Exception):
    """The mail server does not take the letter now; the caller tries again. Says why, without addresses."""


class Fate(StrEnum):
    """What became of a letter at one address."""

    PENDING = "pending"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True)
class Answer:
    """What the mail server said about one recipient; `reply` without addresses, empty when it was taken."""

    fate: Fate
    reply: str = ""


@dataclass(frozen=True)
class Draft:
    """A letter as the outbox keeps it."""

    key: str
    case_id: str
    kind: str
    audience: str
    message_id: str
    subject: str
    content: bytes = field(repr=False)
    content_is_whole: bool
    """False: the download link is left out, because who reads the outbox must not have the recordings; or the
    original that goes along, which is kept elsewhere."""
    written_at: datetime
    recipients: Sequence[str] = field(repr=False)
    told: EndPreview | None = None
    """The end in figures that it tells (X25)."""


@dataclass(frozen=True)
class Entry:
    """A letter in the outbox: what is kept of it and how far it is."""

    message_id: str
    content: bytes = field(repr=False)
    content_is_whole: bool
    answers: Mapping[str, Answer] = field(repr=False)
    """By address, in the letter's order."""
    told: EndPreview | None = None
    """The end in figures that the kept letter tells, whatever a later attempt would (X25)."""

    @property
    def waiting(self) -> list[str]:
        """The addresses that still have to get it."""
        return [address for address, answer in self.answers.items() if answer.fate is Fate.PENDING]

    @property
    def refusals(self) -> str | None:
        """What the server said about the addresses that it refused for good, each reply once."""
        replies = dict.fromkeys(a.reply for a in self.answers.values() if a.fate is Fate.REFUSED)
        return "; ".join(replies) or None

    @property
    def fate(self) -> Fate:
        """Pending while somebody waits; then sent if anybody got it."""
        fates = {answer.fate for answer in self.answers.values()}
        return next((fate for fate in (Fate.PENDING, Fate.SENT) if fate in fates), Fate.REFUSED)

    def answered(self, answers: Mapping[str, Answer]) -> "Entry":
        """The same after the server said more; what was settled before stays so."""
        return replace(
            self,
            answers={
                address: answers.get(address, known) if known.fate is Fate.PENDING else known
                for address, known in self.answers.items()
            },
        )


class OutboxTurn(Protocol):
    """One attempt at one letter, alone with it."""

    async def open(self, draft: Draft) -> Entry:
        """Keep the letter if it is new, and count the attempt if somebody waits for it.

        Answers with what is kept under its key.

        Raises:
            MailNotTaken: another attempt at it is still going on.
        """

    async def settle(self, answers: Mapping[str, Answer], error: str | None) -> Entry:
        """Write down what the server said, and what went wrong (without addresses)."""


class Outbox(Protocol):
    """Remembers every letter and what became of it."""

    def turn(self, key: str) -> AbstractAsyncContextManager[OutboxTurn]:
        """Be alone with a letter.

        Raises:
            MailNotTaken: another attempt at it is still going on.
        """

    async def contents_to(self, addresses: Sequence[str], most: int) -> Sequence[bytes]:
        """The messages that were sent to these addresses of customers, the newest first."""

    async def sent_letter(self, message_ids: Sequence[str], subject: str) -> KeptLetter | None:
        """The first of these Message-IDs that is a letter of ours, else the newest one with that subject."""


class Transport(Protocol):
    """Hands a message to a mail server."""

    async def deliver(self, sender: str, recipients: Sequence[str], content: bytes) -> Mapping[str, Answer]:
        """Send it; the answer for each recipient, `PENDING` for one that the server may take later.

        Raises:
            MailNotTaken: nothing can be said about any recipient: no connection, no login, no end.
        """


class OutboxMailer:
    """The port `Mailer` over an outbox and a transport."""

    def __init__(
        self,
        outbox: Outbox,
        transport: Transport,
        letterhead: Letterhead,
        link_url: LinkUrl,
        originals: ReadOriginal | None = None,
    ) -> None:
        """Send through `transport`.

        `link_url` gives the download link of an archive's `link_id`, `originals` the bytes of a kept e-mail.
        """
        self._originals = originals
        self._outbox = outbox
        self._transport = transport
        self._letterhead = letterhead
        self._link_url = link_url

    async def send(self, letter: Letter) -> Delivery:
        """Render and send a letter, once for each key; a permanent refusal is an answer, not an error.

        Of several recipients those who can get it get it, and only the others are tried again.

        Raises:
            MailNotTaken: some recipient has not got it yet; call again.
        """
        async with self._outbox.turn(letter.key) as turn:
            entry = await turn.open(self._draft(letter))
            if entry.fate is Fate.PENDING:
                entry = await self._attempt(letter, entry, turn)
        return _delivery(letter, entry)

    async def texts_sent_to(self, addresses: Sequence[str]) -> Sequence[str]:
        """The plain texts of our letters to these addresses of customers, the newest first (X14)."""
        contents = await self._outbox.contents_to([address.lower() for address in addresses], MOST_TEXTS)
        parts = (
            message_from_bytes(content, policy=policy.default).get_body(("plain",)) for content in contents
        )
        return [str(part.get_content()) for part in parts if part is not None]

    async def sent_letter(self, message_ids: Sequence[str], subject: str = "") -> KeptLetter | None:
        """The first of these Message-IDs that is a letter of ours, else the newest one with that subject (X16)."""
        return await self._outbox.sent_letter(message_ids, subject)

    async def _attempt(self, letter: Letter, entry: Entry, turn: OutboxTurn) -> Entry:
        undeliverable = {a: Answer(Fate.REFUSED, BAD_ADDRESS) for a in entry.waiting if not is_deliverable(a)}
        recipients = [address for address in entry.waiting if address not in undeliverable]
        answers: Mapping[str, Answer] = {}
        if recipients:
            try:
                answers = await self._transport.deliver(
                    self._letterhead.address, recipients, await self._content(letter, entry)
                )
            except MailNotTaken as error:
                await turn.settle(undeliverable, str(error))
                raise
        delays = "; ".join(dict.fromkeys(a.reply for a in answers.values() if a.fate is Fate.PENDING))
        entry = await turn.settle({**undeliverable, **answers}, delays or None)
        if entry.fate is Fate.PENDING:
            raise MailNotTaken(delays)
        return entry

    async def _content(self, letter: Letter, entry: Entry) -> bytes:
        if entry.content_is_whole:
            return entry.content
        sha256 = original_of(letter)
        original = await self._originals(sha256) if sha256 and self._originals else None
        message = render(letter, self._letterhead, self._link_url)
        return message.as_bytes() if original is None else with_original(message, letter, original)

    def _draft(self, letter: Letter) -> Draft:
        whole = letter.kind not in WITH_LINK and original_of(letter) is None
        message = render(letter, self._letterhead)
        return Draft(
            key=letter.key,
            case_id=letter.case_id,
            kind=letter.kind.value,
            audience=letter.team.value if letter.team else "customer",
            message_id=message_id(letter, self._letterhead),
            subject=str(message["Subject"]),
            content=message.as_bytes(),
            content_is_whole=whole,
            written_at=letter.at,
            recipients=self._letterhead.recipients(letter),
            told=getattr(letter.content, "preview", None),
        )


def _delivery(letter: Letter, entry: Entry) -> Delivery:
    refused = entry.refusals if entry.answers else NOBODY
    sent = entry.fate is Fate.SENT
    return Delivery(
        key=letter.key,
        kind=letter.kind,
        message_id=entry.message_id,
        refused=None if sent else refused,
        partly_refused=refused if sent else None,
        told=entry.told.told if sent and entry.told else None,
    )
