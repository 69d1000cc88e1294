"""From a raw payload to JSON bytes, or to the reason why there are none (X8)."""

from typing import Final

from temporalio.common import RawValue

from cancellation.application.intake import Incoming
from workflows.one_argument import WRONG_COUNT

_JSON: Final = b"json/plain"


def incoming(name: str, raw: RawValue) -> Incoming:
    """A message as it arrived under `name`."""
    encoding = raw.payload.metadata.get("encoding", b"")
    if encoding == _JSON:
        return Incoming(name=name, data=raw.payload.data)
    if encoding == b"binary/null":
        return Incoming(name=name, data=b"null")
    if encoding.startswith(WRONG_COUNT):
        count = encoding.removeprefix(WRONG_COUNT).decode()
        return Incoming(name=name, unreadable=f"esperado exatamente um argumento JSON; vieram {count}")
    shown = encoding.decode("ascii", "replace")[:60] or "nenhuma"
    return Incoming(name=name, unreadable=f"codificação não aceita ({shown}); envie um objeto JSON")
