"""A ZIP archive written piece by piece, each perhaps in another process, by the standard library's writer.

Recordings are stored, not deflated: speech is compressed already or will not shrink much, and what was
written never has to be read again. An entry's checksum follows its data, so an entry is complete in itself;
the directory at the end is made from what every piece left behind about its entries. The same recordings
give the same bytes.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import IO, Any

from pydantic import BaseModel, ConfigDict

_FIRST_DAY, _LAST_DAY = date(1980, 1, 1), date(2107, 12, 31)
"""What a ZIP archive can name."""


class Entry(BaseModel):
    """What the archive's directory needs to know of a finished entry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    day: date | None
    offset: int
    """Of the entry from the beginning of its piece, in bytes."""
    size: int
    crc: int
    sha256: str


class ZipPiece:
    """Writes entries one after another and gives out the bytes as they come.

    Args:
        start: the piece's place in the whole archive, in bytes; 0 where it does not matter yet.
    """

    def __init__(self, start: int = 0) -> None:
        self._sink = _Sink(start)
        self._start = start
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_STORED, allowZip64=True)
        self.entries: list[Entry] = []

    @property
    def length(self) -> int:
        """Bytes written so far."""
        return self._sink.tell() - self._start

    @contextmanager
    def entry(self, name: str, day: date | None, expected_size: int) -> Iterator["EntryWriter"]:
        """Write one entry; more than 4 GB are fine when `expected_size` says so."""
        info = _info(name, day)
        info.file_size = expected_size
        offset = self.length
        # Slack, because a recording may have grown since it was listed.
        large = expected_size > zipfile.ZIP64_LIMIT // 2
        with self._zip.open(info, "w", force_zip64=large) as file:
            writer = EntryWriter(file)
            yield writer
        self.entries.append(
            Entry(
                name=name,
                day=day,
                offset=offset,
                size=info.file_size,
                crc=info.CRC,
                sha256=writer.sha256,
            )
        )

    def take(self) -> bytes:
        """What was written since the last call."""
        return self._sink.take()

    def seal(self) -> None:
        """Leave the piece as it is, without a directory."""
        self._sink.sealed = True

    def finish(self, before: Iterable[tuple[int, Entry]]) -> None:
        """Write the whole archive's directory: other pieces' entries with their places, then this one's."""
        own = list(self._zip.filelist)
        self._zip.filelist[:] = [_known(place, entry) for place, entry in before] + own
        self._zip.close()


class EntryWriter:
    """Takes an entry's bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def write(self, data: bytes) -> None:
        """Write some bytes; blocks for as long as checksums take."""
        self._file.write(data)
        self._hash.update(data)

    @property
    def sha256(self) -> str:
        """Of everything written."""
        return self._hash.hexdigest()


class _Sink(io.RawIOBase):
    """A stream that cannot be sought and is emptied from the other end."""

    def __init__(self, start: int) -> None:
        super().__init__()
        self._position = start
        self._pending: list[bytes] = []
        self.sealed = False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        raise io.UnsupportedOperation("seek")

    def flush(self) -> None:
        """Nothing lies anywhere but in `take`; an abandoned archive flushes when all is closed already."""

    def write(self, data: Any) -> int:
        if self.sealed:
            return len(data)
        self._pending.append(bytes(data))
        self._position += len(data)
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._pending)
        self._pending.clear()
        return taken


def _info(name: str, day: date | None) -> zipfile.ZipInfo:
    day = min(max(day or _FIRST_DAY, _FIRST_DAY), _LAST_DAY)
    info = zipfile.ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0))
    info.create_system = 3  # Unix, so that the permissions count.
    info.external_attr = 0o644 << 16
    return info


def _known(place: int, entry: Entry) -> zipfile.ZipInfo:
    """An entry that another piece has written at `place`."""
    info = _info(entry.name, entry.day)
    info.flag_bits |= 0x08  # The checksum follows the data.
    info.CRC = entry.crc
    info.file_size = info.compress_size = entry.size
    info.header_offset = place
    return info
