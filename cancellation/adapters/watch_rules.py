"""What every record of the billing watch decides alike: what of a look is new, and under which numbers (X10)."""

from collections.abc import Collection, Sequence

from cancellation.messages.crm import TaskOrder
from cancellation.messages.watch import WATCH_ACTOR, WatchAct, WatchLook


def numbered(look: WatchLook, held: int, known: Collection[str]) -> list[WatchAct]:
    """The acts of a look that are not recorded yet, numbered on from those held.

    Args:
        look: what was found and done.
        held: the number of the last act that is recorded.
        known: keys that are recorded already.
    """
    new = {act.key: act for act in reversed(look.acts) if act.key not in known}
    return [
        WatchAct(
            seq=held + place,
            look=held + 1,
            at=look.at,
            actor=WATCH_ACTOR,
            kind=act.kind,
            key=act.key,
            detail=act.detail,
            found=act.found,
        )
        for place, act in enumerate(reversed(new.values()), start=1)
    ]


def opened(look: WatchLook, acts: Sequence[WatchAct]) -> list[TaskOrder]:
    """The tasks to which something new belongs."""
    new = {act.key for act in acts}
    named = {act.task for act in look.acts if act.key in new}
    return [task for task in look.tasks if task.key in named]


def facts_of(act: WatchAct) -> str:
    """What an act is about, as the text that is kept and committed to."""
    return act.found.model_dump_json()
