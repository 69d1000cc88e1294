"""A gateway on a real socket, a link with its archive, and a visitor who asks."""

import asyncio
import contextlib
import hashlib
import http.client
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from urllib.parse import urlsplit

import obstore
from obstore.store import ObjectStore

from cancellation.adapters.objectstore.layout import archive_path
from cancellation.adapters.objectstore.ledger import Ledger, Link
from cancellation.domain.links import link_id, link_token, token_hash
from starters.gateway.app import create_app
from starters.gateway.limits import Limits
from starters.web.serving import serve

SECRET = b"a key of the tests"
ENDS_AT = datetime(2026, 12, 23, 3, tzinfo=UTC)
GENEROUS = Limits(requests=10_000, misses=10_000, downloads=100)


@dataclass
class Answer:
    status: int
    headers: Message
    body: bytes


@dataclass
class GatewayRig:
    store: ObjectStore
    ledger: Ledger
    now: datetime = field(default_factory=lambda: datetime(2026, 12, 1, 12, tzinfo=UTC))
    url: str = ""

    async def link(
        self,
        content: bytes = b"",
        *,
        case_id: str = "case-1",
        ordinal: int = 1,
        size: int | None = None,
        sha256: str | None = None,
        files: int = 12,
    ) -> Link:
        """A link; with `content` its archive lies in the store, with `size` it is there already."""
        new = link_id(SECRET, case_id, ordinal)
        path = archive_path(case_id, new)
        if content:
            await obstore.put_async(self.store, path, content)
        return await self.ledger.add_link(
            Link(
                link_id=new,
                case_id=case_id,
                customer_id="1042",
                ordinal=ordinal,
                archive_path=path,
                download_name="gravacoes-1042-2026-11-22.zip",
                files=files,
                size=size or len(content),
                sha256=sha256 or hashlib.sha256(content).hexdigest(),
                token_hash=token_hash(link_token(SECRET, new)),
                made_at=datetime(2026, 11, 22, 15, tzinfo=UTC),
                expires_at=ENDS_AT,
            )
        )

    @staticmethod
    def page_of(link: Link) -> str:
        return f"/d/{link_token(SECRET, link.link_id)}"

    def file_of(self, link: Link) -> str:
        return f"{self.page_of(link)}/{link.download_name}"

    async def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """One request on a connection of its own; `if_range` names the header If-Range."""
        return await asyncio.to_thread(self._ask, path, method, headers)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)

    def _ask(self, path: str, method: str, headers: dict[str, str]) -> Answer:
        with contextlib.closing(self.connect()) as connection:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=named)
            response = connection.getresponse()
            return Answer(response.status, response.msg, response.read())

    async def told(self, case_id: str = "case-1") -> list[tuple[str, str, int | None]]:
        """What the case's trail would hear: address, kind, bytes."""
        return [(one.address, one.kind.value, one.bytes) for one in await self.ledger.accesses(case_id, 0)]

    @asynccontextmanager
    async def running(
        self, limits: Limits = GENEROUS, trusted_proxies: str = ""
    ) -> AsyncIterator["GatewayRig"]:
        """Serve until the block ends."""
        app = create_app(self.ledger, self.store, limits=limits, now=lambda: self.now, public_url="https://x")
        taken: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(app, trusted_proxies=trusted_proxies, ready=taken.set_result))
        try:
            self.url = await asyncio.wait_for(taken, 10)
            yield self
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
    """Wait for an asynchronous condition."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)
