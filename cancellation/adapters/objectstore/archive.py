"""Builds an archive of recordings in pieces that survive a kill (P10).

Kept in the store while the archive is being built, below `staging/<case>/<ordinal>/`:

* `plan.json`: which recordings go in, in which piece; fixed by the first attempt.
* `00000.part`, `00001.part`, ...: entries of the archive, some 64 MB each, with `00000.json` about its
  entries, written after it: a piece counts once that is there.

An attempt that finds pieces goes on after the last one, whatever became of the attempt before. When all are
there they are put together into the one object that is downloaded; that step alone starts over when it is
killed, and it only copies a few large objects. Memory stays at a few times 8 MB, however large the archive.
"""

import asyncio
import csv
import hashlib
import io
import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, MemoryStore, ObjectStore
from pydantic import BaseModel, ConfigDict, ValidationError

from cancellation.adapters.objectstore.failures import Meaning, StoreUnavailable, meaning_of
from cancellation.adapters.objectstore.layout import (
    ARCHIVE_ROOT,
    StoredObject,
    Unusable,
    day_of,
    distinct,
    name_in_archive,
    told_name,
)
from cancellation.adapters.objectstore.reading import CHUNK, OpenedObject, open_object, read_range
from cancellation.adapters.objectstore.zipstream import Entry, ZipPiece

if TYPE_CHECKING:
    from obstore import Attributes  # The library has it for type checkers alone.

INDEX_NAME: Final = "indice.csv"
PIECE_BYTES: Final = 64 << 20
_UPLOADS: Final = 3
_AHEAD: Final = 8
"""How many recordings are opened before their turn: most are small, and each waits for the network."""
_MOST_CHUNKS: Final = 9_000
"""S3 takes 10,000 parts of one object."""
_WITNESSES: Final = 100
"""How many other recordings are tried, at most, when one is denied and none has been read before."""
_GONE: Final = "não estava mais disponível"
_REFUSED: Final = "não pôde ser lida"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Planned(_Model):
    path: str
    size: int
    name: str
    """Inside the archive."""


class _Plan(_Model):
    pieces: tuple[tuple[_Planned, ...], ...]
    unusable: tuple[str, ...]
    """Names of recordings that the store's client refused when it listed them."""


class _Piece(_Model):
    length: int
    entries: tuple[Entry, ...]
    missing: tuple[str, ...]
    """Names of recordings that had gone when their turn came."""
    refused: tuple[str, ...]
    """Names of recordings that nobody could read."""


@dataclass(frozen=True)
class BuiltArchive:
    """The finished object."""

    files: int
    size: int
    sha256: str
    left_out: tuple[str, ...]
    """Names of all recordings that are not in it, as people are told them."""


@dataclass
class _LeftOut:
    """What becomes of the recordings of one piece that cannot be read."""

    missing: list[_Planned] = field(default_factory=list)
    refused: list[_Planned] = field(default_factory=list)
    denied: list[_Planned] = field(default_factory=list)

    def note(self, one: _Planned, meaning: Meaning) -> None:
        """Remember one of them."""
        match meaning:
            case Meaning.GONE:
                self.missing.append(one)
            case Meaning.OWN_FAULT:
                self.refused.append(one)
            case _:
                self.denied.append(one)


