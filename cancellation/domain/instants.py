"""What is shown of a case beside its facts, apart from the rules: whoever asks how a case stands loads none of them."""

from pydantic import AwareDatetime, BaseModel, ConfigDict

from cancellation.domain.refusal import Problem


class Due(BaseModel):
    """Something that will happen at an instant if nothing else does before."""

    model_config = ConfigDict(frozen=True)

    what: str
    """`lapse`, `notice_end`, `hold_end`, or a reminder such as `remind_commercial:24`."""
    at: AwareDatetime


def kind_of(what: str) -> str:
    """Of which kind something due is, whichever of its kind: `remind_commercial` of `remind_commercial:24`."""
    return what.partition(":")[0]


class RefusedMessage(BaseModel):
    """A message that was refused, as `status` shows it (X8)."""

    at: AwareDatetime
    name: str
    actor: str
    message_id: str | None = None
    details: tuple[Problem, ...]


class Held(BaseModel):
    """A number kept after the notice because its portability was asked for in time (X6)."""

    number: str
    held_until: AwareDatetime
    ended: str | None = None
    """None while it is held, then `completed` (ported) or `expired` (released without a port)."""
