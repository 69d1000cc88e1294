"""Recordings in memory: the real store's code over an object store and a ledger that live in this process."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from obstore.store import MemoryStore, ObjectStore

from cancellation.adapters.memory.formalizations import must_be_formalized
from cancellation.adapters.objectstore.layout import StoredObject
from cancellation.adapters.objectstore.ledger import Link, OrderedPurge
from cancellation.adapters.objectstore.recordings import ObjectRecordingStore
from cancellation.messages.crm import FormalizationState
from cancellation.messages.recordings import Access, AccessKind, PurgeReport
from cancellation.messages.warrant import Warrant
from cancellation.ports import PermanentRefusal


@dataclass
class _Removal:
    kind: str
    size: int
    removed: bool = False


@dataclass
class MemoryLedger:
    """Links, accesses and removals in dicts, refusals included (P19).

    Args:
        formalization: the CRM's formalization of a case, such as `MemoryCrm.formalization`.
    """

    formalization: Callable[[str], Awaitable[FormalizationState | None]]
    _links: dict[str, Link] = field(default_factory=dict)
    _revoked: set[str] = field(default_factory=set)
    _removals: dict[tuple[str, str], _Removal] = field(default_factory=dict)
    _accesses: list[Access] = field(default_factory=list)
    purges: dict[str, datetime] = field(default_factory=dict)
    """When each case first ordered that recordings be removed."""

    async def link(self, link_id: str) -> Link | None:
        """The link, or None."""
        return self._links.get(link_id)

    async def link_by_token_hash(self, token_hash: str) -> Link | None:
        """The link that a token opens, dead or alive."""
        return next((one for one in self._links.values() if one.token_hash == token_hash), None)

    async def add_link(self, link: Link) -> Link:
        """Keep a new link; answers the one that is already there."""
        if link.link_id not in self._links and link.case_id in self._revoked:
            raise PermanentRefusal("the links of this case are dead")
        return self._links.setdefault(link.link_id, link)

    def links_of(self, case_id: str) -> list[Link]:
        """The case's links, in order, for the dossier's memory twin."""
        return sorted(
            (one for one in self._links.values() if one.case_id == case_id), key=lambda one: one.ordinal
        )

    async def is_revoked(self, case_id: str) -> bool:
        """Whether the case's links were killed."""
        return case_id in self._revoked

    async def revoke(self, case_id: str, at: datetime) -> None:
        """Kill the case's links, and every one that an export would still make."""
        self._revoked.add(case_id)
        for name, link in self._links.items():
            if link.case_id == case_id and link.revoked_at is None:
                self._links[name] = replace(link, revoked_at=at)

    async def order_purge(self, warrant: Warrant) -> OrderedPurge:
        """Record the order and kill every link of the customer."""
        await must_be_formalized(warrant, self.formalization)
        self.purges.setdefault(warrant.case_id, warrant.at)
        cases = {link.case_id for link in self._links.values() if link.customer_id == warrant.customer_id}
        cases.add(warrant.case_id)
        for case_id in cases:
            await self.revoke(case_id, warrant.at)
        begun = [
            path
            for (case_id, path), one in self._removals.items()
            if case_id == warrant.case_id and not one.removed
        ]
        return OrderedPurge(sorted(cases), begun)

    async def begin_removals(self, warrant: Warrant, kind: str, objects: Sequence[StoredObject]) -> None:
        """Record objects that are about to be removed."""
        for one in objects:
            self._removals.setdefault((warrant.case_id, one.path), _Removal(kind, one.size)).removed = False

    async def finish_removals(self, warrant: Warrant, paths: Sequence[str]) -> PurgeReport:
        """Record that the objects are gone; what the case has removed in all."""
        for path in paths:
            self._removals[warrant.case_id, path].removed = True
        return await self.removed(warrant.case_id)

    async def removed(self, case_id: str) -> PurgeReport:
        """What the case has removed in all."""
        mine = [one for (case, _), one in self._removals.items() if case == case_id and one.removed]
        return PurgeReport(
            recordings=sum(one.kind == "recording" for one in mine),
            archives=sum(one.kind == "archive" for one in mine),
            bytes=sum(one.size for one in mine if one.kind != "staging"),
        )

    async def record_access(self, link: Link, at: datetime, address: str, kind: AccessKind) -> int:
        """Record that somebody used a link."""
        access = Access(
            access_id=len(self._accesses) + 1,
            case_id=link.case_id,
            link_id=link.link_id,
            at=at,
            address=address,
            kind=kind,
            bytes=None,
        )
        self._accesses.append(access)
        return access.access_id

    async def finish_access(self, access_id: int, handed_over: int) -> None:
        """Record how many bytes an access handed over, once."""
        held = self._accesses[access_id - 1]
        if held.bytes is None:
            self._accesses[access_id - 1] = held.model_copy(update={"bytes": handed_over})

    async def accesses(self, case_id: str, after_id: int) -> Sequence[Access]:
        """The case's accesses after one of them, oldest first."""
        return [one for one in self._accesses if one.case_id == case_id and one.access_id > after_id]


class MemoryRecordings(ObjectRecordingStore):
    """Everything in this process.

    Args:
        formalization: the CRM's formalization of a case, such as `MemoryCrm.formalization`.
        secret: the key of the download links.
        store: another object store than a fresh one in memory.
    """

    def __init__(
        self,
        formalization: Callable[[str], Awaitable[FormalizationState | None]],
        secret: bytes = b"memory",
        store: ObjectStore | None = None,
    ) -> None:
        self.store: ObjectStore = store or MemoryStore()
        self.ledger = MemoryLedger(formalization)
        super().__init__(self.store, self.ledger, secret)
