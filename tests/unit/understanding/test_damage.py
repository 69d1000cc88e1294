"""Text that lost letters on its way is neither a request nor its opposite (X14)."""

import json
import random
import re
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cancellation.understanding import understand_text
from cancellation.understanding.charsets import decode, known_charset, undo_double_encoding
from cancellation.understanding.damage import Damage, damage_in
from tests.turns import WHOLE
from tests.unit.understanding.test_any_bytes import PATHOLOGICAL

HERE = Path(__file__).parent
TABLES = ("examples", "held_out", "held_out_second", "held_out_third")
ROWS = [
    json.loads(line)
    for name in TABLES
    for line in (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
]
DENIALS = [
    *((row["subject"], row["body"]) for row in ROWS if row["explicit_request"] is not True),
    *(("", line) for line in (HERE / "never_a_request.txt").read_text(encoding="utf-8").splitlines()),
]
IN_A_SAMPLE = 40
_ODD = re.compile(r"[^\x00-\x7f]")


def each(what: Callable[[str], str] | str) -> Callable[[str], str]:
    """Every character beyond ASCII becomes something else."""
    return lambda text: _ODD.sub(lambda odd: what if isinstance(what, str) else what(odd.group()), text)


def misread(really: str, label: str) -> Callable[[str], str]:
    """Bytes of one charset under the label of another, as the reader decodes them; damage that it knows shows."""

    def through(text: str) -> str:
        decoded = decode(text.encode(really, "replace"), label)
        return decoded.text if not decoded.damage else "\ufffd" + decoded.text

    return through


def typed(letter: str) -> str:
    """As on a keyboard without accents: na~o, servic,o."""
    plain = unicodedata.normalize("NFD", letter)
    return plain.translate(str.maketrans("\u0303\u0301\u0302\u0327\u0300", "~'^,`"))


def without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def twice(codec: str) -> Callable[[str], str]:
    return lambda text: decode(text.encode().decode(codec, "replace").encode(), "utf-8").text


DAMAGES: dict[str, Callable[[str], str]] = {
    "question mark": each("?"),
    "question marks": each("??"),
    "replacement": each("\ufffd"),
    "gone": each(""),
    "blank": each(" "),
    "underscore": each("_"),
    "dot": each("."),
    "hyphen": each("-"),
    "apostrophe": each("'"),
    "star": each("*"),
    "box": each("\u25a1"),
    "number entity": each(lambda c: f"&#{ord(c)};"),
    "quoted-printable": each(lambda c: "".join(f"={b:02X}" for b in c.encode())),
    "quoted-printable of one byte": each(
        lambda c: "".join(f"={b:02X}" for b in c.encode("cp1252", "replace"))
    ),
    "percent": each(lambda c: "".join(f"%{b:02X}" for b in c.encode())),
    "escape": each(lambda c: f"\\u{ord(c):04x}"),
    "typed behind": each(typed),
    "typed before": each(lambda c: typed(c)[1:] + typed(c)[:1]),
    "seven bits": lambda text: bytes(b & 0x7F for b in text.encode("cp1252", "replace")).decode(),
    "seven bits of UTF-8": lambda text: bytes(b & 0x7F for b in text.encode()).decode(),
    "no accents": without_accents,
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "twice": twice("latin-1"),
    "twice by Windows": twice("cp1252"),
    "UTF-8 as Latin-1": misread("utf-8", "iso-8859-1"),
    "UTF-8 as cp850": misread("utf-8", "cp850"),
    "UTF-8 as mac": misread("utf-8", "x-mac-roman"),
    "UTF-8 as GBK": misread("utf-8", "gbk"),
    "UTF-8 without a label": misread("utf-8", ""),
    "Windows as UTF-8": misread("cp1252", "utf-8"),
    "Windows as cp850": misread("cp1252", "cp-850"),
    "Windows as mac": misread("cp1252", "macintosh"),
    "Windows as Cyrillic": misread("cp1252", "windows-1251"),
    "Windows as Latin-2": misread("cp1252", "iso-8859-2"),
    "Windows without a label": misread("cp1252", ""),
    "Windows under an unknown label": misread("cp1252", "x-nunca-visto"),
    "cp850 as Latin-1": misread("cp850", "iso-8859-1"),
    "cp850 as UTF-8": misread("cp850", "utf-8"),
    "cp850 as Cyrillic": misread("cp850", "koi8-r"),
    "mac as Windows": misread("mac-roman", "windows-1252"),
    "mac as cp850": misread("mac-roman", "ibm850"),
    "mac as Cyrillic": misread("mac-roman", "koi8-r"),
}


@pytest.mark.sampled
@pytest.mark.parametrize("name", DAMAGES)
def test_no_damage_makes_a_request_of_a_denial_X14(name: str) -> None:
    damage = DAMAGES[name]
    assert len(DENIALS) > 300
    for subject, body in DENIALS if WHOLE else random.Random(name).sample(DENIALS, IN_A_SAMPLE):
        hurt = damage(subject), damage(body)
        assert understand_text(*hurt).explicit_request is not True, hurt


@pytest.mark.parametrize(
    "name", ["question mark", "replacement", "gone", "Windows as UTF-8", "cp850 as Latin-1"]
)
def test_damaged_request_is_left_to_a_person_and_has_no_reason_X14(name: str) -> None:
    said = "Solicito a rescisão do contrato. Motivo: mudança de endereço e preço."
    assert understand_text("", said).explicit_request is True
    understood = understand_text("", DAMAGES[name](said))
    assert (understood.explicit_request, understood.reason) == ("unsure", None)


@pytest.mark.parametrize(
    "name", ["no accents", "decomposed", "twice", "UTF-8 as Latin-1", "UTF-8 without a label"]
)
def test_what_is_no_damage_or_is_undone_counts_X14(name: str) -> None:
    said = "Solicito a rescisão do contrato. Motivo: mudança de endereço."
    understood = understand_text("", DAMAGES[name](said))
    assert understood.explicit_request is True
    assert understood.reason is not None


def test_sound_texts_show_no_damage() -> None:
    flagged = [row["id"] for row in ROWS if damage_in(f"{row['subject']}\n{row['body']}")]
    assert flagged == []


@pytest.mark.parametrize(
    "text",
    [
        "Pode cancelar?Obrigado. Veja https://x.com.br/?a=b&c=%C3%A3 e o arquivo nota_1?.pdf",
        "Sant'Ana, d'água, guarda-chuva, e/ou, R$ 1.000,00, 50%, (a), *negrito*, C++, 10h15, nº 4, 1º e 2ª",
        "O Sr. Jürgen Schäfer e a Sra. Noël falaram 😀 • item – travessão… “aspas”",
        "NÃO SOLICITO NADA. ATÉ AMANHÃ. IRMÃ, MAÇÃ",
        "nao tenho acentos no meu teclado, voces podem me ligar ate amanha?",
    ],
)
def test_what_people_write_is_no_damage(text: str) -> None:
    assert damage_in(text) == ()


# ------------------------------------------------------------------------------------------- charsets


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF8", "utf-8"),
        ('"utf-8"', "utf-8"),
        ("ISO-8859-1", "cp1252"),
        ("latin1", "cp1252"),
        ("win-1252", "cp1252"),
        ("cp-850", "cp850"),
        ("IBM850", "cp850"),
        ("x-mac-roman", "mac-roman"),
        ("macintosh", "mac-roman"),
        ("iso-8859-15", "iso8859-15"),
        ("us-ascii", "ascii"),
        ("x-unknown", None),
        ("utf-7", None),
        ("unicode_escape", None),
        ("rot13", None),
        ("idna", None),
        ("\x00", None),
    ],
)
def test_charset_is_known_as_programs_write_it_X14(label: str, codec: str | None) -> None:
    assert known_charset(label) == codec


