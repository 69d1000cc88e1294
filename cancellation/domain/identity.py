"""Names that two systems must agree on: workflow id, protocol number, message ids."""

import hashlib
import re
from datetime import date, datetime, timedelta, timezone
from typing import Final

WORKFLOW_PREFIX: Final = "cancellation-"
CUSTOMER_ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"

_STANDARD_TIME: Final = timezone(timedelta(hours=-3))
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PROTOCOL: Final = re.compile(r"\b[Cc][Aa][Nn][\s-]?([0-9]{8})[\s-]?([0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{6})\b")


def workflow_id(customer_id: str) -> str:
    """The one workflow id of a customer's open case (X1)."""
    return f"{WORKFLOW_PREFIX}{customer_id}"


def customer_of(workflow_id: str) -> str | None:
    """The inverse of `workflow_id`; None for another kind of id."""
    if not workflow_id.startswith(WORKFLOW_PREFIX):
        return None
    return workflow_id.removeprefix(WORKFLOW_PREFIX) or None


def protocol_day(opened_at: datetime) -> date:
    """The day in a case's protocol: by São Paulo's standard time, which no edition of the time-zone rules moves (X23).

    A case gets its protocol before it has rules of its own, and every worker has to come to the same one.
    """
    return opened_at.astimezone(_STANDARD_TIME).date()


def protocol_number(case_id: str, opened_on: date) -> str:
    """The number that customer and teams quote (X12), such as `CAN-20261122-7F3KQ2`.

    Args:
        case_id: the case's identity, the execution's first run id.
        opened_on: the day of opening, as `protocol_day` has it.
    """
    digest = int.from_bytes(hashlib.sha256(case_id.encode()).digest()[:8], "big")
    letters = "".join(_CROCKFORD[(digest >> (5 * place)) & 31] for place in range(6))
    return f"CAN-{opened_on:%Y%m%d}-{letters}"


def find_protocols(text: str) -> list[str]:
    """All protocol numbers in a text, in their canonical form and in order of appearance, each once."""
    found = [f"CAN-{day}-{letters.upper()}" for day, letters in _PROTOCOL.findall(text)]
    return list(dict.fromkeys(found))


def mail_message_id(key: str, domain: str) -> str:
    """The Message-ID of an outgoing e-mail, the same for every attempt at sending it."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"
