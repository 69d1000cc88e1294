"""The keys that payloads are encrypted with, by id: one encrypts, all decrypt.

Apart from the codec, so that reading the settings loads neither Temporal's library nor that of the cipher.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from cancellation.secret_files import read_secret

KEYS_VARIABLE: Final = "CANCELAMENTO_CODEC_KEYS"
KEY_BYTES: Final = 32

KeyId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class BadKeys(ValueError):
    """The text is no key ring; says in Portuguese why, and nothing of the keys."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    current: KeyId | None
    keys: dict[KeyId, str]


@dataclass(frozen=True)
class KeyRing:
    """AES-256 keys by id."""

    current: str | None
    """Encrypts; None: nothing is encrypted any more, and what was can still be read."""
    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Of `{"current": "2026-11", "keys": {"2026-11": "<32 bytes in base64>"}}`.

        Raises:
            BadKeys: it is not of that form, or names a current key that it does not hold.
        """
        try:
            found = _File.model_validate_json(text)
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"]) or "JSON"
            msg = f'{KEYS_VARIABLE}: {where}: esperado {{"current": "ID", "keys": {{"ID": "base64"}}}}'
            raise BadKeys(msg) from None
        keys = {key_id: _bytes_of(key_id, key) for key_id, key in found.keys.items()}
        if found.current is not None and found.current not in keys:
            msg = f"{KEYS_VARIABLE}: a chave corrente {found.current} não está entre as chaves"
            raise BadKeys(msg)
        return cls(current=found.current, keys=keys)


def _bytes_of(key_id: str, key: str) -> bytes:
    try:
        found = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != KEY_BYTES:
        msg = f"{KEYS_VARIABLE}: a chave {key_id} não são {KEY_BYTES} bytes em base64"
        raise BadKeys(msg)
    return found


def ring_of_environment() -> KeyRing | None:
    """What the environment names, for those who have no settings of ours: the client in another service.

    Raises:
        ValueError: the file cannot be read, or is no key ring (`BadKeys`).
    """
    text = os.environ.get(KEYS_VARIABLE)
    if path := os.environ.get(f"{KEYS_VARIABLE}_FILE"):
        text = read_secret(f"{KEYS_VARIABLE}_FILE", path)
    return KeyRing.parse(text) if text else None
