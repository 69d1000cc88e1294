"""Until when the certificates hold on which the service depends, as their servers show them, trusted or not."""

import asyncio
import logging
import ssl
import struct
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from cancellation.setting_groups import SmtpSecurity, SmtpSettings, Ssl
from cancellation.settings import Settings

logger = logging.getLogger(__name__)

Look = Callable[[], Awaitable[bytes]]
"""The certificate as DER, or PEM of a file."""
_WITHIN: Final = 8.0
_LASTS: Final = 900.0
"""Seconds until a certificate that was seen is looked at again."""
_AGAIN: Final = 60.0
"""The same for one that was not seen."""
_TLS_PLEASE: Final = struct.pack("!ii", 8, 80877103)
"""What PostgreSQL wants to be asked before it speaks TLS; a byte answers whether it does."""


class Certificates:
    """Looks at each now and then; what was seen last is told.

    Args:
        looks: how to see a certificate, by what it is called.
        clock: a monotonic clock, in seconds.
    """

    def __init__(self, looks: Mapping[str, Look], clock: Callable[[], float] = time.monotonic) -> None:
        self._looks = looks
        self._clock = clock
        self._seen: dict[str, tuple[float, float | None]] = {}
        """When it was looked at, and when it expires: seconds since 1970; None: it was not seen."""

    async def expiries(self) -> Mapping[str, float | None]:
        """When each expires, in seconds since 1970; None for one that cannot be seen."""
        await asyncio.gather(*(self._look(name, look) for name, look in self._looks.items()))
        return {name: self._seen[name][1] for name in self._looks}

    async def _look(self, name: str, look: Look) -> None:
        at, expires = self._seen.get(name, (float("-inf"), None))
        if self._clock() - at < (_AGAIN if expires is None else _LASTS):
            return
        try:
            async with asyncio.timeout(_WITHIN):
                found = _expiry(await look())
        except Exception as error:
            logger.warning("certificate not seen", extra={"of": name, "error": type(error).__name__})
            found = None
        self._seen[name] = (self._clock(), found)


def certificates_of(settings: Settings) -> Certificates:
    """Those that the settings name: pages in HTTPS, the database, mail both ways, and what is asked for."""
    looks: dict[str, Look] = {}
    for name, url in (
        ("gateway", settings.gateway.public_url),
        ("desk", settings.desk.public_url),
        ("codec", settings.codec.public_url),
    ):
        parts = urlsplit(url)
        if parts.scheme == "https" and parts.hostname:
            looks[name] = partial(_of_server, parts.hostname, parts.port or 443)
    database = urlsplit(settings.database_url.get_secret_value() if settings.database_url else "")
    encrypted = parse_qs(database.query).get("sslmode", [""])[-1]
    if database.hostname and encrypted in (Ssl.REQUIRE, Ssl.VERIFY_CA, Ssl.VERIFY_FULL):
        looks["database"] = partial(_of_database, database.hostname, database.port or 5432)
    if settings.smtp.security in (SmtpSecurity.STARTTLS, SmtpSecurity.TLS):
        looks["smtp"] = partial(_of_mail_server, settings.smtp)
    if settings.inbox.listener_tls_cert is not None:
        looks["listener"] = partial(_of_file, settings.inbox.listener_tls_cert)
    for place in settings.monitor.certificate_places:
        host, _, port = place.rpartition(":")
        is_file = place.startswith("/")
        looks[place] = partial(_of_file, Path(place)) if is_file else partial(_of_server, host, int(port))
    return Certificates(looks)


async def _of_server(host: str, port: int) -> bytes:
    _, writer = await asyncio.open_connection(
        host.strip("[]"), port, ssl=_whatever_it_is(), server_hostname=host
    )
    try:
        return _shown(writer.get_extra_info("ssl_object"))
    finally:
        writer.transport.abort()


async def _of_database(host: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(_TLS_PLEASE)
        if await reader.readexactly(1) != b"S":
            msg = "PostgreSQL speaks no TLS"
            raise ConnectionError(msg)
        await writer.start_tls(_whatever_it_is(), server_hostname=host)
        return _shown(writer.get_extra_info("ssl_object"))
    finally:
        writer.transport.abort()


async def _of_mail_server(settings: SmtpSettings) -> bytes:
    from aiosmtplib import SMTP

    tls = settings.security is SmtpSecurity.TLS
    client = SMTP(
        hostname=settings.host, port=settings.port, timeout=_WITHIN, local_hostname=settings.helo_name,
        use_tls=tls, start_tls=not tls, tls_context=_whatever_it_is(),
    )  # fmt: skip
    await client.connect()
    try:
        assert client.transport is not None  # It is connected.
        return _shown(client.transport.get_extra_info("ssl_object"))
    finally:
        client.close()


async def _of_file(file: Path) -> bytes:
    return await asyncio.to_thread(file.read_bytes)


def _whatever_it_is() -> ssl.SSLContext:
    """A date is asked for, and nothing is said to the server: what has expired must be seen, too."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _shown(connection: ssl.SSLObject) -> bytes:
    shown = connection.getpeercert(binary_form=True)
    assert shown is not None  # A server always shows one.
    return shown


def _expiry(certificate: bytes) -> float:
    from cryptography import x509

    read = (
        x509.load_pem_x509_certificate
        if certificate.lstrip().startswith(b"-----")
        else x509.load_der_x509_certificate
    )
    return read(certificate).not_valid_after_utc.timestamp()
