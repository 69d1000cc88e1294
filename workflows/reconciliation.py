"""Billing watched after customers have left (X10), records held against each other and against the engine (X11): daily.

A Schedule starts it (`workers/schedule.py`); one runs at a time. It orders batches of steps and decides nothing itself:
what a step does stands in its activity, and where it goes on in the batch's answer.
"""

from datetime import datetime
from typing import Any, Final

from temporalio import workflow
from temporalio.common import RawValue, SearchAttributeKey
from temporalio.exceptions import ActivityError, is_cancelled_exception

from cancellation.contract import RECONCILIATION
from cancellation.messages.envelope import read
from cancellation.messages.reconciliation import CheckBatch, ReconciliationResult, ReconciliationStart
from workflows.policies import CHECK, CHECK_GIVES_UP
from workflows.reading import incoming

STEPS: Final = {
    "watch_billing": "Vigiar o faturamento de quem já saiu",
    "read_executions": "Ler os casos em andamento no Temporal",
    "compare_records": "Comparar os registros",
    "repair_findings": "Desfazer o que sobrou de casos que não encerraram",
    "tell_findings": "Avisar as equipes",
}
"""Activities, in order, with what people see of them. Each takes a `CheckBatch` and answers with a `cursor`, which is
null at the end, and with numbers, which are added up by their names: another step is another line."""
_SCHEDULED: Final = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
"""Of a run that a Schedule starts, by the engine: which of its instants the run is for."""
BATCHES: Final = 100
"""So many an execution: its history never outgrows anything."""


@workflow.defn(name=RECONCILIATION)
class ReconciliationWorkflow:
    """One run. Whatever it is started with, it looks at everything; only it itself says where to go on."""

    @workflow.run
    async def run(self, start: RawValue) -> ReconciliationResult:
        """Step after step, batch after batch; a step whose system is away for too long holds up no other (X17)."""
        going = self._begun(start)
        left = BATCHES
        names = list(STEPS)
        while going.step < len(names):
            if left == 0:
                workflow.continue_as_new(going)
            left -= 1
            going = await self._batch(going, names[going.step])
        return ReconciliationResult(at=going.at, counts=going.counts, failed=going.failed)

    def _begun(self, start: RawValue) -> ReconciliationStart:
        if workflow.info().continued_run_id is None:
            return ReconciliationStart(at=self._clock(), step=0, counts={})
        return read(ReconciliationStart, incoming("start", start).data)

    @staticmethod
    def _clock() -> datetime:
        """The run's instant: now; where time is skipped for the Schedule, when the Schedule says that it is."""
        scheduled = workflow.info().typed_search_attributes.get(_SCHEDULED)
        return max(workflow.now(), scheduled or workflow.now())

    async def _batch(self, going: ReconciliationStart, step: str) -> ReconciliationStart:
        """The next batch of a step, and where the run stands after it."""
        try:
            answer = await self._asked(step, going.at, going.cursor)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            workflow.logger.warning("reconciliation goes on without a step", extra={"step": step})
            return going.model_copy(
                update={"step": going.step + 1, "cursor": None, "failed": (*going.failed, step)}
            )
        counts = dict(going.counts.get(step, {}))
        for name, count in answer.items():
            if name != "cursor":
                counts[name] = counts.get(name, 0) + int(count)
        cursor = answer.get("cursor")
        return going.model_copy(
            update={
                "step": going.step + (cursor is None),
                "cursor": cursor,
                "counts": {**going.counts, step: counts},
            }
        )

    async def _asked(self, step: str, at: datetime, cursor: str | None) -> dict[str, Any]:
        answer: dict[str, Any] = await workflow.execute_activity(
            step,
            CheckBatch(at=at, cursor=cursor),
            result_type=dict[str, Any],
            start_to_close_timeout=CHECK.attempt,
            heartbeat_timeout=CHECK.heartbeat,
            schedule_to_close_timeout=CHECK_GIVES_UP,
            retry_policy=CHECK.retry,
            summary=STEPS[step],
        )
        return answer
