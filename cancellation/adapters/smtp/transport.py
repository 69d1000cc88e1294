"""Hands messages to a mail server over SMTP: TLS, login, and what each recipient was answered."""

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
)

from cancellation.adapters.mailing import Answer, Fate, MailNotTaken
from cancellation.adapters.smtp import replies
from cancellation.setting_groups import SmtpSecurity, SmtpSettings

_GOODBYE_SECONDS: Final = 1.0


class SmtpTransport:
    """One conversation a message. Certificates are verified; a password goes encrypted or over loopback."""

    def __init__(self, settings: SmtpSettings) -> None:
        """Send through the server of the settings.

        Raises:
            ValueError: a password would travel unencrypted.
        """
        unencrypted = settings.security is SmtpSecurity.NONE and not _is_loopback(settings.host)
        if settings.username and unencrypted:
            msg = "a senha de SMTP só pode viajar cifrada: defina CANCELAMENTO_SMTP_SECURITY"
            raise ValueError(msg)
        self._settings = settings
        self._tls: ssl.SSLContext | None = None

    async def deliver(self, sender: str, recipients: Sequence[str], content: bytes) -> Mapping[str, Answer]:
        """Send a message.

        Args:
            sender: envelope sender, to whom bounces go.
            recipients: envelope recipients, plain ASCII addresses.
            content: the whole message, lines ending in CRLF.

        Raises:
            MailNotTaken: no connection, no encryption, no login, or a conversation that broke off.
        """
        known = [*recipients, sender]
        client: SMTP | None = None
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                client = await self._connect()
                return await _converse(client, sender, recipients, content)
        except SMTPResponseException as error:
            raise MailNotTaken(replies.words(f"{error.code} {error.message}", known)) from None
        except (SMTPException, OSError) as error:
            kind = type(error).__name__
            raise MailNotTaken(replies.words(f"{kind}: {str(error) or 'sem resposta'}", known)) from None
        finally:
            if client is not None:
                await _leave(client)

    async def _connect(self) -> SMTP:
        settings = self._settings
        options: dict[str, Any] = {
            "hostname": settings.host,
            "port": settings.port,
            "timeout": settings.timeout_seconds,
            "local_hostname": settings.helo_name,
            **_encryption(settings),
        }
        if settings.security is not SmtpSecurity.NONE:
            options["tls_context"] = await self._tls_context()
        if settings.username and settings.password:
            options |= {"username": settings.username, "password": settings.password.get_secret_value()}
        client = SMTP(**options)
        await client.connect()
        return client

    async def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            ca_file = self._settings.ca_file
            # Reads the authorities' file.
            self._tls = await asyncio.to_thread(ssl.create_default_context, cafile=ca_file)
            self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        return self._tls


async def _converse(
    client: SMTP, sender: str, recipients: Sequence[str], content: bytes
) -> Mapping[str, Answer]:
    """The mail transaction; a refusal of single recipients or of the letter is an answer."""
    await client.mail(sender)
    answers: dict[str, Answer] = {}
    for recipient in recipients:
        try:
            await client.rcpt(recipient)
            answers[recipient] = Answer(Fate.SENT)
        except SMTPRecipientRefused as error:
            answers[recipient] = replies.answer(error.code, error.message, recipients)
    accepted = [recipient for recipient, answer in answers.items() if answer.fate is Fate.SENT]
    if not accepted:
        return answers
    try:
        await client.data(content)
    except SMTPDataError as error:
        answers |= dict.fromkeys(accepted, replies.answer(error.code, error.message, recipients))
    return answers


async def _leave(client: SMTP) -> None:
    """Say goodbye, shortly: whatever happens now, the letter's fate is known."""
    with contextlib.suppress(SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(_GOODBYE_SECONDS):
            await client.quit()
    client.close()


def _encryption(settings: SmtpSettings) -> dict[str, Any]:
    """What the connection has to do about TLS."""
    match settings.security:
        case SmtpSecurity.TLS:
            return {"use_tls": True, "start_tls": False}
        case SmtpSecurity.STARTTLS:
            return {"start_tls": True}
        case SmtpSecurity.OPPORTUNISTIC:
            # Who takes the offer of encryption away must not get the password for it.
            return {"start_tls": True if settings.username and not _is_loopback(settings.host) else None}
        case SmtpSecurity.NONE:
            return {"start_tls": False}


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False
