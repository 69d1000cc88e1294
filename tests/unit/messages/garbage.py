"""Everything that an outside tool can send instead of a message (X8); also sent through the real server."""

import json
from typing import Any, Final

VALID: Final[dict[str, dict[str, Any]]] = {
    "request": {"channel": "phone", "text": "Quero cancelar"},
    "retention_offer": {
        "offer_id": "o1",
        "kind": "training",
        "description": "Treinamento",
        "status": "made",
    },
    "retention_outcome": {"outcome": "declined", "reason": {"category": "price", "text": "Caro"}},
    "formalization": {
        "sender": "rita@acme.com.br",
        "recipients": ["financeiro@nuvemjti.com.br", "comercial@nuvemjti.com.br"],
        "received_at": "2026-11-16T12:15:00-03:00",
        "explicit_request": True,
        "reason": "Caro",
        "authentication": "pass",
    },
    "portability": {"number": "+551130000001", "status": "requested"},
    "recordings_request": {"from_date": None, "to_date": None, "deliver_to": None},
    "withdrawal": {"reason": "Renegociou"},
    "discard": {"reason": "Cliente errado"},
    "bounce": {"letter": "<1@nuvemjti.com.br>", "status": "5.1.1 User unknown"},
    "resend": {"letter": "script"},
}
"""One right message a signal, without the fields that may be left out."""

BROKEN: Final[dict[str, bytes]] = {
    "nothing at all": b"",
    "null": b"null",
    "a list": b"[]",
    "a list of messages": b'[{"reason": "x"}]',
    "a text": b'"cancelar"',
    "a number": b"1042",
    "true": b"true",
    "not JSON": b"reason=x",
    "half a message": b'{"reason": "x"',
    "two messages": b'{"reason": "x"}{"reason": "x"}',
    "a byte order mark": b'\xef\xbb\xbf{"reason": "x"}',
    "Latin-1": '{"reason": "não"}'.encode("latin-1"),
    "NaN": b'{"reason": NaN}',
    "infinity": b'{"reason": 1e999}',
    "a lone surrogate": b'{"reason": "\\ud800"}',
    "a NUL escaped": b'{"reason": "a\\u0000b"}',
    "a NUL": b'{"reason": "a\x00b"}',
    "a control character": b'{"reason": "a\x07b"}',
    "100,000 brackets": b"[" * 100_000,
    "deep objects": b'{"reason":' * 5_000 + b"1" + b"}" * 5_000,
    "one megabyte of text": json.dumps({"reason": "x" * 1_000_000}).encode(),
    "one megabyte of spaces": b" " * 1_000_000,
    "10,000 unknown fields": json.dumps({f"f{n}": n for n in range(10_000)}).encode(),
    "a field name of 100 KB": json.dumps({"x" * 100_000: 1}).encode(),
    "a field name of emoji": json.dumps({"🙈" * 1000: 1}, ensure_ascii=False).encode(),
    "a huge number": b'{"reason": ' + b"9" * 10_000 + b"}",
}
"""Bytes that are no message of any signal."""

WRONG_VALUES: Final[tuple[Any, ...]] = (None, [], {}, 7, -1.5, True, "", " ", [[]], {"a": 1}, "x" * 1_000_000)


def spoilt(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Each required field of a signal's message missing, or of a wrong type: the field and the message."""
    found: list[tuple[str, dict[str, Any]]] = []
    for field in VALID[name]:
        if name not in ("recordings_request",) and field != "text":
            found.append((field, {key: value for key, value in VALID[name].items() if key != field}))
        found.append((field, VALID[name] | {field: {"wrong": ["type"]}}))
        found.append((field, VALID[name] | {field: 3.14}))
    found.append(("mesage_id", VALID[name] | {"mesage_id": "a misspelt field"}))
    for instant in (
        "2026-11-22T10:00:00",
        "2026-11-22",
        "22/11/2026 10:00",
        1_795_000_000,
        "0001-01-01T00:00:00Z",
    ):
        found.append(("occurred_at", VALID[name] | {"occurred_at": instant}))
    for empty in ("", "  ", 5, "x" * 201):
        found.append(("actor", VALID[name] | {"actor": empty}))
        found.append(("message_id", VALID[name] | {"message_id": empty}))
    return [
        (field, message)
        for field, message in found
        if not (name == "formalization" and field == "reason" and "reason" not in message)
    ]
