"""Where everything that arrives waits until the case looks: results, messages, an alarm (X22).

Nothing is decided when something arrives. A worker that catches up gets in one activation what an earlier one got
in two, so the order in which handlers run says nothing: the case takes results first, then messages, then what
time has brought, and decides once.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from temporalio import workflow
from temporalio.common import RawValue

from cancellation.messages.status import Answer

_MOST_AT_ONCE: Final = 500
"""Messages that one activation takes: a worker has two seconds for it."""
_BREATH: Final = timedelta(milliseconds=1)


@dataclass(eq=False)
class Arrived:
    """A message, and the caller who waits for the answer; a signal's sender waits for none."""

    name: str
    raw: RawValue
    answer: "asyncio.Future[Answer] | None" = None


@dataclass
class Inbox:
    """What has arrived and was not taken yet."""

    messages: deque[Arrived] = field(default_factory=deque)
    results: deque[Any] = field(default_factory=deque)
    stop_requested: bool = False
    was_reset: bool = False
    woken: bool = False
    last_arrival: datetime = field(default_factory=workflow.now)
    """When the last of all that came has come: the case's time.

    What the engine says now is another thing. After the local activity with which a case opens it is one time for the
    worker that ran it and another for one that replays it.
    """
    _breathing: bool = False

    @property
    def has_news(self) -> bool:
        """Whether there is something to take."""
        messages = bool(self.messages) and not self._breathing
        return bool(self.results) or messages or self.stop_requested or self.was_reset or self.woken

    @property
    def is_empty(self) -> bool:
        """Whether nothing has arrived that was not taken, so that an end loses nothing."""
        return not (self.has_news or self.messages)

    def tell(self, name: str, raw: RawValue) -> None:
        """A message whose sender hears no answer."""
        self.messages.append(Arrived(name, raw))
        self._note_arrival()

    async def ask(self, name: str, raw: RawValue) -> Answer:
        """A message whose sender waits.

        Raises:
            ApplicationError: type `Refused`.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.messages.append(Arrived(name, raw, answer))
        self._note_arrival()
        return await answer

    def answer(self, result: Any) -> None:
        """What became of something that was asked for outside."""
        self.results.append(result)
        self._note_arrival()

    def wake(self) -> None:
        """Something else is due: a look at the case."""
        self.woken = True
        self._note_arrival()

    def stop(self) -> None:
        """Somebody asked the engine to cancel the execution."""
        self.stop_requested = True
        self._note_arrival()

    def begin_anew(self) -> None:
        """Somebody reset the execution."""
        self.was_reset = True
        self._note_arrival()

    def take_messages(self) -> list[Arrived]:
        """The oldest messages; of a flood a part, and the rest a moment later."""
        taken = [self.messages.popleft() for _ in range(min(len(self.messages), _MOST_AT_ONCE))]
        if self.messages and not self._breathing:
            self._breathing = True
            breath = asyncio.create_task(workflow.sleep(_BREATH, summary="Muitas mensagens de uma vez"))
            breath.add_done_callback(self._breathe)
        return taken

    def _breathe(self, _: "asyncio.Task[None]") -> None:
        self._breathing = False
        self._note_arrival()

    def _note_arrival(self) -> None:
        self.last_arrival = max(self.last_arrival, workflow.now())


class Alarm:
    """One timer for the next instant: kept while the instant stays the same, replaced when it moves."""

    def __init__(self, inbox: Inbox) -> None:
        """Wakes `inbox`; silent until it is set."""
        self._inbox = inbox
        self._passed: datetime | None = None
        self._at: datetime | None = None
        self._timer: asyncio.Task[None] | None = None

    def now(self) -> datetime:
        """The case's time: when the last thing came, but never before an instant for which it has rung.

        A worker that comes cold and answers a query first may be given the next workflow task with the time of the one
        before, which a replay of the whole history is not (X22): the instant is over all the same.
        """
        now = self._inbox.last_arrival
        return now if self._passed is None else max(now, self._passed)

    def set(self, at: datetime | None, summary: str) -> bool:
        """Ring at `at`, at once if that has passed; never for None. `summary` labels the timer for operators.

        Returns:
            Whether that took a command.
        """
        if self._at == at:
            return False
        cancels = self._timer is not None
        if self._timer is not None:
            self._timer.cancel()
        self._at, self._timer = at, None
        if at is None:
            return cancels
        delay = at - self.now()
        if delay <= timedelta(0):
            self._ring()
            return cancels
        self._timer = asyncio.create_task(workflow.sleep(delay, summary=summary))
        self._timer.add_done_callback(self._rang)
        return True

    def _rang(self, timer: "asyncio.Task[None]") -> None:
        if not timer.cancelled() and timer is self._timer:
            self._ring()

    def _ring(self) -> None:
        self._passed, self._at, self._timer = self._at, None, None
        self._inbox.wake()
