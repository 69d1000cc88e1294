"""What the desk reads, and the little that it writes by itself (X24, X26)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from cancellation.domain.trail import TrailEntry
from cancellation.messages.desk import (
    Account,
    CaseFigure,
    CaseFilter,
    CaseList,
    DeskAct,
    Dossier,
    MailFigure,
    MailFigures,
    MailFile,
    MailLine,
    TaskFilter,
    TaskLine,
)


class DeskRecords(Protocol):
    """The records as the desk reads them: a case is moved by facts alone, and by nothing here."""

    async def cases(self, wanted: CaseFilter) -> CaseList:
        """Cases: those that need attention first, then those that wait longest in their stage."""

    async def tasks(self, wanted: TaskFilter) -> Sequence[TaskLine]:
        """Tasks: the earliest day due first, those without a day before them."""

    async def mails(self, *, most: int = 100) -> Sequence[MailLine]:
        """E-mails that wait for a person, in a case or in none, the oldest first (X14, X15)."""

    async def mail(self, sha256: str, message_id: str) -> MailFile:
        """What the records say of an e-mail, by its original and by the Message-ID under which it was reported."""

    async def dossier(self, protocol: str) -> Dossier | None:
        """What the records hold of the case with that protocol number."""

    async def account(self, customer_id: str) -> Account | None:
        """The customer with what they pay, since when, and every case of theirs."""

    async def trail(self, case_id: str) -> Sequence[TrailEntry]:
        """Everything that happened in a case, in order (P20), and after it what the billing watch did (X10)."""

    async def letter(self, message_id: str) -> bytes | None:
        """A letter as it was sent; a download link is never in it."""

    async def original(self, sha256: str) -> bytes | None:
        """The bytes of a kept e-mail."""

    async def original_of(self, message_id: str) -> str | None:
        """The SHA-256 of the e-mail that was reported under that Message-ID; None where it is not kept."""

    async def note(self, act: DeskAct) -> bool:
        """Keep what a person did; False, and nothing happens, for an act that is kept already.

        Closing a task closes it with the same stroke.

        Raises:
            LookupError: there is no such case, or no such open task.
        """

    async def figures(self, since: datetime, until: datetime) -> Sequence[CaseFigure]:
        """Cases that were opened in [since, until), in order of their opening (X26)."""

    async def mail_figures(self, since: datetime, until: datetime) -> MailFigures:
        """E-mails that arrived in [since, until)."""

    async def mails_arrived(self, since: datetime, until: datetime, *, most: int) -> Sequence[MailFigure]:
        """The e-mails that `mail_figures` counts as arrived, the earliest first; copies stand once (X26)."""

    async def mails_left(self, since: datetime, until: datetime, *, most: int) -> Sequence[MailFigure]:
        """The e-mails that `mail_figures` counts as left to a person, the earliest first (X26)."""


class DeskSessions(Protocol):
    """Who is logged in at the desk. Only hashes of tokens are kept."""

    async def start_session(self, token_hash: str, login: str, now: datetime, ends_at: datetime) -> None:
        """Somebody logged in."""

    async def login_of(self, token_hash: str, now: datetime, idle_since: datetime) -> str | None:
        """Whose living session that is, used now; None where it ended, or nobody used it since `idle_since`."""

    async def end_session(self, token_hash: str) -> None:
        """Somebody logged out."""

    async def end_sessions_of(self, login: str) -> None:
        """Everybody with that login is logged out: the password changed, or the person left."""