class ArchiveBuilder:
    """Builds one archive.

    Args:
        store: where recordings and archive lie.
        staging: folder of the unfinished archive.
        target: path of the finished one.
        heartbeat: told how far the build is.
        piece_bytes: how large a piece is; a recording is never cut.
        download_name: under which name a cloud's store hands the archive to a browser.
    """

    def __init__(
        self,
        store: ObjectStore,
        staging: str,
        target: str,
        heartbeat: Callable[[str], None],
        piece_bytes: int = PIECE_BYTES,
        download_name: str = "gravacoes.zip",
    ) -> None:
        self._store = store
        self._staging = staging
        self._target = target
        self._heartbeat = heartbeat
        self._piece_bytes = piece_bytes
        self._download_name = download_name
        self._witness: _Planned | None = None
        """The recording that was read last: while it can be read again, nothing is wrong with us."""

    async def build(
        self, recordings: Sequence[StoredObject], unusable: Sequence[Unusable] = ()
    ) -> BuiltArchive | None:
        """Build it, or go on building; None when there is nothing to put in, and nothing to name either.

        Args:
            recordings: what is there now; a plan made by an earlier attempt wins.
            unusable: what is there, too, and cannot be read: it is named in the archive's index.

        Raises:
            StoreUnavailable: the store lets us read nothing of the customer's.
        """
        plan = await self._plan(recordings, unusable)
        if plan is None:
            return None
        pieces = [await self._piece(number, plan) for number in range(len(plan.pieces))]
        return await self._put_together(pieces, plan.unusable)

    # ---------------------------------------------------------------- plan

    async def _plan(self, recordings: Sequence[StoredObject], unusable: Sequence[Unusable]) -> _Plan | None:
        path = f"{self._staging}/plan.json"
        kept = await self._read(path)
        if kept is not None:
            try:
                return _Plan.model_validate_json(kept)
            except ValidationError:
                await self._start_over()
        if not recordings and not unusable:
            return None
        if not recordings and any(one.denied for one in unusable):
            raise StoreUnavailable("no permission to look into the customer's folder")
        plan = _Plan(
            pieces=tuple(self._cut(recordings)), unusable=tuple(told_name(one.path) for one in unusable)
        )
        try:
            await obstore.put_async(self._store, path, plan.model_dump_json().encode(), mode="create")
        except AlreadyExistsError:
            return await self._plan(recordings, unusable)
        return plan

    async def _start_over(self) -> None:
        """Forget what another version of this program has begun."""
        async for batch in self._store.list(self._staging):
            for meta in batch:
                await obstore.delete_async(self._store, meta["path"])

    def _cut(self, recordings: Sequence[StoredObject]) -> list[tuple[_Planned, ...]]:
        pieces, piece, size = [], [], 0
        names = distinct([name_in_archive(one.path) for one in recordings])
        for one, name in zip(recordings, names, strict=True):
            piece.append(_Planned(path=one.path, size=one.size, name=name))
            size += one.size
            if size >= self._piece_bytes:
                pieces.append(tuple(piece))
                piece, size = [], 0
        if piece:
            pieces.append(tuple(piece))
        return pieces

    # ---------------------------------------------------------------- pieces

    async def _piece(self, number: int, plan: _Plan) -> _Piece:
        about = f"{self._staging}/{number:05d}.json"
        kept = await self._read(about)
        if kept is not None:
            piece = _Piece.model_validate_json(kept)
            names = {entry.name for entry in piece.entries[-1:]}
            self._witness = next((one for one in plan.pieces[number] if one.name in names), self._witness)
            return piece
        zip_piece, left_out = ZipPiece(), _LeftOut()
        try:
            await self._upload(
                self._part(number), self._entries(number, plan.pieces[number], zip_piece, left_out)
            )
        finally:
            zip_piece.seal()
        if left_out.denied:
            await self._must_be_their_own_fault(left_out.denied, plan)
        piece = _Piece(
            length=zip_piece.length,
            entries=tuple(zip_piece.entries),
            missing=tuple(told_name(one.path) for one in left_out.missing),
            refused=tuple(told_name(one.path) for one in left_out.refused + left_out.denied),
        )
        await obstore.put_async(self._store, about, piece.model_dump_json().encode())
        return piece

    async def _entries(
        self, number: int, planned: Sequence[_Planned], piece: ZipPiece, left_out: _LeftOut
    ) -> AsyncIterator[bytes]:
        async for one, found in self._opened(planned):
            if isinstance(found, Meaning):
                left_out.note(one, found)
                continue
            with piece.entry(one.name, day_of(one.path), found.size) as entry:
                async for chunk in found.chunks():
                    await asyncio.to_thread(entry.write, chunk)
                    yield piece.take()
            yield piece.take()
            self._witness = one
            self._heartbeat(f"piece {number}: {len(piece.entries)} of {len(planned)}")

    async def _opened(
        self, planned: Sequence[_Planned]
    ) -> AsyncIterator[tuple[_Planned, OpenedObject | Meaning]]:
        waiting: deque[tuple[_Planned, asyncio.Task[OpenedObject | Meaning]]] = deque()
        rest = iter(planned)
        try:
            while True:
                while len(waiting) < _AHEAD and (upcoming := next(rest, None)) is not None:
                    waiting.append((upcoming, asyncio.create_task(self._open(upcoming))))
                if not waiting:
                    return
                one, opening = waiting.popleft()
                yield one, await opening
        finally:
            for _, opening in waiting:
                opening.cancel()

    async def _open(self, one: _Planned) -> OpenedObject | Meaning:
        """Open a recording, or say why nobody will; what will pass is raised, to be tried again."""
        try:
            return await open_object(self._store, one.path, empty=one.size == 0) or Meaning.GONE
        except Exception as error:
            meaning = meaning_of(error)
            if meaning is Meaning.PASSING:
                raise
            return meaning

    async def _must_be_their_own_fault(self, denied: Sequence[_Planned], plan: _Plan) -> None:
        """Credentials that have run out deny everything: another recording, read now, shows that these have not.

        Raises:
            StoreUnavailable: the store lets us read none.
        """
        suspects = {one.path for one in denied}
        others = [one for piece in plan.pieces for one in piece if one.path not in suspects]
        some = others[:: len(others) // _WITNESSES + 1]
        for witness in ([self._witness] if self._witness else []) + some:
            if isinstance(await self._open(witness), OpenedObject):
                return
        raise StoreUnavailable("no permission to read any of the customer's recordings")

    # ---------------------------------------------------------------- the whole

    async def _put_together(self, pieces: Sequence[_Piece], unusable: Sequence[str]) -> BuiltArchive:
        places, place = [], 0
        for piece in pieces:
            places.append(place)
            place += piece.length
        left_out = [(name, _REFUSED) for piece in pieces for name in piece.refused]
        left_out += [(name, _REFUSED) for name in unusable]
        left_out += [(name, _GONE) for piece in pieces for name in piece.missing]
        digest, size = hashlib.sha256(), 0

        async def whole() -> AsyncIterator[bytes]:
            nonlocal size
            async for chunk in self._bytes_of(pieces, places, place, left_out):
                await asyncio.to_thread(digest.update, chunk)
                size += len(chunk)
                self._heartbeat(f"putting together: {size} bytes")
                yield chunk

        await self._upload(
            self._target, whole(), math.ceil(place / _MOST_CHUNKS), self._download_attributes()
        )
        return BuiltArchive(
            files=sum(len(piece.entries) for piece in pieces),
            size=size,
            sha256=digest.hexdigest(),
            left_out=tuple(name for name, _ in left_out),
        )

    async def _bytes_of(
        self,
        pieces: Sequence[_Piece],
        places: Sequence[int],
        end: int,
        left_out: Sequence[tuple[str, str]],
    ) -> AsyncIterator[bytes]:
        for number, piece in enumerate(pieces):
            if piece.length:
                async for chunk in read_range(self._store, self._part(number), 0, piece.length):
                    yield chunk
        yield await asyncio.to_thread(_last_piece, pieces, places, end, left_out)

    # ---------------------------------------------------------------- the store

    def _part(self, number: int) -> str:
        return f"{self._staging}/{number:05d}.part"

    async def _read(self, path: str) -> bytes | None:
        found = await open_object(self._store, path)
        return None if found is None else b"".join([chunk async for chunk in found.chunks()])

    def _download_attributes(self) -> "Attributes | None":
        """What a cloud's store tells a browser that is sent there; a folder keeps no such thing."""
        if isinstance(self._store, LocalStore | MemoryStore):
            return None
        return {
            "Content-Type": "application/zip",
            "Content-Disposition": f'attachment; filename="{self._download_name}"',
        }

    async def _upload(
        self,
        path: str,
        chunks: AsyncIterator[bytes],
        chunk_size: int = 0,
        attributes: "Attributes | None" = None,
    ) -> None:
        """Put what comes; no object when nothing comes."""
        some = (chunk async for chunk in chunks if chunk)
        first = await anext(some, None)
        if first is None:
            return

        async def all_of_it() -> AsyncIterator[bytes]:
            yield first
            async for chunk in some:
                yield chunk

        await obstore.put_async(
            self._store,
            path,
            all_of_it(),
            use_multipart=True,
            attributes=attributes,
            chunk_size=max(CHUNK, chunk_size),
            max_concurrency=_UPLOADS,
        )


def _last_piece(
    pieces: Sequence[_Piece], places: Sequence[int], end: int, left_out: Sequence[tuple[str, str]]
) -> bytes:
    """The index for people, and the directory of the whole archive."""
    index = _index(pieces, left_out)
    last = ZipPiece(start=end)
    with last.entry(INDEX_NAME, None, len(index)) as entry:
        entry.write(index)
    last.finish(
        (place + entry.offset, entry)
        for place, piece in zip(places, pieces, strict=True)
        for entry in piece.entries
    )
    return last.take()


def _index(pieces: Sequence[_Piece], left_out: Sequence[tuple[str, str]]) -> bytes:
    """A table that a spreadsheet opens in Brazil: semicolons, and a mark that says UTF-8."""
    table = io.StringIO()
    writer = csv.writer(table, delimiter=";", lineterminator="\r\n")
    writer.writerow(["Data", "Arquivo", "Tamanho em bytes", "SHA-256", "Situação"])
    for piece in pieces:
        for entry in piece.entries:
            day = entry.day.strftime("%d/%m/%Y") if entry.day else ""
            writer.writerow([day, entry.name, entry.size, entry.sha256, "incluída"])
    for name, why in left_out:
        writer.writerow(["", f"{ARCHIVE_ROOT}/{name}", "", "", why])
    return b"\xef\xbb\xbf" + table.getvalue().encode()
