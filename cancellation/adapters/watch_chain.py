"""The hash chain over what a case's watch did: as the trail's, with the fields of an act (P20, X10).

PostgreSQL computes the same by a trigger (`crm.watch_hash`): the hash of an act is SHA-256 over that of the one before
(32 zero bytes before the first) followed by case id, number, number of the look, instant, actor, kind, key, sentence
and facts, each in the trail's canonical form. The facts are hashed as the text that they are kept as.
"""

import hashlib
from datetime import datetime

from cancellation.adapters.trailchain import canonical, canonical_instant


def act_hash(
    previous: bytes,
    case_id: str,
    seq: int,
    look: int,
    at: datetime,
    actor: str,
    kind: str,
    key: str,
    detail: str,
    facts: str,
) -> bytes:
    """The hash of an act that follows the one with the hash `previous`."""
    fields = [case_id, str(seq), str(look), canonical_instant(at), actor, kind, key, detail, facts]
    return hashlib.sha256(previous + b"".join(map(canonical, fields))).digest()
