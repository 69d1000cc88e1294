"""What the outside systems hold of a case, as sentences that are the same in every run of its story."""

import re
from collections import Counter
from collections.abc import Collection

from cancellation.adapters.mailing import Fate
from cancellation.adapters.memory.telephony import _Item
from cancellation.domain.trail import TrailEntry
from cancellation.language.words import phone
from tests.matrix.life import Life

BESIDE_THE_STORY = re.compile(
    r"crm: task (attention|undelivered):|letter: (attention|undelivered):|letter: mail_without_case:\w+:[1-9]"
)
"""What only an outage brings; and reminders of an e-mail of no case, whose execution has a clock of its own."""


async def facts(life: Life) -> frozenset[str]:
    """Everything that was done outside, so far."""
    found = [*await _crm(life), *_billing(life), *_telephony(life), *await _recordings(life), *_mail(life)]
    return frozenset(map(Plain(life), found))


class Plain:
    """Takes out of a text what differs from run to run: ids and numbers."""

    def __init__(self, life: Life) -> None:
        self._names = {life.case_id: "CASE"} if life.case_id else {}
        self._names[life.case.customer_id] = "CUSTOMER"
        for place, number in enumerate(life.case.seed.numbers, start=1):
            self._names |= {number.number: f"NUMBER-{place}", phone(number.number): f"NUMBER-{place}"}

    def __call__(self, text: str) -> str:
        for name, stands_for in self._names.items():
            text = text.replace(name, stands_for)
        text = re.sub(r"\bCAN-[\w-]+", "PROTOCOL", text)
        return re.sub(r"<[^>]{20,}>", "<MAIL>", text)


async def _crm(life: Life) -> list[str]:
    crm, customer_id = life.house.crm.adapter, life.case.customer_id
    found = [f"crm: status {(await crm.customer(customer_id)).status}"]
    for task in await crm.tasks(customer_id=customer_id):
        order, state = task.order, "open" if task.is_open else "done"
        found.append(f"crm: task {order.key} of {order.team.value} due {order.due_on} {state}")
    for case in await crm.list_cases(customer_id=customer_id):
        found.append(f"crm: outcome {case.outcome}" if case.outcome else "crm: case")
        state = await crm.formalization(case.case_id)
        if state is not None:
            force = "in force" if state.in_force else "revoked"
            found.append(f"crm: formalization {force} until {state.last_day}")
        found += [f"acts: {act}" for act in crm._cases[case.case_id].acts]
    return found


def _billing(life: Life) -> list[str]:
    billing = life.house.billing.adapter
    found = []
    for held in billing._plans.values():
        found.append(f"billing: end {'planned' if held.in_force else 'lifted'} {held.plan.last_day}")
    for _, invoice in billing._invoices.values():
        found.append(f"billing: invoice of {invoice.total}, {len(invoice.lines)} lines")
    for name, contract in billing._contracts.items():
        found.append(f"billing: {name} stopped on {contract.stopped_on}")
    for name, charge in billing._charges.items():
        void = charge.void[0] if charge.void else "stands"
        found.append(f"billing: charge {name} {void}, credited {len(charge.charge.credited)} times")
    return found


def _telephony(life: Life) -> list[str]:
    telephony = life.house.telephony.adapter
    found = [f"telephony: {one.name} {_state(one)}" for one in telephony._items]
    order: Counter[str] = Counter()
    for port in telephony._ports:
        order[port.number] += 1
        found.append(f"telephony: port {order[port.number]} of {port.number} {port.status.value}")
    return found


def _state(item: _Item) -> str:
    if item.ported:
        return "ported"
    return "released" if item.released_at else "active" if item.thing.active else "dead"


async def _recordings(life: Life) -> list[str]:
    store, ledger = life.house.recordings.adapter.store, life.house.recordings.adapter.ledger
    kept = await store.list("recordings").collect_async()
    found = [f"recordings: {len(kept)} kept"]
    for link in ledger._links.values():
        found.append(f"recordings: link {link.ordinal} {'dead' if link.revoked_at else 'alive'}")
    for (_, path), removal in ledger._removals.items():
        name = path.rpartition("/")[2] if removal.kind == "recording" else ""
        found.append(f"recordings: {removal.kind} {name} removed {removal.removed}")
    return found


def _mail(life: Life) -> list[str]:
    outbox, inbox = life.house.mailer.adapter.outbox, life.house.inbox.adapter
    found = [f"letter: {order_of(key)}" for key, one in outbox.entries.items() if one.fate is Fate.SENT]
    for row in inbox._rows.values():
        fate = row.outcome.fate.value if row.outcome else "waits"
        found.append(f"inbox: mail {len(row.entry.envelope)} {fate}")
    found += [f"inbox: task {'done' if task.closed_at else 'open'}" for task in inbox._tasks.values()]
    return found


def order_of(key: str) -> str:
    """`kind:audience:ordinal` of a letter's key, which has the case's id before it.

    Of a look that nobody has taken at a notice the hours count from when the e-mail was handled: they are left out.
    """
    return re.sub(r"(remind_mail:0):\d+", r"\1", key.partition(":")[2])


def told_in_crm(trail: Collection[TrailEntry], plain: Plain) -> Counter[str]:
    """What the trail says was changed in the CRM: titles, statuses, tasks that were closed, the registration."""
    said: Counter[str] = Counter()
    for entry in of_kinds(trail, "crm_updated"):
        detail = plain(entry.detail)
        said.update(re.findall(r"“([^”]*)”", detail))
        said.update(re.findall(r"formalização registrada", detail))
        for closed in re.findall(r"tarefas? encerradas?: ([^.]*)", detail):
            said.update(f"encerrada: {name}" for name in closed.split("; "))
    return said


def of_kinds(trail: Collection[TrailEntry], *kinds: str) -> list[TrailEntry]:
    """The entries of these kinds."""
    return [entry for entry in trail if entry.kind in kinds]
