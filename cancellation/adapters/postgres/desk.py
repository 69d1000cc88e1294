"""The desk's reading of the records in PostgreSQL, what people note beside a case, and their sessions (X24, X26)."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg

from cancellation.adapters.postgres.pool import Pool, storable
from cancellation.adapters.postgres.queries import queries
from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import Offer, Reason, ReasonCategory
from cancellation.messages.crm import CaseSummary, Customer, MailDecision
from cancellation.messages.desk import (
    Account,
    CaseFigure,
    CaseFilter,
    CaseLine,
    CaseList,
    DeskAct,
    DeskActKind,
    Dossier,
    LetterLine,
    MailFigure,
    MailFigures,
    MailFile,
    MailLine,
    TaskFilter,
    TaskLine,
)
from cancellation.messages.mail_in import MailFate

SQL: Final = queries("desk")
_FEWEST_CHARACTERS: Final = 4
"""Of a CNPJ or a telephone number, to look for it."""


class PostgresDesk:
    """Implements `cancellation.ports.desk.DeskRecords` and `DeskSessions`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    # ------------------------------------------------------------------ cases

    async def cases(self, wanted: CaseFilter) -> CaseList:
        """Those that need attention first, then those that wait longest in their stage."""
        words = wanted.words.strip()
        bare = re.sub(r"[^0-9A-Za-z]", "", words).upper()
        rows = await self._pool.fetch(
            SQL["cases"],
            f"%{_as_pattern(words)}%" if words else None,
            bare if len(bare) >= _FEWEST_CHARACTERS and any(c.isdigit() for c in bare) else None,
            wanted.stage,
            wanted.assigned_to,
            wanted.attention,
            wanted.open_only,
            wanted.offset,
            wanted.most,
        )
        counts = await self._pool.fetch(SQL["open_by_stage"])
        return CaseList(
            cases=tuple(CaseLine.model_validate({k: row[k] for k in CaseLine.model_fields}) for row in rows),
            total=rows[0]["total"] if rows else 0,
            by_stage={row["stage"]: row["count"] for row in counts},
        )

    async def in_list(self, protocols: Sequence[str]) -> dict[str, tuple[str | None, datetime]]:
        """The company, and since when the case is in its stage, by protocol."""
        rows = await self._pool.fetch(SQL["in_list"], list(protocols))
        return {row["protocol"]: (row["company"], row["since"]) for row in rows}

    async def dossier(self, protocol: str) -> Dossier | None:
        """What the records hold of the case with that protocol number, or that case id."""
        row = await self._pool.fetchrow(SQL["dossier"], storable(protocol.strip()))
        if row is None:
            return None
        case_id = row["case_id"]
        offers = await self._pool.fetch(SQL["offers"], case_id)
        letters = await self._pool.fetch(SQL["letters"], case_id)
        acts = await self._pool.fetch(SQL["acts"], case_id)
        category = row["reason_category"]
        return Dossier(
            summary=CaseSummary.model_validate({name: row[name] for name in CaseSummary.model_fields}),
            since=row["since"],
            request=row["request"],
            reason=Reason(category=ReasonCategory(category), text=row["reason_text"]) if category else None,
            decided_by=row["decided_by"],
            decided_at=row["decided_at"],
            offers=tuple(Offer.model_validate(dict(one)) for one in offers),
            assigned_to=row["assigned_to"],
            letters=tuple(LetterLine.model_validate(dict(one)) for one in letters),
            acts=tuple(DeskAct.model_validate(dict(one)) for one in acts),
        )

    async def trail(self, case_id: str) -> Sequence[TrailEntry]:
        """Everything that happened in a case, in order (P20), and after it what the billing watch did (X10)."""
        return [TrailEntry.model_validate(dict(row)) for row in await self._pool.fetch(SQL["trail"], case_id)]

    async def letter(self, message_id: str) -> bytes | None:
        """A letter as it was sent; a download link is never in it."""
        content: bytes | None = await self._pool.fetchval(SQL["letter"], message_id)
        return content

    async def account(self, customer_id: str) -> Account | None:
        """The customer with what they pay, since when, and every case of theirs."""
        row = await self._pool.fetchrow(SQL["account"], customer_id)
        if row is None:
            return None
        return Account(
            customer=Customer.model_validate({name: row[name] for name in Customer.model_fields}),
            monthly=row["monthly"],
            since=row["since"],
            plan=tuple(row["plan"]),
            earlier=tuple(map(CaseSummary.model_validate, row["earlier"])),
        )

    # ------------------------------------------------------------------ tasks and e-mails

    async def tasks(self, wanted: TaskFilter) -> Sequence[TaskLine]:
        """The earliest day due first, those without a day before them."""
        rows = await self._pool.fetch(
            SQL["tasks"],
            wanted.team and wanted.team.value,
            wanted.open_only,
            wanted.case_id,
            wanted.offset,
            wanted.most,
        )
        return [TaskLine.model_validate(dict(row)) for row in rows]

    async def mails(self, *, most: int = 100) -> Sequence[MailLine]:
        """E-mails that wait for a person, in a case or in none, the oldest first (X14, X15)."""
        return [MailLine.model_validate(dict(row)) for row in await self._pool.fetch(SQL["mails"], most)]

    async def mail(self, sha256: str, message_id: str) -> MailFile:
        """What the records say of an e-mail, by its original and by the Message-ID under which it was reported."""
        why = await self._pool.fetchval(SQL["why"], sha256)
        notice_of = await self._pool.fetchval(SQL["notice_of_mail"], sha256, message_id)
        waiting = await self._pool.fetch(SQL["waiting_for_mail"], message_id, notice_of)
        decision = await self._pool.fetchrow(SQL["decision_on_mail"], sha256, message_id)
        return MailFile(
            why=tuple(why or ()),
            waiting=tuple(TaskLine.model_validate(dict(row)) for row in waiting),
            decision=MailDecision.model_validate(dict(decision)) if decision else None,
            notice_of=notice_of,
        )

    async def original(self, sha256: str) -> bytes | None:
        """The bytes of a kept e-mail."""
        raw: bytes | None = await self._pool.fetchval(SQL["original"], sha256)
        return raw

    async def original_of(self, message_id: str) -> str | None:
        """The SHA-256 of the e-mail that was reported under that Message-ID."""
        sha256: str | None = await self._pool.fetchval(SQL["original_of"], message_id)
        return sha256

    # ------------------------------------------------------------------ what people note

    async def note(self, act: DeskAct) -> bool:
        """Keep what a person did, once; closing a task closes it with the same stroke.

        Raises:
            LookupError: there is no such case, or no such open task.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval("select true from crm.cases where case_id = $1", act.case_id):
                raise LookupError(act.case_id)
            fresh = await connection.fetchval(
                SQL["note"],
                act.act_id,
                act.case_id,
                act.at,
                act.actor,
                act.kind.value,
                act.subject,
                act.words,
            )
            closes = fresh and act.kind is DeskActKind.TASK_CLOSED
            if closes and not await connection.fetchval(SQL["close_task"], act.case_id, act.subject, act.at):
                raise LookupError(act.subject)
        return bool(fresh)

    # ------------------------------------------------------------------ figures

    async def figures(self, since: datetime, until: datetime) -> Sequence[CaseFigure]:
        """Cases that were opened in [since, until), in order of their opening (X26)."""
        rows = await self._pool.fetch(SQL["figures"], since, until)
        return [CaseFigure(**{name: _plain(row[name]) for name in CaseFigure._fields}) for row in rows]

    async def mail_figures(self, since: datetime, until: datetime) -> MailFigures:
        """E-mails that arrived in [since, until)."""
        row = await self._pool.fetchrow(SQL["mail_figures"], since, until)
        assert row is not None
        return MailFigures(row["arrived"], row["left_to_a_person"])

    async def mails_arrived(self, since: datetime, until: datetime, *, most: int) -> Sequence[MailFigure]:
        """The e-mails that `mail_figures` counts as arrived, the earliest first; copies stand once (X26)."""
        return _mail_figures(await self._pool.fetch(SQL["mails_arrived"], since, until, most))

    async def mails_left(self, since: datetime, until: datetime, *, most: int) -> Sequence[MailFigure]:
        """The e-mails that `mail_figures` counts as left to a person, the earliest first (X26)."""
        return _mail_figures(await self._pool.fetch(SQL["mails_left"], since, until, most))

    # ------------------------------------------------------------------ sessions

    async def start_session(self, token_hash: str, login: str, now: datetime, ends_at: datetime) -> None:
        """Somebody logged in; sessions that have ended go."""
        await self._pool.execute(SQL["start_session"], token_hash, login, now, ends_at)

    async def login_of(self, token_hash: str, now: datetime, idle_since: datetime) -> str | None:
        """Whose living session that is, used now."""
        login: str | None = await self._pool.fetchval(SQL["login_of"], token_hash, now, idle_since)
        return login

    async def end_session(self, token_hash: str) -> None:
        """Somebody logged out."""
        await self._pool.execute(SQL["end_session"], token_hash)

    async def end_sessions_of(self, login: str) -> None:
        """Everybody with that login is logged out."""
        await self._pool.execute(SQL["end_sessions_of"], login)


def _as_pattern(words: str) -> str:
    """The words as they stand, whatever `like` would make of them."""
    return re.sub(r"([\\%_])", r"\\\1", words)


def _mail_figures(rows: Iterable[asyncpg.Record]) -> list[MailFigure]:
    return [MailFigure(**dict(row) | {"fate": row["fate"] and MailFate(row["fate"])}) for row in rows]


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
