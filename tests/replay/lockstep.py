"""Stories whose worker is stopped after any workflow task: one result at a time, or with slow systems (X22).

Workflow tasks and activities have workers of their own: the first is stopped and started cold, the second keeps
every activity at a gate until it is let through, in the order in which the case scheduled them.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, cast

from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory, WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.service import RPCError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    Worker,
)

from activities.guard import Guard
from tests.durable.house import POLICY, CaseDriver, House, until
from workers.worker import activities_of
from workflows.instants import OwnInstants
from workflows.plugin import CancellationPlugin, replayer, tolerant

LONG_BEHIND: Final = 6
"""Boundaries after which nothing of a stopped worker is left to go wrong."""
MANY: Final = 1000
"""Cases that a worker keeps in memory: all."""

Step = Callable[[CaseDriver], Awaitable[Any]]
Arrival = Callable[[CaseDriver], Awaitable[None]]


class Gate(Interceptor):
    """Holds every activity until it is let through; the lowest number first."""

    def __init__(self) -> None:
        self.waiting: dict[int, asyncio.Event] = {}
        self.open = False

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Before every activity."""
        return _Gated(self, next)

    def let_one_through(self) -> None:
        """The one that was scheduled first."""
        self.waiting.pop(min(self.waiting)).set()

    def let_all_through(self) -> None:
        """From now on nothing waits."""
        self.open = True
        while self.waiting:
            self.let_one_through()


class _Gated(ActivityInboundInterceptor):
    def __init__(self, gate: Gate, next: ActivityInboundInterceptor) -> None:
        super().__init__(next)
        self._gate = gate

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        if not self._gate.open:
            turn = self._gate.waiting.setdefault(int(activity.info().activity_id), asyncio.Event())
            await turn.wait()
        return await super().execute_activity(input)


@dataclass
class _Walk:
    """One story, one case, two workers, of which that for workflow tasks can be stopped."""

    house: House
    steps: Sequence[Step]
    cached: int = MANY
    """Cases that a worker keeps in memory; the one that is stopped keeps all, for what it did lies behind the stop."""
    policy: dict[str, Any] | None = None
    to_the_end: bool = True
    """Whether a story goes on to its end after its worker was stopped, or only until that is long behind it."""
    gate: Gate = field(default_factory=Gate)
    _workflows: Worker | None = None
    _running: "asyncio.Task[None] | None" = None

    async def live(self, stops: Sequence[int] = (), arrival: Arrival | None = None) -> WorkflowHistory:
        """Live through the story; at a boundary the worker is stopped, something arrives, a cold one starts.

        Returns:
            The history of the case's (last) execution.
        """
        async with self._activities():
            await self._start(MANY if stops else self.cached)
            case = await self.house.open(policy=self.policy)
            try:
                await self._go(case, stops, arrival)
                if self.to_the_end:
                    await self._tells_the_same_cold(case)
                return await case.history()
            finally:
                self.gate.let_all_through()
                await self._stop()
                await self.house.close()

    async def _go(self, case: CaseDriver, stops: Sequence[int], arrival: Arrival | None) -> None:
        raise NotImplementedError

    async def _tells_the_same_cold(self, case: CaseDriver) -> None:
        """What the trail says, and when it happened, is the same for a worker that was not there (P20, X22)."""
        seen = await case.trail()
        await self._stop()
        await self._start(self.cached)
        told = await case.trail()
        assert told == seen, [(one, other) for one, other in zip(seen, told, strict=False) if one != other]

    @asynccontextmanager
    async def _activities(self) -> AsyncIterator[None]:
        house = self.house
        activities = activities_of(house.systems, POLICY, Guard(cast(Any, house.crm), None))
        async with Worker(
            tolerant(house.environment.client),
            task_queue=house.task_queue,
            activities=activities,
            interceptors=[OwnInstants(), self.gate],
            graceful_shutdown_timeout=timedelta(0),
        ):
            yield

    async def _start(self, cached: int) -> None:
        house = self.house
        activities = activities_of(house.systems, POLICY, Guard(cast(Any, house.crm), None))
        freeze = [one for one in activities if one.__name__ == "freeze_policy"]
        self._workflows = Worker(
            tolerant(house.environment.client),
            task_queue=house.task_queue,
            activities=freeze,
            no_remote_activities=True,
            plugins=[CancellationPlugin()],
            max_cached_workflows=cached,
            graceful_shutdown_timeout=timedelta(0),
        )
        self._running = asyncio.create_task(self._workflows.run())

    async def _stop(self) -> None:
        if self._workflows is None or self._running is None:
            return
        await self._workflows.shutdown()
        await self._running
        self._workflows = self._running = None


