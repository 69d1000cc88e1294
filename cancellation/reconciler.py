"""Holds the records against each other and against the engine, undoes what is safe by rule, and tells people (X11)."""

import logging
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cancellation.domain.findings import RULES, UNDONE_BY, Finding, Repair, Rule, repair_of
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.values import Team
from cancellation.language import findings as words
from cancellation.messages.afterwards_contents import Findings as FindingsLetter
from cancellation.messages.afterwards_contents import FoundLine
from cancellation.messages.letters import Letter
from cancellation.messages.reconciliation import CheckBatch, CheckBatchResult, KeptFinding, RepairDone
from cancellation.messages.recordings import LinkRevocation
from cancellation.ports import Billing, Mailer, RecordingStore
from cancellation.ports.reconciliation import Comparison, Engine, Findings

logger = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 500
"""Findings of one batch: so many are in memory at a time."""
MOST_IN_LETTER: Final = 40
MOST_IN_A_ROW: Final = 3
"""After so many failures one after the other a system is not asked again in a run: it takes the time of the others."""
_MAIL_PASSED_ON: Final = timedelta(hours=1)
_ORDER: Final = tuple(Rule)
_SEPARATOR: Final = "|"


@dataclass(frozen=True)
class Reconciler:
    """The steps of a run, batch by batch. Each can run twice and counts once."""

    engine: Engine
    comparison: Comparison
    findings: Findings
    billing: Billing
    recordings: RecordingStore
    mailer: Mailer
    mailboxes: tuple[str, ...]

    async def read_executions(self, batch: CheckBatch) -> CheckBatchResult:
        """Lay a page of what runs in the engine beside the records.

        Raises:
            Exception: the engine or the database does not answer.
        """
        page = await self.engine.running(batch.at - _MAIL_PASSED_ON, batch.cursor or "")
        # First how long the CRM's trails are: an execution that is asked afterwards knows all of that.
        await self.comparison.note_executions(page.executions, batch.at)
        answers = await self.engine.asked([one for one in page.executions if not one.wedged])
        await self.comparison.note_answers(answers)
        if page.next_page is None:
            await self.comparison.all_executions_noted(batch.at)
        return CheckBatchResult(cursor=page.next_page, looked=len(page.executions))

    async def compare(self, batch: CheckBatch) -> CheckBatchResult:
        """Keep what disagrees by one rule; what was kept and disagrees no more is gone.

        Raises:
            Exception: the database, or the engine where it is asked again, does not answer.
        """
        code, _, after = (batch.cursor or _ORDER[0].value).partition(_SEPARATOR)
        rule = Rule(code)
        page = await self.comparison.disagreeing(rule, batch.at, after, MOST_AT_ONCE)
        found = [one for one in page if await self._holds(one)]
        await self.findings.keep(found, batch.at)
        counted = CheckBatchResult(looked=len(page), found=len(found))
        if len(page) == MOST_AT_ONCE:
            last = f"{rule.value}{_SEPARATOR}{page[-1].subject}"
            return counted.model_copy(update={"cursor": last})
        resolved = 0
        if await self.comparison.can_judge(rule, batch.at):
            resolved = await self.findings.settle(rule, batch.at)
        following = _ORDER[_ORDER.index(rule) + 1 :]
        cursor = following[0].value if following else None
        return counted.model_copy(update={"cursor": cursor, "resolved": resolved})

    async def repair(self, batch: CheckBatch) -> CheckBatchResult:
        """Undo what is safe by rule; what fails is tried again by the next run, and holds up nothing else (X17)."""
        undone = failed = 0
        in_a_row = Counter[Repair]()
        for finding in await self.findings.open_findings(UNDONE_BY, repairable=True):
            repair = repair_of(finding)
            if repair is None or finding.case_id is None:
                continue
            if in_a_row[repair] >= MOST_IN_A_ROW:
                failed += 1
                continue
            try:
                await self._undo(repair, finding.case_id, batch.at)
            except Exception as error:
                failed += 1
                in_a_row[repair] += 1
                logger.warning(
                    "not repaired", extra={"rule": finding.rule.value, "error": type(error).__name__}
                )
                continue
            in_a_row[repair] = 0
            await self.findings.note_repair(
                RepairDone(
                    rule=finding.rule,
                    subject=finding.subject,
                    repair=repair,
                    case_id=finding.case_id,
                    run_at=batch.at,
                    at=batch.at,
                )
            )
            undone += 1
        return CheckBatchResult(repaired=undone, failed=failed)

    async def tell(self, batch: CheckBatch) -> CheckBatchResult:
        """One letter a team about what no letter has told yet; what it has told is never told again.

        Raises:
            Exception: the mail server does not take it now.
        """
        told = failed = 0
        counts = await self.findings.counts(untold=True)
        for team in Team:
            rules = [rule for rule in _ORDER if RULES[rule].team is team and counts[rule]]
            if not rules:
                continue
            found = await self.findings.open_findings(rules, untold=True, most=MOST_IN_LETTER)
            more = sum(counts[rule] for rule in rules) - len(found)
            delivery = await self.mailer.send(_letter(team, found, more, batch.at, self.mailboxes))
            if delivery.refused is None:
                told += await self.findings.tell(rules, batch.at)
            else:
                failed += 1
        return CheckBatchResult(told=told, failed=failed)

    async def _holds(self, finding: Finding) -> bool:
        """Whether it still does: the engine's list runs a little behind, and a case goes on in new executions."""
        if finding.rule is not Rule.CASE_WITHOUT_EXECUTION:
            return True
        return not await self.engine.is_running(finding.other.name)

    async def _undo(self, repair: Repair, case_id: str, at: datetime) -> None:
        match repair:
            case Repair.LIFT_BILLING_END:
                await self.billing.lift_end(case_id)
            case Repair.REVOKE_LINKS:
                await self.recordings.revoke_links(LinkRevocation(case_id=case_id, at=at))


def _letter(
    team: Team, found: Collection[KeptFinding], more: int, at: datetime, mailboxes: tuple[str, ...]
) -> Letter:
    run = f"reconciliation-{at:%Y%m%dT%H%M%SZ}"
    return Letter(
        key=f"{run}:{LetterKind.FINDINGS.value}:{team.value}:",
        case_id=run,
        customer_id="",
        customer_name="",
        protocol="",
        at=at,
        mailboxes=mailboxes,
        team=team,
        content=FindingsLetter(findings=tuple(map(_line, found)), more=more),
    )


def _line(one: KeptFinding) -> FoundLine:
    return FoundLine(
        title=words.title(one.rule),
        whose=words.whose(one, one.company),
        crm=words.crm_says(one),
        system=words.other_system(one),
        other=words.other_says(one),
        may_do=words.may_do(one.rule),
        since=one.first_seen,
        repaired=words.repaired(one.repair) if one.repair else "",
    )
