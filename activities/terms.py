"""The terms under which a case opens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from pydantic import AwareDatetime
from temporalio import activity

from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.values import Value
from cancellation.domain.zone import rules_for

_YEARS_BACK: Final = 2
_YEARS_AHEAD: Final = 10


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
        """The case's policy, whole: its own or this worker's, with holidays and time-zone rules (X23)."""
        policy = terms.policy or self.policy
        year = terms.opened_at.year
        rules = policy.zone_rules or rules_for(year - _YEARS_BACK, year + _YEARS_AHEAD)
        days = policy.holidays
        if days is None:
            days = self.holidays(rules.local_date(terms.opened_at))
        return policy.model_copy(update={"holidays": days, "zone_rules": rules})
