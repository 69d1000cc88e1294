"""Outgoing mail in memory: keeps what it is given, and can refuse, delay or be down like a real server."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from cancellation.adapters.mailing import (
    Answer,
    Draft,
    Entry,
    Fate,
    MailNotTaken,
    OutboxMailer,
    ReadOriginal,
)
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.values import Team
from cancellation.letters import Letterhead, LinkUrl
from cancellation.messages.letters import KeptLetter


@dataclass(frozen=True)
class SentMail:
    """One message as the server took it."""

    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        return message_from_bytes(self.content, policy=policy.default)


@dataclass
class Tried:
    """What was tried of a letter."""

    attempts: int = 0
    last_attempt_at: datetime | None = None
    last_error: str | None = None
    settled_at: datetime | None = None
    answered_at: dict[str, datetime] = field(default_factory=dict)
    """When an address was settled."""


class MemoryOutbox:
    """An outbox that ends with the process."""

    def __init__(self) -> None:
        """Empty."""
        self.drafts: dict[str, Draft] = {}
        self.entries: dict[str, Entry] = {}
        self.tried: defaultdict[str, Tried] = defaultdict(Tried)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def contents_to(self, addresses: Sequence[str], most: int) -> Sequence[bytes]:
        """The messages that were sent to these addresses of customers, the newest first."""
        found = [
            draft
            for draft in self.drafts.values()
            if draft.audience == "customer" and {one.lower() for one in draft.recipients} & set(addresses)
        ]
        found.sort(key=lambda draft: draft.key)
        found.sort(key=lambda draft: draft.written_at, reverse=True)
        return [draft.content for draft in found[:most]]

    async def sent_letter(self, message_ids: Sequence[str], subject: str) -> KeptLetter | None:
        """The first of these Message-IDs that is a letter of ours, else the newest one with that subject."""
        kept = {draft.message_id: draft for draft in self.drafts.values()}
        titled = sorted(
            (draft for draft in kept.values() if subject and draft.subject == subject),
            key=lambda draft: draft.written_at,
            reverse=True,
        )
        draft = next((kept[one] for one in message_ids if one in kept), next(iter(titled), None))
        if draft is None:
            return None
        return KeptLetter(
            message_id=draft.message_id,
            case_id=draft.case_id,
            kind=LetterKind(draft.kind),
            team=None if draft.audience == "customer" else Team(draft.audience),
        )

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator["MemoryTurn"]:
        """Be alone with a letter."""
        async with self._locks[key]:
            yield MemoryTurn(self, key)


class MemoryTurn:
    """One attempt at one letter."""

    def __init__(self, outbox: MemoryOutbox, key: str) -> None:
        """Work on the letter `key`."""
        self._outbox = outbox
        self._key = key

    async def open(self, draft: Draft) -> Entry:
        """Keep the letter if it is new."""
        self._outbox.drafts.setdefault(self._key, draft)
        pending = dict.fromkeys(draft.recipients, Answer(Fate.PENDING))
        entry = Entry(draft.message_id, draft.content, draft.content_is_whole, pending, draft.told)
        held = self._outbox.entries.setdefault(self._key, entry)
        tried = self._outbox.tried[self._key]
        if held.waiting:
            tried.attempts += 1
            tried.last_attempt_at = datetime.now(UTC)
        elif tried.settled_at is None:
            tried.settled_at = datetime.now(UTC)  # nobody is to get it
        return held

    async def settle(self, answers: Mapping[str, Answer], error: str | None) -> Entry:
        """Note what became of each address."""
        before = self._outbox.entries[self._key]
        entry = before.answered(answers)
        tried, now = self._outbox.tried[self._key], datetime.now(UTC)
        if before.waiting:
            tried.last_error = error
            tried.settled_at = None if entry.waiting else now
        for address in set(before.waiting) - set(entry.waiting):
            tried.answered_at[address] = now
        self._outbox.entries[self._key] = entry
        return entry


class MemoryTransport:
    """A mail server of which one can say how it behaves."""

    def __init__(self) -> None:
        """Takes everything."""
        self.sent: list[SentMail] = []
        self.is_down = False
        self.replies: dict[str, Answer] = {}
        """What it says of single addresses; every other one is taken."""

    async def deliver(self, sender: str, recipients: Sequence[str], content: bytes) -> Mapping[str, Answer]:
        """Take the message for everybody of whom nothing else was said."""
        if self.is_down:
            raise MailNotTaken("o servidor de e-mail está fora do ar")
        answers = {address: self.replies.get(address, Answer(Fate.SENT)) for address in recipients}
        taken = tuple(address for address, answer in answers.items() if answer.fate is Fate.SENT)
        if taken:
            self.sent.append(SentMail(taken, content))
        return answers


class MemoryMailer(OutboxMailer):
    """The port `Mailer` in memory."""

    def __init__(
        self,
        letterhead: Letterhead | None = None,
        link_url: LinkUrl | None = None,
        originals: ReadOriginal | None = None,
    ) -> None:
        """Send from `letterhead`; see `OutboxMailer` for the others."""
        self.outbox = MemoryOutbox()
        self.server = MemoryTransport()
        super().__init__(
            self.outbox, self.server, letterhead or Letterhead(), link_url or _example_url, originals
        )

    @property
    def sent(self) -> list[SentMail]:
        """Every message that was taken, in order."""
        return self.server.sent

    def refuse(self, address: str, reply: str = "550 5.1.1 User unknown") -> None:
        """Refuse an address for good from now on."""
        self.server.replies[address] = Answer(Fate.REFUSED, reply)

    def delay(self, address: str, reply: str = "451 4.3.0 Try again later") -> None:
        """Put an address off from now on."""
        self.server.replies[address] = Answer(Fate.PENDING, reply)

    def go_down(self) -> None:
        """Answer nothing until `recover`."""
        self.server.is_down = True

    def recover(self) -> None:
        """Take everything again."""
        self.server.is_down = False
        self.server.replies.clear()


def _example_url(link_id: str) -> str:
    return f"https://gravacoes.example.com.br/d/{link_id}"
