"""The desk's records over the memory CRM and ledger of mail, for tests (X24, X26)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from cancellation.adapters.crm_views import CaseTask, bare_cnpj
from cancellation.adapters.memory.crm import HeldRecord, MemoryCrm
from cancellation.adapters.memory.inbox import MemoryInbox
from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import Contact, Outcome
from cancellation.messages.crm import RetentionDecision
from cancellation.messages.desk import (
    CONFIRMS_NOTICE,
    DECIDES_ON_MAIL,
    Account,
    CaseFigure,
    CaseFilter,
    CaseLine,
    CaseList,
    DeskAct,
    DeskActKind,
    Dossier,
    MailFigure,
    MailFigures,
    MailFile,
    MailLine,
    TaskFilter,
    TaskLine,
)
from cancellation.messages.seed import CustomerSeed, SubscriptionSeed


@dataclass
class MemoryDesk:
    """Implements `cancellation.ports.desk.DeskRecords` and `DeskSessions`; it knows no letters."""

    crm: MemoryCrm
    inbox: MemoryInbox
    _subscriptions: list[tuple[str, SubscriptionSeed]] = field(default_factory=list)
    _acts: list[DeskAct] = field(default_factory=list)
    _sessions: dict[str, tuple[str, datetime, datetime]] = field(default_factory=dict)

    async def provision(self, seed: CustomerSeed) -> None:
        """Put a customer in, with what they pay."""
        await self.crm.provision(seed)
        self._subscriptions += [(seed.customer.customer_id, one) for one in seed.subscriptions]

    # ------------------------------------------------------------------ cases

    async def cases(self, wanted: CaseFilter) -> CaseList:
        """Those that need attention first, then those that wait longest in their stage."""
        held = list(self.crm.all_cases().values())
        lines = [(case, await self._line(case)) for case in held]
        found = [line for case, line in lines if self._is_wanted(case, line, wanted)]
        found.sort(key=lambda line: (self._ended(line), not line.attention, line.since, line.case_id))
        return CaseList(
            cases=tuple(found[wanted.offset : wanted.offset + wanted.most]),
            total=len(found) if wanted.offset < len(found) else 0,
            by_stage=dict(Counter(c.summary.stage for c in held if c.summary.ended_at is None)),
        )

    async def dossier(self, protocol: str) -> Dossier | None:
        """What the records hold of the case with that protocol number, or that case id."""
        wanted, held = protocol.strip(), self.crm.all_cases()
        case = held.get(wanted) or next(
            (c for c in held.values() if c.summary.protocol == wanted.upper()), None
        )
        if case is None or case.request is None:
            return None
        decision = case.decision
        return Dossier(
            summary=case.summary,
            since=case.stages.get(case.summary.stage, case.changed_at),
            request=case.request,
            reason=decision.reason if decision else None,
            decided_by=decision.actor if decision else None,
            decided_at=decision.at if decision else None,
            offers=tuple(sorted(case.offers.values(), key=lambda offer: (offer.at, offer.offer_id))),
            assigned_to=self._assigned(case.summary.case_id),
            letters=(),
            acts=tuple(act for act in self._acts if act.case_id == case.summary.case_id),
        )

    async def trail(self, case_id: str) -> Sequence[TrailEntry]:
        """Everything that happened in a case, in order (P20), and after it what the billing watch did (X10)."""
        entries = await self.crm.trail(case_id)
        held = self.crm.all_cases().get(case_id)
        return entries + [
            TrailEntry(
                seq=len(entries) + act.seq,
                at=act.at,
                actor=act.actor,
                kind=f"watch_{act.kind.value}",
                detail=act.detail,
            )
            for act in (held.watch_acts if held else ())
        ]

    async def letter(self, message_id: str) -> bytes | None:
        """None: there are no letters here."""
        return None

    async def account(self, customer_id: str) -> Account | None:
        """The customer with what they pay, since when, and every case of theirs."""
        customer = await self.crm.customer(customer_id)
        if customer is None:
            return None
        own = [one for owner, one in self._subscriptions if owner == customer_id]
        running = sorted((one for one in own if one.ended_on is None), key=lambda one: -one.monthly)
        return Account(
            customer=customer,
            monthly=sum((one.monthly for one in running), Decimal("0.00")),
            since=min((one.started_on for one in own), default=None),
            plan=tuple(one.description for one in running),
            earlier=tuple(await self.crm.list_cases(customer_id=customer_id, most=50)),
        )

    # ------------------------------------------------------------------ tasks and e-mails

    async def tasks(self, wanted: TaskFilter) -> Sequence[TaskLine]:
        """The earliest day due first, those without a day before them."""
        held = await self.crm.tasks(case_id=wanted.case_id, open_only=wanted.open_only)
        lines = [await self._task_line(task) for task in held if wanted.team in (None, task.order.team)]
        if wanted.case_id is None:
            lines = [line for line in lines if line.closed_at is not None or not line.decides]
        lines.sort(key=lambda line: line.closed_at is not None)
        return lines[wanted.offset : wanted.offset + wanted.most]

    async def mails(self, *, most: int = 100) -> Sequence[MailLine]:
        """E-mails that wait for a person, in a case or in none, the oldest first (X14, X15)."""
        lines = [
            MailLine(
                sha256=task.sha256,
                title=task.title,
                protocol=None,
                company=self._company(task.customer_id),
                since=task.opened_at,
            )
            for task in await self.inbox.mail_tasks()
        ]
        for task in await self._about_mail():
            kept = self.crm.all_cases()[task.case_id].formalization
            if task.key == CONFIRMS_NOTICE:
                sha256 = kept.completing.original_sha256 if kept else None
            else:
                sha256 = self.inbox.original_of(task.key.removeprefix(DECIDES_ON_MAIL))
            lines.append(
                MailLine(
                    sha256=sha256,
                    title=task.title,
                    protocol=task.protocol,
                    company=task.company,
                    since=task.ordered_at,
                )
            )
        return sorted(lines, key=lambda line: (line.since, line.protocol or ""))[:most]

    async def mail(self, sha256: str, message_id: str) -> MailFile:
        """What the records say of an e-mail, by its original and by the Message-ID under which it was reported."""
        notice_of = next(
            (
                case_id
                for case_id, case in self.crm.all_cases().items()
                if case.formalization is not None
                and case.in_force
                and case.summary.ended_at is None
                and any(
                    mail.original_sha256 == sha256 or mail.message_id == message_id
                    for mail in case.formalization.mails
                )
            ),
            None,
        )
        waiting = [
            task
            for task in await self._about_mail()
            if task.key == f"{DECIDES_ON_MAIL}{message_id}"[:300]
            or (task.key == CONFIRMS_NOTICE and task.case_id == notice_of)
        ]
        decisions = [
            one
            for one in [*self.crm.decisions, *await self.inbox.decisions()]
            if one.original_sha256 == sha256 or one.message_id == message_id
        ]
        return MailFile(
            why=self.inbox.why(sha256),
            waiting=tuple(waiting),
            decision=max(decisions, key=lambda one: one.decided_at, default=None),
            notice_of=notice_of,
        )

    async def _about_mail(self) -> list[TaskLine]:
        lines = [await self._task_line(task) for task in await self.crm.tasks(open_only=True)]
        return [line for line in lines if line.decides]

    async def original(self, sha256: str) -> bytes | None:
        """The bytes of a kept e-mail."""
        return await self.crm.original(sha256)

    async def original_of(self, message_id: str) -> str | None:
        """The SHA-256 of the e-mail that was reported under that Message-ID."""
        return self.inbox.original_of(message_id)

    # ------------------------------------------------------------------ what people note

    async def note(self, act: DeskAct) -> bool:
        """Keep what a person did, once; closing a task closes it with the same stroke.

        Raises:
            LookupError: there is no such case, or no such open task.
        """
        case = self.crm.all_cases().get(act.case_id)
        if case is None:
            raise LookupError(act.case_id)
        if any(one.act_id == act.act_id for one in self._acts):
            return False
        if act.kind is DeskActKind.TASK_CLOSED:
            task = case.tasks.get(act.subject)
            if task is None or not task.is_open:
                raise LookupError(act.subject)
            closed = {"closed_at": max(act.at, task.ordered_at)}
            case.tasks[act.subject] = task.model_copy(update=closed)
        self._acts.append(act)
        return True

    def notes_of(self, case_id: str) -> list[DeskAct]:
        """What people noted beside a case, in order."""
        return [act for act in self._acts if act.case_id == case_id]

    # ------------------------------------------------------------------ figures

    async def figures(self, since: datetime, until: datetime) -> Sequence[CaseFigure]:
        """Cases that were opened in [since, until), in order of their opening (X26)."""
        held = self.crm.all_cases().values()
        wanted = [case for case in held if since <= case.summary.opened_at < until]
        wanted.sort(key=lambda case: (case.summary.opened_at, case.summary.case_id))
        return [await self._figure(case) for case in wanted]

    async def mail_figures(self, since: datetime, until: datetime) -> MailFigures:
        """E-mails that arrived in [since, until)."""
        arrived, left = self._arrived(since, until), await self._left(since, until)
        return MailFigures(len(arrived), len(left))

    async def mails_arrived(self, since: datetime, until: datetime, *, most: int) -> Sequence[MailFigure]:
        """The e-mails that `mail_figures` counts as arrived, the earliest first; copies stand once (X26)."""
        return self._arrived(since, until)[:most]

    async def mails_left(self, since: datetime, until: datetime, *, most: int) -> Sequence[MailFigure]:
        """The e-mails that `mail_figures` counts as left to a person, the earliest first (X26)."""
        return (await self._left(since, until))[:most]

    def _arrived(self, since: datetime, until: datetime) -> list[MailFigure]:
        return [
            MailFigure(
                sha256=row.entry.sha256,
                title=None,
                fate=row.outcome.fate if row.outcome else None,
                protocol=None,
                company=self._company(row.outcome.customer_id if row.outcome else None),
                at=row.entry.received_at,
                settled_at=None,
            )
            for row in self.inbox.arrived(since, until)
        ]

    async def _left(self, since: datetime, until: datetime) -> list[MailFigure]:
        in_none = [
            MailFigure(
                sha256=task.sha256,
                title=task.title,
                fate=None,
                protocol=None,
                company=self._company(task.customer_id),
                at=task.opened_at,
                settled_at=task.closed_at,
            )
            for task in await self.inbox.mail_tasks(open_only=False)
        ]
        in_cases = [
            MailFigure(
                sha256=self.inbox.original_of(_mail_of(task)),
                title=task.order.title,
                fate=None,
                protocol=self.crm.all_cases()[task.case_id].summary.protocol,
                company=self._company(self.crm.all_cases()[task.case_id].summary.customer_id),
                at=self.inbox.first_received(_mail_of(task)) or task.ordered_at,
                settled_at=task.closed_at,
            )
            for task in await self.crm.tasks()
            if task.order.key.startswith(DECIDES_ON_MAIL)
        ]
        found = [mail for mail in [*in_none, *in_cases] if since <= mail.at < until]
        return sorted(found, key=lambda mail: (mail.at, mail.protocol or "", mail.sha256 or ""))

    def _company(self, customer_id: str | None) -> str | None:
        known = self.crm.known_customers().get(customer_id or "")
        return known.name if known else None

    # ------------------------------------------------------------------ sessions

    async def start_session(self, token_hash: str, login: str, now: datetime, ends_at: datetime) -> None:
        """Somebody logged in."""
        self._sessions[token_hash] = (login, now, ends_at)

    async def login_of(self, token_hash: str, now: datetime, idle_since: datetime) -> str | None:
        """Whose living session that is, used now."""
        login, seen_at, ends_at = self._sessions.get(token_hash, ("", now, now))
        if ends_at <= now or seen_at < idle_since:
            return None
        self._sessions[token_hash] = (login, now, ends_at)
        return login

    async def end_session(self, token_hash: str) -> None:
        """Somebody logged out."""
        self._sessions.pop(token_hash, None)

    async def end_sessions_of(self, login: str) -> None:
        """Everybody with that login is logged out."""
        self._sessions = {token: held for token, held in self._sessions.items() if held[0] != login}

    # ------------------------------------------------------------------ rows

    async def _line(self, case: HeldRecord) -> CaseLine:
        summary = case.summary
        customer = await self.crm.customer(summary.customer_id)
        first = customer.contacts[0] if customer and customer.contacts else None
        tasks = [task for task in case.tasks.values() if task.is_open]
        assert case.request is not None
        return CaseLine(
            case_id=summary.case_id,
            customer_id=summary.customer_id,
            company=customer.name if customer else None,
            protocol=summary.protocol,
            stage=summary.stage,
            since=case.stages.get(summary.stage, summary.opened_at),
            opened_at=summary.opened_at,
            request=case.request,
            contact=Contact(name=first.name, email=first.email, phone=first.phone) if first else None,
            reason=case.decision.reason.category.value if case.decision else None,
            last_day=case.formalization.notice.last_day if case.formalization and case.in_force else None,
            assigned_to=self._assigned(summary.case_id),
            attention=any(_asks_for_attention(task, summary.stage) for task in tasks),
            tasks=len(tasks),
        )

    def _is_wanted(self, case: HeldRecord, line: CaseLine, wanted: CaseFilter) -> bool:
        words = wanted.words.strip().lower()
        bare = bare_cnpj(wanted.words)
        customer = self.crm.known_customers().get(line.customer_id)
        named = (line.company or "", line.protocol, line.customer_id)
        by_cnpj = len(bare) >= 4 and bool(customer and customer.cnpj and customer.cnpj.startswith(bare))
        return (
            not (wanted.open_only and self._ended(line))
            and wanted.stage in (None, line.stage)
            and wanted.assigned_to in (None, line.assigned_to)
            and (not wanted.attention or line.attention)
            and (not words or any(words in name.lower() for name in named) or by_cnpj)
        )

    def _ended(self, line: CaseLine) -> bool:
        return self.crm.all_cases()[line.case_id].summary.ended_at is not None

    def _assigned(self, case_id: str) -> str | None:
        acts = [a for a in self._acts if a.case_id == case_id and a.kind is DeskActKind.ASSIGNED]
        return acts[-1].subject or None if acts else None

    async def _task_line(self, task: CaseTask) -> TaskLine:
        summary = self.crm.all_cases()[task.case_id].summary
        customer = await self.crm.customer(summary.customer_id)
        act = next(
            (
                act
                for act in reversed(self._acts)
                if (act.case_id, act.kind, act.subject)
                == (task.case_id, DeskActKind.TASK_CLOSED, task.order.key)
                and task.closed_at is not None
                and task.closed_at <= max(act.at, task.ordered_at)
            ),
            None,
        )
        return TaskLine(
            case_id=task.case_id,
            protocol=summary.protocol,
            customer_id=summary.customer_id,
            company=customer.name if customer else None,
            key=task.order.key,
            team=task.order.team,
            title=task.order.title,
            text=task.order.text,
            due_on=task.order.due_on,
            ordered_at=task.ordered_at,
            closed_at=task.closed_at,
            closed_by=act.actor if act else None,
            word=act.words if act else None,
        )

    async def _figure(self, case: HeldRecord) -> CaseFigure:
        summary, decision, stages = case.summary, case.decision, case.stages
        customer = await self.crm.customer(summary.customer_id)
        kinds = {offer.kind.value for offer in case.offers.values()}
        accepted = {o.kind.value for o in case.offers.values() if o.status.value == "accepted"}
        day = summary.opened_at.astimezone(UTC).date()
        paid = [
            one.monthly
            for owner, one in self._subscriptions
            if owner == summary.customer_id
            and one.started_on <= day
            and (one.ended_on is None or one.ended_on >= day)
        ]
        later = [
            other.summary.opened_at
            for other in self.crm.all_cases().values()
            if other.summary.customer_id == summary.customer_id
            and other is not case
            and summary.ended_at is not None
            and other.summary.opened_at >= summary.ended_at
        ]
        return CaseFigure(
            case_id=summary.case_id,
            protocol=summary.protocol,
            company=customer.name if customer else None,
            channel=case.request.channel.value if case.request else "other",
            opened_at=summary.opened_at,
            ended_at=summary.ended_at,
            outcome=summary.outcome,
            reason=decision.reason.category.value if decision else None,
            decision=decision.outcome.value if decision else None,
            decided_by=decision.actor if decision else None,
            decided_at=decision.at if decision else None,
            offers=tuple(sorted(kinds)),
            accepted=tuple(sorted(accepted)),
            declined_at=stages.get("awaiting_formalization") or _declined_at(decision),
            notice_at=stages.get("notice"),
            closing_at=stages.get("closing"),
            monthly=sum(paid, Decimal(0)),
            back_at=min(later, default=None),
        )


def _mail_of(task: CaseTask) -> str:
    """The Message-ID of the e-mail that a task is about."""
    return task.order.key.removeprefix(DECIDES_ON_MAIL)


def _declined_at(decision: RetentionDecision | None) -> datetime | None:
    """Of a case whose formalization was there already: it has never waited for it (X18)."""
    return decision.at if decision and decision.outcome is Outcome.DECLINED else None


def _asks_for_attention(task: CaseTask, stage: str) -> bool:
    key = task.order.key
    holds_up = stage == "closing" and (key == CONFIRMS_NOTICE or key.startswith(DECIDES_ON_MAIL))
    return holds_up or key.startswith(("attention:", "undelivered:")) or key == "silence"