@dataclass
class Lockstep(_Walk):
    """A case that goes on one result at a time; a boundary is every moment at which nothing goes on."""

    boundaries: int = 0
    _last: float = math.inf
    """The boundary after which the story is left."""

    async def _go(self, case: CaseDriver, stops: Sequence[int], arrival: Arrival | None) -> None:
        left = set(stops)
        steps = iter(self.steps)
        going_on: list[asyncio.Future[Any]] = []
        while True:
            await self._settled(case)
            if self.boundaries in left and arrival is not None:
                left.remove(self.boundaries)
                await self._stop()
                going_on.append(asyncio.ensure_future(_quietly(arrival(case))))
                await asyncio.sleep(0)
                await self._start(self.cached)
                if not left and not self.to_the_end:
                    self._last = self.boundaries + LONG_BEHIND
                continue
            going_on = [one for one in going_on if not one.done()]
            if self.boundaries >= self._last and not going_on:
                return
            if self.gate.waiting:
                self.boundaries += 1
                self.gate.let_one_through()
            elif going_on:
                await asyncio.wait(going_on, timeout=0.05)
            elif (await case.handle.describe()).close_time is not None:
                return
            elif (step := next(steps, None)) is not None:
                self.boundaries += 1
                going_on.append(asyncio.ensure_future(_quietly(step(case))))
            elif not await self._goes_on(case):
                return  # what arrived has led the story elsewhere

    async def _goes_on(self, case: CaseDriver) -> bool:
        """Whether after the last step something more comes within two seconds."""

        async def more() -> bool:
            return bool(self.gate.waiting) or (await case.handle.describe()).close_time is not None

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await until(more)
                return True
        return False

    async def _settled(self, case: CaseDriver) -> None:
        """Nothing goes on: every activity stands at the gate and no workflow task is open."""

        async def still() -> bool:
            raw = (await case.handle.describe()).raw_description
            at_the_gate = {int(one.activity_id) for one in raw.pending_activities} == set(self.gate.waiting)
            return at_the_gate and not raw.HasField("pending_workflow_task")

        await until(still, pause=0.1)  # Asking costs the server more than the step: others use the time.


@dataclass
class SlowSystems(_Walk):
    """A case whose letters, CRM and inventory take their time, so that a worker is stopped in the middle of them.

    A boundary is a workflow task of the case, by its place in the history. What was under way when the worker was
    stopped ends before the next one starts: its first workflow task holds all those results and what has arrived.
    """

    def __post_init__(self) -> None:
        self.gate.open = True
        for system in (self.house.mailer, self.house.crm):
            system.becomes_slow()
        self.house.telephony.becomes_slow("inventory")

    async def _go(self, case: CaseDriver, stops: Sequence[int], arrival: Arrival | None) -> None:
        stop_at = next(iter(stops), None)
        story = asyncio.create_task(self._tell(case))
        try:
            if stop_at is not None and arrival is not None and await self._reaches(case, stop_at, story):
                await self._stop()
                going_on = asyncio.ensure_future(_quietly(arrival(case)))
                await self._nothing_under_way(case)
                await self._start(self.cached)
                await going_on
                if not self.to_the_end:
                    await case.quiet()
                    return
            # A query that was under way when its worker stopped is never answered: the story ends there, and what
            # has come of it must replay all the same.
            with contextlib.suppress(RPCError):
                await story
        finally:
            story.cancel()

    async def _tell(self, case: CaseDriver) -> None:
        """One step after the other, each when the case has done what the one before brought."""
        for step in self.steps:
            await case.quiet()
            if (await case.handle.describe()).close_time is not None:
                return
            await _quietly(step(case))
        await case.quiet()

    async def _reaches(self, case: CaseDriver, event: int, story: "asyncio.Task[None]") -> bool:
        """Whether the history comes to hold so many events."""

        async def reached() -> bool:
            return story.done() or (await case.handle.describe()).history_length >= event

        await until(reached)
        return not story.done()

    async def _nothing_under_way(self, case: CaseDriver) -> None:
        """Every activity has ended."""

        async def ended() -> bool:
            return not (await case.handle.describe()).raw_description.pending_activities

        await until(ended)


