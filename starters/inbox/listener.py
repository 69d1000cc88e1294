"""The SMTP or LMTP listener to which a receiving server passes copies on."""

import asyncio
import hmac
import logging
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final, Self

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from cancellation.setting_groups import InboxSettings, ListenerProtocol
from starters.inbox.reception import Reception

logger = logging.getLogger(__name__)

_TAKEN: Final = "250 2.0.0 Mensagem guardada"
_LATER: Final = "451 4.3.0 Sistema indisponivel, tente mais tarde"
_MOST_RECIPIENTS: Final = 200
_IDLE_SECONDS: Final = 120.0


class Listener:
    """Answers 250 once the e-mail is kept and on its way, 451 when it could not be.

    Args:
        reception: takes the e-mails.
        settings: where and how it listens.
        clock: the instant of receipt (P8).
    """

    def __init__(
        self,
        reception: Reception,
        settings: InboxSettings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._reception = reception
        self._settings = settings
        self._clock = clock
        self._peers = _networks(settings.listener_peers)
        self._tls = _tls(settings)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Transport] = set()
        self._lmtp = settings.listener_protocol is ListenerProtocol.LMTP
        self.port = settings.listener_port

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address is in use.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._conversation, self._settings.listener_host, self.port, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]
        logger.info("listener ready", extra={"port": self.port, "protocol": "lmtp" if self._lmtp else "smtp"})

    async def stop(self) -> None:
        """Listen no more; e-mails that have not been answered will be sent again."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for transport in list(self._connections):
            transport.abort()

    async def __aenter__(self) -> Self:
        """Listen."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Listen no more."""
        await self.stop()

    # What aiosmtpd calls, by its names.

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """A whole e-mail has arrived."""
        content = envelope.original_content or b""
        try:
            await self._reception.take(
                content, self._clock(), envelope.rcpt_tos, source="lmtp" if self._lmtp else "smtp"
            )
        except Exception as error:
            logger.warning("mail not taken", extra={"error": type(error).__name__})
            reply = _LATER
        else:
            reply = _TAKEN
        # LMTP answers once for every recipient (RFC 2033).
        return "\r\n".join([reply] * len(envelope.rcpt_tos)) if self._lmtp else reply

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """RCPT TO."""
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 Destinatarios demais"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    # ------------------------------------------------------------------ connections

    def _conversation(self) -> SMTP:
        settings = self._settings
        kind = _LmtpConversation if self._lmtp else _SmtpConversation
        return kind(
            self,
            self,
            hostname="localhost",
            ident="cancelamento",
            enable_SMTPUTF8=True,
            longest_line=settings.max_bytes,
            data_size_limit=settings.max_bytes,
            timeout=_IDLE_SECONDS,
            tls_context=self._tls,
            require_starttls=self._tls is not None,
            authenticator=self._authenticate if settings.listener_username else None,
            auth_required=settings.listener_username is not None,
            auth_require_tls=self._tls is not None,
        )

    def admit(self, transport: asyncio.Transport) -> str | None:
        """Take a connection in; the reply for one that is not let in, else None."""
        peer = transport.get_extra_info("peername")
        if not _is_within(peer[0] if peer else "", self._peers):
            logger.warning("connection refused: not a known receiving server")
            return "554 5.7.1 Acesso negado"
        if len(self._connections) >= self._settings.listener_connections:
            return "421 4.7.0 Conexoes demais, tente mais tarde"
        self._connections.add(transport)
        return None

    def leave(self, transport: asyncio.Transport | None) -> None:
        """A connection has ended."""
        if transport is not None:
            self._connections.discard(transport)

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        name = (self._settings.listener_username or "").encode()
        secret = self._settings.listener_password
        password = secret.get_secret_value().encode() if secret else b""
        right = (
            bool(password)
            and isinstance(data, LoginPassword)
            and hmac.compare_digest(data.login, name)
            and hmac.compare_digest(data.password, password)
        )
        # handled=False has aiosmtpd send the 535; with True the client would wait for ever.
        return AuthResult(success=right, handled=False)


class _Conversation:
    """What a conversation of either protocol adds: who is let in, and that its end is known."""

    def __init__(self, door: Listener, handler: object, *, longest_line: int, **options: Any) -> None:
        # Lines of any length, and line ends that are none: whatever a server passes on is taken as it is.
        self.line_length_limit = longest_line
        super().__init__(handler, **options)  # type: ignore[call-arg]  # of aiosmtpd's class beside this one
        self._door = door
        self._mine: asyncio.Transport | None = None

    def connection_made(self, transport: Any) -> None:
        """Somebody has connected, or the connection has become an encrypted one."""
        if self._mine is None:
            reply = self._door.admit(transport)
            if reply is not None:
                transport.write(f"{reply}\r\n".encode())
                transport.close()
                return
            self._mine = transport
        super().connection_made(transport)  # type: ignore[misc]

    def connection_lost(self, error: Exception | None) -> None:
        """The other side, or we, ended it."""
        if self._mine is not None:
            self._door.leave(self._mine)
            super().connection_lost(error)  # type: ignore[misc]


class _SmtpConversation(_Conversation, SMTP):
    """SMTP."""


class _LmtpConversation(_Conversation, LMTP):
    """LMTP."""


def _tls(settings: InboxSettings) -> ssl.SSLContext | None:
    if settings.listener_tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.listener_tls_cert, settings.listener_tls_key)
    return context


def _networks(text: str) -> list[IPv4Network | IPv6Network]:
    return [ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()]


def _is_within(peer: str, networks: list[IPv4Network | IPv6Network]) -> bool:
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)
