"""A system that can be down, refuse for good, or lose its answers, in front of a real adapter."""

import asyncio
import inspect
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from cancellation.ports import PermanentRefusal

SLOW: Final = 0.4
"""Real seconds: what a letter took when a restart wedged cases (X22)."""


class SystemDown(ConnectionError):
    """The system could not be reached."""


class AnswerLost(ConnectionError):
    """The system did what it was asked to, and the answer never came."""


class Fragile:
    """Stands in front of a port's adapter; everything not told otherwise goes through."""

    def __init__(self, adapter: Any) -> None:
        self.adapter = adapter
        self.attempts: Counter[str] = Counter()
        """How often each method was called."""
        self.done: list[tuple[str, Any]] = []
        """Method and first argument of every call that had its effect."""
        self._before: dict[str, Callable[[], None]] = {}
        self._lost: Counter[str] = Counter()
        self._pauses: dict[str, asyncio.Event] = {}
        self._slow: set[str] = set()

    def goes_down(self, *methods: str) -> None:
        """Let these methods, or all, fail until `recovers`."""
        self._fail(SystemDown, *methods)

    def refuses(self, *methods: str) -> None:
        """Let these methods, or all, refuse for good until `recovers`."""
        self._fail(PermanentRefusal, *methods)

    def loses_answers(self, times: int = 1, *methods: str) -> None:
        """Let these methods act and then fail, so many times each."""
        self._lost.update(dict.fromkeys(methods, times))

    def pauses(self, method: str) -> asyncio.Event:
        """Let a method wait, before it acts, until the event is set."""
        self._pauses[method] = asyncio.Event()
        return self._pauses[method]

    def becomes_slow(self, *methods: str) -> None:
        """Let these methods, or all, take `SLOW` real seconds until `recovers`."""
        self._slow.update(methods or ("*",))

    def recovers(self) -> None:
        """Everything works again, and as fast as ever."""
        self._slow.clear()
        self._before.clear()
        self._lost.clear()

    def count(self, method: str) -> int:
        """How often a method had its effect."""
        return sum(name == method for name, _ in self.done)

    def _fail(self, error: type[Exception], *methods: str) -> None:
        def fail() -> None:
            raise error("out of order")

        self._before.update(dict.fromkeys(methods or ("*",), fail))

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.adapter, name)
        if not inspect.iscoroutinefunction(method):
            return method

        async def call(*args: Any, **named: Any) -> Any:
            self.attempts[name] += 1
            for key in (name, "*"):
                if key in self._before:
                    self._before[key]()
            if self._slow & {name, "*"}:
                await asyncio.sleep(SLOW)
            if name in self._pauses:
                await self._pauses[name].wait()
            answer = await method(*args, **named)
            self.done.append((name, args[0] if args else None))
            if self._lost[name] > 0:
                self._lost[name] -= 1
                raise AnswerLost("no answer")
            return answer

        return call
