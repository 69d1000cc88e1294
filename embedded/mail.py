"""A mail server on loopback that keeps what it gets as `.eml` files, and can misbehave for tests."""

import asyncio
import itertools
import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from embedded.errors import EmbeddedError
from embedded.managed import ManagedServer
from embedded.ports import LOOPBACK

_SIZE_LIMIT_BYTES = 50_000_000
_ACCEPTED = "250 2.0.0 Mensagem guardada"

Step = Literal["mail", "rcpt", "data", "after_data"]
"""Where a failure happens. `after_data`: the mail is kept, but the connection ends before anybody is told."""


@dataclass(frozen=True)
class ReceivedMail:
    """One mail as it arrived."""

    path: Path
    sender: str
    """Envelope sender, empty for a bounce."""
    recipients: tuple[str, ...]
    """Envelope recipients, hidden ones included."""

    @property
    def content(self) -> bytes:
        """The mail, byte for byte; on the disk alone, for a server may run for months."""
        return self.path.read_bytes()

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed."""
        parsed = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@dataclass
class _Failure:
    step: Step
    reply: str
    times: int
    recipient: str | None

    def meets(self, step: Step, recipient: str | None) -> bool:
        return self.step == step and self.times != 0 and self.recipient in (None, recipient)


class MailSink(ManagedServer):
    """A real SMTP server that delivers to a folder.

    Args:
        outbox: Folder of the `.eml` files, named so that they sort by arrival. Made if it is missing.
        port: Where it listens; a free one by default, kept from then on.
        tls: With it STARTTLS is offered, and required before any mail.
        users: Name and password of who may log in; with it a login is required.
    """

    name = "Correio"

    def __init__(
        self,
        outbox: Path,
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        users: Mapping[str, str] | None = None,
    ) -> None:
        self.outbox = Path(os.path.abspath(outbox))
        self.port = port
        self.host = LOOPBACK
        self.mails: list[ReceivedMail] = []
        self._tls = tls
        self._users = dict(users or {})
        self._failures: list[_Failure] = []
        self._number = itertools.count(1)
        self._arrived = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._connections: set[SMTP] = set()
        self._stopped = asyncio.Event()
        self._stopped.set()

    @property
    def address(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}"

    @property
    def running(self) -> bool:
        """Whether it has been started and not stopped."""
        return not self._stopped.is_set()

    async def wait(self) -> None:
        """Return when it has been stopped."""
        await self._stopped.wait()

    async def stop(self) -> None:
        """Listen no more and end every connection."""
        await self.refuse()
        self._stopped.set()

    async def refuse(self) -> None:
        """Refuse connections, as a server that is down, until `accept`."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._connections):
            _cut(connection)
        self._connections.clear()

    async def accept(self) -> None:
        """Take connections (again, on the same port)."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            try:
                self._server = await loop.create_server(self._connection, self.host, self.port)
            except OSError as error:
                msg = f"o correio embutido não pode escutar em {self.address}"
                raise EmbeddedError(msg) from error
            self.port = self._server.sockets[0].getsockname()[1]

    def fail(self, reply: str, *, at: Step = "data", times: int = 1, recipient: str | None = None) -> None:
        """Answer with that reply instead of doing the work.

        Args:
            reply: Code and text, such as `451 4.3.0 try later`.
            at: The step of the conversation.
            times: How often; -1 for ever, until `heal`.
            recipient: Only for this envelope recipient (with `at="rcpt"`).
        """
        self._failures.append(_Failure(at, reply, times, recipient))

    def heal(self) -> None:
        """Forget every failure."""
        self._failures.clear()

    async def wait_for(
        self,
        condition: Callable[[ReceivedMail], bool] = lambda _: True,
        *,
        seconds: float = 10.0,
        count: int = 1,
    ) -> list[ReceivedMail]:
        """The mails that meet the condition, once there are that many.

        Raises:
            TimeoutError: There are not.
        """

        def found() -> list[ReceivedMail]:
            return [mail for mail in self.mails if condition(mail)]

        async with asyncio.timeout(seconds), self._arrived:
            await self._arrived.wait_for(lambda: len(found()) >= count)
        return found()

    async def _launch(self) -> None:
        self.outbox.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._stopped.clear()
        await self.accept()

    # What aiosmtpd calls, by its names.

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """MAIL FROM."""
        if failure := self._failure("mail"):
            return failure
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """RCPT TO."""
        if failure := self._failure("rcpt", address):
            return failure
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        """The mail itself."""
        if failure := self._failure("data"):
            return failure
        content = envelope.original_content or b""
        path = self._keep(content)
        mail = ReceivedMail(path, envelope.mail_from or "", tuple(envelope.rcpt_tos))
        async with self._arrived:
            self.mails.append(mail)
            self._arrived.notify_all()
        if self._failure("after_data"):
            _cut(server)
        return _ACCEPTED

    def _keep(self, content: bytes) -> Path:
        """Write the mail whole or not at all, under a name that sorts by arrival."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{next(self._number):06d}.eml"
        fresh = self.outbox / f".{name}"
        fresh.write_bytes(content)
        return fresh.replace(self.outbox / name)

    def _failure(self, step: Step, recipient: str | None = None) -> str | None:
        for failure in self._failures:
            if failure.meets(step, recipient):
                failure.times -= 1
                return failure.reply
        return None

    def _connection(self) -> SMTP:
        server = _Connection(
            self,
            on_end=self._connections.discard,
            hostname="localhost",
            enable_SMTPUTF8=True,
            data_size_limit=_SIZE_LIMIT_BYTES,
            tls_context=self._tls,
            require_starttls=self._tls is not None,
            authenticator=self._authenticate if self._users else None,
            auth_required=bool(self._users),
            auth_require_tls=self._tls is not None,
        )
        self._connections.add(server)
        return server

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        right = isinstance(data, LoginPassword) and self._users.get(
            data.login.decode(errors="replace")
        ) == data.password.decode(errors="replace")
        # handled=False has aiosmtpd send the 535; with True the client would wait for ever.
        return AuthResult(success=right, handled=False)


class _Connection(SMTP):
    """One conversation, which says when it has ended."""

    def __init__(self, handler: MailSink, *, on_end: Callable[["_Connection"], None], **options: Any) -> None:
        super().__init__(handler, **options)
        self._on_end = on_end

    def connection_lost(self, error: Exception | None) -> None:
        """The other side, or we, ended it."""
        self._on_end(self)
        super().connection_lost(error)


def _cut(connection: SMTP) -> None:
    if isinstance(connection.transport, asyncio.WriteTransport):
        connection.transport.abort()
