"""The mail room when something breaks: nothing is lost, nothing is tried for ever that can never succeed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.memory.inbox import MemoryInbox
from cancellation.adapters.memory.mailer import MemoryMailer
from cancellation.confined import (
    MailReader,
    ReadingFailed,
    ReadingTooCostly,
    ReadOrder,
    UnderstandOrder,
    shared_reader,
)
from cancellation.failures import CaseNotFound, ServerUnreachable
from cancellation.mailroom import EarlierCopyUnderWay, Mailroom
from cancellation.messages.mail_in import IncomingMail, MailFate
from cancellation.understanding import MailReading, Understanding, read_message
from tests.durable.customers import address_of, new_customer
from tests.durable.outage import Fragile, SystemDown
from tests.e2e.mail_rig import BOTH, FINANCE, REQUEST, email_from

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
    original = await crm.keep_original(email_from(seed.customer.customer_id, written_at=NOW), NOW)
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


async def test_a_task_about_an_e_mail_of_no_case_leads_to_its_page_X24() -> None:
    room, mail = await room_and_mail(ValueError("a bug"))
    await replace(room, desk_url="https://mesa").handle(mail, patient=False)
    [task] = await room.ledger.mail_tasks()
    assert task.text.endswith(f"\n\nAbrir na mesa: https://mesa/email/{mail.sha256}")


async def test_system_that_is_away_is_waited_for_however_long_it_takes_P11() -> None:
    room, mail = await room_and_mail(ServerUnreachable("fora do ar"))
    for patient in (True, False):
        with pytest.raises(ServerUnreachable):
            await room.handle(mail, patient=patient)
    assert list(await room.ledger.mail_tasks()) == []


@pytest.mark.parametrize(
    "lookup", ["customers_by_email", "customers_by_cnpj", "case_by_protocol", "customer", "texts_sent_to"]
)
async def test_a_lookup_that_is_not_answered_is_waited_for_however_long_it_takes_X7(lookup: str) -> None:
    room, mail = await room_and_mail(ValueError("never asked"))
    customer_id = new_customer().customer.customer_id
    text, subject = f"{REQUEST} CNPJ 11.222.333/0001-81", "CAN-20261116-7F3KQ2, cliente nº 1042"
    raw = email_from(customer_id, text, subject=subject, written_at=NOW)
    original = await room.originals.keep_original(raw, NOW)
    mail = mail.model_copy(update={"sha256": original.sha256, "ref": original.ref})
    customers, letters = Fragile(room.customers), Fragile(MemoryMailer())
    waiting = replace(room, customers=cast(Any, customers), letters=cast(Any, letters))
    for system in (customers, letters):
        system.goes_down(lookup)
    for patient in (True, False):
        with pytest.raises(SystemDown):
            await waiting.handle(mail, patient=patient)
    assert list(await room.ledger.mail_tasks()) == []
    for system in (customers, letters):
        system.recovers()
    assert (await waiting.handle(mail, patient=False)).fate is MailFate.TASK


class Failing:
    """A reader that fails at one of its two questions."""

    def __init__(self, at: str, error: ReadingFailed) -> None:
        self.at, self.error = at, error
        self.real: MailReader = shared_reader()

    async def read(self, raw: bytes, order: ReadOrder) -> MailReading:
        if self.at == "read" and b"\n\n" in raw.replace(b"\r\n", b"\n").rstrip():
            raise self.error
        return await self.real.read(raw, order)

    async def understand(self, order: UnderstandOrder) -> Understanding:
        if self.at == "understand":
            raise self.error
        return await self.real.understand(order)


@pytest.mark.parametrize("at", ["read", "understand"])
@pytest.mark.parametrize(
    ("error", "told"),
    [(ReadingFailed("RecursionError"), "RecursionError"), (ReadingTooCostly(), "complexa demais")],
)
async def test_reader_that_fails_gives_the_mail_to_a_person_at_once_P11_X9(
    at: str, error: ReadingFailed, told: str
) -> None:
    room, mail = await room_and_mail(CaseNotFound("nenhum"))
    reader = Failing(at, error)
    outcome = await replace(room, reader=reader).handle(mail)
    assert (outcome.fate, outcome.action) == (MailFate.TASK, "unreadable")
    [task] = await room.ledger.mail_tasks()
    assert told in task.text
    assert "Assunto: Cancelamento" in task.text, "the headers are read all the same"
    assert f"crm:original/{mail.sha256}" in task.text


async def test_copy_waits_for_an_earlier_one_but_not_for_ever_X2() -> None:
    room, mail = await room_and_mail(ServerUnreachable("fora do ar"))
    with pytest.raises(ServerUnreachable):
        await room.handle(mail)
    copy = mail.model_copy(update={"envelope": BOTH})
    with pytest.raises(EarlierCopyUnderWay):
        await room.handle(copy)
    with pytest.raises(ServerUnreachable):
        await room.handle(copy, patient=False)


async def test_words_of_a_letter_that_the_sender_got_are_not_the_senders_X14() -> None:
    room, mail = await room_and_mail(ValueError("never asked"))
    letter = "Cancelem o contrato se quiserem, dissemos ontem ao telefone, e o motivo: preço alto demais."
    seed = new_customer()
    customer_id = seed.customer.customer_id
    await room.originals.provision(seed)  # type: ignore[attr-defined]
    raw = email_from(customer_id, f"Ok, recebido.\r\n\r\n{letter}", written_at=NOW)

    class Sent:
        async def sent_letter(self, message_ids: Sequence[str], subject: str = "") -> None:
            return None

        async def texts_sent_to(self, addresses: Sequence[str]) -> Sequence[str]:
            return [letter] if address_of(customer_id) in addresses else []

    original = await room.originals.keep_original(raw, NOW)
    mail = mail.model_copy(update={"sha256": original.sha256, "ref": original.ref})
    understood = []
    for letters in (None, Sent()):
        read = await replace(room, letters=letters)._read(mail, read_message(raw))
        assert read.understood is not None
        understood.append(read.understood.reason)
    assert understood == ["preço alto demais", None]
