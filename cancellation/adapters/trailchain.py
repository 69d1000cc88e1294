"""The hash chain over a case's trail: what makes a later change show (P20, X13).

A field is written as its length in bytes, a colon and its UTF-8 text; a lone `-` stands for what is not there.
What an entry says about people (actor, detail, message id, then field and problem of every problem) goes into its
*commitment*: SHA-256 over a salt of 32 random bytes and those fields. The entry's hash is SHA-256 over the previous
entry's hash (32 zero bytes before the first), case id, number, instant in UTC with microseconds, kind, and the 32
bytes of the commitment. So text and salt can be erased when the law says so, and the chain still holds. PostgreSQL
makes the salt and computes the same by a trigger (`crm.chain_trail`), so whoever inserts is chained, and whoever
reads can check with this alone.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import Value

GENESIS: Final = bytes(32)
"""What stands before the first entry."""


ERASED: Final = "(apagado)"
"""What stands where an entry's actor and detail were erased."""
SALT_BYTES: Final = 32


class ChainedEntry(Value):
    """A trail entry as it is kept: with the hash that binds it to everything before it."""

    entry: TrailEntry
    salt: str | None
    """64 hexadecimal digits; None: the personal text was erased, and its salt with it."""
    commitment: str
    """Of the personal text, 64 hexadecimal digits."""
    hash: str
    """64 hexadecimal digits."""


class TrailCheck(Value):
    """What reading a case's chain found."""

    case_id: str
    entries: int
    head: str
    """The hash of the last entry, computed anew from the entries held, 64 hexadecimal digits."""
    erased: int = 0
    """How many entries have lost their personal text to an erasure."""
    broken_at: int | None = None
    """The first number where the chain does not hold: changed, missing or out of order. None: all holds."""

    @property
    def intact(self) -> bool:
        """Whether nothing was changed, taken out or put in."""
        return self.broken_at is None


def commitment_of(salt: bytes, entry: TrailEntry) -> bytes:
    """What an entry's hash holds in the place of its personal text."""
    fields: list[str | None] = [entry.actor, entry.detail, entry.message_id]
    for problem in entry.problems:
        fields += [problem.field, problem.problem]
    return hashlib.sha256(salt + b"".join(map(_canonical, fields))).digest()


def entry_hash(previous: bytes, case_id: str, entry: TrailEntry, commitment: bytes) -> bytes:
    """The hash of an entry that follows the one with the hash `previous`."""
    fields = (case_id, str(entry.seq), _instant(entry.at), entry.kind)
    return hashlib.sha256(previous + b"".join(map(_canonical, fields)) + commitment).digest()


def chain(previous: bytes, case_id: str, entry: TrailEntry, salt: bytes) -> ChainedEntry:
    """The entry as it is kept when it follows the one with the hash `previous`."""
    commitment = commitment_of(salt, entry)
    return ChainedEntry(
        entry=entry,
        salt=salt.hex(),
        commitment=commitment.hex(),
        hash=entry_hash(previous, case_id, entry, commitment).hex(),
    )


def says_what_was_committed(link: ChainedEntry) -> bool:
    """Whether an entry's personal text is the one of its commitment, or was erased whole."""
    if link.salt is None:
        entry = link.entry
        return (entry.actor, entry.detail, entry.message_id, entry.problems) == (ERASED, ERASED, None, ())
    return commitment_of(bytes.fromhex(link.salt), link.entry).hex() == link.commitment


def check_chain(case_id: str, chained: Sequence[ChainedEntry], head: str | None = None) -> TrailCheck:
    """Compute a case's chain anew and compare.

    Args:
        case_id: the case's identity, part of every hash.
        chained: the entries as they are kept, in order.
        head: the last hash as it is kept elsewhere; with it a missing end shows too.
    """
    previous, broken = GENESIS, None
    for place, link in enumerate(chained, start=1):
        previous = entry_hash(previous, case_id, link.entry, bytes.fromhex(link.commitment))
        holds = link.entry.seq == place and link.hash == previous.hex() and says_what_was_committed(link)
        if broken is None and not holds:
            broken = place
    if broken is None and head is not None and head != previous.hex():
        broken = len(chained) + 1
    return TrailCheck(
        case_id=case_id,
        entries=len(chained),
        head=previous.hex(),
        erased=sum(link.salt is None for link in chained),
        broken_at=broken,
    )


def _canonical(field: str | None) -> bytes:
    if field is None:
        return b"-"
    data = field.encode()
    return b"%d:%b" % (len(data), data)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
