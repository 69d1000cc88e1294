"""What Temporal keeps of a case is encrypted before it leaves the process: AES-256-GCM, by a ring of keys.

Inputs, results, signals, updates, queries, memos, summaries, details, messages and stacks of failures are. The engine
itself needs workflow ids, types, names and search attributes in clear: they hold no personal data (P20, LGPD).
"""

import dataclasses
import json
import os
from collections.abc import Iterator, Sequence
from typing import Any, Final

from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverter,
    PayloadCodec,
    PayloadConverter,
)

from cancellation.key_ring import KeyRing

ENCODING: Final = b"binary/cancelamento-aes256gcm"
"""Our own name: what other tools have encrypted in their way is not ours to decrypt, and is refused as unreadable."""
_KEY_ID: Final = "encryption-key-id"
_NONCE_BYTES: Final = 12
_HIDDEN: Final = "Encoded failure"
"""What stands in place of a failure's message; the words of Temporal's own libraries."""


class CannotDecrypt(Exception):
    """A payload cannot be read."""


class UnknownKey(CannotDecrypt):
    """It was encrypted with a key that this process does not have; with the key it can be read."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"a chave {key_id!r} não está em CANCELAMENTO_CODEC_KEYS")
        self.key_id = key_id


class Damaged(CannotDecrypt):
    """It is not what was encrypted, and no key will ever make it readable."""

    def __init__(self) -> None:
        super().__init__("o conteúdo cifrado está danificado")


class Encryption(PayloadCodec):
    """Encrypts with the ring's current key; decrypts with whichever a payload names, and takes what is in clear.

    Args:
        ring: the keys.
        keeps_damaged: hand a damaged payload on as it is. For workers: whoever sends a signal could otherwise wedge
            the case, and so the message is refused as any that cannot be read (X8). A key that is missing is an
            error all the same: a decision without it would be another one with it, and the history would not replay.
    """

    def __init__(self, ring: KeyRing, *, keeps_damaged: bool = False) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # The client needs it with keys alone.

        self._ring = ring
        self._ciphers: dict[str, AESGCM] = {key_id: AESGCM(key) for key_id, key in ring.keys.items()}
        self._keeps_damaged = keeps_damaged

    def for_worker(self) -> "Encryption":
        """The same keys for a worker, which no message may wedge."""
        return Encryption(self._ring, keeps_damaged=True)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt each; without a current key they stay as they are."""
        current = self._ring.current
        if current is None:
            return list(payloads)
        return [self._encrypted(payload, current) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt each that we encrypted; the others stay as they are.

        Raises:
            UnknownKey: the key is not in the ring.
            Damaged: it is not what was encrypted.
        """
        return [self._decrypted(payload) for payload in payloads]

    def _encrypted(self, payload: Payload, key_id: str) -> Payload:
        nonce, named = os.urandom(_NONCE_BYTES), key_id.encode()
        sealed = self._ciphers[key_id].encrypt(nonce, payload.SerializeToString(), _bound_to(named))
        return Payload(metadata={"encoding": ENCODING, _KEY_ID: named}, data=nonce + sealed)

    def _decrypted(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        try:
            return self._opened(payload)
        except Damaged:
            if self._keeps_damaged:
                return payload
            raise

    def _opened(self, payload: Payload) -> Payload:
        from cryptography.exceptions import InvalidTag

        named = payload.metadata.get(_KEY_ID, b"")
        key_id = named.decode(errors="replace")
        if not key_id:
            raise Damaged
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UnknownKey(key_id)
        nonce, sealed = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, sealed, _bound_to(named)))
        except (InvalidTag, ValueError, DecodeError):
            raise Damaged from None


def _bound_to(key_id: bytes) -> bytes:
    """What is authenticated beside the content: its form and its key."""
    return ENCODING + b":" + key_id


class ReadFailures(DefaultFailureConverter):
    """Reads failures that `EncodedFailures` made, and makes readable ones: for replays, which send nothing.

    The library's own cannot read them with a converter that leaves raw what has no type, as that of workers does.
    """

    def from_failure(self, failure: Failure, payload_converter: PayloadConverter) -> BaseException:
        """Convert, with the text in its place."""
        if failure.HasField("encoded_attributes"):
            told, encoded, failure = _attributes(failure.encoded_attributes), failure, Failure()
            failure.CopyFrom(encoded)
            failure.message = told.get("message", encoded.message)
            failure.stack_trace = told.get("stack_trace", encoded.stack_trace)
            failure.ClearField("encoded_attributes")
        return super().from_failure(failure, payload_converter)


class EncodedFailures(ReadFailures):
    """Moves message and stack of a failure, and of every cause, to where they are encrypted.

    The library's own leaves in clear the causes of a failure that was kept before there was a codec.
    """

    def to_failure(
        self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure
    ) -> None:
        """Convert, with nothing of the text in clear."""
        super().to_failure(exception, payload_converter, failure)
        for one in _with_causes(failure):
            if not one.HasField("encoded_attributes"):
                told = {"message": one.message, "stack_trace": one.stack_trace}
                one.encoded_attributes.CopyFrom(
                    Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(told).encode())
                )
                one.message, one.stack_trace = _HIDDEN, ""


def _with_causes(failure: Failure) -> Iterator[Failure]:
    yield failure
    while failure.HasField("cause"):
        failure = failure.cause
        yield failure


def _attributes(payload: Payload) -> dict[str, str]:
    try:
        told: Any = json.loads(payload.data)
    except ValueError:
        return {}
    return (
        {name: text for name, text in told.items() if isinstance(text, str)} if isinstance(told, dict) else {}
    )


def data_converter(ring: KeyRing | None) -> DataConverter:
    """What every client of ours speaks to Temporal with: pydantic's converter, encrypted if there is a key ring."""
    return encrypting(pydantic_data_converter, Encryption(ring) if ring else None)


def encrypting(converter: DataConverter, codec: PayloadCodec | None) -> DataConverter:
    """The converter with a codec, behind which failures keep nothing in clear; without one as it is."""
    if codec is None:
        return converter
    return dataclasses.replace(converter, payload_codec=codec, failure_converter_class=EncodedFailures)
