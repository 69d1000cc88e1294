"""What a client asks a worker about an end that has not come (X25)."""

from datetime import date

from cancellation.domain.values import Value
from cancellation.messages.letters import Letter


class EndToPreview(Value):
    """A customer's end that somebody wants to see in figures; one of `last_day` and `script` says when it would be."""

    customer_id: str
    last_day: date | None = None
    script: Letter | None = None
    """What the customer would be told now; who has no time-zone rules at hand need not count days."""
