"""The terms under which a case opens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from pydantic import AwareDatetime
from temporalio import activity

from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.values import Value


class Terms(Value):
    """What a case brings along: its own policy or none, and when it opened."""

    policy: CancellationPolicy | None
    opened_at: AwareDatetime


@dataclass(frozen=True)
class TermsActivities:
    """The worker's configured policy, read once a case so that it never changes under it."""

    policy: CancellationPolicy
    holidays: Callable[[date], tuple[date, ...]]
    """National holidays that matter to a case opened on that day."""

    @activity.defn
    async def freeze_policy(self, terms: Terms) -> CancellationPolicy:
        """The case's policy, whole: its own or this worker's, with the holidays of the years to come."""
        policy = terms.policy or self.policy
        if policy.holidays is not None:
            return policy
        days = self.holidays(policy.local_date(terms.opened_at))
        return policy.model_copy(update={"holidays": days})
