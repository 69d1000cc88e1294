"""Reconciliation in PostgreSQL: the records compared by rule, and the ledger of what disagrees (X11)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg

from cancellation.adapters.postgres.pool import Pool, storable
from cancellation.adapters.postgres.queries import queries
from cancellation.domain.findings import RULES, Finding, Rule
from cancellation.messages.reconciliation import ExecutionSeen, KeptFinding, RepairDone

SQL: Final = queries("reconciliation")
_PAGE: Final = """
select subject, customer_id, case_id, protocol, crm, other from (
{}
) found
where subject > $3 and $1::timestamptz <= $2::timestamptz
order by subject
limit $4
"""
_PAGES: Final = {Rule(name): _PAGE.format(text.rstrip(";")) for name, text in queries("rules").items()}


class PostgresComparison:
    """Implements `cancellation.ports.reconciliation.Comparison`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note_executions(self, executions: Sequence[ExecutionSeen], run_at: datetime) -> None:
        """Lay executions beside the records, each with the length that its trail has there now."""
        await self._pool.execute(SQL["note_executions"], _rows(executions), run_at)

    async def note_answers(self, executions: Sequence[ExecutionSeen]) -> None:
        """What they have said of themselves since."""
        await self._pool.execute(SQL["note_answers"], _rows(executions))

    async def all_executions_noted(self, run_at: datetime) -> None:
        """There are no more than those that were noted in this run."""
        await self._pool.execute(SQL["all_executions_noted"], run_at)

    async def can_judge(self, rule: Rule, run_at: datetime) -> bool:
        """Whether the rule has in this run what it needs."""
        if not RULES[rule].reads_executions:
            return True
        return bool(await self._pool.fetchval(SQL["are_executions_noted"], run_at))

    async def disagreeing(
        self, rule: Rule, run_at: datetime, after: str = "", most: int = 500
    ) -> Sequence[Finding]:
        """What disagrees by a rule, in the order of subjects, those after one of them."""
        if not await self.can_judge(rule, run_at):
            return []
        before = run_at - RULES[rule].patience
        rows = await self._pool.fetch(_PAGES[rule], before, run_at, storable(after), most)
        return [Finding.model_validate({**_said(row), "rule": rule}) for row in rows]


class PostgresFindings:
    """Implements `cancellation.ports.reconciliation.Findings`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def keep(self, found: Sequence[Finding], run_at: datetime) -> None:
        """They were seen in the run that began then; one that was gone and is back is new."""
        if found:
            await self._pool.execute(SQL["keep"], _rows(found), run_at)

    async def settle(self, rule: Rule, run_at: datetime) -> int:
        """Whatever of a rule this run has not seen is gone; how many that were."""
        done = await self._pool.execute(SQL["settle"], rule.value, run_at)
        return int(done.rpartition(" ")[2])

    async def open_findings(self, *, untold: bool = False, most: int = 1000) -> Sequence[KeptFinding]:
        """Those that are not gone, the oldest of each rule first."""
        rows = await self._pool.fetch(SQL["open_findings"], untold, most)
        return [KeptFinding.model_validate(_said(row)) for row in rows]

    async def counts(self) -> Mapping[Rule, int]:
        """How many are not gone, for every rule."""
        held = {row["rule"]: row["count"] for row in await self._pool.fetch(SQL["counts"])}
        return {rule: held.get(rule.value, 0) for rule in Rule}

    async def tell(self, told: Sequence[KeptFinding], at: datetime) -> None:
        """A letter has told them."""
        await self._pool.execute(SQL["tell"], [{"rule": o.rule, "subject": o.subject} for o in told], at)

    async def note_repair(self, done: RepairDone) -> None:
        """An act by itself, once a finding and run."""
        await self._pool.execute(
            SQL["note_repair"],
            done.rule.value,
            done.subject,
            done.run_at,
            done.repair.value,
            done.case_id,
            done.at,
        )


def _rows(models: Sequence[ExecutionSeen] | Sequence[Finding]) -> list[object]:
    return [model.model_dump(mode="json") for model in models]


def _said(row: asyncpg.Record) -> dict[str, Any]:
    """What a row says; a null in a side is nothing said."""
    said = dict(row)
    for name in ("crm", "other"):
        said[name] = {key: value for key, value in said[name].items() if value is not None}
    return said
