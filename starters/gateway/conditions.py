"""What a conditional or partial request for a file gets (RFC 9110, sections 13 and 14). Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True)
class Body:
    """Which bytes to send: from `start` up to, without, `end`."""

    status: int
    start: int
    end: int
    size: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.end - self.start

    @property
    def headers(self) -> dict[str, str]:
        """What tells the client about the bytes."""
        headers = {"content-length": str(self.length)}
        if self.status == 206:
            headers["content-range"] = f"bytes {self.start}-{self.end - 1}/{self.size}"
        return headers


@dataclass(frozen=True)
class NoBody:
    """304 not modified, 412 precondition failed, 416 range not satisfiable."""

    status: int
    size: int

    @property
    def headers(self) -> dict[str, str]:
        """What goes with the status."""
        return {"content-range": f"bytes */{self.size}"} if self.status == 416 else {}


def http_date(instant: datetime) -> str:
    """An aware instant as HTTP writes it, such as `Sun, 22 Nov 2026 15:00:00 GMT`."""
    return format_datetime(instant.astimezone(UTC), usegmt=True)


def answer_to(headers: Mapping[str, str], size: int, etag: str, modified: datetime) -> Body | NoBody:
    """Decide from the request's headers, in the order of RFC 9110, section 13.2.2.

    Several ranges at once get the whole file, as the standard allows: nobody who resumes asks for them.

    Args:
        headers: of a GET request, names in lower case.
        size: bytes of the file, at least one.
        etag: the file's strong validator, in quotes.
        modified: when the file was made.
    """
    if (wanted := headers.get("if-match")) is not None:
        if not _lists(wanted, etag, weak=False):
            return NoBody(412, size)
    elif (since := _date(headers.get("if-unmodified-since"))) is not None and _seconds(modified) > since:
        return NoBody(412, size)

    if (known := headers.get("if-none-match")) is not None:
        if _lists(known, etag, weak=True):
            return NoBody(304, size)
    elif (since := _date(headers.get("if-modified-since"))) is not None and _seconds(modified) <= since:
        return NoBody(304, size)

    if "range" in headers and _range_holds(headers.get("if-range"), etag, modified):
        return _part(headers["range"], size)
    return Body(200, 0, size, size)


def _part(wanted: str, size: int) -> Body | NoBody:
    whole = Body(200, 0, size, size)
    match = _RANGE.fullmatch(wanted.strip())
    if match is None:
        return whole
    first, last = match.groups()
    if first:
        start = int(first)
        if last and int(last) < start:
            return whole
        end = min(int(last) + 1, size) if last else size
    elif last:
        start, end = max(0, size - int(last)), size
    else:
        return whole
    return Body(206, start, end, size) if start < end else NoBody(416, size)


def _range_holds(if_range: str | None, etag: str, modified: datetime) -> bool:
    if if_range is None:
        return True
    if if_range.startswith(('"', "W/")):
        return if_range == etag
    return _date(if_range) == _seconds(modified)


def _lists(tags: str, etag: str, *, weak: bool) -> bool:
    if tags.strip() == "*":
        return True
    listed = [tag.strip() for tag in tags.split(",")]
    return etag in ([tag.removeprefix("W/") for tag in listed] if weak else listed)


def _date(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(parsedate_to_datetime(text).timestamp())
    except (ValueError, OverflowError, TypeError):
        return None


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
