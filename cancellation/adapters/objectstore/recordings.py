"""Recordings, their archives and links, over an object store and a ledger (P10)."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import obstore
from obstore.store import LocalStore, ObjectStore

from cancellation.adapters.objectstore.archive import PIECE_BYTES, ArchiveBuilder, BuiltArchive
from cancellation.adapters.objectstore.failures import Meaning, StoreUnavailable, meaning_of, without_names
from cancellation.adapters.objectstore.layout import (
    StoredObject,
    Unusable,
    archive_path,
    archives_of,
    recordings_of,
    staging_of,
    told_name,
)
from cancellation.adapters.objectstore.ledger import Ledger, Link
from cancellation.adapters.objectstore.listing import Found, objects_under, recordings_between
from cancellation.domain.links import link_id, link_token, token_hash
from cancellation.messages.recordings import (
    MOST_LEFT_OUT,
    Access,
    Archive,
    ExportOrder,
    LinkRevocation,
    PurgeOrder,
    PurgeReport,
)
from cancellation.ports import Heartbeat, PermanentRefusal

_AT_ONCE: Final = 200
"""How many objects are recorded and removed in one go."""
_LISTINGS: Final = 10
"""How often a folder is listed while it is emptied; the last time nothing new may be there."""
_HALF_WRITTEN: Final = re.compile(r"#\d+$")


@dataclass
class _Course:
    """What a purge has begun to remove, and what of it could not be."""

    begun: set[str]
    """Recorded as about to be removed, by this run or an earlier one."""
    kept: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    """Those of them that are folders which cannot be looked into."""
    denied: set[str] = field(default_factory=set)
    """Of which kinds of objects some were denied: a permission is missing."""

    def keeps(self, path: str) -> bool:
        """Whether the object could not be removed, or is in a folder that could not be looked into."""
        return path in self.kept or any(path.startswith(folder) for folder in self.folders)


class ObjectRecordingStore:
    """Exports, links and purges, the same over every object store.

    Args:
        store: what `open_store` gives.
        ledger: where links, accesses and removals are kept.
        secret: the key of the download links.
        piece_bytes: see `ArchiveBuilder`.
    """

    def __init__(
        self, store: ObjectStore, ledger: Ledger, secret: bytes, *, piece_bytes: int = PIECE_BYTES
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._secret = secret
        self._piece_bytes = piece_bytes

    async def export(
        self, order: ExportOrder, heartbeat: Heartbeat, resume_from: str | None
    ) -> Archive | None:
        """Build archive and link; see the port.

        What was done is read from the store itself, so an attempt goes on even where the heartbeat of the one
        before was lost: `resume_from` adds nothing.
        """
        link = await self._ledger.link(link_id(self._secret, order.case_id, order.ordinal))
        if link is None:
            with without_names():
                link = await self._make(order, heartbeat)
        if link is None:
            return None
        with without_names():
            await self._remove_under(_staging(order))
        return link.as_archive()

    async def revoke_links(self, revocation: LinkRevocation) -> None:
        """Kill the case's links, then remove the archives behind them; see the port."""
        await self._ledger.revoke(revocation.case_id, revocation.at)
        with without_names():
            await self._remove_under(archives_of(revocation.case_id))
            await self._remove_under(staging_of(revocation.case_id))

    async def purge(self, order: PurgeOrder, heartbeat: Heartbeat | None = None) -> PurgeReport:
        """Remove recordings and archives, each under its own record; see the port.

        What cannot be removed is left out and named; that it is gone is read back from the store.
        """
        warrant = order.warrant
        tell = heartbeat or _tell_nobody
        ordered = await self._ledger.order_purge(warrant)
        course = _Course(begun=set(ordered.begun))
        with without_names():
            for kind, folder in _folders_to_purge(warrant.customer_id, ordered.cases):
                await self._empty(order, kind, folder, course, tell)
            gone = sorted(path for path in course.begun if not course.keeps(path))
            report = None
            for start in range(0, len(gone), _AT_ONCE):
                report = await self._ledger.finish_removals(warrant, gone[start : start + _AT_ONCE])
                tell(f"read back {start}")
            report = report or await self._ledger.removed(warrant.case_id)
            if course.denied:
                await self._must_be_their_own_fault(course.denied, report, warrant.case_id)
        names = sorted(map(told_name, course.kept))
        return report.model_copy(
            update={
                "left_out": tuple(names[:MOST_LEFT_OUT]),
                "left_out_count": len(names),
                "linked": ordered.linked,
            }
        )

    async def accesses(self, case_id: str, after_id: int = 0) -> Sequence[Access]:
        """Who has used the case's links; see the port."""
        return await self._ledger.accesses(case_id, after_id)

    # ---------------------------------------------------------------- export

    async def _make(self, order: ExportOrder, heartbeat: Heartbeat) -> Link | None:
        if await self._ledger.is_revoked(order.case_id):
            raise PermanentRefusal("the links of this case are dead")
        new = link_id(self._secret, order.case_id, order.ordinal)
        target = archive_path(order.case_id, new)
        await self._remove_half_written(_staging(order))
        await self._remove_half_written(archives_of(order.case_id))
        recordings, unusable = await recordings_between(
            self._store, order.customer_id, order.from_date, order.to_date
        )
        heartbeat(f"{len(recordings)} recordings")
        builder = ArchiveBuilder(
            self._store, _staging(order), target, heartbeat, self._piece_bytes, _download_name(order)
        )
        built = await builder.build(recordings, unusable)
        if built is None:
            return None
        try:
            return await self._ledger.add_link(_link(order, self._secret, built))
        except PermanentRefusal:
            # Killed meanwhile: nothing of it may stay.
            await self._remove_under(_staging(order))
            await self._remove_under(target)
            raise

    # ---------------------------------------------------------------- removal

    async def _empty(
        self, order: PurgeOrder, kind: str, folder: str, course: _Course, tell: Heartbeat
    ) -> None:
        """Remove what is in a folder until nothing but what cannot be removed is listed."""
        if kind != "recording":
            await self._remove_half_written(folder)
        tried = set[str]()
        for _ in range(_LISTINGS):
            left, removed = set[str](), len(tried)
            async for found in _batches(objects_under(self._store, folder)):
                left |= {one.path for one in found if one.path in tried or not _can_be_removed(one)}
                unusable = [one for one in found if isinstance(one, Unusable)]
                course.folders |= {one.path for one in unusable if one.whole_folder}
                denied = any(one.denied for one in unusable)
                fresh = [one for one in found if isinstance(one, StoredObject) and one.path not in left]
                if fresh:
                    await self._ledger.begin_removals(order.warrant, kind, fresh)
                    course.begun |= {one.path for one in fresh}
                    denied |= await self._delete([one.path for one in fresh])
                if denied:
                    course.denied.add(kind)
                tried |= {one.path for one in fresh}
                tell(f"{kind}: removed {len(tried)}")
            if len(tried) == removed:
                course.kept |= left
                return
        raise StoreUnavailable("there is always something new to remove")

    async def _must_be_their_own_fault(self, denied: set[str], report: PurgeReport, case_id: str) -> None:
        """Credentials that have run out deny everything: what was removed, and can be now, shows these have not.

        Raises:
            StoreUnavailable: the store lets us remove no recording, or not what we have made ourselves.
        """
        if denied - {"recording"} or report.recordings == 0:
            raise StoreUnavailable("no permission to remove anything")
        probe = f"{staging_of(case_id)}/probe"
        await obstore.put_async(self._store, probe, b"probe")
        if await self._delete([probe]):
            raise StoreUnavailable("no permission to remove anything any more")

    async def _remove_under(self, folder: str) -> None:
        """Remove copies: unfinished or revoked archives. An object of that very path goes too.

        Raises:
            StoreUnavailable: the store does not let us remove what we have made.
        """
        await self._remove_half_written(folder)
        denied = False
        async for found in _batches(objects_under(self._store, folder)):
            denied |= await self._delete([one.path for one in found if _can_be_removed(one)])
        if folder.endswith(".zip"):
            denied |= await self._delete([folder])
        if denied:
            raise StoreUnavailable("no permission to remove an archive of our own")

    async def _delete(self, paths: Sequence[str]) -> bool:
        """Remove objects; one that is gone already is removed. Whether a permission was missing for any."""
        return any(await asyncio.gather(*(self._delete_one(path) for path in paths)))

    async def _delete_one(self, path: str) -> bool:
        try:
            await obstore.delete_async(self._store, path)
        except Exception as error:
            meaning = meaning_of(error)
            if meaning is Meaning.PASSING:
                raise
            return meaning is Meaning.DENIED
        return False

    async def _remove_half_written(self, folder: str) -> None:
        """Remove what a killed process left of a file in the making; only a local store has such."""
        if isinstance(self._store, LocalStore) and self._store.prefix is not None:
            await asyncio.to_thread(_unlink_half_written, Path(self._store.prefix) / folder)


