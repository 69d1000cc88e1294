"""Findings in memory and in PostgreSQL, and every rule over real records, with the worker's rights (X11)."""

from collections import Counter
from collections.abc import AsyncIterator

import asyncpg
import pytest

from cancellation.adapters.memory.reconciliation import MemoryFindings
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.queries import queries
from cancellation.adapters.postgres.reconciliation import PostgresComparison, PostgresFindings
from cancellation.adapters.postgres.roles import Role
from cancellation.domain.findings import RULES, Finding, Rule, repair_of
from tests.contract.findings_suite import FindingsContract
from tests.contract.reconciled import MESS, MORE, NOW, clean, spoil


class TestMemoryFindings(FindingsContract):
    @pytest.fixture
    def ledger(self) -> MemoryFindings:
        return MemoryFindings()


@pytest.fixture
async def owner(database: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database, max_size=2)
    yield pool
    await pool.close()


@pytest.fixture
async def own(database: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database, max_size=2, role=Role.WORKER)
    yield pool
    await pool.close()


class TestPostgresFindings(FindingsContract):
    @pytest.fixture
    def ledger(self, own: Pool) -> PostgresFindings:
        return PostgresFindings(own)


async def everything(pool: Pool) -> list[Finding]:
    comparison = PostgresComparison(pool)
    return [one for rule in Rule for one in await comparison.disagreeing(rule, NOW)]


def test_every_rule_has_its_terms_its_query_and_a_mess_X11() -> None:
    assert set(RULES) == set(MESS) == set(Rule)
    assert set(queries("rules")) == set(Rule)


async def test_a_thousand_cases_in_order_give_no_finding_and_every_mess_gives_one_X11(
    owner: Pool, own: Pool
) -> None:
    await clean(owner, 1, 1120)  # every tenth customer has no case
    assert await owner.fetchval("select count(*) from crm.cases") > 1000
    assert await everything(own) == []
    for _, statement in MESS.values():
        await spoil(owner, statement)
    for _, _, statement in MORE:
        await spoil(owner, statement)
    found = await everything(own)
    wanted = [(rule, subject) for rule, (subject, _) in MESS.items()]
    wanted += [(rule, subject) for rule, subject, _ in MORE]
    assert Counter(one.key for one in found) == Counter(wanted)
    by_key = {one.key: one for one in found}
    task = by_key[Rule.TASK_DIFFERS, "case-12"]
    assert task.crm.day is not None
    assert task.other.day is not None
    assert (task.customer_id, task.protocol, (task.crm.day - task.other.day).days) == ("c12", "CAN-12", 1)
    assert by_key[Rule.TRAIL_BEHIND, "case-40"].crm.count == 7
    assert by_key[Rule.TRAIL_BEHIND, "case-40"].other.count == 12


async def test_what_ended_without_closing_is_undone_by_rule_and_nothing_else_is_X11(
    owner: Pool, own: Pool
) -> None:
    await clean(owner, 1, 80)
    for *_, statement in (*MESS.values(), *MORE):
        await spoil(owner, statement)
    undone = {one.key for one in await everything(own) if repair_of(one)}
    assert undone == {(Rule.BILLING_END_LEFT, "case-26"), (Rule.LINK_LEFT, "link-36")}


async def test_what_needs_executions_says_nothing_where_not_all_were_read_X11(owner: Pool, own: Pool) -> None:
    await clean(owner, 1, 80)
    for _, statement in MESS.values():
        await spoil(owner, statement)
    await spoil(owner, "delete from reconciliation.runs")
    found = {one.rule for one in await everything(own)}
    assert found == {rule for rule, terms in RULES.items() if not terms.reads_executions}


async def test_what_is_found_is_read_in_pages_X11(owner: Pool, own: Pool) -> None:
    await clean(owner, 1, 80)
    await spoil(owner, "delete from reconciliation.executions")
    comparison = PostgresComparison(own)
    seen: list[str] = []
    while page := await comparison.disagreeing(
        Rule.CASE_WITHOUT_EXECUTION, NOW, after=seen[-1] if seen else "", most=5
    ):
        assert len(page) <= 5
        seen += [one.subject for one in page]
    assert len(seen) == len(set(seen)) == 32


async def test_a_case_of_just_now_is_on_its_way_X11(owner: Pool, own: Pool) -> None:
    await clean(owner, 1, 10)
    await spoil(owner, "delete from reconciliation.executions")
    await spoil(
        owner, "update crm.cases set opened_at = '2027-03-01 11:50Z', changed_at = '2027-03-01 11:50Z'"
    )
    assert await everything(own) == []


async def test_an_e_mail_that_a_person_gave_to_its_case_is_not_lost_X11(owner: Pool, own: Pool) -> None:
    await clean(owner, 1, 10)
    _, subject, statement = next(one for one in MORE if one[1].startswith("original:"))
    await spoil(owner, statement)
    assert [one.subject for one in await everything(own)] == [subject]
    await spoil(
        owner,
        "insert into crm.trail (case_id, seq, at, actor, kind, detail, message_id, prev_hash, hash, salt, commitment) "
        "values ('case-1', 1, now(), 'ana', 'x', 'x', '<lost@c>', '', '', sha256(''), sha256(''))",
    )
    assert await everything(own) == []


@pytest.mark.parametrize("table", ["findings", "repairs"])
async def test_findings_and_acts_stay_on_record_X11(owner: Pool, table: str) -> None:
    with pytest.raises(asyncpg.RestrictViolationError):
        await owner.execute(f"delete from reconciliation.{table}")
