"""The original e-mails of a dossier: where they lie, their headers, and whether their signatures hold (X13)."""

import re
from typing import Any

from pydantic_core import to_jsonable_python

from cancellation.dossier import verificar
from cancellation.messages.evidence import KeptOriginal


def mail_path(place: int, original: KeptOriginal) -> str:
    """Where an original lies."""
    return f"emails/{place:03}-{original.sha256[:12]}.eml"


def headers_of(raw: bytes) -> list[tuple[str, str]]:
    """The header's fields in order, unfolded, whatever they hold; nothing is decoded but bytes to text."""
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0].decode("utf-8", "backslashreplace")
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", head).splitlines()
    pairs = (line.partition(":") for line in unfolded)
    return [(name.strip(), value.strip()) for name, colon, value in pairs if colon]


def signatures_of(original: KeptOriginal) -> list[dict[str, Any]]:
    """Every DKIM signature of an e-mail: who signed, the key that was kept, and whether it holds with that."""
    kept = {(one.domain, one.selector): one for one in original.keys}
    signers = [verificar.signer_of(tags) for tags in verificar.signatures_of(original.raw)]
    keys = [kept.get((one["domain"], one["selector"])) for one in signers]
    results = verificar.checked(original.raw, [key.record if key else None for key in keys])
    return [
        {
            **result,
            "key": key.record if key else None,
            "looked_up_at": to_jsonable_python(key.looked_up_at) if key else None,
        }
        for result, key in zip(results, keys, strict=True)
    ]
