"""All timeouts and retries of the activities (architecture.md, "Activities")."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio.common import RetryPolicy

_PAUSE_IN_OUTAGE: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class ActivityPolicy:
    """How long one attempt may take and how it is tried again; without end unless `within` says so."""

    attempt: timedelta
    longest_pause: timedelta
    heartbeat: timedelta | None = None

    @property
    def retry(self) -> RetryPolicy:
        """Pauses of 1 s, doubling up to `longest_pause`, without a limit of attempts."""
        return _retry(self.longest_pause)

    @property
    def retry_in_outage(self) -> RetryPolicy:
        """The same for a system that is known to be down: every attempt costs, so at least minutes apart."""
        return _retry(max(self.longest_pause, _PAUSE_IN_OUTAGE))


def _retry(longest_pause: timedelta) -> RetryPolicy:
    return RetryPolicy(
        initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=longest_pause
    )


READ: Final = ActivityPolicy(timedelta(seconds=10), timedelta(minutes=1))
RECORD: Final = ActivityPolicy(timedelta(seconds=10), timedelta(minutes=10))
TELEPHONY: Final = ActivityPolicy(timedelta(seconds=10), timedelta(minutes=5))
EXPORT: Final = ActivityPolicy(timedelta(minutes=30), timedelta(minutes=10), timedelta(seconds=30))
PURGE: Final = ActivityPolicy(timedelta(minutes=30), timedelta(minutes=10), timedelta(seconds=30))
RESTORE: Final = ActivityPolicy(timedelta(minutes=30), timedelta(minutes=10), timedelta(seconds=30))
MAIL: Final = ActivityPolicy(timedelta(seconds=20), timedelta(minutes=10))
"""A step that fails for longer than the policy allows raises attention and goes on being tried (X7)."""
MAIL_IN: Final = ActivityPolicy(timedelta(seconds=60), timedelta(minutes=5), timedelta(seconds=20))
"""An e-mail that arrived; it belongs to no case yet. Whoever is killed over it is missed for the heartbeat's time."""
CHECK: Final = ActivityPolicy(timedelta(minutes=10), timedelta(minutes=5), timedelta(minutes=2))
"""A batch of reconciliation."""
CHECK_GIVES_UP: Final = timedelta(hours=1)
"""After which a step of reconciliation is left to the next run; no case waits for it."""
