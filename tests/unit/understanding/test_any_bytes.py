"""Any bytes at all: no exception leaves the reader, and time stays bounded (X8)."""

import sysconfig
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cancellation.understanding import (
    ResolvedDirectory,
    newest_text,
    read_message,
    understand,
    understand_text,
    verdict,
)
from tests.turns import examples
from tests.unit.understanding.letters import MAILBOXES, TRUSTED, message

CPYTHON = sorted((Path(sysconfig.get_paths()["stdlib"]) / "test" / "test_email" / "data").glob("*"))
SEEDS = [
    message(),
    message(sender="=?utf-8?q?Rita=?= <rita@acme.com.br>", extra=(("List-Id", "<a.b>"),)),
    b'From: a@b\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="="\n\n--=\n'
    b"Content-Type: text/html; charset=utf-7\nContent-Transfer-Encoding: base64\n\nPGI+b2k8L2I+\n--=--\n",
    b"From: a@b\nContent-Type: message/rfc822\n\nFrom: c@d\nContent-Type: multipart/report; boundary=q\n\n"
    b"--q\n\nx\n--q--\n",
    *[path.read_bytes() for path in CPYTHON if path.suffix == ".txt"],
]


TELLING = [
    *(
        "quero",
        "cancelar",
        "o",
        "contrato",
        "não",
        "se",
        "caso",
        "por",
        "favor",
        "solicito",
        "que",
        "cancelamento",
    ),
    *(
        "motivo",
        "porque",
        "mas",
        "ou",
        "plano",
        "ramal",
        "boleto",
        ":",
        ",",
        ".",
        "?",
        "!",
        ">",
        "De:",
        "Para:",
        "\n",
    ),
]


def wholly(raw: bytes) -> None:
    reading = read_message(raw)
    assert reading.model_dump_json()
    assert understand(reading, ResolvedDirectory(), MAILBOXES, TRUSTED).model_dump_json()
    assert verdict(reading, TRUSTED).verdict in ("pass", "fail", "none")


@given(st.binary(max_size=2_000))
def test_any_bytes_give_a_reading_X8(raw: bytes) -> None:
    wholly(raw)


@pytest.mark.sampled
@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_mutated_messages_give_a_reading_X8(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(0, len(raw) - 1)))
        piece = data.draw(
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from(
                    [
                        b"\n",
                        b"\r",
                        b"\x00",
                        b"=?",
                        b"?=",
                        b"\xff",
                        b'"',
                        b"(",
                        b"<",
                        b";",
                        b"boundary=",
                        b"\n\n",
                        b": ",
                    ]
                ),
            )
        )
        raw[at : at + data.draw(st.integers(0, 20))] = piece
    wholly(bytes(raw))


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=2_000))
def test_any_text_is_understood_X8(subject: str, body: str) -> None:
    understood = understand_text(subject, body)
    assert understood.explicit_request in (True, False, "unsure")
    assert understood.why


@pytest.mark.sampled
@given(st.lists(st.sampled_from(TELLING), max_size=60))
@settings(max_examples=examples(400), deadline=None)
def test_any_order_of_telling_words_is_understood(words: list[str]) -> None:
    understand_text(" ".join(words[:5]), " ".join(words))


@pytest.mark.skipif(not CPYTHON, reason="the interpreter comes without its own tests")
def test_messages_of_the_interpreters_own_tests_are_read_X8() -> None:
    assert len(CPYTHON) > 40
    for path in CPYTHON:
        if path.is_file():
            wholly(path.read_bytes())


PATHOLOGICAL = {
    "blanks": " " * 200_000 + "x",
    "commas": "solicito, " * 20_000,
    "asking": "solicito o " * 20_000 + "cancelamento",
    "please": "por favor " * 20_000,
    "not": "não quero " * 20_000,
    "if": "se caso se não " * 20_000,
    "reason": "motivo: porque devido a " * 10_000,
    "one word": "a" * 200_000,
    "word and act": "cancelar " * 20_000,
    "quotes": "> " * 100_000,
    "quote lines": "> oi\n" * 50_000,
    "headers": "De: a\nPara: b\nAssunto: c\n" * 10_000,
    "wrote": "Em 1 de jan " * 20_000 + "escreveu",
    "wrote lines": "Em 12 de jan. de 2026 10:11, x\n" * 20_000,
    "dots": "." * 200_000,
    "questions": "como? " * 30_000,
    "combining": "a\u0301" * 50_000,
    "cnpj": "11.222.333/" * 20_000,
    "dashes": "-" * 200_000,
    "the contract": "contrato e o contrato, " * 10_000,
    "resto": "o contrato " * 20_000 + "fica",
}


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_pathological_text_takes_bounded_time(name: str) -> None:
    start = time.process_time()
    understand_text(PATHOLOGICAL[name][:2_000], PATHOLOGICAL[name])
    newest_text(PATHOLOGICAL[name])
    assert time.process_time() - start < 4
