"""The codec by itself: rotation, damage, plaintext of others, failures."""

import base64
import itertools
import json
from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter, DefaultFailureConverter
from temporalio.exceptions import ActivityError, ApplicationError, RetryState

from cancellation.encryption import (
    ENCODING,
    CannotDecrypt,
    Damaged,
    EncodedFailures,
    Encryption,
    UnknownKey,
    data_converter,
)
from cancellation.key_ring import BadKeys, KeyRing, ring_of_environment
from cancellation.setting_groups import CodecSettings
from cancellation.settings import Settings
from workflows.plugin import converter

CANARY = "Rita Canário <rita@canario.example>"
OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32
CLEAR = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps({"text": CANARY}).encode())


def ring(current: str | None, **keys: bytes) -> KeyRing:
    return KeyRing(current=current, keys=keys)


def text_of(current: str | None, **keys: bytes) -> str:
    return json.dumps(
        {"current": current, "keys": {name: base64.b64encode(key).decode() for name, key in keys.items()}}
    )


async def sealed(keys: KeyRing) -> Payload:
    [payload] = await Encryption(keys).encode([CLEAR])
    return payload


async def test_what_is_encrypted_shows_nothing_and_comes_back_whole() -> None:
    payload = await sealed(ring("old", old=OLD))
    assert CANARY.encode() not in payload.SerializeToString()
    assert payload.metadata["encoding"] == ENCODING
    assert await Encryption(ring("old", old=OLD)).decode([payload]) == [CLEAR]
    again = await sealed(ring("old", old=OLD))
    assert again.data != payload.data, "a nonce must never be used twice with a key"


async def test_keys_are_rotated_step_by_step_and_no_process_is_ever_behind() -> None:
    steps = [
        ring("old", old=OLD),
        ring("old", old=OLD, new=NEW),
        ring("new", old=OLD, new=NEW),
    ]
    for one, next_one in itertools.pairwise(steps):
        for writes, reads in ((one, next_one), (next_one, one), (one, one), (next_one, next_one)):
            assert await Encryption(reads).decode([await sealed(writes)]) == [CLEAR]
    assert await Encryption(ring("new", new=NEW)).decode([await sealed(steps[-1])]) == [CLEAR]


@pytest.mark.parametrize("for_worker", [False, True])
async def test_a_key_that_is_not_there_is_named_and_nothing_is_guessed(for_worker: bool) -> None:
    codec = Encryption(ring("new", new=NEW))
    codec = codec.for_worker() if for_worker else codec
    with pytest.raises(UnknownKey, match="a chave 'old' não está em CANCELAMENTO_CODEC_KEYS") as caught:
        await codec.decode([await sealed(ring("old", old=OLD))])
    assert caught.value.key_id == "old"


def damaged(payload: Payload, how: str) -> Payload:
    found = Payload()
    found.CopyFrom(payload)
    match how:
        case "bit":
            found.data = bytes([*found.data[:-1], found.data[-1] ^ 1])
        case "nonce":
            found.data = bytes([found.data[0] ^ 1, *found.data[1:]])
        case "cut":
            found.data = found.data[:-1]
        case "empty":
            found.data = b""
        case "other key":
            found.metadata["encryption-key-id"] = b"other"
        case "no key":
            del found.metadata["encryption-key-id"]
    return found


@pytest.mark.parametrize("how", ["bit", "nonce", "cut", "empty", "other key", "no key"])
async def test_what_was_damaged_is_an_error_and_a_worker_hands_it_on_to_be_refused_X8(how: str) -> None:
    codec = Encryption(ring("old", old=OLD, other=OTHER))
    payload = damaged(await sealed(ring("old", old=OLD)), how)
    with pytest.raises(Damaged):
        await codec.decode([payload])
    assert await codec.for_worker().decode([payload, CLEAR]) == [payload, CLEAR]


async def test_what_others_send_in_clear_or_encrypted_in_their_way_passes_as_it_is() -> None:
    foreign = Payload(metadata={"encoding": b"binary/encrypted", "encryption-key-id": b"theirs"}, data=b"?")
    for codec in (Encryption(ring("old", old=OLD)), Encryption(ring("old", old=OLD)).for_worker()):
        assert await codec.decode([CLEAR, foreign, Payload()]) == [CLEAR, foreign, Payload()]


