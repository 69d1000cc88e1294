"""What lies in a folder of the store, also what the store's client refuses to name.

The client's own listing fails as a whole where a single name is not to its taste: a control character, an
empty, `.` or `..` part, bytes that are no text. One such object must neither hide the others nor stop what is
done with them, so a local folder is looked through by ourselves, and S3 is asked without the client's
opinion where that has failed. Of another cloud a folder that holds such a name is left out whole.
"""

import asyncio
import logging
import os
import re
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, Final, cast
from urllib.parse import quote, unquote_plus, urlencode
from xml.etree import ElementTree

import obstore
from obstore.exceptions import InvalidPathError
from obstore.store import LocalStore, ObjectStore, S3Store

from cancellation.adapters.objectstore.failures import Meaning, StoreUnavailable, meaning_of
from cancellation.adapters.objectstore.layout import StoredObject, Unusable, day_of, recordings_of

logger = logging.getLogger(__name__)

_HALF_WRITTEN: Final = re.compile(r"^[^#]*#[0-9]+$")
"""The client's own name for a file that it has not finished; it takes none of others."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_NOT_IN_XML: Final = re.compile("[\ufffe\uffff]")
"""S3 removes by XML, which cannot carry these; reading does without."""
_SIGNED_FOR: Final = timedelta(minutes=5)
_ANSWER_SECONDS: Final = 60

Found = StoredObject | Unusable


async def objects_under(store: ObjectStore, folder: str) -> AsyncIterator[Found]:
    """Everything below a folder, in no order; nothing twice.

    Raises:
        Exception: the store's own error: it cannot be asked now.
    """
    if isinstance(store, LocalStore):
        async for found in _files_under(Path(store.prefix or "/"), folder):
            yield found
        return
    told = set[str]()
    try:
        async for one in _as_the_client_lists(store, folder):
            if one.path in told or not one.path.startswith(f"{folder}/"):
                break  # the client has left out the slash that a name ends with
            told.add(one.path)
            yield one
        else:
            return
    except InvalidPathError:
        pass
    logger.info("a name in the store that its client refuses; asking in another way")
    others = keys_under(store, folder) if isinstance(store, S3Store) else folder_by_folder(store, folder)
    async for found in others:
        if found.path not in told:
            yield found


async def recordings_between(
    store: ObjectStore, customer_id: str, first: date | None, last: date | None
) -> tuple[list[StoredObject], list[Unusable]]:
    """A customer's recordings of a period, both ends included, in the order of their paths.

    What lies under no day is left out only where a period was asked for.
    """
    objects, unusable = list[StoredObject](), list[Unusable]()
    async for found in objects_under(store, recordings_of(customer_id)):
        day = day_of(found.path)
        if day is None:
            wanted = first is None and last is None
        else:
            wanted = (first is None or first <= day) and (last is None or day <= last)
        if not wanted:
            continue
        if isinstance(found, StoredObject):
            objects.append(found)
        else:
            unusable.append(found)
    return sorted(objects, key=lambda one: one.path), sorted(unusable, key=lambda one: one.path)


async def _as_the_client_lists(store: ObjectStore, folder: str) -> AsyncIterator[StoredObject]:
    async for batch in store.list(folder):
        for meta in batch:
            one = _stored(meta["path"], meta["size"])
            # What consoles leave behind as a "folder" is listed like an object and cannot be found as one.
            if one.size or await _is_there(store, one.path):
                yield one


async def _is_there(store: ObjectStore, path: str) -> bool:
    try:
        await obstore.head_async(store, path)
    except Exception as error:
        if meaning_of(error) is Meaning.GONE:
            return False
        raise
    return True


def _stored(path: str, size: int) -> StoredObject:
    return StoredObject(path, size, removable=not _NOT_IN_XML.search(path))


def _is_to_the_clients_taste(path: str) -> bool:
    parts = path.split("/")
    return not _CONTROL.search(path) and not any(part in ("", ".", "..") for part in parts)


# -------------------------------------------------------------------- a local folder


@dataclass(frozen=True)
class _Folder:
    path: str
    real: str
    """Where it really lies: links may lead elsewhere, or in a circle."""
    removable: bool


async def _files_under(root: Path, path: str) -> AsyncIterator[Found]:
    base = await asyncio.to_thread(os.path.realpath, root / path)
    pending, looked_into = [_Folder(path, base, removable=True)], {base}
    while pending:
        folder = pending.pop()
        for found in await asyncio.to_thread(list, _look_into(root, folder, base)):
            if not isinstance(found, _Folder):
                yield found
            elif found.real not in looked_into:
                looked_into.add(found.real)
                pending.append(found)


def _look_into(root: Path, folder: _Folder, base: str) -> Iterator[Found | _Folder]:
    try:
        entries = list(os.scandir(root / folder.path))
    except OSError as error:
        yield from _unusable(Unusable(f"{folder.path}/", whole_folder=True), error)
        return
    for entry in entries:
        path = f"{folder.path}/{entry.name}"
        try:
            status = entry.stat()
        except OSError as error:
            yield from _unusable(Unusable(path), error)
            continue
        real = os.path.realpath(entry.path) if entry.is_symlink() else os.path.join(folder.real, entry.name)
        # Who removes a link has not removed what it leads to.
        removable = folder.removable and (real == base or real.startswith(f"{base}{os.sep}"))
        if S_ISDIR(status.st_mode):
            yield _Folder(path, real, removable)
        elif S_ISREG(status.st_mode):
            taken = _is_to_the_clients_taste(path) and _is_text(path) and not _HALF_WRITTEN.search(entry.name)
            yield StoredObject(path, status.st_size, removable) if taken else Unusable(path)


def _unusable(one: Unusable, error: OSError) -> Iterator[Unusable]:
    """What the error leaves of it: nothing where it is gone, or a link to nowhere.

    Raises:
        OSError: what will pass.
    """
    meaning = meaning_of(error)
    if meaning is Meaning.PASSING:
        raise error
    if meaning is not Meaning.GONE:
        yield replace(one, denied=meaning is Meaning.DENIED)


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


# -------------------------------------------------------------------- S3


async def keys_under(store: S3Store, folder: str) -> AsyncIterator[Found]:
    """Everything below a folder of an S3 bucket, by requests of our own that the client signs.

    Raises:
        StoreUnavailable: the answer is no listing.
        OSError: no answer.
    """
    root = f"{store.prefix}/" if store.prefix else ""
    token: str | None = None
    while True:
        page = await asyncio.to_thread(_fetch, await _listing_url(store, f"{root}{folder}", token))
        decode = unquote_plus if page.findtext("{*}EncodingType") == "url" else str
        for entry in page.iterfind("{*}Contents"):
            key = decode(entry.findtext("{*}Key") or "")
            path, size = key.removeprefix(root), int(entry.findtext("{*}Size") or 0)
            if not path.startswith(f"{folder}/") or (path.endswith("/") and size == 0):
                continue  # a console's "folder" is no recording
            yield _stored(path, size) if _is_to_the_clients_taste(path) else Unusable(path)
        token = page.findtext("{*}NextContinuationToken")
        if page.findtext("{*}IsTruncated") != "true" or token is None:
            return


async def _listing_url(store: S3Store, prefix: str, token: str | None) -> str:
    """An address that lists a page of the bucket, signed by the client with whatever credentials it has.

    The client signs addresses of objects alone: so it is given the listing as its endpoint, up to the value of
    `prefix`, behind which it writes the slash of an object without a name.
    """
    known = await obstore.sign_async(store, "GET", "x", expires_in=_SIGNED_FOR)
    bucket = (
        known.partition("?")[0].removesuffix("x").removesuffix(f"{quote(store.prefix or '')}/").rstrip("/")
    )
    query = {"list-type": "2", "encoding-type": "url"} | ({"continuation-token": token} if token else {})
    config: dict[str, Any] = {
        **store.config,
        "endpoint": f"{bucket}?{urlencode(query)}&prefix={quote(prefix)}",
        "virtual_hosted_style_request": True,
    }
    lister = S3Store(
        config=cast("Any", config),
        client_options=store.client_options,
        credential_provider=store.credential_provider,
    )
    return await obstore.sign_async(lister, "GET", "", expires_in=_SIGNED_FOR)


def _fetch(url: str) -> ElementTree.Element:
    # Signed by the store's own client for the configured endpoint.
    with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310
        body = answer.read()
    try:
        # Of our own store; the parser bounds how entities grow, and reads none from outside.
        return ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError:
        raise StoreUnavailable("the store's list of objects cannot be read") from None


# -------------------------------------------------------------------- any other store


async def folder_by_folder(store: ObjectStore, folder: str) -> AsyncIterator[Found]:
    """Everything below a folder; of a folder with a name that the client refuses, only that."""
    pending = [folder]
    while pending:
        inner = pending.pop()
        try:
            listed = await obstore.list_with_delimiter_async(store, inner)
        except InvalidPathError:
            yield Unusable(f"{inner}/", whole_folder=True)
            continue
        pending += listed["common_prefixes"]
        for meta in listed["objects"]:
            yield _stored(meta["path"], meta["size"])
