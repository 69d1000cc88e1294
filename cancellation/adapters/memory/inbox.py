"""The ledger of incoming mail in memory, for tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cancellation.messages.crm import MailDecision
from cancellation.messages.dkim import SigningKey
from cancellation.messages.mail_in import (
    Copies,
    KeptMail,
    MailEntry,
    MailFate,
    MailOutcome,
    MailTask,
    Registered,
    first_reported_as,
)


@dataclass
class Delivered:
    """A delivery, and what became of it."""

    entry: MailEntry
    reported_as: str
    outcome: MailOutcome | None = None
    why: tuple[str, ...] = ()


class MemoryInbox:
    """Implements `cancellation.ports.MailLedger`."""

    def __init__(self) -> None:
        self._rows: dict[str, Delivered] = {}
        self._tasks: dict[str, MailTask] = {}
        self._decisions: dict[tuple[str, datetime], MailDecision] = {}
        self._keys: dict[tuple[str, str, str], SigningKey] = {}

    async def register(self, entry: MailEntry) -> Registered:
        """Note a delivery, once."""
        if entry.id not in self._rows:
            others = [
                (row.entry.content_sha256, row.reported_as)
                for row in self._rows.values()
                if row.entry.message_id == entry.message_id
            ]
            reported_as = first_reported_as(entry.message_id, entry.content_sha256, others)
            self._rows[entry.id] = Delivered(entry, reported_as)
        row = self._rows[entry.id]
        earlier = self._before(row)
        return Registered(
            reported_as=row.reported_as,
            outcome=row.outcome,
            acted_before=any(
                e.outcome is not None
                and e.outcome.fate in (MailFate.OPENED, MailFate.REPORTED, MailFate.UNDECIDED)
                for e in earlier
            ),
            pending_before=any(e.outcome is None for e in earlier),
        )

    async def settle(self, delivery_id: str, outcome: MailOutcome, why: Sequence[str], at: datetime) -> None:
        """Note what became of a delivery; the first word stays."""
        row = self._rows[delivery_id]
        if row.outcome is None:
            row.outcome, row.why = outcome, tuple(why)

    async def keep_keys(self, sha256: str, keys: Sequence[SigningKey]) -> None:
        """Keep keys of an e-mail's signatures; the first word about each stays."""
        for one in keys:
            self._keys.setdefault((sha256, one.domain, one.selector), one)

    async def keys_of(self, sha256: str) -> list[SigningKey]:
        """The keys that are kept of an e-mail's signatures."""
        return self.kept_keys(sha256)

    async def copies(self, sha256: str) -> Copies | None:
        """What all deliveries of an e-mail say together."""
        reported_as = self._report_of(sha256)
        rows = sorted(
            (row for row in self._rows.values() if row.reported_as == reported_as),
            key=lambda row: row.entry.received_at,
        )
        if reported_as is None or not rows:
            return None
        return Copies(
            reported_as=reported_as,
            received_at=rows[0].entry.received_at,
            envelope=tuple(dict.fromkeys(address for row in rows for address in row.entry.envelope)),
            customer_id=next(
                (r.outcome.customer_id for r in rows if r.outcome and r.outcome.customer_id), None
            ),
        )

    async def mails_of(self, customer_id: str) -> list[KeptMail]:
        """The e-mails of a customer, the newest first."""
        found = {
            (row.entry.received_at, row.reported_as): KeptMail(
                sha256=row.entry.sha256,
                reported_as=row.reported_as,
                received_at=row.entry.received_at,
                fate=row.outcome.fate,
                action=row.outcome.action,
            )
            for row in reversed(list(self._rows.values()))
            if row.outcome is not None and row.outcome.customer_id == customer_id
        }
        return [found[key] for key in sorted(found, reverse=True)]

    async def keep_decision(self, decision: MailDecision) -> None:
        """Keep what a person decided about an e-mail."""
        self._decisions.setdefault((decision.message_id, decision.decided_at), decision)

    async def decisions(self) -> list[MailDecision]:
        """What people decided about e-mails, the oldest first."""
        return sorted(self._decisions.values(), key=lambda one: (one.decided_at, one.message_id))

    async def task(self, sha256: str) -> MailTask | None:
        """Commercial's task about an e-mail, found by any of its copies."""
        found = (t for key, t in self._tasks.items() if sha256 == t.sha256 or key == self._report_of(sha256))
        return next(found, None)

    async def open_task(self, task: MailTask) -> None:
        """Give Commercial an e-mail to read, once."""
        self._tasks.setdefault(task.reported_as, task)

    async def close_task(self, sha256: str, closed_by: str, at: datetime) -> bool:
        """Close the task of an e-mail, found by any of its copies."""
        for key, task in self._tasks.items():
            if sha256 == task.sha256 or key == self._report_of(sha256):
                if task.closed_at is not None:
                    return False
                self._tasks[key] = task.model_copy(update={"closed_at": at, "closed_by": closed_by})
                return True
        return False

    async def mail_tasks(self, *, open_only: bool = True) -> list[MailTask]:
        """E-mails that wait for a person, the oldest first."""
        found = [task for task in self._tasks.values() if task.closed_at is None or not open_only]
        return sorted(found, key=lambda task: (task.opened_at, task.sha256))

    def kept_keys(self, sha256: str) -> list[SigningKey]:
        """The keys of an e-mail's signatures, by domain and selector."""
        return [key for (mail, _, _), key in sorted(self._keys.items()) if mail == sha256]

    def deliveries(self) -> list[Delivered]:
        """Every delivery in the order in which they were registered, for the dossier's memory twin."""
        return list(self._rows.values())

    def original_of(self, message_id: str) -> str | None:
        """The SHA-256 of the e-mail that was reported under that Message-ID."""
        return next((r.entry.sha256 for r in self._rows.values() if r.reported_as == message_id), None)

    def first_received(self, message_id: str) -> datetime | None:
        """When the first copy of the e-mail was received that was reported under that Message-ID."""
        copies = (r.entry.received_at for r in self._rows.values() if r.reported_as == message_id)
        return min(copies, default=None)

    def why(self, sha256: str) -> tuple[str, ...]:
        """What the reader said of an e-mail when it was handled."""
        return next((r.why for r in self._rows.values() if r.entry.sha256 == sha256 and r.outcome), ())

    def arrived(self, since: datetime, until: datetime) -> list[Delivered]:
        """The e-mails that arrived in [since, until), the earliest first; of copies the first that was handled."""
        found: dict[str, Delivered] = {}
        for row in self._rows.values():
            if since <= row.entry.received_at < until:
                known = found.setdefault(row.reported_as, row)
                if known.outcome is None and row.outcome is not None:
                    found[row.reported_as] = row
        return sorted(found.values(), key=lambda row: row.entry.received_at)

    def _before(self, row: Delivered) -> list[Delivered]:
        rows = list(self._rows.values())
        return [e for e in rows[: rows.index(row)] if e.reported_as == row.reported_as]

    def _report_of(self, sha256: str) -> str | None:
        return next((r.reported_as for r in self._rows.values() if r.entry.sha256 == sha256), None)
