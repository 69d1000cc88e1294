"""Where recordings, archives and the pieces of an unfinished archive lie in the object store."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

ARCHIVE_ROOT = "gravacoes"
"""The folder inside an archive that holds the recordings."""

_LONGEST_SEGMENT: Final = 200
"""UTF-8 bytes of a file name inside an archive: file systems take 255, and a copy's mark must still fit."""
_NOT_ON_EVERY_SYSTEM: Final = re.compile(r'[\\<>:"|?*]')
_DEVICE: Final = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])\s*(?=\.|$)", re.IGNORECASE
)
"""A name that Windows takes for a device, whatever stands behind its first dot."""
_LONGEST_NAME_TOLD: Final = 150


@dataclass(frozen=True)
class StoredObject:
    """An object and its size in bytes."""

    path: str
    size: int
    removable: bool = True
    """False: it can be read, but what the store's client would remove is not the data itself."""


@dataclass(frozen=True)
class Unusable:
    """What lies in the store, but its client refuses to read or to remove: a person has to look at it."""

    path: str
    """As the store has it; may hold anything."""
    whole_folder: bool = False
    """A folder that cannot be looked into; its path ends with a slash."""
    denied: bool = False
    """Only a permission is missing: whether that is this thing's own fault, others have to show."""


def recordings_of(customer_id: str) -> str:
    """A customer's recordings: `recordings/<customer>/<YYYY-MM-DD>/<name>.wav`."""
    return f"recordings/{customer_id}"


def archives_of(case_id: str) -> str:
    """A case's finished archives."""
    return f"archives/{case_id}"


def staging_of(case_id: str) -> str:
    """The pieces of a case's unfinished archives."""
    return f"staging/{case_id}"


def archive_path(case_id: str, link_id: str) -> str:
    """The archive behind a link."""
    return f"{archives_of(case_id)}/{link_id}.zip"


def day_of(path: str) -> date | None:
    """The day under which a recording lies, or None."""
    for segment in path.split("/")[2:-1]:
        try:
            return date.fromisoformat(segment)
        except ValueError:
            continue
    return None


def name_in_archive(path: str) -> str:
    """A recording's name inside the archive: `gravacoes/<day>/<name>`, never outside that folder.

    What some customer's computer could not unpack is replaced: characters that a system reserves or that cannot
    be seen become `_`, a name that is too long is shortened.
    """
    inner = [_portable(segment) for segment in path.split("/")[2:] if segment not in ("", ".", "..")]
    return "/".join([ARCHIVE_ROOT, *inner])


def distinct(names: Sequence[str]) -> Iterator[str]:
    """The names in their order, with a number where one would overwrite another when they are unpacked.

    Many computers keep neither upper and lower case nor the ways to write an accent apart, and none has a file
    and a folder of one name.
    """
    taken = {_folded(folder) for name in names for folder in _folders(name)}
    copies = Counter[str]()
    for name in names:
        folder, slash, last = name.rpartition("/")
        stem, dot, suffix = last.rpartition(".") if "." in last else (last, "", "")
        unique = name
        while _folded(unique) in taken:
            copies[_folded(name)] += 1
            unique = f"{folder}{slash}{stem} ({copies[_folded(name)] + 1}){dot}{suffix}"
        taken.add(_folded(unique))
        yield unique


def told_name(path: str) -> str:
    """A path as people can be told it: below the customer's folder, in visible characters, not too long."""
    inner = path.split("/", 2)[2] if path.startswith("recordings/") else path
    inner = inner or "/"
    shown = "".join(char if char.isprintable() else _escaped(char) for char in inner)
    if len(shown) > _LONGEST_NAME_TOLD:
        half = _LONGEST_NAME_TOLD // 2 - 1
        shown = f"{shown[:half]}…{shown[-half:]}"
    return shown


def _portable(segment: str) -> str:
    shown = "".join(char if char.isprintable() else "_" for char in segment)
    shown = _NOT_ON_EVERY_SYSTEM.sub("_", shown)
    shown = _DEVICE.sub(r"\1_", shown, count=1) if _DEVICE.match(shown) else shown
    if shown.endswith((".", " ")):
        shown = f"{shown.rstrip('. ')}_"
    if len(shown.encode()) <= _LONGEST_SEGMENT:
        return shown
    stem, dot, suffix = shown.rpartition(".")
    ending = f"{dot}{suffix}" if stem and len(suffix.encode()) <= 10 else ""
    room = _LONGEST_SEGMENT - len(ending.encode())
    return shown.encode()[:room].decode(errors="ignore") + ending


def _folders(name: str) -> Iterator[str]:
    for place, char in enumerate(name):
        if char == "/":
            yield name[:place]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # how Python spells a byte of a file name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
