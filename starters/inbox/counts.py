"""What the inbox counts, beside the engine's own metrics and on the same address."""

import time
from enum import StrEnum
from itertools import product
from typing import Final

from temporalio.common import MetricMeter


class Way(StrEnum):
    """How an e-mail came in."""

    LISTENER = "listener"
    MAILBOX = "mailbox"


class Result(StrEnum):
    """What became of a delivery."""

    TAKEN = "taken"
    AGAIN = "again"
    """It was here before."""
    FAILED = "failed"
    """It was not taken; its sender's server, or the mailbox, still has it."""


_NOBODY: Final = MetricMeter.noop


class MailCounts:
    """Deliveries, and when each mailbox was last looked through.

    Args:
        meter: where to count; nowhere by default.
        mailboxes: how many are read. Each is called by its place in the settings, from 1, for its address may be
            somebody's name.
    """

    def __init__(self, meter: MetricMeter = _NOBODY, mailboxes: int = 0) -> None:
        self._deliveries = meter.create_counter(
            "cancelamento_mail_deliveries_total", "E-mails that were delivered here"
        )
        self._looked = meter.create_gauge_float(
            "cancelamento_mailbox_read_timestamp_seconds", "When a mailbox was last looked through"
        )
        for way, result in product(Way, Result):
            self._deliveries.add(0, {"way": way, "result": result})
        for place in range(1, mailboxes + 1):
            # One that is never read is late from the start on.
            self.looked(place)

    def delivered(self, way: Way, result: Result) -> None:
        """Count a delivery."""
        self._deliveries.add(1, {"way": way, "result": result})

    def looked(self, place: int) -> None:
        """Everything that waited in this mailbox has been taken."""
        self._looked.set(time.time(), {"mailbox": str(place)})
