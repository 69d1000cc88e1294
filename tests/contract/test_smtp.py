"""Outgoing mail against a real SMTP server that encrypts, asks for a login, refuses, delays and hangs up."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
import trustme
from pydantic import SecretStr

from cancellation.adapters.mailing import Answer, Draft, Fate, MailNotTaken, OutboxMailer
from cancellation.adapters.postgres.outbox import PostgresOutbox
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.smtp.mailer import letterhead_of, smtp_mailer
from cancellation.adapters.smtp.transport import SmtpTransport
from cancellation.domain.letter_kinds import LetterKind
from cancellation.messages.letters import Delivery, Letter
from cancellation.setting_groups import SmtpSecurity, SmtpSettings
from cancellation.settings import Settings
from embedded import MailSink
from tests.unit.letters.examples import HOUSE, TOKEN_URL, example, link_url

USER, PASSWORD = "cancelamento", "segredo-de-smtp"
SCRIPT = example(LetterKind.SCRIPT)
DRAFT = Draft(
    key=SCRIPT.key,
    case_id=SCRIPT.case_id,
    kind="script",
    audience="customer",
    message_id="<draft@nuvemjti.com.br>",
    subject="x",
    content=b"x",
    content_is_whole=False,
    written_at=SCRIPT.at,
    recipients=SCRIPT.to,
)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database)
    yield pool
    await pool.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
async def secure_sink(authority: trustme.CA, tmp_path: Path) -> AsyncIterator[MailSink]:
    """A server that wants STARTTLS and a login."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with MailSink(tmp_path / "secure", tls=context, users={USER: PASSWORD}) as sink:
        yield sink


def settings_for(sink: MailSink, **more: object) -> SmtpSettings:
    return SmtpSettings.model_validate({"host": sink.host, "port": sink.port, "timeout_seconds": 5.0, **more})


def mailer_of(pool: Pool, settings: SmtpSettings) -> OutboxMailer:
    return OutboxMailer(PostgresOutbox(pool), SmtpTransport(settings), HOUSE, link_url)


async def send(pool: Pool, settings: SmtpSettings, letter: Letter = SCRIPT) -> Delivery:
    return await mailer_of(pool, settings).send(letter)


# ---------------------------------------------------------------------- encryption and login


@pytest.mark.parametrize("security", [SmtpSecurity.STARTTLS, SmtpSecurity.OPPORTUNISTIC])
async def test_starttls_with_verified_certificate_and_login(
    pool: Pool, secure_sink: MailSink, ca_file: Path, security: SmtpSecurity
) -> None:
    login = {"username": USER, "password": SecretStr(PASSWORD)}
    settings = settings_for(secure_sink, security=security, ca_file=ca_file, **login)
    assert (await send(pool, settings)).refused is None
    assert len(secure_sink.mails) == 1


async def test_unknown_authority_is_not_trusted(pool: Pool, secure_sink: MailSink) -> None:
    settings = settings_for(secure_sink, security=SmtpSecurity.STARTTLS, username=USER, password=PASSWORD)
    with pytest.raises(MailNotTaken):
        await send(pool, settings)
    assert secure_sink.mails == []