async def test_without_a_current_key_nothing_is_encrypted_and_everything_is_read() -> None:
    codec = Encryption(ring(None, old=OLD))
    assert await codec.encode([CLEAR]) == [CLEAR]
    assert await codec.decode([await sealed(ring("old", old=OLD))]) == [CLEAR]


def failed() -> BaseException:
    """As an activity fails: with a cause, and stacks."""
    try:
        try:
            raise ValueError(f"no mailbox {CANARY}")
        except ValueError as error:
            raise ApplicationError(f"not sent to {CANARY}", {"who": CANARY}, type="NotSent") from error
    except ApplicationError as error:
        return error


@pytest.mark.parametrize("reading", ["client", "worker"])
async def test_messages_stacks_details_and_causes_of_a_failure_are_encrypted(reading: str) -> None:
    keys = ring("old", old=OLD)
    writes = data_converter(keys)
    reads = writes if reading == "client" else converter(Encryption(keys))
    failure = Failure()
    await writes.encode_failure(failed(), failure)
    assert b"Can\xc3\xa1rio" not in failure.SerializeToString()
    assert b"test_encryption" not in failure.SerializeToString(), "a stack is in clear"
    error = await reads.decode_failure(failure)
    assert isinstance(error, ApplicationError)
    assert (error.message, error.type) == (f"not sent to {CANARY}", "NotSent")
    assert isinstance(error.__cause__, ApplicationError)
    assert error.__cause__.message == f"no mailbox {CANARY}"


async def test_a_failure_of_before_the_codec_is_not_sent_on_in_clear() -> None:
    keys = ring("old", old=OLD)
    kept = Failure()
    await DataConverter().encode_failure(failed(), kept)
    cause = await data_converter(keys).decode_failure(kept)
    wrapper = ActivityError(
        "activity failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="w",
        activity_type="send_letters",
        activity_id="1",
        retry_state=RetryState.MAXIMUM_ATTEMPTS_REACHED,
    )
    wrapper.__cause__ = cause
    sent = Failure()
    await data_converter(keys).encode_failure(wrapper, sent)
    assert b"Can\xc3\xa1rio" not in sent.SerializeToString()


async def test_without_keys_everything_stays_as_it_was() -> None:
    plain = data_converter(None)
    assert plain.payload_codec is None
    assert type(plain.failure_converter) is DefaultFailureConverter
    assert type(converter(None).failure_converter) is DefaultFailureConverter
    assert type(converter(Encryption(ring("old", old=OLD))).failure_converter) is EncodedFailures


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nada", "JSON: esperado"),
        ("[]", "esperado"),
        ('{"current": "a"}', "keys: esperado"),
        (text_of("gone", old=OLD), "a chave corrente gone não está entre as chaves"),
        (text_of("old", old=OLD[:31]), "a chave old não são 32 bytes em base64"),
        ('{"current": null, "keys": {"old": "segredo!"}}', "a chave old não são 32 bytes em base64"),
        ('{"current": null, "keys": {"a b": "c2VncmVkbyE="}}', "esperado"),
        ('{"current": null, "keys": {}, "segredo": 1}', "segredo: esperado"),
    ],
)
def test_a_wrong_key_ring_is_refused_by_what_is_wrong_and_shows_no_key(text: str, words: str) -> None:
    with pytest.raises(BadKeys, match=words) as caught:
        KeyRing.parse(text)
    shown = f"{caught.value!r} {caught.value.__cause__!r}"
    assert not [key for key in ("c2VncmVkbyE", "segredo!", OLD.decode(), "bz") if key in shown]


def test_the_ring_of_a_file_is_the_same_for_processes_and_for_the_client(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "keys"
    file.write_text(text_of("old", old=OLD) + "\n")
    assert ring_of_environment() is None
    assert Settings().codec.ring is None
    monkeypatch.setenv("CANCELAMENTO_CODEC_KEYS_FILE", str(file))
    assert ring_of_environment() == Settings().codec.ring == ring("old", old=OLD)
    shown = f"{Settings()!r} {Settings().codec.ring!r} {CodecSettings()!r}"
    assert base64.b64encode(OLD).decode() not in shown
    assert OLD.decode() not in shown


def test_every_way_not_to_read_is_one_kind_of_error() -> None:
    assert issubclass(UnknownKey, CannotDecrypt)
    assert issubclass(Damaged, CannotDecrypt)