def _unlink_half_written(folder: Path) -> None:
    for file in folder.rglob("*#*"):
        if _HALF_WRITTEN.search(file.name):
            file.unlink(missing_ok=True)


def _folders_to_purge(customer_id: str, cases: Sequence[str]) -> Iterator[tuple[str, str]]:
    for case_id in cases:
        yield "staging", staging_of(case_id)
        yield "archive", archives_of(case_id)
    yield "recording", recordings_of(customer_id)


def _staging(order: ExportOrder) -> str:
    return f"{staging_of(order.case_id)}/{order.ordinal}"


def _download_name(order: ExportOrder) -> str:
    return f"gravacoes-{order.customer_id}-{order.at:%Y-%m-%d}.zip"


def _link(order: ExportOrder, secret: bytes, built: BuiltArchive) -> Link:
    new = link_id(secret, order.case_id, order.ordinal)
    return Link(
        link_id=new,
        case_id=order.case_id,
        customer_id=order.customer_id,
        ordinal=order.ordinal,
        archive_path=archive_path(order.case_id, new),
        download_name=_download_name(order),
        files=built.files,
        size=built.size,
        sha256=built.sha256,
        left_out=built.left_out[:MOST_LEFT_OUT],
        left_out_count=len(built.left_out),
        token_hash=token_hash(link_token(secret, new)),
        made_at=order.at,
        expires_at=order.link_expires_at,
    )


async def _batches(found: AsyncIterator[Found]) -> AsyncIterator[list[Found]]:
    batch: list[Found] = []
    async for one in found:
        batch.append(one)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _can_be_removed(one: Found) -> bool:
    return isinstance(one, StoredObject) and one.removable


def _tell_nobody(_: str) -> None:
    """No heartbeat was given."""
