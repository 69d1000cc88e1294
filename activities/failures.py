"""How a port's errors reach the engine."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError

from cancellation.ports import PermanentRefusal


@contextmanager
def refusals_are_final() -> Iterator[None]:
    """Turn a permanent refusal into an error that is not tried again; let everything else be retried."""
    try:
        yield
    except PermanentRefusal as refusal:
        raise ApplicationError(str(refusal), type=type(refusal).__name__, non_retryable=True) from refusal
