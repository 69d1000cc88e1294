"""The mail room when something breaks: nothing is lost, nothing is tried for ever that can never succeed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cancellation import mailroom as module
from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.memory.inbox import MemoryInbox
from cancellation.client import ServerUnreachable
from cancellation.mailroom import EarlierCopyUnderWay, Mailroom
from cancellation.messages.mail_in import IncomingMail, MailFate
from tests.durable.customers import new_customer
from tests.e2e.mail_rig import BOTH, FINANCE, email_from

NOW = datetime(2026, 11, 22, 13, tzinfo=UTC)


class Broken:
    """Cases that cannot be asked."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def open_or_join(self, *_: Any) -> Any:
        raise self.error

    async def report(self, *_: Any) -> Any:
        raise self.error


async def room_and_mail(error: Exception) -> tuple[Mailroom, IncomingMail]:
    """A mail room whose cases fail, and a complete e-mail."""
    crm = MemoryCrm()
    seed = new_customer()
    await crm.provision(seed)
    original = await crm.keep_original(email_from(seed.customer.customer_id), NOW)
    mail = IncomingMail(sha256=original.sha256, ref=original.ref, received_at=NOW, envelope=(FINANCE,))
    return Mailroom(crm, crm, MemoryInbox(), Broken(error), BOTH, ("mx.nuvemjti.com.br",), lambda: NOW), mail


async def test_unexpected_failure_is_tried_again_then_goes_to_a_person_P11() -> None:
    room, mail = await room_and_mail(ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        await room.handle(mail)
    assert (await room.handle(mail, patient=False)).fate is MailFate.TASK
    [task] = await room.ledger.mail_tasks()
    assert "ValueError" in task.text
    assert f"crm:original/{mail.sha256}" in task.text
    assert (await room.handle(mail)).fate is MailFate.TASK


async def test_system_that_is_away_is_waited_for_however_long_it_takes_P11() -> None:
    room, mail = await room_and_mail(ServerUnreachable("fora do ar"))
    for patient in (True, False):
        with pytest.raises(ServerUnreachable):
            await room.handle(mail, patient=patient)
    assert list(await room.ledger.mail_tasks()) == []


async def test_reader_that_fails_gives_the_mail_to_a_person_at_once_P11(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room, mail = await room_and_mail(ValueError("never asked"))

    def fails(*_: Any, **__: Any) -> None:
        raise RecursionError

    for name in ("understand", "clues_of", "read_message"):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, fails)
            other = mail.model_copy(update={"envelope": (f"{name}@nuvemjti.com.br",)})
            assert (await room.handle(other)).fate is MailFate.TASK
    assert await room.ledger.mail_tasks()


async def test_copy_waits_for_an_earlier_one_but_not_for_ever_X2() -> None:
    room, mail = await room_and_mail(ServerUnreachable("fora do ar"))
    with pytest.raises(ServerUnreachable):
        await room.handle(mail)
    copy = mail.model_copy(update={"envelope": BOTH})
    with pytest.raises(EarlierCopyUnderWay):
        await room.handle(copy)
    with pytest.raises(ServerUnreachable):
        await room.handle(copy, patient=False)
