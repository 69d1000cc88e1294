"""What a case waits for: instants computed from facts and policy, never from counting sleeps (X4, X5, X6)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict

from cancellation.domain.case import Case
from cancellation.domain.notice import last_safe_port_day, next_business_moment
from cancellation.domain.stage import Stage


class Due(BaseModel):
    """Something that will happen at an instant if nothing else does before."""

    model_config = ConfigDict(frozen=True)

    what: str
    """`lapse`, `notice_end`, `hold_end`, or a reminder such as `remind_commercial:24`."""
    at: AwareDatetime

    @property
    def is_reminder(self) -> bool:
        """Whether it only reminds somebody."""
        return self.what.startswith("remind_")


def due_instants(case: Case, now: datetime) -> list[Due]:
    """Everything the case waits for, earliest first. Overdue reminders move into the next business hours."""
    found = [*_deadlines(case), *_reminders(case, now)]
    return sorted(found, key=lambda due: (due.at, due.what))


def _deadlines(case: Case) -> Iterator[Due]:
    if case.stage is Stage.AWAITING_FORMALIZATION and case.lapses_at:
        yield Due(what="lapse", at=case.lapses_at)
    if case.stage is Stage.NOTICE and case.notice:
        yield Due(what="notice_end", at=case.notice.ends_at)
    if case.stage is Stage.CLOSING:
        for hold in case.held_now:
            yield Due(what="hold_end", at=hold.held_until)


def _reminders(case: Case, now: datetime) -> Iterator[Due]:
    for what, base, pointless_from in _reminder_plan(case):
        if what in case.reminded:
            continue
        at = next_business_moment(max(base, now), case.policy, case.policy.holidays or ())
        if pointless_from is None or at < pointless_from:
            yield Due(what=what, at=at)


def _reminder_plan(case: Case) -> Iterator[tuple[str, datetime, datetime | None]]:
    """Name, earliest instant, and the instant from which the reminder would be pointless."""
    policy = case.policy
    if case.stage is Stage.RETENTION:
        for hours in policy.commercial_reminder_hours:
            yield f"remind_commercial:{hours}", case.opened_at + timedelta(hours=hours), None
    if case.stage is Stage.AWAITING_FORMALIZATION and case.declined_at and case.lapses_at:
        for days in policy.formalization_reminder_days:
            yield f"remind_formalization:{days}", case.declined_at + timedelta(days=days), case.lapses_at
    if case.stage is Stage.NOTICE and case.notice:
        last_safe = last_safe_port_day(case.notice, policy, policy.holidays or ())
        if case.numbers_not_asked_for:
            first = policy.day_start(last_safe - timedelta(days=policy.port_reminder_days_before))
            yield "remind_portability", first, policy.day_start(last_safe + timedelta(days=1))
        if case.archive is not None:
            first = policy.day_start(case.notice.last_day - timedelta(days=policy.link_reminder_days_before))
            yield "remind_link", first, case.notice.ends_at
