"""Signs of life of long steps."""

from typing import Any

from temporalio import activity


def beat(detail: Any) -> None:
    """Tell the engine that the step goes on; nobody, where a person has asked for it by a command."""
    if activity.in_activity():
        activity.heartbeat(detail)


def last_beat() -> str | None:
    """What the attempt before this one told last; None: nothing."""
    details = activity.info().heartbeat_details if activity.in_activity() else ()
    return str(details[0]) if details else None
