"""The port `Mailer`: the same behaviour in memory and over real SMTP with the outbox in PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import asyncpg
import pytest

from cancellation.adapters.mailing import BAD_ADDRESS, NOBODY, MailNotTaken, OutboxMailer
from cancellation.adapters.memory.mailer import MemoryMailer
from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.letter_facts import PostgresLetterFacts
from cancellation.adapters.postgres.outbox import PostgresOutbox
from cancellation.adapters.postgres.pool import open_pool
from cancellation.adapters.smtp.transport import SmtpTransport
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.values import Team
from cancellation.messages.billing import InvoiceLine
from cancellation.messages.letter_contents import EndPreview, NoticeStarted
from cancellation.messages.letters import Letter
from cancellation.setting_groups import SmtpSettings
from embedded import MailSink
from tests.unit.letters.examples import HOUSE, LAST_DAY, TOKEN_URL, example, link_url

RITA, JOAO = "rita@acme.com.br", "joao@acme.com.br"


class MailRig(Protocol):
    """A mailer and the server behind it."""

    @property
    def mailer(self) -> OutboxMailer: ...

    def delivered(self) -> list[tuple[tuple[str, ...], EmailMessage]]: ...

    def refuse(self, address: str) -> None: ...

    def delay(self, address: str) -> None: ...

    async def go_down(self) -> None: ...

    async def recover(self) -> None: ...


class MemoryRig:
    def __init__(self) -> None:
        self.mailer = MemoryMailer(HOUSE, link_url)

    def delivered(self) -> list[tuple[tuple[str, ...], EmailMessage]]:
        return [(mail.recipients, mail.message) for mail in self.mailer.sent]

    def refuse(self, address: str) -> None:
        self.mailer.refuse(address, "550 5.1.1 User unknown")

    def delay(self, address: str) -> None:
        self.mailer.delay(address)

    async def go_down(self) -> None:
        self.mailer.go_down()

    async def recover(self) -> None:
        self.mailer.recover()


class SmtpRig:
    def __init__(self, mailer: OutboxMailer, sink: MailSink) -> None:
        self.mailer = mailer
        self.sink = sink

    def delivered(self) -> list[tuple[tuple[str, ...], EmailMessage]]:
        return [(mail.recipients, mail.message) for mail in self.sink.mails]

    def refuse(self, address: str) -> None:
        self.sink.fail(f"550 5.1.1 <{address}>: User unknown", at="rcpt", times=-1, recipient=address)

    def delay(self, address: str) -> None:
        self.sink.fail(f"451 4.3.0 <{address}>: try again later", at="rcpt", times=-1, recipient=address)

    async def go_down(self) -> None:
        await self.sink.refuse()

    async def recover(self) -> None:
        self.sink.heal()
        await self.sink.accept()


@asynccontextmanager
async def smtp_rig(database: str, folder: Path) -> AsyncIterator[SmtpRig]:
    pool = await open_pool(database)
    try:
        async with MailSink(folder) as sink:
            transport = SmtpTransport(SmtpSettings(host=sink.host, port=sink.port, timeout_seconds=5))
            yield SmtpRig(OutboxMailer(PostgresOutbox(pool), transport, HOUSE, link_url), sink)
    finally:
        await pool.close()


@pytest.fixture
def memory() -> MemoryRig:
    return MemoryRig()


@pytest.fixture
async def smtp(database: str, tmp_path: Path) -> AsyncIterator[SmtpRig]:
    async with smtp_rig(database, tmp_path / "outbox") as real:
        yield real


@pytest.fixture(params=["memory", "smtp"])
def rig(request: pytest.FixtureRequest) -> MailRig:
    chosen: MailRig = request.getfixturevalue(request.param)
    return chosen


def telling(total: str) -> Letter:
    """The letter that starts the notice, with the end in figures."""
    amount = Decimal(total)
    line = InvoiceLine(
        subscription_id="s", description="PABX em nuvem", first_day=LAST_DAY.replace(day=1), last_day=LAST_DAY,
        days=22, period_days=31, amount=amount,
    )  # fmt: skip
    return example(
        LetterKind.NOTICE_STARTED, preview=EndPreview(last_day=LAST_DAY, lines=(line,), total=amount)
    )


async def test_the_end_that_was_told_stays_the_one_of_the_kept_letter_X25(rig: MailRig) -> None:
    first, later = telling("620.00"), telling("1.00")
    await rig.go_down()
    with pytest.raises(MailNotTaken):
        await rig.mailer.send(first)
    await rig.recover()
    delivery = await rig.mailer.send(later)
    assert isinstance(first.content, NoticeStarted)
    assert first.content.preview is not None
    assert delivery.told == first.content.preview.told
    assert await rig.mailer.send(later) == delivery, "settled"
    ((_, message),) = rig.delivered()
    body = message.get_body(("plain",))
    assert body is not None
    assert "620,00" in body.get_content()


async def test_a_letter_without_figures_tells_no_end_X25(rig: MailRig) -> None:
    assert (await rig.mailer.send(example(LetterKind.NOTICE_STARTED))).told is None


async def test_what_a_letter_told_can_be_read_again_and_not_changed_X25(
    database: str, tmp_path: Path
) -> None:
    async with smtp_rig(database, tmp_path / "outbox") as real:
        letter = telling("620.00")
        told = (await real.mailer.send(letter)).told
        assert told is not None
    pool = await open_pool(database)
    try:
        facts = PostgresLetterFacts(pool, PostgresBilling(pool))
        assert isinstance(letter.content, NoticeStarted)
        assert await facts.told_end(letter.case_id, told.sha256) == letter.content.preview
        assert await facts.told_end(letter.case_id, "0" * 64) is None
        with pytest.raises(asyncpg.RestrictViolationError):
            await pool.execute("update notification.outbox set told = null")
    finally:
        await pool.close()


async def test_letter_reaches_every_contact_with_the_protocol_X12(rig: MailRig) -> None:
    letter = example(LetterKind.SCRIPT)
    delivery = await rig.mailer.send(letter)
    [(recipients, message)] = rig.delivered()
    assert recipients == (RITA, JOAO)
    assert message["Subject"].startswith(f"[{letter.protocol}] ")
    assert (delivery.key, delivery.kind) == (letter.key, LetterKind.SCRIPT)
    assert delivery.message_id == message["Message-ID"]
    assert delivery.refused is None
    assert delivery.partly_refused is None


async def test_team_letter_goes_to_the_teams_mailbox_P13(rig: MailRig) -> None:
    await rig.mailer.send(example(LetterKind.FINAL_BILLING))
    await rig.mailer.send(example(LetterKind.SHUTDOWN_PLAN))
    assert [recipients for recipients, _ in rig.delivered()] == [(HOUSE.finance,), (HOUSE.support,)]


async def test_same_key_is_sent_once(rig: MailRig) -> None:
    letter = example(LetterKind.CLOSED)
    first = await rig.mailer.send(letter)
    again = await rig.mailer.send(letter)
    other = await rig.mailer.send(example(LetterKind.CLOSED, customer_name="Outra"))
    assert first == again == other
    assert len(rig.delivered()) == 1


async def test_two_attempts_at_once_send_once(rig: MailRig) -> None:
    letter = example(LetterKind.CLOSED)
    deliveries = await asyncio.gather(*(rig.mailer.send(letter) for _ in range(4)))
    assert len(set(deliveries)) == 1
    assert len(rig.delivered()) == 1


async def test_many_letters_at_once_all_arrive(rig: MailRig) -> None:
    letters = [example(LetterKind.REQUEST_RECEIVED, key=f"case-{n}:x") for n in range(20)]
    await asyncio.gather(*(rig.mailer.send(letter) for letter in letters))
    assert len({message["Message-ID"] for _, message in rig.delivered()}) == 20


async def test_server_down_raises_and_the_next_attempt_sends_X7(rig: MailRig) -> None:
    letter = example(LetterKind.SCRIPT)
    await rig.go_down()
    with pytest.raises(MailNotTaken):
        await rig.mailer.send(letter)
    await rig.recover()
    delivery = await rig.mailer.send(letter)
    assert delivery.refused is None
    assert len(rig.delivered()) == 1


async def test_refused_for_good_is_an_answer_without_addresses(rig: MailRig) -> None:
    rig.refuse(RITA)
    letter = example(LetterKind.SCRIPT, to=(RITA,))
    delivery = await rig.mailer.send(letter)
    assert delivery.refused is not None
    assert delivery.refused.startswith("550 5.1.1")
    assert "rita" not in delivery.refused
    assert await rig.mailer.send(letter) == delivery
    await rig.recover()
    assert await rig.mailer.send(letter) == delivery
    assert rig.delivered() == []


async def test_delayed_recipient_raises_without_addresses_and_is_tried_again(rig: MailRig) -> None:
    rig.delay(RITA)
    letter = example(LetterKind.SCRIPT, to=(RITA,))
    with pytest.raises(MailNotTaken, match=r"^451 4\.3\.0") as caught:
        await rig.mailer.send(letter)
    assert "rita" not in str(caught.value)
    await rig.recover()
    assert (await rig.mailer.send(letter)).refused is None
    assert [recipients for recipients, _ in rig.delivered()] == [(RITA,)]


async def test_refused_by_some_counts_as_sent_and_is_noted(rig: MailRig) -> None:
    rig.refuse(JOAO)
    delivery = await rig.mailer.send(example(LetterKind.SCRIPT))
    assert delivery.refused is None
    assert delivery.partly_refused is not None
    assert delivery.partly_refused.startswith("550 5.1.1")
    assert "joao" not in delivery.partly_refused
    assert [recipients for recipients, _ in rig.delivered()] == [(RITA,)]


async def test_only_the_delayed_recipient_is_tried_again(rig: MailRig) -> None:
    letter = example(LetterKind.SCRIPT)
    rig.delay(JOAO)
    with pytest.raises(MailNotTaken):
        await rig.mailer.send(letter)
    await rig.recover()
    delivery = await rig.mailer.send(letter)
    assert (delivery.refused, delivery.partly_refused) == (None, None)
    assert [recipients for recipients, _ in rig.delivered()] == [(RITA,), (JOAO,)]
    assert len({message["Message-ID"] for _, message in rig.delivered()}) == 1


@pytest.mark.parametrize(
    "address",
    ["rita", "rita@", "a b@acme.com.br", "<rita@acme.com.br>", "rita@acme.com.br\r\nBcc: x@y.z", "é@a.b"],
)
async def test_undeliverable_address_is_refused_and_never_reaches_the_server_X8(
    rig: MailRig, address: str
) -> None:
    delivery = await rig.mailer.send(example(LetterKind.SCRIPT, to=(address,)))
    assert delivery.refused == BAD_ADDRESS
    assert rig.delivered() == []


async def test_undeliverable_address_does_not_keep_the_others_from_it(rig: MailRig) -> None:
    delivery = await rig.mailer.send(example(LetterKind.SCRIPT, to=("nada", RITA)))
    assert (delivery.refused, delivery.partly_refused) == (None, BAD_ADDRESS)
    [(recipients, message)] = rig.delivered()
    assert recipients == (RITA,)
    assert message["To"] == RITA


async def test_letter_to_nobody_is_refused(rig: MailRig) -> None:
    delivery = await rig.mailer.send(example(LetterKind.SCRIPT, to=()))
    assert delivery.refused == NOBODY
    assert await rig.mailer.send(example(LetterKind.SCRIPT, to=())) == delivery


async def test_international_domain_is_written_in_ascii(rig: MailRig) -> None:
    delivery = await rig.mailer.send(example(LetterKind.SCRIPT, to=("rita@ação.com.br",)))
    assert delivery.refused is None
    assert [recipients for recipients, _ in rig.delivered()] == [("rita@xn--ao-siap.com.br",)]


async def test_link_is_in_the_message_that_the_customer_gets_P10(rig: MailRig) -> None:
    await rig.mailer.send(example(LetterKind.RECORDINGS_READY))
    [(_, message)] = rig.delivered()
    plain, html = (part.get_content() for part in message.iter_parts())
    assert TOKEN_URL in plain
    assert TOKEN_URL in html


async def test_customer_text_survives_the_way_through_the_server(rig: MailRig) -> None:
    text = "Olá\x00 — ação, coração 🙂\n.\n..\nFrom aqui\n" + "x" * 1500
    await rig.mailer.send(example(LetterKind.REQUEST_TO_COMMERCIAL, request_text=text))
    [(_, message)] = rig.delivered()
    plain = message.get_body(("plain",))
    assert plain is not None
    assert "> Olá — ação, coração 🙂\n> .\n> ..\n> From aqui\n> xxx" in plain.get_content().replace(
        "\r\n", "\n"
    )


async def test_texts_of_letters_to_an_address_are_found_again_X14(rig: MailRig) -> None:
    for kind in (LetterKind.REQUEST_RECEIVED, LetterKind.SCRIPT, LetterKind.REQUEST_TO_COMMERCIAL):
        await rig.mailer.send(example(kind))
    await rig.mailer.send(example(LetterKind.RETAINED, to=(JOAO,), key="other"))
    texts = await rig.mailer.texts_sent_to([RITA.upper()])
    assert len(texts) == 2, "what was written to a team, or to somebody else, is none of it"
    assert any("Como formalizar".upper() in text for text in texts)
    assert await rig.mailer.texts_sent_to(["ninguem@acme.com.br"]) == []


async def test_a_letter_of_ours_is_found_by_its_message_id_whoever_got_it_X16(rig: MailRig) -> None:
    delivery = await rig.mailer.send(example(LetterKind.SCRIPT))
    to_team = await rig.mailer.send(example(LetterKind.FINAL_BILLING))
    found = await rig.mailer.sent_letter(["<estranha@x>", delivery.message_id])
    assert found is not None
    assert (found.kind, found.team, found.message_id) == (LetterKind.SCRIPT, None, delivery.message_id)
    team = await rig.mailer.sent_letter([to_team.message_id])
    assert team is not None
    assert team.team is Team.FINANCE
    assert await rig.mailer.sent_letter(["<estranha@x>", "<a\x00b@x>"]) is None
    [(_, message), *_] = rig.delivered()
    titled = await rig.mailer.sent_letter(["<estranha@x>"], str(message["Subject"]))
    assert titled is not None
    assert titled.kind is LetterKind.SCRIPT
