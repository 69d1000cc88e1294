"""Billing in memory: the semantics of the embedded billing system, refusals included (P16, P19)."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from cancellation.adapters.billing_rules import may_take_back
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
from cancellation.adapters.memory.billing_held import (
    HeldCharge,
    HeldContract,
    each_day,
    standing_days,
    taken_back_of,
    undue_of,
    was_contracted,
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
    Aftermath,
    BillingClosed,
    BillingClosure,
    BillingEndPlan,
    BillingPreview,
    BillingReading,
    BillingWatch,
    Debt,
    FinalInvoice,
    FiscalDocument,
    Paid,
    TakeBack,
    UndueCharge,
)
from cancellation.messages.crm import FormalizationState
from cancellation.messages.seed import CustomerSeed
from cancellation.ports import DestructionForbidden, PermanentRefusal


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
    _contracts: dict[str, HeldContract] = field(default_factory=dict)
    _charges: dict[str, HeldCharge] = field(default_factory=dict)
    _plans: dict[str, _Plan] = field(default_factory=dict)
    _lifted: set[str] = field(default_factory=set)
    _invoices: dict[str, tuple[BillingClosure, FinalInvoice]] = field(default_factory=dict)
    _line_kinds: dict[str, tuple[LineKind, ...]] = field(default_factory=dict)
    _invoice_payments: dict[str, Decimal] = field(default_factory=dict)

    # ---------------------------------------------------------------- the notice

    async def plan_end(self, plan: BillingEndPlan) -> None:
        """Let nothing recur after the last day, until lifted; a lifted plan stays lifted."""
        self._plans[plan.case_id] = _Plan(plan, in_force=plan.case_id not in self._lifted)

    async def lift_end(self, case_id: str) -> None:
        """Undo this case's plan, also one that is still on its way, and no other's."""
        self._lifted.add(case_id)
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
            charges = [one.as_paid for one in self._charges_of(subscription_id)]
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
                contract.stopped_by = (warrant.case_id, warrant.at)
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
        return self.reading(closure.warrant.customer_id, closure.last_day)

    def reading(self, customer_id: str, last_day_due: date) -> BillingReading:
        """The same, of a customer until a day."""
        active, after_end, due_days, invoiced_days = [], [], 0, 0
        for subscription_id, contract in self._contracts_of(customer_id):
            ends = (contract.terms.ended_on, contract.stopped_on)
            if all(day is None or day > last_day_due for day in ends):
                active.append(subscription_id)
            last_day = min(day for day in (*ends, last_day_due) if day is not None)
            charges = [one.charge for one in self._charges_of(subscription_id)]
            after_end += [
                one.charge_id for one in charges if any(day > last_day for day in standing_days(one))
            ]
            due = set(each_day(contract.terms.days_to_bill_until(last_day)))
            billed = Counter(day for one in charges if one.invoiced for day in standing_days(one))
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
            undue_of(one)
            for subscription_id, contract in self._contracts_of(customer_id)
            if was_contracted(contract, since)
            for one in self._charges_of(subscription_id)
            if any(day > since for day in standing_days(one.charge))
        ]
        return sorted(found, key=lambda one: (one.first_day, one.charge_id))

    async def void_undue(self, watch: BillingWatch) -> Sequence[UndueCharge]:
        """Void the undue charges that no invoice holds; answer the same again for the same watch (X10)."""
        mark = ("undue", watch.case_id, watch.at)
        for one in await self.undue(watch.customer_id, watch.last_day):
            if not one.invoiced and one.document is None:
                self._charges[one.charge_id].void = mark
        voided = [undue_of(one) for one in self._charges.values() if one.void == mark]
        return sorted(voided, key=lambda one: (one.first_day, one.charge_id))

    async def aftermath(self, case_id: str, customer_id: str, last_day: date) -> Aftermath:
        """What is undue, what was taken back already, and what is still to be paid (X10)."""
        taken_back = [
            taken_back_of(one, one.void[2])
            for one in self._charges.values()
            if one.void is not None and one.void[:2] == ("undue", case_id)
        ]
        contracts = self._contracts_of(customer_id)
        return Aftermath(
            undue=tuple(await self.undue(customer_id, last_day)),
            taken_back=tuple(sorted(taken_back, key=lambda t: (t.charge.first_day, t.charge.charge_id))),
            debts=tuple(sorted(self._debts(case_id, customer_id, last_day), key=lambda debt: debt.reference)),
            returned=any(
                one.terms.started_on > last_day and (one.stopped_on is None or one.stopped_on > last_day)
                for _, one in contracts
            ),
        )

    async def take_back(self, order: TakeBack) -> bool:
        """Void an undue charge of an invoice, and end its fiscal document in the way ordered; see the port."""
        undue = await self.undue(order.customer_id, order.last_day)
        if not may_take_back(next((one for one in undue if one.charge_id == order.charge_id), None), order):
            return False
        held = self._charges[order.charge_id]
        held.void = ("undue", order.case_id, order.at)
        if held.document is not None:
            held.document_ended = order.remedy
        return True

    # ---------------------------------------------------------------- master data

    async def provision(self, seed: CustomerSeed) -> None:
        """Put a customer's subscriptions and charges in; what is already there keeps its state."""
        for one in seed.subscriptions:
            held = self._contracts.get(one.subscription_id)
            if held is not None:
                held.description = one.description
                held.terms = replace(held.terms, monthly=one.monthly)
                continue
            self._contracts[one.subscription_id] = HeldContract(
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
                self._charges[new.charge_id] = HeldCharge(charge, new.subscription_id)
        for payment in seed.payments:
            if payment.charge_id is not None:
                held_charge = self._charges[payment.charge_id]
                if held_charge.paid is not Paid.YES:
                    held_charge.paid = Paid.NO if payment.amount is None else Paid.YES
                    held_charge.paid_amount = payment.amount
            elif payment.invoice_id is not None and payment.amount is not None:
                self._invoice_payments.setdefault(payment.invoice_id, payment.amount)
        for document in seed.documents:
            held_charge = self._charges[document.charge_id]
            held_charge.document = held_charge.document or FiscalDocument(
                document_id=document.document_id, issued_at=document.issued_at
            )

    # ---------------------------------------------------------------- for the dossier's memory twin

    def all_contracts(self) -> Mapping[str, HeldContract]:
        """Every subscription, by id."""
        return self._contracts

    def all_charges(self) -> Mapping[str, HeldCharge]:
        """Every charge, by id."""
        return self._charges

    def issued(self, case_id: str) -> tuple[BillingClosure, FinalInvoice, tuple[LineKind, ...]] | None:
        """The case's final invoice, for what it was issued, and where each of its lines comes from."""
        held = self._invoices.get(case_id)
        return (*held, self._line_kinds[case_id]) if held else None

    # ---------------------------------------------------------------- inner

    def _contracts_of(self, customer_id: str) -> list[tuple[str, HeldContract]]:
        return sorted(
            (pair for pair in self._contracts.items() if pair[1].customer_id == customer_id),
            key=lambda pair: pair[0],
        )

    def _charges_of(self, subscription_id: str, *, void_too: bool = False) -> list[HeldCharge]:
        return [
            one
            for one in self._charges.values()
            if one.subscription_id == subscription_id and (void_too or one.void is None)
        ]

    def _debts(self, case_id: str, customer_id: str, last_day: date) -> Iterator[Debt]:
        issued = self._invoices.get(case_id)
        if issued is not None:
            invoice = issued[1]
            left = invoice.total - self._invoice_payments.get(invoice.invoice_id, Decimal(0))
            if left > 0:
                yield Debt(reference=invoice.invoice_id, amount=left, due_on=invoice.due_on)
        for subscription_id, contract in self._contracts_of(customer_id):
            for one in self._charges_of(subscription_id) if was_contracted(contract, last_day) else ():
                left = one.as_paid.owed
                if left > 0 and one.charge.days.first <= last_day:
                    yield Debt(reference=one.charge.charge_id, amount=left)

    def _planned_end(self, customer_id: str) -> date | None:
        planned = (held.plan for held in self._plans.values() if held.in_force)
        return min((plan.last_day for plan in planned if plan.customer_id == customer_id), default=None)

    def _put(self, charge_id: str, subscription_id: str, line: Line, *, invoiced: bool) -> None:
        charge = Charge(charge_id, line.days, line.amount, invoiced)
        self._charges.setdefault(charge_id, HeldCharge(charge, subscription_id))

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
        self._line_kinds[case_id] = tuple(line.kind for _, line in lines)
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
