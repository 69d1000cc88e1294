"""The billing watch over adapters of its ports: everything counts once, whatever happens (X10).

`test_watch.py` runs it over memory and over PostgreSQL.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from typing import Any

from cancellation.adapters.crm_views import CaseTask, ReadableCrm
from cancellation.adapters.memory.mailer import MemoryMailer
from cancellation.billing_watch import MOST_IN_A_ROW, BillingWatcher
from cancellation.domain.billing_watch import WatchTerms
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.values import Team
from cancellation.messages.billing import BillingClosure
from cancellation.messages.seed import ChargeSeed, CustomerSeed, DocumentSeed, PaymentSeed, SubscriptionSeed
from cancellation.messages.telephony import Resource, ResourceKind, Shutdown
from cancellation.messages.warrant import Warrant
from cancellation.messages.watch import ActKind, WatchAct, WatchBatch, WatchBatchResult
from cancellation.ports import PermanentRefusal
from cancellation.ports.desk import DeskRecords
from cancellation.ports.watch import WatchRecords
from tests.contract import cases
from tests.contract.billing_suite import charge

TERMS = CancellationPolicy().watch
LAST_DAY = date(2026, 12, 22)
CLOSED = datetime(2026, 12, 23, 3, 5, tzinfo=UTC)
SOON = datetime(2027, 1, 5, 12, tzinfo=UTC)
LAST_LOOK = datetime(2027, 2, 28, 15, tzinfo=UTC)
"""The second cycle ends with February."""
OVER = datetime(2027, 3, 1, 12, tzinfo=UTC)
JANUARY = ("2027-01-01", "2027-01-31", "310.00")
NOTHING = WatchBatchResult()


@dataclass
class WatchRig:
    """The ports of the watch, over one set of records."""

    crm: ReadableCrm
    billing: Any
    telephony: Any
    watches: WatchRecords
    desk: DeskRecords
    recorded: Callable[[str], Awaitable[list[WatchAct]]]
    """Everything that the watch recorded of a case."""
    mailer: MemoryMailer = field(default_factory=MemoryMailer)
    policy: CancellationPolicy = field(default_factory=CancellationPolicy)
    heard: Counter[str] = field(default_factory=Counter)

    def watcher(self, **other: Any) -> BillingWatcher:
        """The watch over these ports, or over others."""
        ports = {"records": self.watches, "billing": self.billing, "telephony": self.telephony} | other
        watched = {"mailer": self.mailer} | ports
        return BillingWatcher(**watched, policy=self.policy, desk_url="https://mesa")

    async def closed(
        self, customer_id: str = "1042", case_id: str = "case-a", watch: WatchTerms | None = TERMS
    ) -> None:
        """A customer whose case closed after 22 December 2026, with a final invoice of 220,00."""
        warrant = await self.leaving(customer_id, case_id)
        await self.telephony.release(Shutdown(warrant=warrant))
        await self.ended(customer_id, case_id, watch)

    async def leaving(self, customer_id: str = "1042", case_id: str = "case-a") -> Warrant:
        """A customer whose notice is over and whose final invoice is made; what allows the rest."""
        pabx = SubscriptionSeed(
            subscription_id=f"pabx-{customer_id}",
            description="PABX em nuvem",
            monthly=Decimal("310.00"),
            started_on=date(2026, 12, 1),
        )
        seed = CustomerSeed(customer=cases.customer(customer_id), subscriptions=(pabx,))
        await self.crm.provision(seed)
        await self.billing.provision(seed)
        state = await cases.formalize(self.crm, customer_id, case_id)
        warrant = cases.warrant(state)
        await self.billing.close(BillingClosure(warrant=warrant, last_day=state.last_day))
        return warrant

    async def ended(
        self, customer_id: str = "1042", case_id: str = "case-a", watch: WatchTerms | None = TERMS
    ) -> None:
        """The case of a customer of whom everything was released is recorded as closed."""
        end = cases.record(
            case_id=case_id,
            customer_id=customer_id,
            stage="closed",
            customer_status="Cancelado",
            outcome="closed",
            watch=watch,
        )
        await self.crm.record(end.model_copy(update={"at": CLOSED}))

    async def put(self, customer_id: str = "1042", **seed: Any) -> None:
        """Something appears in billing, or in telephony."""
        whole = CustomerSeed(customer=cases.customer(customer_id), **seed)
        await self.billing.provision(whole)
        await self.telephony.provision(whole)

    async def charge(
        self,
        name: str = "jan",
        *,
        paid: str | None = None,
        unpaid: bool = False,
        invoiced: bool = False,
        document: datetime | None = None,
        days: tuple[str, str, str] = JANUARY,
        customer_id: str = "1042",
    ) -> None:
        """A charge is slipped in."""
        made: ChargeSeed = charge(
            name, f"pabx-{customer_id}", *days, invoiced=invoiced or unpaid or paid is not None
        )
        payment = PaymentSeed(
            charge_id=name,
            paid_on=date(2027, 1, 10) if paid else None,
            amount=Decimal(paid) if paid else None,
        )
        documents = (
            (DocumentSeed(document_id=f"nfcom-{name}", charge_id=name, issued_at=document),)
            if document
            else ()
        )
        await self.put(
            customer_id,
            charges=(made,),
            payments=(payment,) if paid or unpaid else (),
            documents=documents,
        )

    async def invoice_paid(self, case_id: str = "case-a") -> None:
        """The final invoice is paid."""
        paid = PaymentSeed(invoice_id=f"final-{case_id}", paid_on=date(2027, 1, 4), amount=Decimal("220.00"))
        await self.put(payments=(paid,))

    async def revive(self, name: str = "201") -> None:
        """An extension of the customer is in use again."""
        back = Resource(kind=ResourceKind.EXTENSION, resource_id=name, label="Recepção", active=True)
        await self.put(resources=(back,))

    async def look(self, at: datetime = SOON, **other: Any) -> WatchBatchResult:
        """One run over everything."""
        return await self.watcher(**other).watch(WatchBatch(at=at), lambda: None)

    async def tasks(self, head: str, case_id: str = "case-a") -> list[CaseTask]:
        """The watch's open tasks of a kind."""
        found = await self.crm.tasks(case_id=case_id, open_only=True)
        return [task for task in found if task.order.key.partition(":")[0] == head]

    async def close_task(self, task: CaseTask, at: datetime) -> None:
        """Somebody did it."""
        done = cases.record(
            case_id=task.case_id, customer_id=task.customer_id, stage="closed", close_tasks=(task.order.key,)
        )
        await self.crm.record(done.model_copy(update={"at": at}))

    @property
    def letters(self) -> list[EmailMessage]:
        """What was sent."""
        return [mail.message for mail in self.mailer.sent]

    def subjects(self) -> list[str]:
        return [str(letter["Subject"]).partition("] ")[2] for letter in self.letters]


