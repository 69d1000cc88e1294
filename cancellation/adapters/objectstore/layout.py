"""Where recordings, archives and the pieces of an unfinished archive lie in the object store."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date

from obstore.store import ObjectStore

ARCHIVE_ROOT = "gravacoes"
"""The folder inside an archive that holds the recordings."""


@dataclass(frozen=True)
class StoredObject:
    """An object and its size in bytes."""

    path: str
    size: int


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
    """A recording's name inside the archive: `gravacoes/<day>/<name>`; never outside that folder."""
    inner = [segment.replace("\\", "_") for segment in path.split("/")[2:] if segment not in ("", ".", "..")]
    return "/".join([ARCHIVE_ROOT, *inner])


async def objects_under(store: ObjectStore, prefix: str) -> AsyncIterator[StoredObject]:
    """Every object below a folder, in no order."""
    async for batch in store.list(prefix):
        for meta in batch:
            yield StoredObject(meta["path"], meta["size"])


async def recordings_between(
    store: ObjectStore, customer_id: str, first: date | None, last: date | None
) -> list[StoredObject]:
    """A customer's recordings of a period, both ends included, in the order of their paths.

    What lies under no day is left out only where a period was asked for.
    """
    found = []
    async for one in objects_under(store, recordings_of(customer_id)):
        day = day_of(one.path)
        if day is None:
            wanted = first is None and last is None
        else:
            wanted = (first is None or first <= day) and (last is None or day <= last)
        if wanted:
            found.append(one)
    return sorted(found, key=lambda one: one.path)
