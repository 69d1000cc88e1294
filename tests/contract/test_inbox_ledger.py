"""The ledger of incoming mail: the same behaviour in memory and in PostgreSQL."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from cancellation.adapters.memory.inbox import MemoryInbox
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.inbox import PostgresInbox
from cancellation.adapters.postgres.pool import open_pool
from cancellation.messages.dkim import SigningKey
from cancellation.messages.mail_in import MailEntry, MailFate, MailOutcome, MailTask
from cancellation.ports import MailLedger

AT = datetime(2026, 11, 22, 13, tzinfo=UTC)
REPORTED = MailOutcome(fate=MailFate.REPORTED, action="accept", customer_id="1042")


class Desk:
    """A ledger, and where its originals are kept."""

    def __init__(self, ledger: MailLedger, crm: PostgresCrm | None) -> None:
        self.ledger = ledger
        self._crm = crm

    async def original(self, raw: bytes) -> str:
        """Keep an original, as reception does."""
        if self._crm is not None:
            await self._crm.keep_original(raw, AT)
        return hashlib.sha256(raw).hexdigest()

    async def entry(self, name: str, **changes: Any) -> MailEntry:
        """A delivery of its own bytes."""
        fields: dict[str, Any] = {
            "id": f"mail-{name}",
            "sha256": await self.original(name.encode()),
            "message_id": "<m@c>",
            "content_sha256": hashlib.sha256(b"the same").hexdigest(),
            "received_at": AT,
            "envelope": (f"{name}@nuvemjti.com.br",),
            "source": "test",
        }
        return MailEntry.model_validate(fields | changes)

    async def task(self, name: str, **changes: Any) -> MailTask:
        """A task about one e-mail."""
        fields: dict[str, Any] = {
            "sha256": await self.original(name.encode()),
            "reported_as": "<m@c>",
            "title": "Ler",
            "text": "…",
            "opened_at": AT,
        }
        return MailTask.model_validate(fields | changes)


@pytest.fixture(params=["memory", "postgres"])
async def desk(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    if request.param == "memory":
        yield Desk(MemoryInbox(), None)
        return
    pool = await open_pool(database)
    yield Desk(PostgresInbox(pool), PostgresCrm(pool))
    await pool.close()


async def test_delivery_is_registered_once_and_its_first_outcome_stays_X2(desk: Desk) -> None:
    entry = await desk.entry("a")
    for _ in range(2):
        registered = await desk.ledger.register(entry)
        assert (registered.reported_as, registered.outcome, registered.pending_before) == (
            "<m@c>",
            None,
            False,
        )
    await desk.ledger.settle(entry.id, REPORTED, ["porque"], AT)
    other = MailOutcome(fate=MailFate.TASK, action="triage")
    await desk.ledger.settle(entry.id, other, [], AT)
    assert (await desk.ledger.register(entry)).outcome == REPORTED


async def test_later_copy_knows_whether_an_earlier_one_was_acted_upon_X2(desk: Desk) -> None:
    first, second = await desk.entry("a"), await desk.entry("b")
    await desk.ledger.register(first)
    waiting = await desk.ledger.register(second)
    assert (waiting.pending_before, waiting.acted_before) == (True, False)
    await desk.ledger.settle(first.id, REPORTED, [], AT)
    done = await desk.ledger.register(second)
    assert (done.pending_before, done.acted_before) == (False, True)
    assert not (await desk.ledger.register(first)).acted_before


async def test_message_id_with_other_content_gets_an_id_of_its_own_X2(desk: Desk) -> None:
    await desk.ledger.register(await desk.entry("a"))
    content = hashlib.sha256(b"another").hexdigest()
    for name in ("b", "c"):
        registered = await desk.ledger.register(await desk.entry(name, content_sha256=content))
        assert registered.reported_as == f"<m@c>#{content[:8]}"
    assert (await desk.ledger.register(await desk.entry("d"))).reported_as == "<m@c>"


async def test_copies_tell_the_first_receipt_and_every_mailbox_P7_P8(desk: Desk) -> None:
    late, early = await desk.entry("a"), await desk.entry("b", received_at=AT - timedelta(hours=1))
    for entry in (late, early):
        await desk.ledger.register(entry)
    copies = await desk.ledger.copies(late.sha256)
    assert copies is not None
    assert copies.received_at == early.received_at
    assert set(copies.envelope) == {"a@nuvemjti.com.br", "b@nuvemjti.com.br"}
    assert await desk.ledger.copies("0" * 64) is None


async def test_keys_of_signatures_are_kept_once_and_the_first_word_stays_X13(desk: Desk) -> None:
    sha256, other = await desk.original(b"a"), await desk.original(b"b")
    keys = [
        SigningKey(domain="acme.com.br", selector="s1", record="v=DKIM1; p=AAAA", looked_up_at=AT),
        SigningKey(domain="servico.example", selector="k1", record=None, looked_up_at=AT),
    ]
    await desk.ledger.keep_keys(sha256, keys[1:])
    later = [
        one.model_copy(update={"record": "p=BBBB", "looked_up_at": AT + timedelta(days=1)}) for one in keys
    ]
    await desk.ledger.keep_keys(sha256, keys[:1])
    await desk.ledger.keep_keys(sha256, later)
    assert list(await desk.ledger.keys_of(sha256)) == keys
    assert list(await desk.ledger.keys_of(other)) == []
    await desk.ledger.keep_keys(other, [keys[0].model_copy(update={"record": "nul \x00"})])


async def test_one_task_an_email_closed_once_by_any_copy_X9(desk: Desk) -> None:
    for name in ("a", "b"):
        await desk.ledger.register(await desk.entry(name))
        await desk.ledger.open_task(await desk.task(name))
    [task] = await desk.ledger.mail_tasks()
    assert task.closed_at is None
    copy = hashlib.sha256(b"b").hexdigest()
    assert await desk.ledger.close_task(copy, "Ana", AT) is True
    assert await desk.ledger.close_task(copy, "Bia", AT) is False
    await desk.ledger.open_task(await desk.task("b"))
    assert list(await desk.ledger.mail_tasks()) == []
    [closed] = await desk.ledger.mail_tasks(open_only=False)
    assert closed.closed_by == "Ana"


async def test_text_that_postgresql_cannot_hold_is_kept_without_it(desk: Desk) -> None:
    entry = await desk.entry("a", message_id="<\x00m@c>", envelope=("a\x00@c", "\ud800@c"))
    await desk.ledger.register(entry)
    await desk.ledger.open_task(await desk.task("a", text="nul \x00 aqui"))
    assert len(await desk.ledger.mail_tasks()) == 1


async def test_copies_registered_at_once_agree_on_the_first_X2(database: str) -> None:
    pool = await open_pool(database)
    desk = Desk(PostgresInbox(pool), PostgresCrm(pool))
    entries = [await desk.entry(f"copy-{number}") for number in range(8)]
    answers = await asyncio.gather(*(desk.ledger.register(entry) for entry in entries))
    assert sum(not answer.pending_before for answer in answers) == 1
    await pool.close()


async def test_rows_stay_as_they_were_written_P20(database: str) -> None:
    pool = await open_pool(database)
    desk = Desk(PostgresInbox(pool), PostgresCrm(pool))
    entry = await desk.entry("a")
    await desk.ledger.register(entry)
    await desk.ledger.settle(entry.id, REPORTED, [], AT)
    key = SigningKey(domain="acme.com.br", selector="s1", record="p=AAAA", looked_up_at=AT)
    await desk.ledger.keep_keys(entry.sha256, [key])
    for statement in (
        "delete from inbox.messages",
        "update inbox.messages set sha256 = sha256 || ''  , received_at = now()",
        "update inbox.messages set fate = 'task'",
        "delete from inbox.signing_keys",
        "update inbox.signing_keys set record = 'p=BBBB'",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await pool.execute(statement)
    await pool.close()
