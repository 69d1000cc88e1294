"""Which case an activity works for: on every line that is logged meanwhile, by us or by a library."""

from collections.abc import Iterator
from typing import Any

from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

from cancellation.telemetry import case_at_work


class CaseAtWork(Interceptor):
    """Reads it from what the activity was given: its order, the warrant in it, or the first letter of several."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Put it between the worker and the activity."""
        return _Noting(next)


class _Noting(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        """Note the case, then run the activity; each attempt is a task of its own, so nothing has to be undone."""
        case_at_work.set(case_of(*input.args))
        return await super().execute_activity(input)


def case_of(*given: Any) -> dict[str, object]:
    """Case id and stage, as far as an activity's arguments tell them."""
    found: dict[str, object] = {}
    for one in _within(given):
        for name in ("case_id", "stage"):
            value = getattr(one, name, None)
            if isinstance(value, str) and value:
                found.setdefault(name, str(value))
    return found


def _within(given: Any) -> Iterator[Any]:
    for one in given:
        yield one
        yield getattr(one, "warrant", None)
        yield from getattr(one, "letters", ())[:1]
