"""The listener, spoken to by standard clients: what it takes, refuses, and asks to be sent again."""

import asyncio
import smtplib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from cancellation.setting_groups import InboxSettings
from starters.answering import is_listening
from starters.inbox.listener import Listener

FINANCE, COMMERCIAL = "financeiro@nuvemjti.com.br", "comercial@nuvemjti.com.br"
MAIL = b"From: a@b.example\r\nSubject: oi\r\n\r\nbom dia\r\n"
NOW = datetime(2026, 11, 22, 13, tzinfo=UTC)


class Shelf:
    """Reception that keeps e-mails in a list, or cannot."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, datetime, tuple[str, ...]]] = []
        self.away = False

    async def take(self, raw: bytes, received_at: datetime, envelope: list[str], **_: Any) -> None:
        if self.away:
            raise ConnectionRefusedError
        self.taken.append((raw, received_at, tuple(envelope)))


def listener(shelf: Shelf, **settings: Any) -> Listener:
    """A listener on a free port."""
    return Listener(shelf, InboxSettings(listener_port=0, **settings), clock=lambda: NOW)  # type: ignore[arg-type]


async def talk(port: int, conversation: Callable[[smtplib.SMTP], Any], kind: type = smtplib.SMTP) -> Any:
    """Hold a conversation in a thread."""

    def run() -> Any:
        with kind("127.0.0.1", port, timeout=10, local_hostname="localhost") as client:
            return conversation(client)

    return await asyncio.to_thread(run)


async def test_mail_is_taken_byte_for_byte_with_its_envelope_and_instant_P8_P11() -> None:
    shelf = Shelf()
    async with listener(shelf) as door:
        assert await is_listening(f"127.0.0.1:{door.port}")
        raw = MAIL + b".ponto no come\xc3\xa7o\r\n" + b"x" * 5000 + b"\r\n\xff\x00\r\n"
        await talk(door.port, lambda c: c.sendmail("a@b.example", [FINANCE, COMMERCIAL], raw))
    assert shelf.taken == [(raw, NOW, (FINANCE, COMMERCIAL))]


async def test_line_ends_that_are_none_are_taken_too_P11() -> None:
    shelf = Shelf()
    async with listener(shelf) as door:
        await talk(
            door.port, lambda c: c.sendmail("a@b.example", [FINANCE], MAIL.replace(b"\r\n", b"\n") * 200)
        )
    assert len(shelf.taken) == 1


async def test_unreachable_system_asks_to_be_sent_again_P11() -> None:
    shelf = Shelf()
    shelf.away = True
    async with listener(shelf) as door:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await talk(door.port, lambda c: c.sendmail("a@b.example", [FINANCE], MAIL))
        assert refused.value.smtp_code == 451
        shelf.away = False
        await talk(door.port, lambda c: c.sendmail("a@b.example", [FINANCE], MAIL))
    assert len(shelf.taken) == 1


async def test_lmtp_answers_for_every_recipient() -> None:
    shelf = Shelf()
    async with listener(shelf, listener_protocol="lmtp") as door:

        def conversation(client: smtplib.LMTP) -> list[bytes]:
            client.docmd("LHLO", "localhost")
            client.mail("a@b.example")
            client.rcpt(FINANCE)
            client.rcpt(COMMERCIAL)
            client.data(MAIL)
            return [client.getreply()[1], client.noop()[1]]

        second, after = await talk(door.port, conversation, smtplib.LMTP)  # type: ignore[arg-type]
    assert b"guardada" in second
    assert b"guardada" not in after
    assert shelf.taken[0][2] == (FINANCE, COMMERCIAL)


async def test_too_large_a_mail_is_refused_and_not_kept() -> None:
    shelf = Shelf()
    async with listener(shelf, max_bytes=20_000) as door:
        with pytest.raises(smtplib.SMTPException) as refused:
            await talk(door.port, lambda c: c.sendmail("a@b.example", [FINANCE], MAIL * 1000))
        assert "552" in str(refused.value)
    assert shelf.taken == []


async def test_strangers_are_not_let_in_X9() -> None:
    shelf = Shelf()
    async with listener(shelf, listener_peers="10.0.0.0/8") as door:
        assert not await is_listening(f"127.0.0.1:{door.port}")
        with pytest.raises(smtplib.SMTPConnectError) as refused:
            await talk(door.port, lambda c: c.noop())
        assert refused.value.smtp_code == 554


async def test_conversations_beyond_the_limit_come_later() -> None:
    shelf = Shelf()
    async with listener(shelf, listener_connections=1) as door:

        async def another() -> int:
            with pytest.raises(smtplib.SMTPConnectError) as refused:
                await talk(door.port, lambda c: c.noop())
            return int(refused.value.smtp_code)

        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        await reader.readline()
        assert await another() == 421
        writer.write(b"QUIT\r\n")
        assert (await reader.readline()).startswith(b"221")
        await reader.read()
        writer.close()
        async with asyncio.timeout(30):
            while not await is_listening(f"127.0.0.1:{door.port}"):
                await asyncio.sleep(0.01)


async def test_starttls_and_login_are_required_if_told_to(tmp_path: Path) -> None:
    shelf = Shelf()
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    secured = listener(
        shelf,
        listener_tls_cert=tmp_path / "cert.pem",
        listener_tls_key=tmp_path / "key.pem",
        listener_username="mx",
        listener_password="segredo",
    )
    async with secured as door:
        with pytest.raises(smtplib.SMTPException):
            await talk(door.port, lambda c: c.sendmail("a@b.example", [FINANCE], MAIL))

        def log_in(password: str) -> Callable[[smtplib.SMTP], Any]:
            def conversation(client: smtplib.SMTP) -> None:
                client.starttls(context=context)
                client.login("mx", password)
                client.sendmail("a@b.example", [FINANCE], MAIL)

            return conversation

        with pytest.raises(smtplib.SMTPAuthenticationError):
            await talk(door.port, log_in("errada"))
        await talk(door.port, log_in("segredo"))
    assert len(shelf.taken) == 1