@pytest.mark.parametrize("label", ["utf-8", "windows-1252"])
def test_only_the_bad_bytes_of_a_declared_charset_are_lost_X14(label: str) -> None:
    data = "Não solicito. Atenciosamente, João ".encode(label) + (b"\xff" if label == "utf-8" else b"\x81")
    decoded = decode(data, label)
    assert decoded.text == "Não solicito. Atenciosamente, João \ufffd"
    assert damage_in(decoded.text) == (Damage.LOST,)


def test_bytes_that_no_windows_text_has_are_damage_X14() -> None:
    for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D):
        assert damage_in(decode(b"ol" + bytes([byte]), "windows-1252").text) == (Damage.LOST,)


PORTUGUESE = st.text("abcdeãõçáéíóúâêôàü ÁÉÃÇÕ.,!?“”–…", max_size=60)


@given(PORTUGUESE, st.integers(1, 3))
def test_text_that_was_encoded_again_and_again_is_restored_X14(text: str, rounds: int) -> None:
    said = f"não: {text}"
    hurt = said
    for _ in range(rounds):
        hurt = hurt.encode().decode("latin-1")
    assert undo_double_encoding(hurt) == said


@given(PORTUGUESE)
def test_text_that_was_encoded_once_stays_X14(text: str) -> None:
    assert undo_double_encoding(text) == text


@given(st.binary(max_size=200), st.text(max_size=12))
def test_any_bytes_of_any_charset_give_text_X8(data: bytes, label: str) -> None:
    decode(data, label).text.encode("utf-8", "strict")


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_looking_for_damage_takes_linear_time(name: str) -> None:
    start = time.process_time()
    damage_in(PATHOLOGICAL[name][:20_000])
    assert time.process_time() - start < 0.5
