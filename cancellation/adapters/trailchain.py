"""The hash chain over a case's trail: what makes a later change show (P20, X13).

The hash of an entry is SHA-256 over the previous entry's hash (32 zero bytes before the first) followed by
the entry's fields, each as its length in bytes, a colon and its UTF-8 text: case id, number, instant in UTC
with microseconds, actor, kind, detail, message id (a lone `-` where no message caused the entry), then field
and problem of every problem. PostgreSQL computes the same by a trigger (`crm.trail_hash`), so whoever inserts
is chained, and whoever reads can check with this alone.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import Value

GENESIS: Final = bytes(32)
"""What stands before the first entry."""


class ChainedEntry(Value):
    """A trail entry as it is kept: with the hash that binds it to everything before it."""

    entry: TrailEntry
    hash: str
    """64 hexadecimal digits."""


class TrailCheck(Value):
    """What reading a case's chain found."""

    case_id: str
    entries: int
    head: str
    """The hash of the last entry, computed anew from the entries held, 64 hexadecimal digits."""
    broken_at: int | None = None
    """The first number where the chain does not hold: changed, missing or out of order. None: all holds."""

    @property
    def intact(self) -> bool:
        """Whether nothing was changed, taken out or put in."""
        return self.broken_at is None


def entry_hash(previous: bytes, case_id: str, entry: TrailEntry) -> bytes:
    """The hash of an entry that follows the one with the hash `previous`."""
    fields: list[str | None] = [case_id, str(entry.seq), canonical_instant(entry.at), entry.actor, entry.kind]
    fields += [entry.detail, entry.message_id]
    for problem in entry.problems:
        fields += [problem.field, problem.problem]
    return hashlib.sha256(previous + b"".join(map(canonical, fields))).digest()


def check_chain(case_id: str, chained: Sequence[ChainedEntry], head: str | None = None) -> TrailCheck:
    """Compute a case's chain anew and compare.

    Args:
        case_id: the case's identity, part of every hash.
        chained: the entries as they are kept, in order.
        head: the last hash as it is kept elsewhere; with it a missing end shows too.
    """
    previous, broken = GENESIS, None
    for place, link in enumerate(chained, start=1):
        previous = entry_hash(previous, case_id, link.entry)
        if broken is None and (link.entry.seq != place or link.hash != previous.hex()):
            broken = place
    if broken is None and head is not None and head != previous.hex():
        broken = len(chained) + 1
    return TrailCheck(case_id=case_id, entries=len(chained), head=previous.hex(), broken_at=broken)


def canonical(field: str | None) -> bytes:
    """One field: its length in bytes, a colon, its UTF-8 bytes; a lone `-` for what is not there."""
    if field is None:
        return b"-"
    data = field.encode()
    return b"%d:%b" % (len(data), data)


def canonical_instant(at: datetime) -> str:
    """An instant as it is hashed: in UTC, with microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
