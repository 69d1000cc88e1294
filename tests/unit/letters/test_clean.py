import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cancellation.letters import clean, layout

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)


@given(ANY_TEXT)
def test_a_line_is_one_line_of_visible_text_X8(text: str) -> None:
    cleaned = clean.line(text)
    assert len(cleaned) <= clean.LINE_LENGTH
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in cleaned)
    assert clean.line(cleaned) == cleaned
    cleaned.encode()


@given(ANY_TEXT)
def test_lines_keep_their_breaks_and_nothing_else_X8(text: str) -> None:
    cleaned = clean.lines(text)
    assert cleaned.count("\n") < clean.TEXT_LINES
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in cleaned.replace("\n", ""))


@pytest.mark.parametrize("trick", ["\u202e", "\u2066", "\u200f", "\u200b", "\ufeff", "\u00ad", "\u061c"])
def test_direction_and_invisible_tricks_go(trick: str) -> None:
    assert clean.line(f"Acme{trick} Ltda") == "Acme Ltda"


def test_breaks_inside_a_line_become_spaces() -> None:
    assert clean.line("Acme\r\nBcc: todos@x.y\u2028z") == "Acme Bcc: todos@x.y z"


def test_emoji_sequences_stay() -> None:
    assert clean.line("👩\u200d💻 ok") == "👩\u200d💻 ok"


def test_towers_of_marks_are_cut() -> None:
    assert len(clean.line("a" + "\u0334" * 100)) <= 5


def test_long_texts_end_visibly() -> None:
    assert clean.line("x" * 10_000).endswith("x…")
    assert len(clean.line("x" * 10_000)) == clean.LINE_LENGTH
    assert clean.lines("x" * 10_000).endswith(" […]")
    assert clean.lines("x\n" * 1000).endswith(" […]")
    assert clean.lines("um\n\n\n\n\ndois") == "um\n\ndois"


def test_a_megabyte_is_quick() -> None:
    assert len(clean.lines("ação \u202e\n" * 150_000)) < clean.TEXT_LENGTH + 10


def test_wrapping_keeps_structure() -> None:
    text = "Um parágrafo\nem duas linhas.\n\n- item " + "longo " * 20 + "\n- outro\n\n  Campo: " + "v " * 50
    wrapped = layout.wrap(text)
    assert "Um parágrafo em duas linhas.\n" in wrapped
    assert "\n- outro\n" in wrapped
    assert "\n  longo" in wrapped
    assert "\n    v" in wrapped
    assert max(len(line) for line in wrapped.split("\n")) <= layout.WIDTH


def test_addresses_are_never_broken() -> None:
    url = "https://gravacoes.nuvemjti.com.br/d/" + "a-b" * 40
    assert f"\n{url}\n" in layout.wrap(f"Abra este endereço:\n\n{url}\n\nfim")


def test_quotes_are_marked_on_every_line() -> None:
    wrapped = layout.wrap("> " + "palavra " * 40 + "\n>\n> fim")
    assert all(line.startswith(">") for line in wrapped.strip().split("\n"))
