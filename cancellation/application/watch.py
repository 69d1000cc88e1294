"""What a look of the billing watch comes to: acts and tasks for what is new, letters, and the end (X10).

Pure: what was read is given, and what is to be recorded and sent is answered.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from cancellation.application import watch_tasks
from cancellation.domain.billing_watch import (
    Found,
    Remedy,
    found_charge,
    found_resources,
    remedy_for,
    watched_until,
)
from cancellation.domain.inventory import Inventory
from cancellation.domain.stage import Stage
from cancellation.domain.values import Team
from cancellation.language import vocabulary, watch, words
from cancellation.messages import afterwards_contents as say
from cancellation.messages.billing import Aftermath
from cancellation.messages.crm import TaskOrder
from cancellation.messages.letters import Letter
from cancellation.messages.watch import ActKind, NewAct, WatchAct, WatchedCase, WatchLook

NO_DEBT: Final = "no_debt"
_OVERDUE: Final = "overdue"
_STATEMENT: Final = "statement"
_TEAM_OF: Final = {
    ActKind.VOIDED: Team.FINANCE,
    ActKind.REPAY: Team.FINANCE,
    ActKind.REVIEW: Team.FINANCE,
    ActKind.REVIVED: Team.SUPPORT,
}
_OPEN: Final = frozenset({ActKind.REPAY, ActKind.REVIEW, ActKind.REVIVED})
_TaskOf = Callable[[str, Sequence[Found]], TaskOrder]


@dataclass(frozen=True)
class _Kind:
    """How acts of a kind are told, and which task they make."""

    kind: ActKind
    sentence: Callable[[Found], str]
    task: _TaskOf


_VOIDED: Final = _Kind(ActKind.VOIDED, watch.voided_sentence, watch_tasks.voided)
_REPAY: Final = _Kind(ActKind.REPAY, watch.repay_sentence, watch_tasks.repay)
_REVIEW: Final = _Kind(ActKind.REVIEW, watch.review_sentence, watch_tasks.review)
_REVIVED: Final = _Kind(ActKind.REVIVED, watch.revived_sentence, watch_tasks.revived)


def findings(
    case: WatchedCase,
    aftermath: Aftermath,
    refused: Mapping[str, str],
    inventory: Inventory | None,
    at: datetime,
) -> WatchLook:
    """What is new of a case, after everything was done that is done by itself.

    Args:
        case: with what is recorded of it.
        aftermath: what billing holds now.
        refused: what billing said of charges that it would not take back, by charge.
        inventory: what the customer occupies; None where that could not be read.
        at: when the watch looks.
    """
    known = {act.key for act in case.acts}
    new: list[tuple[_Kind, str, Found]] = []

    def add(kind: _Kind, key: str, found: Found) -> None:
        if key not in known:
            new.append((kind, key, found))

    for done in aftermath.taken_back:
        charge = done.charge
        add(_VOIDED, f"voided:{charge.charge_id}", found_charge(charge, done.remedy, case.terms))
    for charge in aftermath.undue:
        remedy, refusal = remedy_for(charge, case.terms, at), refused.get(charge.charge_id)
        if remedy is Remedy.REPAY:
            add(_REPAY, f"repay:{charge.charge_id}", found_charge(charge, remedy, case.terms))
        elif remedy is Remedy.REVIEW or refusal is not None:
            found = found_charge(charge, Remedy.REVIEW, case.terms, refusal)
            add(_REVIEW, f"review:{charge.charge_id}", found)
    if inventory is not None and has_left(case, aftermath):
        for found in found_resources(inventory):
            key = f"revived:{found.resource.value if found.resource else ''}:{found.reference}"
            add(_REVIVED, _again(case, key, found), found)
    return _look(case, at, new)


def has_left(case: WatchedCase, aftermath: Aftermath) -> bool:
    """Whether the customer has nothing with us any more: what one occupies who came back is theirs."""
    return not aftermath.returned and case.customer_status == Stage.CLOSED.crm_status


def _again(case: WatchedCase, key: str, found: Found) -> str:
    """The key of something that is in use: another one when people had closed what was found of it before."""
    before = sum(
        act.kind is ActKind.REVIVED
        and (act.found.reference, act.found.resource) == (found.reference, found.resource)
        for act in case.acts
    )
    tasks = [one for one in case.tasks if one.key.startswith(watch_tasks.REVIVED)]
    if before == 0 or any(one.closed_at is None for one in tasks):
        return key if before < 2 else f"{key}:{before}"
    return f"{key}:{before + 1}"


def _look(case: WatchedCase, at: datetime, new: Sequence[tuple[_Kind, str, Found]]) -> WatchLook:
    tasks: dict[ActKind, TaskOrder] = {}
    for kind in (_VOIDED, _REPAY, _REVIEW, _REVIVED):
        items = [found for one, _, found in new if one is kind]
        if items:
            tasks[kind.kind] = kind.task(case.customer_id, items)
    acts = [
        NewAct(
            kind=kind.kind,
            key=key,
            detail=kind.sentence(found),
            found=found,
            task=tasks[kind.kind].key,
        )
        for kind, key, found in new
    ]
    return look_of(case, at, acts, tuple(tasks.values()))


def look_of(
    case: WatchedCase,
    at: datetime,
    acts: Sequence[NewAct],
    tasks: Sequence[TaskOrder] = (),
    *,
    settles: bool = False,
) -> WatchLook:
    """A look at a case that comes to these acts."""
    return WatchLook(
        case_id=case.case_id, at=at, terms=case.terms, acts=tuple(acts), tasks=tuple(tasks), settles=settles
    )


# ---------------------------------------------------------------------------- letters


@dataclass(frozen=True)
class Telling:
    """A letter that is owed, and under which key it counts as told."""

    key: str
    team: Team | None
    letter: Letter


def owed_letters(
    case: WatchedCase, acts: Sequence[WatchAct], mailboxes: Sequence[str], at: datetime
) -> list[Telling]:
    """What teams have not been told yet: one letter a look and team."""
    told = {act.key for act in acts}
    owed = []
    for look in dict.fromkeys(act.look for act in acts):
        for team in (Team.FINANCE, Team.SUPPORT):
            items = tuple(act for act in acts if act.look == look and _TEAM_OF.get(act.kind) is team)
            key = f"told:{team.value}:{look}"
            if items and key not in told:
                content = _content(case, team, items)
                owed.append(Telling(key, team, _letter(case, content, team, str(look), mailboxes, at)))
    return owed


def statement(case: WatchedCase, mailboxes: Sequence[str], at: datetime) -> Telling:
    """The statement of no debt."""
    content = say.NoDebt(
        last_day=case.last_day,
        watched_until=watched_until(case.last_day, case.terms.cycles),
        cnpj=case.cnpj,
        contract=case.contract,
    )
    return Telling(f"told:customer:{NO_DEBT}", None, _letter(case, content, None, "", mailboxes, at))


def _content(case: WatchedCase, team: Team, acts: Sequence[WatchAct]) -> say.UndueFound | say.Revived:
    if team is Team.SUPPORT:
        return say.Revived(last_day=case.last_day, items=tuple(act.found for act in acts))

    def of(kind: ActKind) -> tuple[Found, ...]:
        return tuple(act.found for act in acts if act.kind is kind)

    return say.UndueFound(
        last_day=case.last_day,
        voided=of(ActKind.VOIDED),
        repay=of(ActKind.REPAY),
        review=of(ActKind.REVIEW),
    )


def _letter(
    case: WatchedCase,
    content: say.UndueFound | say.Revived | say.NoDebt,
    team: Team | None,
    ordinal: str,
    mailboxes: Sequence[str],
    at: datetime,
) -> Letter:
    audience = team.value if team else "customer"
    return Letter(
        key=f"{case.case_id}:{content.kind.value}:{audience}:{ordinal}",
        case_id=case.case_id,
        customer_id=case.customer_id,
        customer_name=case.customer_name or case.customer_id,
        protocol=case.protocol,
        at=at,
        mailboxes=tuple(mailboxes),
        team=team,
        to=() if team else tuple(contact.email for contact in case.contacts),
        content=content,
    )


def gives_up(case: WatchedCase, days: int, at: datetime) -> bool:
    """Whether the statement has been put off for so many days that people bring it (X17)."""
    since = next((act.at for act in case.acts if act.key == NO_DEBT), at)
    return at - since >= timedelta(days=days)


def told(
    case: WatchedCase, telling: Telling, message_id: str, refusal: str | None, at: datetime
) -> WatchLook:
    """A letter went out, or was refused for good; the statement settles the case either way."""
    is_statement = telling.team is None
    if refusal is None:
        kind, detail = ActKind.TOLD, watch.told_sentence(telling.team)
    else:
        kind, detail = ActKind.NOT_TOLD, watch.not_told_sentence(telling.team, refusal)
    task = watch_tasks.deliver_statement(case.customer_id, refusal) if is_statement and refusal else None
    act = NewAct(
        kind=kind,
        key=telling.key,
        detail=detail,
        found=Found(reference=message_id or telling.letter.kind.value, refusal=refusal),
        task=task.key if task else None,
    )
    return look_of(case, at, [act], [task] if task else [], settles=is_statement)


# ---------------------------------------------------------------------------- the end


def cycles_are_over(case: WatchedCase, at: datetime) -> bool:
    """Whether the last cycle has ended."""
    return words.days_after(at, 0) > watched_until(case.last_day, case.terms.cycles)


def holds_up(case: WatchedCase, aftermath: Aftermath, look: WatchLook, at: datetime) -> list[str]:
    """What keeps a customer from the statement of no debt, in words; empty: nothing is due and nothing is open."""
    owed = [f"em aberto: {watch.debt(one)}" for one in aftermath.debts]
    unsettled = [
        found_charge(one, remedy_for(one, case.terms, at), case.terms)
        for one in aftermath.undue
        if remedy_for(one, case.terms, at).is_done_by_itself
    ]
    owed += [f"ainda por anular: {watch.charge(one)}" for one in unsettled]
    waiting = {one.key for one in case.tasks if one.closed_at is None and _is_finding(one.key)}
    new = {act.task for act in look.acts if act.kind in _OPEN and act.task}
    owed += [f"tarefa aberta: {vocabulary.task(key)}" for key in sorted(waiting | new)]
    return owed


def _is_finding(key: str) -> bool:
    return key.partition(":")[0] in watch_tasks.OPEN_FINDINGS


def overdue(case: WatchedCase, owed: Sequence[str], at: datetime) -> WatchLook | None:
    """Finance hears, once, that the statement cannot go out; None before the policy's time."""
    until = watched_until(case.last_day, case.terms.cycles)
    late = (words.days_after(at, 0) - until).days > case.terms.overdue_days
    if not late or any(act.key == _OVERDUE for act in case.acts):
        return None
    task = watch_tasks.overdue(case.customer_id, until, owed)
    act = NewAct(
        kind=ActKind.OVERDUE,
        key=_OVERDUE,
        detail=watch.overdue_sentence(until, owed),
        found=Found(reference=_STATEMENT),
        task=task.key,
    )
    return look_of(case, at, [act], [task])


def no_debt(case: WatchedCase, at: datetime) -> WatchLook:
    """The cycles are over and nothing is due."""
    until: date = watched_until(case.last_day, case.terms.cycles)
    act = NewAct(
        kind=ActKind.NO_DEBT,
        key=NO_DEBT,
        detail=watch.no_debt_sentence(until),
        found=Found(reference=_STATEMENT),
    )
    return look_of(case, at, [act])
