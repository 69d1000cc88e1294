"""What a case waits for: instants computed from facts and policy, never from counting sleeps (X4, X5, X6, X19)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from cancellation.domain.case import Case
from cancellation.domain.instants import Due, kind_of
from cancellation.domain.notice import last_safe_port_day, next_business_moment
from cancellation.domain.stage import Stage


class Overdue(NamedTuple):
    """Names of reminders that have fallen due."""

    due: list[str]
    """To be given now."""
    pointless: list[str]
    """Those that cannot help any more."""


class _Reminder(NamedTuple):
    what: str
    base: datetime
    """The earliest instant; it goes out in business hours."""
    pointless_from: datetime | None = None


def due_instants(case: Case, now: datetime) -> list[Due]:
    """Everything the case waits for, earliest first. Overdue reminders move into the next business hours.

    Of several of one kind that come to the same moment only the last goes out, and is here (X4).
    """
    reminders = {(kind_of(due.what), due.at): due for due in _reminders(case, now)}
    found = [*_deadlines(case), *reminders.values()]
    return sorted(found, key=lambda due: (due.at, due.what))


def next_wake(case: Case, now: datetime) -> Due | None:
    """When the case has to look again by itself: the next instant due, a pause that ends, a letter to give up."""
    found = [*_deadlines(case), *_reminders(case, now), *_own_business(case, now)]
    return min(found, key=lambda due: (due.at, due.what), default=None)


def overdue_reminders(case: Case, now: datetime) -> Overdue:
    """Reminders to give at `now`, and those that fell due when they could not help any more."""
    overdue = Overdue([], [])
    for what, base, pointless_from in _plan(case):
        if what in case.reminded:
            continue
        at = next_business_moment(max(base, now), case.policy, case.policy.holidays or ())
        if pointless_from is not None and at >= pointless_from:
            if base <= now:
                overdue.pointless.append(what)
        elif at <= now:
            overdue.due.append(what)
    return overdue


def is_pointless(case: Case, what: str, now: datetime) -> bool:
    """Whether a reminder that was to be given does not help any more, or is not planned at all now (X18)."""
    planned = next((one for one in _plan(case) if one.what == what), None)
    return planned is None or (planned.pointless_from is not None and now >= planned.pointless_from)


def _deadlines(case: Case) -> Iterator[Due]:
    if case.stage is Stage.AWAITING_FORMALIZATION and case.lapse_is_due_at:
        yield Due(what="lapse", at=case.lapse_is_due_at)
    if case.stage is Stage.NOTICE and case.notice:
        yield Due(what="notice_end", at=case.notice.ends_at)
    if case.stage is Stage.CLOSING:
        for hold in case.held_now:
            yield Due(what="hold_end", at=hold.held_until)
        if case.waits_until is not None:
            yield Due(what="decision", at=case.waits_until)


def _reminders(case: Case, now: datetime) -> Iterator[Due]:
    for what, base, pointless_from in _plan(case):
        if what in case.reminded:
            continue
        at = next_business_moment(max(base, now), case.policy, case.policy.holidays or ())
        if pointless_from is None or at < pointless_from:
            yield Due(what=what, at=at)


def _own_business(case: Case, now: datetime) -> Iterator[Due]:
    for owed in case.pending.owed:
        if owed.retry_at is not None and owed.retry_at > now:
            yield Due(what="retry", at=owed.retry_at)
    for _, until in case.letters_put_off():
        yield Due(what="give_up", at=until)


def _plan(case: Case) -> Iterator[_Reminder]:
    policy = case.policy
    if case.to_decide and not case.stage.is_terminal:
        yield from _decisions(case)
    if case.stage is Stage.RETENTION:
        yield from _commercial(case)
    if case.stage is Stage.AWAITING_FORMALIZATION and case.declined_at and case.lapses_at:
        for days in _formalization_days(case, case.lapses_at - case.declined_at):
            base = case.declined_at + timedelta(days=days)
            yield _Reminder(f"remind_formalization:{days}", base, case.lapses_at)
    if case.stage is Stage.NOTICE and case.notice:
        last_safe = last_safe_port_day(case.notice, policy, policy.holidays or ())
        if case.numbers_not_asked_for:
            first = policy.day_start(last_safe - timedelta(days=policy.port_reminder_days_before))
            yield _Reminder("remind_portability", first, policy.day_start(last_safe + timedelta(days=1)))
        if case.archive is not None:
            first = policy.day_start(case.notice.last_day - timedelta(days=policy.link_reminder_days_before))
            yield _Reminder("remind_link", first, case.notice.ends_at)


def _formalization_days(case: Case, term: timedelta) -> Iterator[int]:
    """The policy's list; in a long term one an interval after it, the last of them an interval before the end (X19)."""
    listed = case.policy.formalization_reminder_days
    yield from listed
    interval = max(1, case.policy.awake_interval_hours // 24)
    yield from range(max(listed, default=0) + interval, term.days - interval + 1, interval)


def _commercial(case: Case) -> Iterator[_Reminder]:
    """Of the outcome that nobody has recorded."""
    return _without_end(case, "remind_commercial", case.opened_at)


def _decisions(case: Case) -> Iterator[_Reminder]:
    """Of the e-mail that has waited longest; the reminder names all that wait (X15)."""
    oldest = case.to_decide[0]
    return _without_end(case, f"remind_mail:{oldest.number}", oldest.since)


def _without_end(case: Case, name: str, since: datetime) -> Iterator[_Reminder]:
    """The policy's list, and after it one an interval without end: the case never falls silent (X19)."""

    def after(hours: int) -> _Reminder:
        return _Reminder(f"{name}:{hours}", since + timedelta(hours=hours))

    hours = case.policy.commercial_reminder_hours
    yield from map(after, hours)
    last = max(hours, default=0)
    while last == 0 or after(last).what in case.reminded:
        last += case.policy.awake_interval_hours
        yield after(last)
