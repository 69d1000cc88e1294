"""Recordings, their archives and links, over an object store and a ledger (P10)."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore

from cancellation.adapters.objectstore.archive import PIECE_BYTES, ArchiveBuilder, BuiltArchive
from cancellation.adapters.objectstore.layout import (
    StoredObject,
    archive_path,
    archives_of,
    objects_under,
    recordings_between,
    recordings_of,
    staging_of,
)
from cancellation.adapters.objectstore.ledger import Ledger, Link
from cancellation.domain.links import link_id, link_token, token_hash
from cancellation.messages.recordings import (
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
_PATH: Final = re.compile(r"(recordings|archives|staging)(?:/|%2F)\S*")
_HALF_WRITTEN: Final = re.compile(r"#\d+$")


class StoreUnavailable(Exception):
    """The object store did not do what it was asked for; says what it answered, without file names."""


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
            with _without_names():
                link = await self._make(order, heartbeat)
        if link is None:
            return None
        with _without_names():
            await self._remove_under(_staging(order))
        return link.as_archive()

    async def revoke_links(self, revocation: LinkRevocation) -> None:
        """Kill the case's links, then remove the archives behind them; see the port."""
        await self._ledger.revoke(revocation.case_id, revocation.at)
        with _without_names():
            await self._remove_under(archives_of(revocation.case_id))
            await self._remove_under(staging_of(revocation.case_id))

    async def purge(self, order: PurgeOrder, heartbeat: Heartbeat | None = None) -> PurgeReport:
        """Remove recordings and archives, each under its own record; see the port."""
        warrant = order.warrant
        tell = heartbeat or _tell_nobody
        ordered = await self._ledger.order_purge(warrant)
        with _without_names():
            for start in range(0, len(ordered.begun), _AT_ONCE):
                await self._remove(order, ordered.begun[start : start + _AT_ONCE], tell)
            for kind, folder in _folders_to_purge(warrant.customer_id, ordered.cases):
                await self._remove_half_written(folder)
                async for objects in _batches(objects_under(self._store, folder)):
                    await self._ledger.begin_removals(warrant, kind, objects)
                    await self._remove(order, [one.path for one in objects], tell)
        return await self._ledger.removed(warrant.case_id)

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
        recordings = await recordings_between(self._store, order.customer_id, order.from_date, order.to_date)
        heartbeat(f"{len(recordings)} recordings")
        builder = ArchiveBuilder(
            self._store, _staging(order), target, heartbeat, self._piece_bytes, _download_name(order)
        )
        built = await builder.build(recordings)
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

    async def _remove(self, order: PurgeOrder, paths: Sequence[str], tell: Heartbeat) -> None:
        await self._delete(paths)
        await self._ledger.finish_removals(order.warrant, paths)
        tell(f"removed {len(paths)}")

    async def _remove_under(self, folder: str) -> None:
        """Remove copies: unfinished or revoked archives. An object of that very path goes too."""
        await self._remove_half_written(folder)
        async for objects in _batches(objects_under(self._store, folder)):
            await self._delete([one.path for one in objects])
        if folder.endswith(".zip"):
            await self._delete([folder])

    async def _delete(self, paths: Sequence[str]) -> None:
        """Remove objects; one that is gone already is removed."""
        await asyncio.gather(*(self._delete_one(path) for path in paths))

    async def _delete_one(self, path: str) -> None:
        try:
            await obstore.delete_async(self._store, path)
        except (FileNotFoundError, NotFoundError):
            return

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
        token_hash=token_hash(link_token(secret, new)),
        made_at=order.at,
        expires_at=order.link_expires_at,
    )


async def _batches(objects: AsyncIterator[StoredObject]) -> AsyncIterator[list[StoredObject]]:
    batch: list[StoredObject] = []
    async for one in objects:
        batch.append(one)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _tell_nobody(_: str) -> None:
    """No heartbeat was given."""


@contextmanager
def _without_names() -> Iterator[None]:
    """Turn the store's error into one that names no customer's file: it ends up in histories and logs."""
    try:
        yield
    except (BaseError, OSError) as error:
        first_line = _PATH.sub(r"\1/…", str(error).partition("\n")[0])
        raise StoreUnavailable(f"{type(error).__name__}: {first_line[:300]}") from None