def workflow_tasks(history: WorkflowHistory) -> list[int]:
    """The places in a history at which a workflow task was completed."""
    return [
        event.event_id
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    ]


async def _quietly(step: Awaitable[Any]) -> None:
    """What the case refuses, or hears no more because it has ended, is not what is tried here.

    Nor is a span of time over which another one was laid meanwhile: the engine's testing library says so by a
    RuntimeError.
    """
    with contextlib.suppress(
        WorkflowUpdateFailedError, WorkflowQueryFailedError, RPCError, AssertionError, RuntimeError
    ):
        await step


async def replays(history: WorkflowHistory) -> None:
    """Replay a history as a cold worker would."""
    await replayer().replay_workflow(history)


# ---------------------------------------------------------------------------- what may come next


async def an_update(case: CaseDriver) -> None:
    """One more contact, by somebody who waits for the answer."""
    contact = {"channel": "phone", "text": "E aí?", "actor": "bia"}
    await case.handle.execute_update("request_checked", contact)


async def a_signal(case: CaseDriver) -> None:
    """One more contact, by somebody who does not wait."""
    await case.signal("request", channel="phone", text="E aí?", actor="bia")


async def a_query(case: CaseDriver) -> None:
    """Somebody looks."""
    await case.handle.query("status")


async def a_timer(case: CaseDriver) -> None:
    """Time passes, over whatever is due within some hours."""
    await case.forward(timedelta(hours=30))


ARRIVALS = {"update": an_update, "signal": a_signal, "query": a_query, "timer": a_timer}

# ---------------------------------------------------------------------------- stories


async def _decline(case: CaseDriver) -> None:
    await case.decline()


async def _formalize(case: CaseDriver) -> None:
    await case.formalize()


async def _half_a_formalization(case: CaseDriver) -> None:
    await case.formalize(message_id="<meia@cliente>", recipients=["financeiro@nuvemjti.com.br"], reason=None)


async def _offer(case: CaseDriver) -> None:
    offer = {"offer_id": "o1", "kind": "training", "description": "Treinamento", "actor": "ana"}
    await case.check("retention_offer", **offer, status="accepted")


async def _retain(case: CaseDriver) -> None:
    reason = {"category": "features", "text": "Não usamos tudo"}
    await case.check("retention_outcome", outcome="retained", reason=reason, actor="ana")


async def _discard(case: CaseDriver) -> None:
    await case.check("discard", reason="Engano", actor="ana")


async def _withdraw(case: CaseDriver) -> None:
    await case.check("withdrawal", reason="Fica", actor="ana")


async def _recordings(case: CaseDriver) -> None:
    await case.check("recordings_request", actor="ana")


async def _port(case: CaseDriver) -> None:
    number = next(one.number for one in case.seed.numbers if one.customer_owned)
    await case.check("portability", number=number, status="requested", actor="leo")


async def _ported(case: CaseDriver) -> None:
    number = next(one.number for one in case.seed.numbers if one.customer_owned)
    await case.check("portability", number=number, status="completed", actor="leo")


async def _stop(case: CaseDriver) -> None:
    await case.handle.cancel()


def _days(count: int) -> Step:
    async def pass_by(case: CaseDriver) -> None:
        await case.forward(timedelta(days=count))

    return pass_by


STORIES: dict[str, Sequence[Step]] = {
    "closed": (_decline, _half_a_formalization, _formalize, _recordings, _days(28), _days(4)),
    "held": (_decline, _formalize, _port, _days(28), _days(4), _ported),
    "retained": (_offer, _days(8), _retain),
    "withdrawn": (_decline, _formalize, _recordings, _days(3), _withdraw),
    "lapsed": (_decline, _half_a_formalization, _days(21), _days(12)),
    "discarded": (_decline, _discard),
    "stopped": (_decline, _formalize, _stop),
}
"""Outcome to what happens, one thing after the other."""
