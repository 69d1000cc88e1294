"""What an object store's errors mean: gone, its own fault, a permission, or a failure that will pass."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from http.client import HTTPException
from typing import Final

from obstore.exceptions import BaseError, InvalidPathError, NotFoundError, PermissionDeniedError

_CODE: Final = re.compile(r"<Code>(\w+)</Code>|\(code: (\w+)\)")
_ERRNO: Final = re.compile(r"\(os error (\d+)\)")
_STATUS: Final = re.compile(r"status code: (\d{3})")
_SERVER: Final = re.compile(r"\b(GET|HEAD|PUT|POST|DELETE|PATCH) (https?://[^/\s]+)")

_OWN_CODES: Final = ("InvalidObjectState", "BlobArchived", "BlobImmutableDueToPolicy")
"""In cold storage, or under a lock: the server says so of this object, whoever asks."""
_DENIED_CODES: Final = ("AccessDenied", "AuthorizationPermissionMismatch")
"""Other codes that come with 403 speak of credentials that have run out or of a wrong clock."""
_NO_STORE_CODES: Final = ("NoSuchBucket", "ContainerNotFound")
_OWN_ERRNOS: Final = (20, 21, 22, 36, 40)
"""A part is no folder, it is a folder, no such name, name too long, links in a circle."""
_DENIED_ERRNOS: Final = (1, 13)


class StoreUnavailable(Exception):
    """The object store did not do what it was asked for; says what it answered, without file names."""


class Meaning(Enum):
    """Why something could not be done with an object."""

    GONE = auto()
    OWN_FAULT = auto()
    """The object itself is such that nobody will ever succeed."""
    DENIED = auto()
    """A permission is missing: for this object, or for everything."""
    PASSING = auto()
    """Everything else: it is tried again."""


def meaning_of(error: Exception) -> Meaning:
    """What the store's error says about the one object that it came for."""
    code, number = _code(error), _errno(error)
    if isinstance(error, FileNotFoundError | NotFoundError):
        return Meaning.PASSING if code in _NO_STORE_CODES else Meaning.GONE
    if isinstance(error, InvalidPathError) or code in _OWN_CODES or number in _OWN_ERRNOS:
        return Meaning.OWN_FAULT
    refused = isinstance(error, PermissionDeniedError)
    if code in _DENIED_CODES or number in _DENIED_ERRNOS or (refused and code is None):
        return Meaning.DENIED
    return Meaning.PASSING


@contextmanager
def without_names() -> Iterator[None]:
    """Turn the store's error into one that names no customer's file: it ends up in histories and logs."""
    try:
        yield
    except (BaseError, OSError, HTTPException) as error:
        raise StoreUnavailable(_described(error)) from None


def _described(error: Exception) -> str:
    """The parts of the error's text that can hold no name."""
    told = _told(error)
    parts = [
        type(error).__name__,
        *(match[0] for match in _SERVER.finditer(told)),
        *(f"status {match[1]}" for match in _STATUS.finditer(told)),
        _code(error),
        f"os error {number}" if (number := _errno(error)) is not None else None,
    ]
    return ", ".join(filter(None, parts))[:300]


def _code(error: Exception) -> str | None:
    """The server's own word for what is wrong. The last one: a file's name, which comes before, can hold any."""
    found = [match.group(1) or match.group(2) for match in _CODE.finditer(_told(error))]
    return found[-1] if found else None


def _errno(error: Exception) -> int | None:
    """The operating system's number, the last one as well."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    found = _ERRNO.findall(_told(error))
    return int(found[-1]) if found else None


def _told(error: Exception) -> str:
    return str(error).partition("\n\nDebug source")[0]
