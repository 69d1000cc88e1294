"""Reconciliation in PostgreSQL: the records compared by rule, and the ledger of what disagrees (X11)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg

from cancellation.adapters.postgres.pool import Pool, storable
from cancellation.adapters.postgres.queries import queries
from cancellation.domain.findings import ENDS_WITHOUT_CLOSING, RULES, Finding, Rule
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
_AT_LEISURE: Final = "set local statement_timeout = '60s'"
"""All customers are looked at, and nobody waits."""
_PATIENCE: Final = 65.0
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
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await connection.execute(_AT_LEISURE)
            rows = await connection.fetch(
                _PAGES[rule], before, run_at, storable(after), most, timeout=_PATIENCE
            )
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
        return _changed(await self._pool.execute(SQL["settle"], rule.value, run_at))

    async def open_findings(
        self,
        rules: Collection[Rule] = RULES,
        *,
        untold: bool = False,
        repairable: bool = False,
        most: int = 1000,
    ) -> Sequence[KeptFinding]:
        """Those that are not gone, the oldest of each rule first."""
        ends = ENDS_WITHOUT_CLOSING if repairable else None
        rows = await self._pool.fetch(SQL["open_findings"], _codes(rules), untold, ends, most)
        return [KeptFinding.model_validate(_said(row)) for row in rows]

    async def counts(self, *, untold: bool = False) -> Mapping[Rule, int]:
        """How many are not gone, or were told by no letter, for every rule."""
        held = {row["rule"]: row["count"] for row in await self._pool.fetch(SQL["counts"], untold)}
        return {rule: held.get(rule.value, 0) for rule in Rule}

    async def last_run(self) -> datetime | None:
        """When the last run began that has read every execution."""
        begun: datetime | None = await self._pool.fetchval(SQL["last_run"])
        return begun

    async def tell(self, rules: Collection[Rule], at: datetime) -> int:
        """A letter has told all of these rules that were found until then; how many."""
        return _changed(await self._pool.execute(SQL["tell"], _codes(rules), at))

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


def _codes(rules: Collection[Rule]) -> list[str]:
    return [rule.value for rule in rules]


def _changed(answer: str) -> int:
    """How many rows a statement has changed, by PostgreSQL's own word."""
    return int(answer.rpartition(" ")[2])


def _said(row: asyncpg.Record) -> dict[str, Any]:
    """What a row says; a null in a side is nothing said."""
    said = dict(row)
    for name in ("crm", "other"):
        said[name] = {key: value for key, value in said[name].items() if value is not None}
    return said
