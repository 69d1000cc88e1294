"""The billing watch over memory and over a real PostgreSQL, with the worker's rights (X10)."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import asyncpg
import pytest

from cancellation.adapters.memory.billing import MemoryBilling
from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.memory.desk import MemoryDesk
from cancellation.adapters.memory.inbox import MemoryInbox
from cancellation.adapters.memory.telephony import MemoryTelephony
from cancellation.adapters.memory.watch import MemoryWatches
from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.desk import PostgresDesk
from cancellation.adapters.postgres.evidence import PostgresEvidence
from cancellation.adapters.postgres.gauges import PostgresGauges
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.roles import Role
from cancellation.adapters.postgres.telephony import PostgresTelephony
from cancellation.adapters.postgres.watch import PostgresWatches
from cancellation.domain.billing_watch import Found
from cancellation.dossier import bundle, parts, verificar
from cancellation.messages.seed import PaymentSeed
from cancellation.messages.watch import WatchAct
from tests.contract.watch_suite import SOON, WatchRig, WatchSuite

LATER = SOON + timedelta(days=1)


class TestMemoryWatch(WatchSuite):
    @pytest.fixture
    def rig(self) -> WatchRig:
        crm = MemoryCrm()
        watches = MemoryWatches(crm)

        async def recorded(case_id: str) -> list[WatchAct]:
            return watches.acts(case_id)

        desk = MemoryDesk(crm, MemoryInbox())
        return WatchRig(crm, MemoryBilling(crm.formalization), MemoryTelephony(crm), watches, desk, recorded)


@pytest.fixture
async def owner(database: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database, max_size=2)
    yield pool
    await pool.close()


@pytest.fixture
async def postgres_rig(database: str, owner: Pool) -> AsyncIterator[WatchRig]:
    async with AsyncExitStack() as stack:
        own = await open_pool(database, max_size=4, role=Role.WORKER)
        stack.push_async_callback(own.close)
        crm, billing, telephony = PostgresCrm(own), PostgresBilling(own), PostgresTelephony(own)
        # Customers are put in by whoever owns the records.
        crm.provision = PostgresCrm(owner).provision  # type: ignore[method-assign]
        billing.provision = PostgresBilling(owner).provision  # type: ignore[method-assign]
        telephony.provision = PostgresTelephony(owner).provision  # type: ignore[method-assign]

        async def recorded(case_id: str) -> list[WatchAct]:
            rows = await owner.fetch("select * from crm.watch_acts where case_id = $1 order by seq", case_id)
            return [act_of(row) for row in rows]

        shown = await open_pool(database, max_size=1, role=Role.DESK)
        stack.push_async_callback(shown.close)
        yield WatchRig(crm, billing, telephony, PostgresWatches(own), PostgresDesk(shown), recorded)


def act_of(row: asyncpg.Record) -> WatchAct:
    given = {name: row[name] for name in ("seq", "look", "at", "actor", "kind", "key", "detail")}
    return WatchAct(**given, found=Found.model_validate_json(row["facts"]))


class TestPostgresWatch(WatchSuite):
    @pytest.fixture
    def rig(self, postgres_rig: WatchRig) -> WatchRig:
        return postgres_rig


async def test_what_the_watch_did_is_changed_by_nobody_P20_X10(postgres_rig: WatchRig, owner: Pool) -> None:
    await postgres_rig.closed()
    await postgres_rig.charge()
    await postgres_rig.look()
    for statement in (
        "update crm.watch_acts set detail = 'x'",
        "update crm.watch_acts set salt = null",
        "delete from crm.watch_acts",
        "update crm.billing_watches set acts_seq = 0",
        "update crm.billing_watches set terms = '{\"cycles\": 0}'",
        "delete from crm.billing_watches",
        "insert into crm.watch_acts (case_id, seq, look, at, actor, kind, key, detail, facts) "
        "values ('case-a', 7, 7, now(), 'x', 'x', 'x', 'x', '{}')",
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await owner.execute(statement)


async def test_both_records_hold_alike_X10(postgres_rig: WatchRig) -> None:
    crm = MemoryCrm()
    watches = MemoryWatches(crm)

    async def recorded(case_id: str) -> list[WatchAct]:
        return watches.acts(case_id)

    desk = MemoryDesk(crm, MemoryInbox())
    memory = WatchRig(crm, MemoryBilling(crm.formalization), MemoryTelephony(crm), watches, desk, recorded)
    for rig in (memory, postgres_rig):
        await rig.closed()
        await rig.charge()
        await rig.charge("paid", paid="310.00")
        await rig.look()
    assert await memory.recorded("case-a") == await postgres_rig.recorded("case-a")


async def test_the_dossier_holds_what_the_watch_did_and_its_chain_X10_X13(
    postgres_rig: WatchRig, owner: Pool
) -> None:
    await postgres_rig.closed()
    await postgres_rig.charge()
    await postgres_rig.look()
    held = await PostgresEvidence(owner).of("case-a")
    assert held is not None
    assert held.watch is not None
    assert [act.kind for act in held.watch.acts] == ["voided", "told"]
    made = parts.parts_of(held)
    files = bundle.files_of(made, bundle.manifest_of(made, parts.heading_of(held)), redacted=False)
    assert {one.state for one in verificar.check(files)[0]} == {verificar.WHOLE}


async def test_a_charge_that_people_looked_at_and_that_was_voided_then_counts_once_X10(
    postgres_rig: WatchRig, owner: Pool, database: str
) -> None:
    await postgres_rig.closed()
    await postgres_rig.charge(invoiced=True)
    await postgres_rig.charge("feb", days=("2027-02-01", "2027-02-28", "310.00"))
    assert (await postgres_rig.look()).to_review == 1
    await postgres_rig.put(payments=(PaymentSeed(charge_id="jan"),))  # billing says: nobody has paid it
    assert (await postgres_rig.look(LATER)).voided == 1
    assert [act.kind for act in await postgres_rig.recorded("case-a")] == [
        "voided", "review", "told", "voided", "told",
    ]  # fmt: skip
    monitor = await open_pool(database, max_size=1, role=Role.MONITOR)
    counted = (await PostgresGauges(monitor).read()).watch_acts
    await monitor.close()
    assert counted == {"review": 1, "voided": 1}
