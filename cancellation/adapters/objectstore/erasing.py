"""Removing for good what an ended case left in the object store (LGPD)."""

import obstore
from obstore.store import ObjectStore

from cancellation.adapters.objectstore.failures import Meaning, meaning_of, without_names
from cancellation.adapters.objectstore.layout import StoredObject, archives_of, recordings_of, staging_of
from cancellation.adapters.objectstore.listing import objects_under


def copies_of(case_id: str) -> list[str]:
    """Where the archives of a case lie, finished or not."""
    return [archives_of(case_id), staging_of(case_id)]


def originals_of(customer_id: str) -> list[str]:
    """Where a customer's recordings lie, which a policy may have left there (P10)."""
    return [recordings_of(customer_id)]


async def erase_folders(store: ObjectStore, folders: list[str]) -> tuple[int, int]:
    """Remove everything below the folders; how many objects went, and how many stay for a person to look at.

    Raises:
        StoreUnavailable: the store cannot be asked now.
    """
    removed = left = 0
    with without_names():
        for folder in folders:
            async for found in objects_under(store, folder):
                if isinstance(found, StoredObject) and found.removable and await _removed(store, found.path):
                    removed += 1
                else:
                    left += 1
    return removed, left


async def _removed(store: ObjectStore, path: str) -> bool:
    try:
        await obstore.delete_async(store, path)
    except Exception as error:
        meaning = meaning_of(error)
        if meaning is Meaning.PASSING:
            raise
        return meaning is Meaning.GONE
    return True
