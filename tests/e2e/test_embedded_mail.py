import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
import trustme

from embedded import MailSink


def mail(subject: str = "Aviso de término – protocolo") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "nos@exemplo.com.br", "rita@acme.com.br", subject
    message.set_content("Olá, Rita.\n.linha que começa com ponto\n")
    return message


async def send(sink: MailSink, message: EmailMessage, **options: Any) -> None:
    await aiosmtplib.send(message, hostname=sink.host, port=sink.port, timeout=10, **options)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def guarded_sink(tmp_path: Path, authority: trustme.CA) -> AsyncIterator[MailSink]:
    """A server with a certificate and one user, as a provider's."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with MailSink(tmp_path / "outbox", tls=context, users={"robo": "segredo"}) as sink:
        yield sink


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_mail_lies_in_the_outbox_in_order_of_arrival(mail_sink: MailSink) -> None:
    for number in range(12):
        await send(mail_sink, mail(f"número {number}"), recipients=["rita@acme.com.br", "oculto@acme.com.br"])
    files = sorted(mail_sink.outbox.glob("*.eml"))
    assert [kept.path for kept in mail_sink.mails] == files
    assert [kept.message["Subject"] for kept in mail_sink.mails] == [f"número {n}" for n in range(12)]
    assert mail_sink.mails[0].recipients == ("rita@acme.com.br", "oculto@acme.com.br")
    assert files[0].read_bytes() == mail_sink.mails[0].content
    assert b"\n.linha que" in mail_sink.mails[0].content
    assert not list(mail_sink.outbox.glob(".*"))
    assert mail_sink.outbox.stat().st_mode & 0o077 == 0


async def test_starttls_and_login_are_demanded(guarded_sink: MailSink, authority: trustme.CA) -> None:
    secure = {"start_tls": True, "tls_context": trusting(authority)}
    with pytest.raises(aiosmtplib.SMTPException):
        await send(guarded_sink, mail(), start_tls=False)
    with pytest.raises(aiosmtplib.SMTPException, match="530"):
        await send(guarded_sink, mail(), **secure)
    with pytest.raises(aiosmtplib.SMTPAuthenticationError):
        await send(guarded_sink, mail(), username="robo", password="errada", **secure)
    with pytest.raises(ssl.SSLCertVerificationError):
        await send(guarded_sink, mail(), username="robo", password="segredo", start_tls=True)
    assert not guarded_sink.mails
    await send(guarded_sink, mail(), username="robo", password="segredo", **secure)
    assert len(guarded_sink.mails) == 1


async def test_failures_come_as_ordered_then_it_heals(mail_sink: MailSink) -> None:
    mail_sink.fail("451 4.3.0 tente mais tarde", times=2)
    for _ in range(2):
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await send(mail_sink, mail())
        assert refused.value.code == 451
    await send(mail_sink, mail())
    mail_sink.fail("550 5.1.1 desconhecido", at="rcpt", times=-1, recipient="rita@acme.com.br")
    for _ in range(3):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await send(mail_sink, mail())
    mail_sink.heal()
    await send(mail_sink, mail())
    assert len(mail_sink.mails) == 2


async def test_server_that_is_down_and_comes_back_on_its_port(mail_sink: MailSink) -> None:
    address = mail_sink.address
    await mail_sink.refuse()
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await send(mail_sink, mail())
    await mail_sink.accept()
    await send(mail_sink, mail())
    assert mail_sink.address == address


async def test_mail_kept_but_never_acknowledged(mail_sink: MailSink) -> None:
    mail_sink.fail("cut", at="after_data")
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await send(mail_sink, mail())
    assert len(mail_sink.mails) == 1


async def test_waiting_for_a_mail(mail_sink: MailSink) -> None:
    waiting = asyncio.create_task(mail_sink.wait_for(lambda m: m.message["Subject"] == "segundo"))
    await send(mail_sink, mail("primeiro"))
    await send(mail_sink, mail("segundo"))
    assert [found.message["Subject"] for found in await waiting] == ["segundo"]
    with contextlib.suppress(TimeoutError):
        await mail_sink.wait_for(lambda m: m.message["Subject"] == "terceiro", seconds=0.01)
        pytest.fail("there is no third one")
