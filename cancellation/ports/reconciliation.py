"""What reconciliation reads of both sides, and where its findings are kept (X11)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from cancellation.domain.findings import RULES, Finding, Rule
from cancellation.messages.reconciliation import ExecutionPage, ExecutionSeen, KeptFinding, RepairDone


class Engine(Protocol):
    """The executions that run, as the engine knows them."""

    async def running(self, before: datetime, page: str = "") -> ExecutionPage:
        """The next page of executions of cases; of others those alone that do not get on.

        Args:
            before: an e-mail's execution that has run since then does not get on.
            page: where to go on; empty: at the beginning.

        Raises:
            Exception: the engine does not answer.
        """

    async def asked(self, executions: Sequence[ExecutionSeen]) -> Sequence[ExecutionSeen]:
        """The same, with what those say of themselves that answer."""

    async def is_running(self, workflow_id: str) -> bool:
        """Whether one runs at this moment: the list runs a little behind."""


class Comparison(Protocol):
    """The records, compared by rule."""

    async def note_executions(self, executions: Sequence[ExecutionSeen], run_at: datetime) -> None:
        """Lay executions beside the records, each with the length that its trail has there now."""

    async def note_answers(self, executions: Sequence[ExecutionSeen]) -> None:
        """What they have said of themselves since."""

    async def all_executions_noted(self, run_at: datetime) -> None:
        """There are no more than those that were noted in this run."""

    async def disagreeing(
        self, rule: Rule, run_at: datetime, after: str = "", most: int = 500
    ) -> Sequence[Finding]:
        """What disagrees by a rule, in the order of subjects, those after one of them.

        Nothing where the rule needs executions and those of this run were not all noted.
        """

    async def can_judge(self, rule: Rule, run_at: datetime) -> bool:
        """Whether the rule has in this run what it needs."""


class Findings(Protocol):
    """The ledger of findings: each once, however often it is seen."""

    async def keep(self, found: Sequence[Finding], run_at: datetime) -> None:
        """They were seen in the run that began then; one that was gone and is back is new."""

    async def settle(self, rule: Rule, run_at: datetime) -> int:
        """Whatever of a rule this run has not seen is gone; how many that were."""

    async def open_findings(
        self,
        rules: Collection[Rule] = RULES,
        *,
        untold: bool = False,
        repairable: bool = False,
        most: int = 1000,
    ) -> Sequence[KeptFinding]:
        """Those that are not gone, the oldest of each rule first.

        Args:
            rules: only theirs.
            untold: only those that no letter has told.
            repairable: only those that may be undone by rule, and because of which nothing was undone.
            most: how many at most.
        """

    async def counts(self, *, untold: bool = False) -> Mapping[Rule, int]:
        """How many are not gone, or were told by no letter, for every rule."""

    async def last_run(self) -> datetime | None:
        """When the last run began that has read every execution; None: there was none."""

    async def tell(self, rules: Collection[Rule], at: datetime) -> int:
        """A letter has told all of these rules that were found until then; how many."""

    async def note_repair(self, done: RepairDone) -> None:
        """An act by itself, once a finding and run."""
