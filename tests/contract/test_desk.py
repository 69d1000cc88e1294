"""The desk's suite against memory and PostgreSQL, there as the role that the desk has."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.memory.desk import MemoryDesk
from cancellation.adapters.memory.inbox import MemoryInbox
from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.desk import PostgresDesk
from cancellation.adapters.postgres.inbox import PostgresInbox
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.roles import Role
from cancellation.messages.crm import MailDecision
from cancellation.messages.desk import DeskAct, DeskActKind
from cancellation.messages.seed import CustomerSeed
from tests.contract.cases import OPENED, opening
from tests.contract.desk_suite import DeskContract, WholeRig, mail_task, seed


class TestMemoryDesk(DeskContract):
    @pytest.fixture
    def rig(self) -> WholeRig:
        desk = MemoryDesk(MemoryCrm(), MemoryInbox())
        return WholeRig(desk.crm, desk, desk, desk.inbox, desk.provision)


class TestPostgresDesk(DeskContract):
    @pytest.fixture
    async def rig(self, database: str) -> AsyncIterator[WholeRig]:
        pool = await open_pool(database, max_size=4)
        own = await open_pool(database, max_size=4, role=Role.DESK)

        async def provision(seed: CustomerSeed) -> None:
            await PostgresCrm(pool).provision(seed)
            await PostgresBilling(pool).provision(seed)

        desk = PostgresDesk(own)
        yield WholeRig(PostgresCrm(pool), desk, desk, PostgresInbox(pool), provision)
        await own.close()
        await pool.close()


@pytest.fixture
async def own(database: str) -> AsyncIterator[Pool]:
    """The desk's own connections, and an open case."""
    whole = await open_pool(database, max_size=2)
    await PostgresCrm(whole).provision(seed("1042"))
    await PostgresCrm(whole).open_case(opening())
    await whole.close()
    pool = await open_pool(database, max_size=2, role=Role.DESK)
    yield pool
    await pool.close()


@pytest.mark.parametrize(
    "statement",
    [
        "update crm.cases set stage = 'closed'",
        "update crm.customers set status = 'Cancelado'",
        "insert into crm.trail (case_id, seq, at, actor, kind, detail, prev_hash, hash) "
        "values ('case-a', 9, now(), 'x', 'x', 'x', '', '')",
        "update crm.tasks set title = 'x'",
        "delete from crm.desk_acts",
        "insert into crm.formalizations (case_id) values ('case-a')",
        "update billing.subscriptions set monthly = 0",
        "insert into crm.destructive_acts values ('case-a', '1042', 'x', now(), now())",
        "select token_hash from recordings.links",
        "update crm.authorised_contacts set email = 'x@x'",
    ],
)
async def test_the_desks_role_changes_nothing_but_its_own_X24(own: Pool, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await own.execute(statement)


async def test_the_desks_role_may_record_what_a_person_decides_about_an_e_mail_X15(
    database: str, own: Pool
) -> None:
    whole = await open_pool(database, max_size=1)
    original = await PostgresCrm(whole).keep_original(b"Subject: Oi\r\n\r\nOi", OPENED)
    task = mail_task(original.sha256, "<a@acme.com.br>", minutes=5)
    await PostgresInbox(whole).open_task(task)
    await whole.close()
    ledger = PostgresInbox(own)
    assert await ledger.copies(original.sha256) is None
    assert await ledger.task(original.sha256) == task
    assert await ledger.close_task(original.sha256, "Ana Lima", OPENED + timedelta(hours=1))
    decision = MailDecision(
        message_id="<a@acme.com.br>",
        original_sha256=original.sha256,
        is_request=False,
        decided_by="Ana Lima",
        decided_at=OPENED + timedelta(hours=1),
    )
    await ledger.keep_decision(decision)
    assert (await PostgresDesk(own).mail(original.sha256, "<a@acme.com.br>")).decision == decision


async def test_what_was_noted_stays_whoever_asks_X24(database: str, own: Pool) -> None:
    act = DeskAct(
        act_id="mesa-1",
        case_id="case-a",
        at=OPENED,
        actor="Ana",
        kind=DeskActKind.NOTE,
        words="Ligar",
    )
    await PostgresDesk(own).note(act)
    owner = await open_pool(database, max_size=1)
    for statement in ("delete from crm.desk_acts", "update crm.desk_acts set words = 'x'"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await owner.execute(statement)
    await owner.close()
