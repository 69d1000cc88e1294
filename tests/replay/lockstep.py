"""Stories whose worker is stopped after any workflow task: one result at a time, or with slow systems (X22).

Workflow tasks and activities have workers of their own: the first is stopped and started cold, the second keeps
every activity at a gate until it is let through, in the order in which the case scheduled them.
"""

import asyncio
import contextlib
from bisect import bisect_left
from collections.abc import AsyncIterator, Awaitable, Sequence
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
from tests.replay.stops import Place, Stop, Stops
from tests.replay.stories import ARRIVALS, Step
from workers.worker import activities_of
from workflows.instants import OwnInstants
from workflows.plugin import CancellationPlugin, replayer, tolerant

MANY: Final = 1000
"""Cases that a worker keeps in memory: all."""


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
class Life:
    """One story, one case, two workers, of which that for workflow tasks can be stopped."""

    house: House
    steps: Sequence[Step]
    cached: int = MANY
    """Cases that a worker keeps in memory; the one that is stopped keeps all, for what it did lies behind the stop."""
    policy: dict[str, Any] | None = None
    stops: Stops = field(default_factory=lambda: Stops(()))
    to_the_end: bool = True
    """Whether a story goes on to its end, or only as long as there are stops ahead."""
    places: list[Place] = field(default_factory=list)
    """The boundaries that it came to."""
    made: list[Stop] = field(default_factory=list)
    """The stops that it made."""
    gate: Gate = field(default_factory=Gate)
    _step: int = 0
    _next: Stop | None = None
    _keeps: int = MANY
    _workflows: Worker | None = None
    _running: "asyncio.Task[None] | None" = None

    async def live(self) -> WorkflowHistory:
        """Live through the story; at a stop the worker ends, something arrives, a cold one starts.

        Returns:
            The history of the case's (last) execution.
        """
        async with self._activities():
            await self._start(MANY if self.stops else self.cached)
            case = await self.house.open(policy=self.policy)
            try:
                self._next = self.stops.take(0)
                await self._go(case)
                self._note_a_missed_stop()
                if self.to_the_end:
                    await self._tells_the_same_cold(case)
                return await case.history()
            finally:
                self.gate.let_all_through()
                await self._stop()
                await self.house.close()

    async def _go(self, case: CaseDriver) -> None:
        raise NotImplementedError

    def _goes_further(self) -> bool:
        """Whether what comes of this step, or another one, is of interest."""
        return self.to_the_end or self._next is not None or self.stops.ahead(self._step)

    async def _begin_step(self) -> None:
        """What was stopped lies behind: up to the next stop the worker keeps every case."""
        self._note_a_missed_stop()
        if self._keeps != MANY and self.stops.ahead(self._step):
            await self._stop()
            await self._start(MANY)
        self._step += 1
        self._next = self.stops.take(self._step)

    def _note_a_missed_stop(self) -> None:
        if self._next is not None:
            self.stops.missed.append(self._next)
        self._next = None

    async def _make(self, stop: Stop, case: CaseDriver) -> "asyncio.Future[None]":
        """Stop the worker; what arrives has been sent when it answers, and no worker has started."""
        self.made.append(stop)
        await self._stop()
        arriving = asyncio.ensure_future(_quietly(ARRIVALS[stop.arrival](case)))
        await asyncio.sleep(0)
        return arriving

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
        self._keeps = cached
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
class Lockstep(Life):
    """A case that goes on one result at a time; a boundary is every moment at which nothing goes on."""

    async def _go(self, case: CaseDriver) -> None:
        steps = iter(self.steps)
        going_on: list[asyncio.Future[Any]] = []
        boundary = 0
        while True:
            await self._settled(case)
            place = Place(self._step, boundary)
            if self._next is not None and self._next.place == place:
                going_on.append(await self._make(self._next, case))
                self._next = None
                await self._start(self.cached)
                continue
            if self._next is not None and (look := self.stops.take_look(place)) is not None:
                await self._is_seen(look, case)
                continue
            going_on = [one for one in going_on if not one.done()]
            if self.gate.waiting:
                self.gate.let_one_through()
                boundary += 1
            elif going_on:
                await asyncio.wait(going_on, timeout=0.05)
                continue
            elif (await case.handle.describe()).close_time is not None or not self._goes_further():
                return
            elif (step := next(steps, None)) is not None:
                await self._begin_step()
                boundary = 0
                going_on.append(asyncio.ensure_future(_quietly(step(case))))
            elif not await self._goes_on(case):
                return  # what arrived has led the story elsewhere
            else:
                continue
            self.places.append(place)

    async def _is_seen(self, look: Stop, case: CaseDriver) -> None:
        """A cold worker answers; the story goes on as if nothing had been."""
        seen = await self._make(look, case)
        await self._start(self.cached)
        await seen
        if self._keeps != MANY:
            await self._stop()
            await self._start(MANY)

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
class SlowSystems(Life):
    """A case whose letters, CRM and inventory take their time, so that a worker is stopped in the middle of them.

    A boundary is a workflow task of the case, by its place in the history. What was under way when the worker was
    stopped ends before the next one starts: its first workflow task holds all those results and what has arrived.
    """

    _begun: list[int] = field(default_factory=lambda: [0])
    """The events before each step."""

    def __post_init__(self) -> None:
        self.gate.open = True
        for system in (self.house.mailer, self.house.crm):
            system.becomes_slow()
        self.house.telephony.becomes_slow("inventory")

    async def live(self) -> WorkflowHistory:
        """The same; where it could be stopped is known by the history."""
        history = await super().live()
        self.places = [self._place(event) for event in workflow_tasks(history)]
        return history

    def _place(self, event: int) -> Place:
        step = bisect_left(self._begun, event) - 1
        return Place(step, event - self._begun[step])

    async def _go(self, case: CaseDriver) -> None:
        await self._lived_through(case, None)
        for step in self.steps:
            description = await case.handle.describe()
            if description.close_time is not None or not self._goes_further():
                return
            await self._begin_step()
            self._begun.append(description.history_length)
            coming = asyncio.ensure_future(_quietly(step(case)))
            try:
                await self._lived_through(case, coming)
            finally:
                coming.cancel()

    async def _lived_through(self, case: CaseDriver, coming: "asyncio.Future[None] | None") -> None:
        """A step until all that it brought is done."""
        if self._next is not None:
            await self._comes_to(case, self._begun[-1] + self._next.place.after, coming)
            arriving = await self._make(self._next, case)
            self._next = None
            await self._nothing_under_way(case)
            await self._start(self.cached)
            await arriving
        # A query that was under way when its worker stopped is never answered: the story ends there, and what
        # has come of it must replay all the same.
        with contextlib.suppress(RPCError):
            if coming is not None:
                await coming
            await case.quiet()

    async def _comes_to(self, case: CaseDriver, event: int, coming: "asyncio.Future[None] | None") -> None:
        """The history holds so many events, or the step is over: with other delays it may take fewer."""

        async def there() -> bool:
            over = coming is None or coming.done()
            description = await case.handle.describe()
            raw = description.raw_description
            going_on = raw.pending_activities or raw.HasField("pending_workflow_task")
            return description.history_length >= event or (over and not going_on)

        await until(there)

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
