"""A run of reconciliation on the real server: batch by batch, over restarts, and over real cases and records (X11)."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

import workflows.reconciliation as run_of
from cancellation.adapters.memory.reconciliation import MemoryComparison, MemoryFindings
from cancellation.domain.findings import Finding, Repair, Rule, Side
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.values import Team
from cancellation.messages.afterwards_contents import Findings as FindingsLetter
from cancellation.messages.reconciliation import CheckBatch, ExecutionSeen
from cancellation.reconciler import MOST_IN_A_ROW, Reconciler
from tests.contract.reconciled import spoil
from tests.durable.house import House, until
from tests.durable.records import RecordsHouse, records_house

HOUR = timedelta(hours=1)


def wrong(rule: Rule, subject: str = "case-x", state: str = "withdrawn") -> Finding:
    return Finding(rule=rule, subject=subject, customer_id="1042", case_id="case-x", crm=Side(state=state))


async def rest_of(reconciler: Reconciler, step: str, at: datetime) -> None:
    """A step, to its end."""
    batch = CheckBatch(at=at)
    while True:
        answer = await getattr(reconciler, step)(batch)
        if answer.cursor is None:
            return
        batch = CheckBatch(at=at, cursor=answer.cursor)


async def reconciled(house: House, at: datetime) -> Sequence[tuple[Rule, str]]:
    """What is open after a whole run that began then."""
    for step in ("read_executions", "compare", "repair", "tell"):
        await rest_of(house.reconciler, step, at)
    return [one.key for one in await house.findings.open_findings()]


def letters(house: House) -> dict[Team, list[FindingsLetter]]:
    sent = [letter for name, letter in house.mailer.done if name == "send"]
    found: dict[Team, list[FindingsLetter]] = {}
    for letter in sent:
        if letter.kind is LetterKind.FINDINGS:
            found.setdefault(letter.team, []).append(letter.content)
    return found


# ---------------------------------------------------------------------------------------- the run


async def test_a_run_finds_repairs_and_tells_each_team_once_X11(house: House) -> None:
    assert isinstance(house.comparison, MemoryComparison)
    house.comparison.wrong = [
        wrong(Rule.BILLING_END_LEFT),
        wrong(Rule.LINK_LEFT, "link-x", "closed"),
        wrong(Rule.STATUS_UNEXPLAINED, "1042"),
    ]
    first = await (await house.reconcile()).result()
    assert first.failed == ()
    assert first.counts["compare_records"]["found"] == 3
    assert first.counts["repair_findings"] == {
        "looked": 0, "found": 0, "resolved": 0, "repaired": 1, "told": 0, "failed": 0,
    }  # fmt: skip
    assert [order for name, order in house.billing.done if name == "lift_end"] == ["case-x"]
    assert {team: [len(one.findings) for one in told] for team, told in letters(house).items()} == {
        Team.FINANCE: [1],
        Team.SUPPORT: [1],
        Team.COMMERCIAL: [1],
    }
    assert letters(house)[Team.FINANCE][0].findings[0].repaired == "a cobrança foi retomada"
    house.comparison.wrong = house.comparison.wrong[1:]
    second = await (await house.reconcile()).result()
    assert second.counts["compare_records"]["resolved"] == 1
    assert second.counts["tell_findings"]["told"] == 0
    assert sum(len(told) for told in letters(house).values()) == 3
    held = await house.findings.open_findings()
    assert {(one.rule, one.first_seen, one.last_seen) for one in held} == {
        (Rule.LINK_LEFT, first.at, second.at),
        (Rule.STATUS_UNEXPLAINED, first.at, second.at),
    }
    await house.replays()


@pytest.mark.rest
async def test_a_long_run_goes_on_in_new_executions_where_it_stopped_X11(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_of, "BATCHES", 6)
    assert isinstance(house.comparison, MemoryComparison)
    house.comparison.wrong = [wrong(Rule.STATUS_UNEXPLAINED, f"c{number:03}") for number in range(600)]
    handle = await house.reconcile()
    result = await handle.result()
    assert result.counts["compare_records"]["found"] == 600
    assert (await house.findings.counts())[Rule.STATUS_UNEXPLAINED] == 600
    assert await house.replays() >= 4
    (letter,) = letters(house)[Team.COMMERCIAL]
    assert (len(letter.findings), letter.more) == (40, 560)


class HeldUp(MemoryComparison):
    """One rule waits until it may go on; every look is counted."""

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self.rule = rule
        self.reached, self.free = asyncio.Event(), asyncio.Event()
        self.looks: list[Rule] = []
        self.pages = 0

    async def note_executions(self, executions: Sequence[ExecutionSeen], run_at: datetime) -> None:
        self.pages += 1

    async def disagreeing(self, rule: Rule, run_at: datetime, *rest: Any, **more: Any) -> Sequence[Finding]:
        if rule is self.rule:
            self.reached.set()
            await self.free.wait()
        self.looks.append(rule)
        return await super().disagreeing(rule, run_at, *rest, **more)


async def test_a_run_goes_on_where_a_stopped_worker_left_it_X11(temporal_env: WorkflowEnvironment) -> None:
    house = House(temporal_env)
    held = HeldUp(Rule.LINK_LEFT)
    held.wrong = [wrong(Rule.TASK_LEFT), wrong(Rule.LINK_LEFT, "link-x", "closed")]
    house.comparison = held
    async with house.worker():
        handle = await house.reconcile()
        await held.reached.wait()
        held.free.set()
    async with house.worker():
        result = await handle.result()
        await house.close()
    assert result.counts["compare_records"]["found"] == 2
    assert held.pages == 1
    assert [rule for rule in held.looks if rule is not Rule.LINK_LEFT] == [
        r for r in Rule if r is not Rule.LINK_LEFT
    ]
    await house.replays()


class Gone(MemoryFindings):
    """A ledger that nobody can write to."""

    async def keep(self, found: Sequence[Finding], run_at: datetime) -> None:
        raise ConnectionError("gone")


async def test_a_step_that_gives_up_holds_up_no_other_X11(temporal_env: WorkflowEnvironment) -> None:
    house = House(temporal_env)
    house.findings = Gone()
    async with house.worker():
        handle = await house.reconcile()
        await house.time.pass_by(handle, 2 * HOUR)
        result = await handle.result()
        await house.close()
    assert result.failed == ("compare_records",)
    assert "tell_findings" in result.counts
    await house.replays()


async def test_what_cannot_be_undone_now_is_left_to_the_next_run_X11(house: House) -> None:
    assert isinstance(house.comparison, MemoryComparison)
    house.comparison.wrong = [wrong(Rule.BILLING_END_LEFT)]
    house.billing.goes_down("lift_end")
    first = await (await house.reconcile()).result()
    assert first.counts["repair_findings"]["failed"] == 1
    house.billing.recovers()
    second = await (await house.reconcile()).result()
    assert second.counts["repair_findings"]["repaired"] == 1
    (held,) = await house.findings.open_findings()
    assert held.repair is Repair.LIFT_BILLING_END


async def test_a_system_that_is_down_is_not_asked_for_every_finding_and_the_others_are_X11_X17(
    house: House,
) -> None:
    assert isinstance(house.comparison, MemoryComparison)
    house.comparison.wrong = [
        *(wrong(Rule.BILLING_END_LEFT, f"case-{number}") for number in range(9)),
        wrong(Rule.LINK_LEFT, "link-x"),
    ]
    house.billing.goes_down("lift_end")
    result = await (await house.reconcile()).result()
    assert (result.counts["repair_findings"]["failed"], result.counts["repair_findings"]["repaired"]) == (
        9,
        1,
    )
    assert house.billing.attempts["lift_end"] == MOST_IN_A_ROW


# ---------------------------------------------------------------------------------------- real cases, real records


@pytest.fixture
async def records(temporal_env: WorkflowEnvironment, database: str) -> Any:
    async with records_house(temporal_env, database) as house, house.worker():
        yield house
        await house.close()


async def test_cases_in_order_give_no_finding_and_what_happens_to_them_does_X11(
    records: RecordsHouse,
) -> None:
    talking, waiting, leaving = [await records.open() for _ in range(3)]
    stays, strange = [await records.open() for _ in range(2)]
    for case in (talking, strange):
        await case.quiet()
    await waiting.quiet()
    await waiting.decline()
    await waiting.quiet()
    for case in (leaving, stays):
        await case.to_notice()
    await stays.check("withdrawal", reason="Fica")
    await stays.result()
    now = await leaving.now()
    assert await reconciled(records, now + HOUR) == []

    lost, shorter, moved = [await case.case_id() for case in (talking, waiting, leaving)]
    await talking.handle.terminate("by hand")

    async def is_listed_no_more() -> bool:
        page = await records.reconciler.engine.running(now)
        return talking.handle.id not in {one.workflow_id for one in page.executions}

    await until(is_listed_no_more)
    await spoil(
        records.owner,
        f"update crm.cases set trail_seq = 1 where case_id = '{shorter}'; "
        f"update crm.tasks set due_on = due_on + 1 where case_id = '{moved}' and key = 'd30'; "
        f"delete from crm.cases where customer_id = '{strange.customer_id}'; "
        f"update crm.customers set status = 'Ativo' where customer_id = '{strange.customer_id}'; "
        f"update billing.end_plans set state = 'planned' where customer_id = '{stays.customer_id}'",
    )
    found = await reconciled(records, now + 2 * HOUR)
    assert set(found) == {
        (Rule.CASE_WITHOUT_EXECUTION, lost),
        (Rule.TRAIL_BEHIND, shorter),
        (Rule.TASK_DIFFERS, moved),
        (Rule.EXECUTION_WITHOUT_CASE, strange.handle.id),
        (Rule.BILLING_END_LEFT, await _case_of(records, stays.customer_id)),
    }
    # The end that was planned is undone, so the next run finds it no more.
    assert Rule.BILLING_END_LEFT not in {rule for rule, _ in await reconciled(records, now + 3 * HOUR)}


@pytest.mark.rest
async def test_cases_that_close_and_hold_numbers_give_no_finding_X11(records: RecordsHouse) -> None:
    closed, held, retained = [await records.open() for _ in range(3)]
    for case in (closed, held):
        await case.to_notice()
    number = (await held.status()).numbers[0].number
    await held.check("portability", number=number, status="requested", actor="leo")
    for case in (closed, held):
        await case.pass_notice()
    await closed.result()
    await held.stage("closing")
    await held.trailed("released")
    await held.quiet()
    await retained.quiet()
    reason = {"category": "price", "text": "Ficou mais barato"}
    await retained.check("retention_outcome", outcome="retained", reason=reason, actor="ana")
    await retained.result()
    assert await reconciled(records, await held.now() + 2 * HOUR) == []
    await records.replays()


async def _case_of(records: RecordsHouse, customer_id: str) -> str:
    return str(
        await records.owner.fetchval("select case_id from crm.cases where customer_id = $1", customer_id)
    )
