"""What is kept about links, accesses and removals, beside the objects themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from cancellation.adapters.objectstore.layout import StoredObject
from cancellation.messages.recordings import Access, AccessKind, Archive, PurgeReport
from cancellation.messages.warrant import Warrant


@dataclass(frozen=True)
class Link:
    """A download link and the archive behind it. Its token is nowhere: only the token's hash is kept."""

    link_id: str
    case_id: str
    customer_id: str
    ordinal: int
    archive_path: str
    download_name: str
    files: int
    size: int
    sha256: str
    token_hash: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    left_out: tuple[str, ...] = ()
    left_out_count: int = 0

    def is_alive(self, now: datetime) -> bool:
        """Whether the link opens anything at `now`: neither revoked nor past the end of the notice."""
        return self.revoked_at is None and now < self.expires_at

    def as_archive(self) -> Archive:
        """As the case hears of it."""
        return Archive(
            link_id=self.link_id,
            files=self.files,
            size=self.size,
            sha256=self.sha256,
            expires_at=self.expires_at.astimezone(UTC),
            left_out=self.left_out,
            left_out_count=self.left_out_count,
        )


@dataclass(frozen=True)
class OrderedPurge:
    """A purge that may begin."""

    cases: Sequence[str]
    """The customer's cases that may have archives."""
    begun: Sequence[str]
    """Paths of objects whose removal an earlier run recorded and did not finish."""
    linked: bool = True
    """Whether the case that orders it ever had a link."""


class LinkBook(Protocol):
    """The part of the ledger that a gateway needs."""

    async def link_by_token_hash(self, token_hash: str) -> Link | None:
        """The link that a token opens, dead or alive."""

    async def record_access(self, link: Link, at: datetime, address: str, kind: AccessKind) -> int:
        """Record that somebody used a link, before anything is handed over; answers the access's id."""

    async def finish_access(self, access_id: int, handed_over: int) -> None:
        """Record how many bytes an access handed over, once."""


class Ledger(LinkBook, Protocol):
    """Links, accesses and removals; PostgreSQL, or memory for tests."""

    async def link(self, link_id: str) -> Link | None:
        """The link, or None."""

    async def add_link(self, link: Link) -> Link:
        """Keep a new link; answers the one that is already there.

        Raises:
            PermanentRefusal: the case's links were killed.
        """

    async def is_revoked(self, case_id: str) -> bool:
        """Whether the case's links were killed: it gets no new one."""

    async def revoke(self, case_id: str, at: datetime) -> None:
        """Kill the case's links, and every one that an export would still make."""

    async def order_purge(self, warrant: Warrant) -> OrderedPurge:
        """Record the order and kill every link of the customer.

        Raises:
            DestructionForbidden: the warrant does not hold (P19).
        """

    async def begin_removals(self, warrant: Warrant, kind: str, objects: Sequence[StoredObject]) -> None:
        """Record objects that are about to be removed (P19)."""

    async def finish_removals(self, warrant: Warrant, paths: Sequence[str]) -> PurgeReport:
        """Record that the objects are gone; what the case has removed in all."""

    async def removed(self, case_id: str) -> PurgeReport:
        """What the case has removed in all."""

    async def accesses(self, case_id: str, after_id: int) -> Sequence[Access]:
        """The case's accesses after one of them, oldest first."""
