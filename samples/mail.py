"""The sample e-mails, dated as if they had just been received."""

import re
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

_FOLDER = Path(__file__).parent / "emails"
_SAMPLE_PROTOCOL = "CAN-20261122-7F3KQ2"
_ENCODED_PROTOCOL = _SAMPLE_PROTOCOL.replace("-", "=2D")
_MAIL_DATE = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), {1,2}\d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}(?: \(\S+\))?"
)


def email_names() -> tuple[str, ...]:
    """Names of the sample e-mails, in order."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.eml")))


def sample_email(name: str, *, received_at: datetime, protocol: str | None = None) -> bytes:
    """A sample e-mail as if received at `received_at` (aware); every other date of its header moves along.

    Args:
        name: one of `email_names()`.
        received_at: what the receiving server's topmost `Received` line will say, to the second.
        protocol: replaces the protocol number that the sample quotes.

    Raises:
        LookupError: there is no such sample.
    """
    path = _FOLDER / f"{name}.eml"
    if not path.is_file():
        raise LookupError(f"no sample e-mail {name}")
    raw = _received_at(path.read_bytes(), received_at)
    return raw if protocol is None else _quoting(raw, protocol)


def _received_at(raw: bytes, instant: datetime) -> bytes:
    header, separator, body = raw.partition(b"\n\n")
    first = _MAIL_DATE.search(header)
    assert first is not None, "every sample begins with the receiving server's own line"
    shift = instant.replace(microsecond=0) - _read_date(first[0])
    moved = _MAIL_DATE.sub(lambda found: _moved(found[0], shift), header)
    # A Message-ID belongs to one sending: another receipt, another id, even within the header's second.
    stamp = f"{int(instant.timestamp() * 1_000_000):x}".encode()
    moved = re.sub(rb"(?im)^(Message-ID:\s*<)", rb"\g<1>" + stamp + b".", moved, count=1)
    return moved + separator + body


def _moved(written: bytes, shift: timedelta) -> bytes:
    comment = re.search(rb" \(\S+\)$", written)
    moved = format_datetime(_read_date(written) + shift).encode()
    return moved + (comment[0] if comment else b"")


def _read_date(written: bytes) -> datetime:
    return parsedate_to_datetime(written.decode("ascii"))


def _quoting(raw: bytes, protocol: str) -> bytes:
    encoded = protocol.replace("-", "=2D")
    return raw.replace(_SAMPLE_PROTOCOL.encode(), protocol.encode()).replace(
        _ENCODED_PROTOCOL.encode(), encoded.encode()
    )
