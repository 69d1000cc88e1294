"""The ledger of findings in memory, and comparisons and executions as a test wants them (X11)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cancellation.domain.findings import RULES, Finding, Rule, repair_of
from cancellation.messages.reconciliation import ExecutionPage, ExecutionSeen, KeptFinding, RepairDone


@dataclass
class MemoryFindings:
    """Implements `cancellation.ports.reconciliation.Findings`."""

    held: dict[tuple[Rule, str], KeptFinding] = field(default_factory=dict)
    repairs: dict[tuple[Rule, str, datetime], RepairDone] = field(default_factory=dict)
    whole_runs: set[datetime] = field(default_factory=set)
    """The comparison's, where the two belong together."""

    async def keep(self, found: Sequence[Finding], run_at: datetime) -> None:
        """They were seen in the run that began then; one that was gone and is back is new."""
        for one in found:
            before = self.held.get(one.key)
            if before is not None and before.last_seen >= run_at:
                continue
            goes_on = before is not None and before.resolved_at is None
            self.held[one.key] = KeptFinding(
                **{name: getattr(one, name) for name in Finding.model_fields},
                first_seen=before.first_seen if before and goes_on else run_at,
                last_seen=run_at,
                told_at=before.told_at if before and goes_on else None,
            )

    async def settle(self, rule: Rule, run_at: datetime) -> int:
        """Whatever of a rule this run has not seen is gone; how many that were."""
        gone = [
            key
            for key, one in self.held.items()
            if one.rule is rule and one.last_seen < run_at and one.resolved_at is None
        ]
        for key in gone:
            self.held[key] = self.held[key].model_copy(update={"resolved_at": run_at})
        return len(gone)

    async def open_findings(
        self,
        rules: Collection[Rule] = RULES,
        *,
        untold: bool = False,
        repairable: bool = False,
        most: int = 1000,
    ) -> Sequence[KeptFinding]:
        """Those that are not gone, the oldest of each rule first."""
        found = [
            one
            for one in map(self._with_repair, self._open(untold))
            if one.rule in rules and ((one.repair is None and repair_of(one) is not None) or not repairable)
        ]
        return sorted(found, key=lambda one: (one.rule.value, one.first_seen, one.subject))[:most]

    async def counts(self, *, untold: bool = False) -> Mapping[Rule, int]:
        """How many are not gone, or were told by no letter, for every rule."""
        held = [one.rule for one in self._open(untold)]
        return {rule: held.count(rule) for rule in Rule}

    async def last_run(self) -> datetime | None:
        """When the last run began that has read every execution."""
        return max(self.whole_runs, default=None)

    async def tell(self, rules: Collection[Rule], at: datetime) -> int:
        """A letter has told all of these rules that were found until then; how many."""
        told = [one for one in self._open(True) if one.rule in rules and one.first_seen <= at]
        self.held.update({one.key: one.model_copy(update={"told_at": at}) for one in told})
        return len(told)

    async def note_repair(self, done: RepairDone) -> None:
        """An act by itself, once a finding and run."""
        self.repairs.setdefault((done.rule, done.subject, done.run_at), done)

    def _open(self, untold: bool) -> list[KeptFinding]:
        return [
            one
            for one in self.held.values()
            if one.resolved_at is None and (one.told_at is None or not untold)
        ]

    def _with_repair(self, one: KeptFinding) -> KeptFinding:
        mine = [
            done
            for (rule, subject, run_at), done in sorted(self.repairs.items(), key=lambda item: item[1].run_at)
            if (rule, subject) == one.key and run_at >= one.first_seen
        ]
        if not mine:
            return one
        return one.model_copy(update={"repair": mine[-1].repair, "repaired_at": mine[-1].at})


@dataclass
class MemoryComparison:
    """Implements `cancellation.ports.reconciliation.Comparison`: what disagrees is what a test says."""

    wrong: list[Finding] = field(default_factory=list)
    executions: dict[str, ExecutionSeen] = field(default_factory=dict)
    whole_runs: set[datetime] = field(default_factory=set)

    async def note_executions(self, executions: Sequence[ExecutionSeen], run_at: datetime) -> None:
        """Lay executions beside the records."""
        self.executions.update({one.workflow_id: one for one in executions})

    async def note_answers(self, executions: Sequence[ExecutionSeen]) -> None:
        """What they have said of themselves since."""
        self.executions.update({one.workflow_id: one for one in executions})

    async def all_executions_noted(self, run_at: datetime) -> None:
        """There are no more than those that were noted in this run."""
        self.whole_runs.add(run_at)

    async def can_judge(self, rule: Rule, run_at: datetime) -> bool:
        """Whether the rule has in this run what it needs."""
        return not RULES[rule].reads_executions or run_at in self.whole_runs

    async def disagreeing(
        self, rule: Rule, run_at: datetime, after: str = "", most: int = 500
    ) -> Sequence[Finding]:
        """What disagrees by a rule, in the order of subjects, those after one of them."""
        if not await self.can_judge(rule, run_at):
            return []
        found = [one for one in self.wrong if one.rule is rule and one.subject > after]
        return sorted(found, key=lambda one: one.subject)[:most]


@dataclass
class MemoryEngine:
    """Implements `cancellation.ports.reconciliation.Engine`: one page for each list."""

    pages: list[list[ExecutionSeen]] = field(default_factory=list)
    answers: dict[str, ExecutionSeen] = field(default_factory=dict)

    async def running(self, before: datetime, page: str = "") -> ExecutionPage:
        """The next page."""
        place = int(page or 0)
        found = tuple(self.pages[place]) if place < len(self.pages) else ()
        return ExecutionPage(
            executions=found, next_page=str(place + 1) if place + 1 < len(self.pages) else None
        )

    async def asked(self, executions: Sequence[ExecutionSeen]) -> Sequence[ExecutionSeen]:
        """The same, with what those say of themselves that answer."""
        return [self.answers[one.workflow_id] for one in executions if one.workflow_id in self.answers]

    async def is_running(self, workflow_id: str) -> bool:
        """Whether one runs at this moment."""
        return any(one.workflow_id == workflow_id for page in self.pages for one in page)
