"""Dates that a case tells people, by the time zone of its policy."""

from datetime import date, datetime, timedelta

from cancellation.domain.case import Case
from cancellation.domain.formalization import Formalization, assess
from cancellation.domain.notice import Notice, last_safe_port_day, notice_from


def formalization_until(case: Case) -> date | None:
    """Last day on which the formalization may still come (X5); None while no term runs."""
    ends = case.lapses_at
    return case.policy.local_date(ends - timedelta(days=1)) if ends else None


def port_until(case: Case, notice: Notice) -> date:
    """Last day on which a portability asked for still finishes within a notice (X4)."""
    return last_safe_port_day(notice, case.policy, case.policy.holidays or ())


def example_port_until(case: Case, now: datetime) -> date | None:
    """The same if a complete formalization came at `now`; None if it would be too late from the first day."""
    last_safe = port_until(case, notice_from(now, case.policy))
    return last_safe if last_safe >= case.policy.local_date(now) else None


def complete_formalization(case: Case) -> Formalization | None:
    """The formalization that counts, or that will once Commercial's outcome is `declined` (X2, X18)."""
    return case.formalization or assess(case.countable_mails, case.authorised, case.policy)


def last_day_told(case: Case) -> date | None:
    """The last day that the customer was told: of the notice, or for an early formalization (X18)."""
    if case.notice is not None:
        return case.notice.last_day
    formalization = complete_formalization(case)
    return notice_from(formalization.received_at, case.policy).last_day if formalization else None