class Flaky:
    """A port that dies at the n-th call of anything, before or after it was done."""

    def __init__(self, port: Any, counter: list[int], dies_at: int, *, after: bool) -> None:
        self._port = port
        self._counter = counter
        self._dies_at = dies_at
        self._after = after

    def __getattr__(self, name: str) -> Any:
        whole = getattr(self._port, name)

        async def call(*arguments: Any) -> Any:
            self._counter[0] += 1
            dies = self._counter[0] == self._dies_at
            if dies and not self._after:
                raise asyncio.CancelledError
            answer = await whole(*arguments)
            if dies:
                raise asyncio.CancelledError
            return answer

        return call


class Refusing:
    """A billing that takes nothing back."""

    def __init__(self, billing: Any) -> None:
        self._billing = billing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._billing, name)

    async def take_back(self, order: object) -> bool:
        raise PermanentRefusal("NFCom rejeitada: prazo encerrado")


class Down:
    """A system that does not answer."""

    def __init__(self) -> None:
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any) -> Any:
            self.asked += 1
            raise ConnectionError

        return call


class WatchSuite:
    """Inherit it and give a `rig` fixture."""

    # ------------------------------------------------------------ undue charges

    async def test_a_charge_slipped_in_after_closing_is_found_voided_and_reported_once_X10(
        self, rig: WatchRig
    ) -> None:
        await rig.closed()
        assert await rig.look() == NOTHING.model_copy(update={"looked": 1})
        await rig.charge()
        assert await rig.look() == NOTHING.model_copy(update={"looked": 1, "voided": 1})
        for days in (0, 1, 30):
            again = await rig.look(SOON + timedelta(days=days))
            assert again == NOTHING.model_copy(update={"looked": 1})
        assert (await rig.billing.aftermath("case-a", "1042", LAST_DAY)).undue == ()
        (task,) = await rig.tasks("watch_voided")
        assert task.order.text.endswith("\n\nAbrir o caso: https://mesa/caso/case-a")
        assert task.order.team is Team.FINANCE
        assert "cobrança jan, de 01/01/2027 a 31/01/2027, R$\xa0310,00" in task.order.text
        assert rig.subjects() == ["Cobrança indevida depois do encerramento: Acme Comércio de Ferragens Ltda"]
        voided, told = await rig.recorded("case-a")
        assert (voided.kind, voided.actor, voided.at) == (
            ActKind.VOIDED,
            "conferência de faturamento",
            SOON,
        )
        assert (voided.found.amount, told.kind) == (Decimal("310.00"), ActKind.TOLD)

    async def test_what_was_paid_is_a_task_to_repay_twice_and_never_done_by_itself_X10(
        self, rig: WatchRig
    ) -> None:
        await rig.closed()
        await rig.charge(paid="310.00")
        before = await rig.billing.aftermath("case-a", "1042", LAST_DAY)
        assert (await rig.look()).to_repay == 1
        assert (await rig.look(SOON + timedelta(days=1))).to_repay == 0
        assert await rig.billing.aftermath("case-a", "1042", LAST_DAY) == before
        (task,) = await rig.tasks("watch_repay")
        assert task.order.title == "Devolver R$\xa0620,00 ao cliente 1042: cobrança indevida já paga"
        assert "art. 42" in task.order.text
        assert "o cliente pagou R$\xa0310,00; a devolver, o dobro: R$\xa0620,00" in task.order.text
        act = (await rig.recorded("case-a"))[0]
        assert (act.found.paid, act.found.repay) == (Decimal("310.00"), Decimal("620.00"))
        assert len(rig.letters) == 1

    async def test_a_policy_that_repays_once_says_so_X10(self, rig: WatchRig) -> None:
        await rig.closed(watch=TERMS.model_copy(update={"repay_times": 1}))
        await rig.charge(paid="309.90")
        await rig.look()
        (task,) = await rig.tasks("watch_repay")
        assert task.order.title.startswith("Devolver R$\xa0309,90 ")
        assert "engano como justificável" in task.order.text

    async def test_a_fiscal_document_is_cancelled_in_time_and_else_substituted_or_credited_X10(
        self, rig: WatchRig
    ) -> None:
        hours = timedelta(hours=TERMS.document_hours)
        for customer_id, late in (("1042", "substitute"), ("2001", "credit")):
            case_id = f"case-{customer_id}"
            await rig.closed(customer_id, case_id, TERMS.model_copy(update={"late_documents": late}))
            for name, issued in (("young", SOON - hours), ("old", SOON - hours - timedelta(seconds=1))):
                await rig.charge(
                    f"{name}-{customer_id}", unpaid=True, document=issued, customer_id=customer_id
                )
        assert (await rig.look()).voided == 4
        for customer_id, word in (("1042", "substituído"), ("2001", "creditado")):
            details = [act.detail for act in await rig.recorded(f"case-{customer_id}")]
            assert [f"young-{customer_id} cancelado" in one for one in details].count(True) == 1
            assert [f"old-{customer_id} {word}, porque" in one for one in details].count(True) == 1

    async def test_what_nobody_knows_to_be_paid_and_what_billing_refuses_goes_to_a_person_X10(
        self, rig: WatchRig
    ) -> None:
        await rig.closed()
        await rig.charge("unknown", invoiced=True)
        await rig.charge("refused", unpaid=True, document=SOON)
        found = await rig.look(billing=Refusing(rig.billing))
        assert (found.to_review, found.voided) == (2, 0)
        (task,) = await rig.tasks("watch_review")
        assert "não diz se ela foi paga" in task.order.text
        assert "NFCom rejeitada: prazo encerrado." in task.order.text
        # Once billing takes it, it is void.
        assert (await rig.look(SOON + timedelta(days=1))).voided == 1

    async def test_due_charges_and_a_new_contract_are_not_touched_X10(self, rig: WatchRig) -> None:
        await rig.closed()
        new = SubscriptionSeed(
            subscription_id="novo",
            description="PABX novo",
            monthly=Decimal("280.00"),
            started_on=date(2027, 1, 4),
        )
        theirs = charge("theirs", "novo", "2027-01-04", "2027-01-31", "252.90")
        due = charge("due", "pabx-1042", "2026-11-01", "2026-11-30", "310.00", invoiced=True)
        await rig.put(subscriptions=(new,), charges=(theirs, due))
        await rig.revive()
        for at in (SOON, LAST_LOOK):
            assert await rig.look(at) == NOTHING.model_copy(update={"looked": 1})
        assert await rig.recorded("case-a") == []

    # ------------------------------------------------------------ resources

    async def test_what_came_back_to_life_is_a_task_for_support_until_it_is_gone_X10(
        self, rig: WatchRig
    ) -> None:
        await rig.closed()
        await rig.revive("201")
        await rig.revive("202")
        assert (await rig.look()).revived == 2
        assert (await rig.look(SOON + timedelta(days=1))).revived == 0
        (task,) = await rig.tasks("watch_revived")
        assert task.order.team is Team.SUPPORT
        assert "- ramal 201\n- ramal 202" in task.order.text
        assert rig.subjects() == ["Recurso em uso depois do encerramento: Acme Comércio de Ferragens Ltda"]
        # Closed without being gone: it is found again, once.
        await rig.close_task(task, SOON + timedelta(days=2))
        assert (await rig.look(SOON + timedelta(days=3))).revived == 2
        assert (await rig.look(SOON + timedelta(days=4))).revived == 0
        assert len(await rig.tasks("watch_revived")) == 1

    async def test_whoever_has_left_and_writes_again_is_still_looked_after_X10_X20(
        self, rig: WatchRig
    ) -> None:
        await rig.closed()
        await rig.revive()
        again = cases.opening("1042", "case-b", opened_at=CLOSED + timedelta(days=3))
        await rig.crm.open_case(again.model_copy(update={"trail": ()}))
        assert (await rig.look()).revived == 1

    # ------------------------------------------------------------ the end

    async def test_when_the_cycles_are_over_and_nothing_is_due_the_customer_gets_the_statement_once_X10(
        self, rig: WatchRig
    ) -> None:
        await rig.closed()
        await rig.invoice_paid()
        assert (await rig.look(LAST_LOOK)).settled == 0
        assert await rig.look(OVER) == NOTHING.model_copy(update={"looked": 1, "settled": 1})
        assert await rig.look(OVER + timedelta(days=1)) == NOTHING
        (letter,) = rig.letters
        assert letter["To"] == "rita@acme.com.br, caio@acme.com.br"
        assert "Declaração de quitação" in str(letter["Subject"])
        assert [act.kind for act in await rig.recorded("case-a")] == [ActKind.NO_DEBT, ActKind.TOLD]

    async def test_while_the_final_invoice_is_not_paid_there_is_no_statement_but_a_task_X10(
        self, rig: WatchRig
    ) -> None:
        await rig.closed()
        for days in range(TERMS.overdue_days):
            assert await rig.look(OVER + timedelta(days=days)) == NOTHING.model_copy(update={"looked": 1})
        late = OVER + timedelta(days=TERMS.overdue_days)
        assert [(await rig.look(late + timedelta(days=n))).overdue for n in range(3)] == [1, 0, 0]
        (task,) = await rig.tasks("watch_overdue")
        assert "final-case-a, R$\xa0220,00" in task.order.text
        assert rig.letters == []
        await rig.invoice_paid()
        assert (await rig.look(late + timedelta(days=4))).settled == 1

    async def test_an_open_finding_holds_the_statement_up_until_somebody_closes_its_task_X10(
        self, rig: WatchRig
    ) -> None:
        await rig.closed()
        await rig.invoice_paid()
        await rig.charge(paid="310.00")
        assert (await rig.look(OVER)).settled == 0
        assert (await rig.look(OVER + timedelta(hours=1))).settled == 0
        (task,) = await rig.tasks("watch_repay")
        await rig.close_task(task, OVER + timedelta(hours=2))
        assert (await rig.look(OVER + timedelta(days=1))).settled == 1

    async def test_what_was_voided_holds_nothing_up_X10(self, rig: WatchRig) -> None:
        await rig.closed()
        await rig.invoice_paid()
        await rig.charge()
        found = await rig.look(OVER)
        assert (found.voided, found.settled) == (1, 1)
        assert len(rig.letters) == 2

    async def test_a_policy_without_cycles_watches_nothing_X10(self, rig: WatchRig) -> None:
        await rig.closed(watch=TERMS.model_copy(update={"cycles": 0}))
        await rig.charge()
        for at in (SOON, OVER):
            assert await rig.look(at) == NOTHING

    async def test_a_case_that_closed_without_terms_is_watched_under_those_of_today_X10(
        self, rig: WatchRig
    ) -> None:
        await rig.closed(watch=None)
        # Nobody hears of a customer who left long before there was a watch.
        assert await rig.look(datetime(2027, 3, 1, 12, tzinfo=UTC)) == NOTHING
        await rig.charge()
        assert (await rig.look()).voided == 1
        await rig.invoice_paid()
        assert (await rig.look(OVER)).settled == 1

    async def test_a_statement_that_reaches_nobody_is_a_task_for_commercial_X10(self, rig: WatchRig) -> None:
        await rig.closed()
        await rig.invoice_paid()
        for address in ("rita@acme.com.br", "caio@acme.com.br"):
            rig.mailer.refuse(address)
        assert (await rig.look(OVER)).settled == 1
        (task,) = await rig.tasks("watch_statement")
        assert task.order.team is Team.COMMERCIAL
        assert await rig.look(OVER + timedelta(days=1)) == NOTHING

    async def test_the_desk_shows_what_the_watch_did_after_the_case_X10_X24(self, rig: WatchRig) -> None:
        await rig.closed()
        before = await rig.desk.trail("case-a")
        await rig.charge()
        await rig.look()
        after = await rig.desk.trail("case-a")
        assert after[: len(before)] == before
        assert [(one.seq - len(before), one.kind, one.actor) for one in after[len(before) :]] == [
            (1, "watch_voided", "conferência de faturamento"),
            (2, "watch_told", "conferência de faturamento"),
        ]
        assert "R$\xa0310,00" in after[-2].detail

    # ------------------------------------------------------------ whatever happens

    async def test_two_runs_at_once_count_once_X10(self, rig: WatchRig) -> None:
        await rig.closed()
        await rig.charge("open")
        await rig.charge("paid", paid="310.00")
        await rig.charge("document", unpaid=True, document=SOON)
        await rig.revive()
        runs = await asyncio.gather(*(rig.look(SOON + timedelta(seconds=n)) for n in range(3)))
        await rig.look(SOON + timedelta(days=1))
        assert [
            sum(getattr(run, name) for run in runs) for name in ("voided", "to_repay", "revived", "failed")
        ] == [2, 1, 1, 0]
        assert sum("indevida" in subject for subject in rig.subjects()) == len(
            {act.look for act in await rig.recorded("case-a") if act.kind in (ActKind.VOIDED, ActKind.REPAY)}
        )
        assert len(await rig.tasks("watch_repay")) == 1

    async def test_a_run_that_dies_anywhere_leaves_the_next_one_nothing_double_and_nothing_missing_X10(
        self, rig: WatchRig
    ) -> None:
        counter, calls = [0], 1
        for number in range(calls_of_a_run := 40):
            after, dies_at = bool(number % 2), number // 2 + 1
            customer_id, case_id = f"3{number:03}", f"case-{number:03}"
            await rig.closed(customer_id, case_id)
            await rig.charge(f"open-{number}", customer_id=customer_id)
            await rig.charge(f"document-{number}", unpaid=True, document=OVER, customer_id=customer_id)
            await rig.invoice_paid(case_id)
            sent, counter[0] = len(rig.mailer.sent), 0
            dying = {
                name: Flaky(getattr(rig, port), counter, dies_at, after=after)
                for name, port in (
                    ("records", "watches"),
                    ("billing", "billing"),
                    ("telephony", "telephony"),
                    ("mailer", "mailer"),
                )
            }
            try:
                await rig.look(OVER, **dying)
            except asyncio.CancelledError:
                calls += 1
            else:
                break
            finally:
                await rig.look(OVER + timedelta(hours=1))
            kinds = Counter(act.kind for act in await rig.recorded(case_id))
            assert kinds == {ActKind.VOIDED: 2, ActKind.TOLD: 2, ActKind.NO_DEBT: 1}, (dies_at, after)
            assert len(rig.mailer.sent) - sent == 2, (dies_at, after)
        assert 20 < calls < calls_of_a_run

    async def test_a_system_that_is_down_holds_up_what_needs_it_and_nothing_else_X10_X17(
        self, rig: WatchRig
    ) -> None:
        await rig.closed()
        await rig.invoice_paid()
        await rig.charge()
        found = await rig.look(OVER, telephony=Down())
        assert (found.voided, found.failed, found.settled) == (1, 1, 0)
        assert (await rig.look(OVER, billing=Down())).failed == 1
        rig.mailer.go_down()
        assert (await rig.look(OVER)).failed == 1
        rig.mailer.recover()
        assert await rig.look(OVER) == NOTHING.model_copy(update={"looked": 1, "settled": 1})

    async def test_a_statement_that_is_put_off_for_days_is_brought_by_people_X10_X17(
        self, rig: WatchRig
    ) -> None:
        await rig.closed()
        await rig.invoice_paid()
        for address in ("rita@acme.com.br", "caio@acme.com.br"):
            rig.mailer.delay(address)
        days = rig.policy.letter_gives_up_days
        runs = [await rig.look(OVER + timedelta(days=n)) for n in range(days + 2)]
        assert [(run.settled, run.failed) for run in runs[: days + 1]] == [*[(0, 1)] * days, (1, 0)]
        assert runs[-1] == NOTHING
        assert len(await rig.tasks("watch_statement")) == 1

    async def test_a_system_that_does_not_answer_takes_little_of_a_batchs_time_X10_X17(
        self, rig: WatchRig
    ) -> None:
        for number in range(6):
            await rig.closed(f"10{number}", f"case-{number}")
            await rig.charge(f"jan-{number}", customer_id=f"10{number}")
        down = Down()
        found = await rig.look(telephony=down)
        assert (found.voided, found.failed, down.asked) == (6, 6, MOST_IN_A_ROW)

    async def test_batches_go_on_where_the_last_one_stopped_X10(self, rig: WatchRig) -> None:
        for number in range(5):
            await rig.closed(f"10{number}", f"case-{number}")
            await rig.charge(f"jan-{number}", customer_id=f"10{number}")
        cursor, looked, voided = None, [], 0
        for _ in range(4):
            batch = WatchBatch(at=SOON, cursor=cursor, most=2)
            done = await rig.watcher().watch(batch, lambda: rig.heard.update(["beat"]))
            looked.append(done.looked)
            voided += done.voided
            cursor = done.cursor
            if cursor is None:
                break
        assert (looked, voided, rig.heard["beat"]) == ([2, 2, 1], 5, 5)

    async def test_a_case_that_ends_after_the_run_began_is_not_looked_at_X10(self, rig: WatchRig) -> None:
        await rig.closed()
        assert await rig.look(CLOSED - timedelta(seconds=1)) == NOTHING
