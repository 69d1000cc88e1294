"""Billing in memory: the semantics of the embedded billing system, refusals included (P16, P19)."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from cancellation.adapters.final_invoice import (
    DUE_DAYS,
    closed,
    doubtful_charge,
    doubtful_subscription,
    due_after,
    final_invoice,
    invoice_line,
    new_charge_id,
    preview_of,
    recurring_charge_id,
)
from cancellation.adapters.memory.formalizations import must_be_formalized
from cancellation.domain.proration import (
    Charge,
    Days,
    Line,
    LineKind,
    Settlement,
    Subscription,
    is_sound,
    missing_lines,
    month_of,
    settle,
)
from cancellation.messages.billing import (
    BillingClosed,
    BillingClosure,
    BillingEndPlan,
    BillingPreview,
    BillingReading,
    BillingWatch,
    FinalInvoice,
    UndueCharge,
)
from cancellation.messages.crm import FormalizationState
from cancellation.messages.seed import CustomerSeed
from cancellation.ports import DestructionForbidden, PermanentRefusal


@dataclass
class _Charge:
    charge: Charge
    subscription_id: str
    void: tuple[str, str, datetime] | None = None
    """Reason, case, instant."""


@dataclass
class _Contract:
    customer_id: str
    description: str
    terms: Subscription
    stopped_on: date | None = None

    @property
    def subscription(self) -> Subscription:
        """The terms as they stand, a stop included."""
        ends = [day for day in (self.terms.ended_on, self.stopped_on) if day is not None]
        return replace(self.terms, ended_on=min(ends) if ends else None)


@dataclass
class _Plan:
    plan: BillingEndPlan
    in_force: bool = True


@dataclass
class MemoryBilling:
    """Billing for tests and for embedding, with the recurring run of a billing system.

    Args:
        formalization: the CRM's formalization of a case, such as `MemoryCrm.formalization`.
    """

    formalization: Callable[[str], Awaitable[FormalizationState | None]]
    _contracts: dict[str, _Contract] = field(default_factory=dict)
    _charges: dict[str, _Charge] = field(default_factory=dict)
    _plans: dict[str, _Plan] = field(default_factory=dict)
    _invoices: dict[str, tuple[BillingClosure, FinalInvoice]] = field(default_factory=dict)

    # ---------------------------------------------------------------- the notice

    async def plan_end(self, plan: BillingEndPlan) -> None:
        """Let nothing recur after the last day, until lifted; a lifted plan stays lifted."""
        held = self._plans.get(plan.case_id)
        if held is None or held.in_force:
            self._plans[plan.case_id] = _Plan(plan)

    async def lift_end(self, case_id: str) -> None:
        """Undo this case's plan, and no other's."""
        if case_id in self._plans:
            self._plans[case_id].in_force = False

    async def charge_month(self, year: int, month: int) -> int:
        """Make the month's recurring charges and answer how many are new; see the PostgreSQL adapter."""
        days = month_of(date(year, month, 1))
        made = 0
        for subscription_id, contract in sorted(self._contracts.items()):
            running = contract.subscription.days_to_bill_until(self._planned_end(contract.customer_id))
            if running is None or not is_sound(contract.terms.monthly):
                continue
            charged = [one.charge.days for one in self._charges_of(subscription_id, void_too=True)]
            lines = missing_lines(contract.terms.monthly, running.shared_with(days), charged)
            for line in lines:
                self._put(recurring_charge_id(subscription_id, line), subscription_id, line, invoiced=False)
            made += len(lines)
        return made

    # ---------------------------------------------------------------- closing

    async def preview(self, customer_id: str, last_day: date) -> BillingPreview:
        """What `close` would invoice for that last day (X25)."""
        settled = []
        for subscription_id, contract in self._contracts_of(customer_id):
            charges = [one.charge for one in self._charges_of(subscription_id)]
            settlement = settle(contract.subscription, charges, last_day)
            settled.append((contract.subscription, contract.description, charges, settlement))
        return preview_of(customer_id, last_day, settled)

    async def close(self, closure: BillingClosure) -> BillingClosed:
        """Stop charging, issue the one final invoice, void what is dated after the end; see the port."""
        warrant = closure.warrant
        if (await must_be_formalized(warrant, self.formalization)).last_day != closure.last_day:
            raise DestructionForbidden("the last day to bill is not the last day of the notice")
        issued = self._invoices.get(warrant.case_id)
        if issued is not None and issued[0].last_day != closure.last_day:
            raise PermanentRefusal("the case's final invoice was issued for another customer or last day")
        settlements = {
            subscription_id: settle(
                contract.subscription,
                [one.charge for one in self._charges_of(subscription_id)],
                closure.last_day,
            )
            for subscription_id, contract in self._contracts_of(warrant.customer_id)
        }
        for settled in settlements.values():
            for reason, charge_ids in (("after_end", settled.after_end), ("replaced", settled.replaced)):
                for charge_id in charge_ids:
                    self._charges[charge_id].void = (reason, warrant.case_id, warrant.at)
        if issued is None:
            issued = closure, self._issue(closure, settlements)
            self._invoices[warrant.case_id] = issued
        for _, contract in self._contracts_of(warrant.customer_id):
            ended_on = contract.terms.ended_on
            if contract.stopped_on is None and (ended_on is None or ended_on > closure.last_day):
                contract.stopped_on = closure.last_day
        await self.lift_end(warrant.case_id)
        voided = [one.void for one in self._charges.values() if one.void is not None]
        after_end = sum((reason, case) == ("after_end", warrant.case_id) for reason, case, _ in voided)
        return closed(issued[1], after_end, self._doubtful(closure))

    def final_invoice(self, case_id: str) -> FinalInvoice | None:
        """The case's final invoice, or None before it was issued."""
        issued = self._invoices.get(case_id)
        return issued[1] if issued else None

    async def read_back(self, closure: BillingClosure) -> BillingReading:
        """Read what billing holds, day by day, independently of what `close` believes it did."""
        active, after_end, due_days, invoiced_days = [], [], 0, 0
        for subscription_id, contract in self._contracts_of(closure.warrant.customer_id):
            ends = (contract.terms.ended_on, contract.stopped_on)
            if all(day is None or day > closure.last_day for day in ends):
                active.append(subscription_id)
            last_day = min(day for day in (*ends, closure.last_day) if day is not None)
            charges = [one.charge for one in self._charges_of(subscription_id)]
            after_end += [one.charge_id for one in charges if any(day > last_day for day in _standing(one))]
            due = set(_each(contract.terms.days_to_bill_until(last_day)))
            billed = Counter(day for one in charges if one.invoiced for day in _standing(one))
            due_days += len(due)
            invoiced_days += sum(billed[day] == 1 for day in due)
        return BillingReading(
            recurring_active=tuple(active),
            charges_after_end=tuple(sorted(after_end)),
            days_due=due_days,
            days_invoiced=invoiced_days,
        )

    # ---------------------------------------------------------------- after closing

    async def undue(self, customer_id: str, since: date) -> Sequence[UndueCharge]:
        """Charges for days after `since` of what was contracted until then (X10)."""
        found = [
            _undue(one)
            for subscription_id, contract in self._contracts_of(customer_id)
            if contract.stopped_on is not None or contract.terms.started_on <= since
            for one in self._charges_of(subscription_id)
            if any(day > since for day in _standing(one.charge))
        ]
        return sorted(found, key=lambda one: (one.first_day, one.charge_id))

    async def void_undue(self, watch: BillingWatch) -> Sequence[UndueCharge]:
        """Void the undue charges that no invoice holds; answer the same again for the same watch (X10)."""
        mark = ("undue", watch.case_id, watch.at)
        for one in await self.undue(watch.customer_id, watch.last_day):
            if not one.invoiced:
                self._charges[one.charge_id].void = mark
        voided = [_undue(one) for one in self._charges.values() if one.void == mark]
        return sorted(voided, key=lambda one: (one.first_day, one.charge_id))

    # ---------------------------------------------------------------- master data

    async def provision(self, seed: CustomerSeed) -> None:
        """Put a customer's subscriptions and charges in; what is already there keeps its state."""
        for one in seed.subscriptions:
            held = self._contracts.get(one.subscription_id)
            if held is not None:
                held.description = one.description
                held.terms = replace(held.terms, monthly=one.monthly)
                continue
            self._contracts[one.subscription_id] = _Contract(
                customer_id=seed.customer.customer_id,
                description=one.description,
                terms=Subscription(
                    one.subscription_id, one.monthly, one.started_on, one.ended_on, one.billed_through
                ),
            )
        for new in seed.charges:
            if new.charge_id not in self._charges:
                days = Days(new.first_day, new.last_day)
                charge = Charge(new.charge_id, days, new.amount, new.invoiced)
                self._charges[new.charge_id] = _Charge(charge, new.subscription_id)

    # ---------------------------------------------------------------- inner

    def _contracts_of(self, customer_id: str) -> list[tuple[str, _Contract]]:
        return sorted(
            (pair for pair in self._contracts.items() if pair[1].customer_id == customer_id),
            key=lambda pair: pair[0],
        )

    def _charges_of(self, subscription_id: str, *, void_too: bool = False) -> list[_Charge]:
        return [
            one
            for one in self._charges.values()
            if one.subscription_id == subscription_id and (void_too or one.void is None)
        ]

    def _planned_end(self, customer_id: str) -> date | None:
        planned = (held.plan for held in self._plans.values() if held.in_force)
        return min((plan.last_day for plan in planned if plan.customer_id == customer_id), default=None)

    def _put(self, charge_id: str, subscription_id: str, line: Line, *, invoiced: bool) -> None:
        charge = Charge(charge_id, line.days, line.amount, invoiced)
        self._charges.setdefault(charge_id, _Charge(charge, subscription_id))

    def _doubtful(self, closure: BillingClosure) -> list[str]:
        """What has no amount that can be charged; the same however often closing runs."""
        found = []
        for subscription_id, contract in self._contracts_of(closure.warrant.customer_id):
            if not is_sound(contract.terms.monthly):
                found.append(doubtful_subscription(subscription_id, contract.description))
            charges = self._charges_of(subscription_id, void_too=True)
            found += [
                doubtful_charge(one.charge.charge_id, one.charge.days)
                for one in sorted(charges, key=lambda one: (one.charge.days, one.charge.charge_id))
                if not is_sound(one.charge.amount)
                and one.charge.days.first <= closure.last_day
                and (one.void is None or one.void[1] == closure.warrant.case_id)
            ]
        return found

    def _issue(self, closure: BillingClosure, settlements: dict[str, Settlement]) -> FinalInvoice:
        case_id = closure.warrant.case_id
        lines = [
            (subscription_id, line)
            for subscription_id in settlements
            for line in settlements[subscription_id].lines
        ]
        for subscription_id, line in lines:
            if line.charge_id is None:
                self._put(new_charge_id(case_id, subscription_id, line), subscription_id, line, invoiced=True)
                continue
            held = self._charges[line.charge_id]
            if line.kind is LineKind.CREDIT:
                held.charge = replace(held.charge, credited=(*held.charge.credited, line.days))
            else:
                held.charge = replace(held.charge, invoiced=True)
        return final_invoice(
            case_id,
            [
                invoice_line(subscription_id, self._contracts[subscription_id].description, line)
                for subscription_id, line in lines
            ],
            due_after(closure.warrant.at, DUE_DAYS),
        )


def _each(days: Days | None) -> list[date]:
    return [] if days is None else [days.first + timedelta(days=n) for n in range(days.count)]


def _standing(charge: Charge) -> list[date]:
    """The days of a charge that were not given back."""
    given_back = {day for run in charge.credited for day in _each(run)}
    return [day for day in _each(charge.days) if day not in given_back]


def _undue(one: _Charge) -> UndueCharge:
    return UndueCharge(
        charge_id=one.charge.charge_id,
        subscription_id=one.subscription_id,
        first_day=one.charge.days.first,
        last_day=one.charge.days.last,
        amount=one.charge.amount if is_sound(one.charge.amount) else None,
        invoiced=one.charge.invoiced,
    )