async def test_a_certificate_of_another_server_is_not_trusted(
    pool: Pool, authority: trustme.CA, ca_file: Path, tmp_path: Path
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("outro.example").configure_cert(context)
    async with MailSink(tmp_path / "other", tls=context) as sink:
        with pytest.raises(MailNotTaken):
            await send(pool, settings_for(sink, security=SmtpSecurity.STARTTLS, ca_file=ca_file))
        assert sink.mails == []


async def test_required_starttls_never_sends_without(pool: Pool, mail_sink: MailSink) -> None:
    with pytest.raises(MailNotTaken):
        await send(pool, settings_for(mail_sink, security=SmtpSecurity.STARTTLS))
    assert mail_sink.mails == []


async def test_opportunistic_sends_without_where_there_is_none(pool: Pool, mail_sink: MailSink) -> None:
    assert (await send(pool, settings_for(mail_sink, security=SmtpSecurity.OPPORTUNISTIC))).refused is None


async def test_tls_from_the_first_byte(
    pool: Pool, authority: trustme.CA, ca_file: Path, mail_sink: MailSink
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(mail_sink.host, mail_sink.port)
        await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))

    async with await asyncio.start_server(relay, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        settings = settings_for(mail_sink, port=port, security=SmtpSecurity.TLS, ca_file=ca_file)
        assert (await send(pool, settings)).refused is None
    assert len(mail_sink.mails) == 1


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def test_wrong_password_is_our_fault_and_tried_again_X7(
    pool: Pool, secure_sink: MailSink, ca_file: Path
) -> None:
    settings = settings_for(
        secure_sink, security=SmtpSecurity.STARTTLS, ca_file=ca_file, username=USER, password="errada"
    )
    with pytest.raises(MailNotTaken, match="535"):
        await send(pool, settings)


async def test_missing_login_is_our_fault_and_tried_again_X7(
    pool: Pool, secure_sink: MailSink, ca_file: Path
) -> None:
    with pytest.raises(MailNotTaken, match="530"):
        await send(pool, settings_for(secure_sink, security=SmtpSecurity.STARTTLS, ca_file=ca_file))


def test_password_never_goes_unencrypted() -> None:
    settings = SmtpSettings(host="mx.nuvemjti.com.br", username=USER, password=SecretStr(PASSWORD))
    with pytest.raises(ValueError, match="cifrada"):
        SmtpTransport(settings)


# ---------------------------------------------------------------------- what the server says


@pytest.mark.parametrize("reply", ["451 4.3.0 try later", "452 4.2.2 full", "421 4.3.2 closing"])
@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
async def test_passing_failure_raises_and_heals_X7(
    pool: Pool, mail_sink: MailSink, reply: str, step: str
) -> None:
    mail_sink.fail(reply, at=step, times=2)  # type: ignore[arg-type]
    with pytest.raises(MailNotTaken):
        await send(pool, settings_for(mail_sink), example(LetterKind.SCRIPT))
    mail_sink.heal()
    assert (await send(pool, settings_for(mail_sink))).refused is None
    assert len(mail_sink.mails) == 1


async def test_letter_refused_for_good_after_its_data(pool: Pool, mail_sink: MailSink) -> None:
    mail_sink.fail("554 5.7.1 <rita@acme.com.br> looks like spam", at="data", times=-1)
    delivery = await send(pool, settings_for(mail_sink))
    assert delivery.refused == "554 5.7.1 (endereço) looks like spam"


async def test_refused_sender_is_our_fault_and_tried_again_X7(pool: Pool, mail_sink: MailSink) -> None:
    mail_sink.fail("550 5.7.1 sender not allowed", at="mail", times=1)
    with pytest.raises(MailNotTaken, match="550"):
        await send(pool, settings_for(mail_sink))
    assert (await send(pool, settings_for(mail_sink))).refused is None


async def test_lost_confirmation_sends_again_with_the_same_message_id(
    pool: Pool, mail_sink: MailSink
) -> None:
    mail_sink.fail("hangs up", at="after_data", times=1)
    with pytest.raises(MailNotTaken):
        await send(pool, settings_for(mail_sink))
    assert (await send(pool, settings_for(mail_sink))).refused is None
    first, second = mail_sink.mails
    assert first.content == second.content
    assert first.message["Message-ID"] == second.message["Message-ID"]


async def test_silent_server_is_given_up_in_time(pool: Pool, mail_sink: MailSink) -> None:
    held = asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await held.wait()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(MailNotTaken):
            await send(pool, settings_for(mail_sink, port=port, timeout_seconds=0.3))
        held.set()


async def test_hanging_server_leaves_the_pool_to_others_X7(database: str, mail_sink: MailSink) -> None:
    held = asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await held.wait()
        writer.close()

    pool = await open_pool(database, max_size=6)
    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        mailer = mailer_of(pool, settings_for(mail_sink, port=port, timeout_seconds=1.0))
        letters = [example(LetterKind.SCRIPT, key=f"case-{n}:x") for n in range(12)]
        sending = asyncio.gather(*(mailer.send(one) for one in letters), return_exceptions=True)
        async with asyncio.timeout(5):
            while await pool.fetchval("select count(*) from notification.outbox where attempts > 0") < 4:
                await asyncio.sleep(0)
            assert not sending.done()
            assert await pool.fetchval("select 1") == 1
        assert all(isinstance(answer, MailNotTaken) for answer in await sending)
        held.set()
    await pool.close()


# ---------------------------------------------------------------------- the outbox


async def test_outbox_keeps_what_was_sent_P20(pool: Pool, mail_sink: MailSink) -> None:
    delivery = await send(pool, settings_for(mail_sink))
    row = await pool.fetchrow("select * from notification.outbox")
    assert row is not None
    sent = mail_sink.mails[0].content
    assert row["content"] == sent
    assert row["content_sha256"] == hashlib.sha256(sent).hexdigest()
    assert (row["key"], row["case_id"], row["kind"], row["audience"]) == (
        SCRIPT.key, SCRIPT.case_id, "script", "customer",
    )  # fmt: skip
    assert row["message_id"] == delivery.message_id
    assert (row["status"], row["attempts"], row["last_error"]) == ("sent", 1, None)
    assert row["written_at"] == SCRIPT.at


async def test_outbox_says_why_a_letter_waits_without_addresses_X7(pool: Pool, mail_sink: MailSink) -> None:
    mail_sink.fail("451 4.3.0 rita@acme.com.br has a full mailbox, Rita", at="rcpt", times=-1)
    with pytest.raises(MailNotTaken):
        await send(pool, settings_for(mail_sink))
    row = await pool.fetchrow("select status, attempts, last_error, settled_at from notification.outbox")
    assert row is not None
    assert tuple(row) == ("pending", 1, "451 4.3.0 (endereço) has a full mailbox, (endereço)", None)


async def test_retry_sends_the_kept_bytes(pool: Pool, mail_sink: MailSink) -> None:
    mail_sink.fail("451 4.3.0 later", at="rcpt", times=2)
    with pytest.raises(MailNotTaken):
        await send(pool, settings_for(mail_sink))
    kept = await pool.fetchval("select content from notification.outbox")
    await send(pool, settings_for(mail_sink), example(LetterKind.SCRIPT, customer_name="Outro nome"))
    assert mail_sink.mails[0].content == kept


@pytest.mark.parametrize("kind", [LetterKind.RECORDINGS_READY, LetterKind.REMIND_LINK])
async def test_download_link_is_nowhere_in_the_database_P10(
    pool: Pool, mail_sink: MailSink, kind: LetterKind
) -> None:
    mail_sink.fail("451 4.3.0 later", at="rcpt", times=2)
    with pytest.raises(MailNotTaken):
        await send(pool, settings_for(mail_sink), example(kind))
    await send(pool, settings_for(mail_sink), example(kind))
    token = TOKEN_URL.rpartition("/")[2]
    row = await pool.fetchrow("select o.*, o::text as shown from notification.outbox o")
    assert row is not None
    assert row["status"] == "sent"
    assert row["content_is_whole"] is False
    assert "não fica neste registro".encode() not in mail_sink.mails[0].content
    text = row["content"].decode().replace("=\r\n", "")
    assert token[:12] not in text + row["shown"]
    body = mail_sink.mails[0].message.get_body(("plain",))
    assert body is not None
    assert TOKEN_URL in body.get_content()


async def test_other_process_waits_for_its_turn(database: str, pool: Pool, mail_sink: MailSink) -> None:
    other = await open_pool(database)
    letters = [SCRIPT] * 3
    mailers = [mailer_of(pool, settings_for(mail_sink)), mailer_of(other, settings_for(mail_sink))]
    deliveries = await asyncio.gather(*(m.send(one) for m in mailers for one in letters))
    await other.close()
    assert len(set(deliveries)) == 1
    assert len(mail_sink.mails) == 1
    assert await pool.fetchval("select attempts from notification.outbox") == 1


async def test_dead_process_gives_up_its_turn_at_once_X7(
    database: str, pool: Pool, mail_sink: MailSink
) -> None:
    other = await open_pool(database)
    async with PostgresOutbox(other).turn(SCRIPT.key) as turn:
        await turn.open(DRAFT)
        sending = asyncio.create_task(send(pool, settings_for(mail_sink)))
        # Its connection ends in the middle, as when the process is killed.
        await pool.execute(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted"
        )
        assert (await sending).refused is None
    other.terminate()


@pytest.mark.parametrize("how", ["failed", "cancelled", "refused by the database", "settled"])
async def test_a_turn_that_ends_in_any_way_gives_its_lock_back_X7(pool: Pool, how: str) -> None:
    locks = "select count(*) from pg_locks where locktype = 'advisory'"

    async def attempt() -> None:
        async with PostgresOutbox(pool).turn(SCRIPT.key) as turn:
            entry = await turn.open(
                DRAFT if how != "refused by the database" else replace(DRAFT, audience="nobody")
            )
            assert await pool.fetchval(locks) == 1
            match how:
                case "failed":
                    raise RuntimeError
                case "cancelled":
                    await asyncio.Event().wait()
                case "settled":
                    await turn.settle(dict.fromkeys(entry.answers, Answer(Fate.SENT)), None)

    attempting = asyncio.create_task(attempt())
    while how == "cancelled" and not await pool.fetchval(locks):
        await asyncio.sleep(0)
    if how == "cancelled":
        attempting.cancel()
    await asyncio.wait([attempting])
    assert await pool.fetchval(locks) == 0
    # Whoever comes next knows what became of it.
    async with PostgresOutbox(pool).turn(SCRIPT.key) as turn:
        entry = await turn.open(DRAFT)
        assert entry.fate is (Fate.SENT if how == "settled" else Fate.PENDING)
    assert await pool.fetchval(locks) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "delete from notification.outbox",
        "delete from notification.recipients",
        "truncate notification.outbox cascade",
        "update notification.outbox set content = 'x'",
        "update notification.outbox set settled_at = now()",
        "update notification.outbox set key = 'other'",
        "update notification.recipients set address = 'x@y.z'",
        "update notification.recipients set status = 'refused', reply = 'x', settled_at = now()",
    ],
)
async def test_what_was_sent_cannot_be_rewritten_P20(pool: Pool, mail_sink: MailSink, statement: str) -> None:
    await send(pool, settings_for(mail_sink))
    with pytest.raises(asyncpg.PostgresError):
        await pool.execute(statement)


# ---------------------------------------------------------------------- settings


async def test_settings_make_the_mailer(
    pool: Pool, mail_sink: MailSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANCELAMENTO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CANCELAMENTO_SMTP_HOST", mail_sink.host)
    monkeypatch.setenv("CANCELAMENTO_SMTP_PORT", str(mail_sink.port))
    monkeypatch.setenv("CANCELAMENTO_TEAMS_SUPPORT", "noc@nuvemjti.com.br")
    monkeypatch.setenv("CANCELAMENTO_GATEWAY_PUBLIC_URL", "https://gravacoes.nuvemjti.com.br")
    mailer = smtp_mailer(Settings(), pool)
    await mailer.send(example(LetterKind.SHUTDOWN_PLAN))
    await mailer.send(example(LetterKind.RECORDINGS_READY))
    plan, ready = mail_sink.mails
    assert plan.recipients == ("noc@nuvemjti.com.br",)
    body = ready.message.get_body(("plain",))
    assert body is not None
    assert "https://gravacoes.nuvemjti.com.br/d/" in body.get_content()


def test_wrong_address_in_the_settings_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANCELAMENTO_TEAMS_FINANCE", "financeiro")
    with pytest.raises(ValueError, match="finance"):
        letterhead_of(Settings())
