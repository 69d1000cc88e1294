"""Text that others wrote, made safe for a letter: no control characters, no tricks of direction, bounded."""

import re
import unicodedata
from typing import TypeVar

from pydantic import BaseModel

LINE_LENGTH = 200
"""Most characters of a text that stands within a line: a name, a subject."""
TEXT_LENGTH = 2000
"""Most characters of a text with lines of its own."""
TEXT_LINES = 40

_LONG_FIELDS = frozenset({"request_text", "text", "words", "request_words"})
"""Fields in which people write more than a line."""
_JOINER = "\u200d"
"""Holds emoji sequences together; the only invisible character that stays."""
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_BREAKS = re.compile(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_MARKS = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3})"
    r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)

M = TypeVar("M", bound=BaseModel)


def line(text: str, longest: int = LINE_LENGTH) -> str:
    """One line of visible text; what is longer ends in `…`."""
    # What is far too long is cut first: nobody waits for 1 MB to be looked at.
    visible = "".join(_visible(c) for c in _composed(text[: longest * 4]))
    words = " ".join(visible.split())
    if len(words) <= longest and len(text) <= longest * 4:
        return words
    return f"{words[: longest - 1].rstrip()}…"


def lines(text: str, longest: int = TEXT_LENGTH, most: int = TEXT_LINES) -> str:
    """Visible text with its line breaks, bounded in length and lines; ends in `[…]` where it was cut."""
    parts = [line(part, longest) for part in _BREAKS.split(text[: longest * 4])]
    joined = re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).strip("\n")
    kept = joined.split("\n")[:most]
    short = "\n".join(kept)[:longest].rstrip()
    cut = len(kept) < joined.count("\n") + 1 or len(joined) > longest or len(text) > longest * 4
    return f"{short} […]" if cut else short


def texts(model: M) -> M:
    """The same value with every text cleaned, whatever lies inside."""
    return model.model_copy(
        update={name: _cleaned(name, getattr(model, name)) for name in type(model).model_fields}
    )


def _cleaned(name: str, value: object) -> object:
    if type(value) is str:  # an enum is a str too, and needs no cleaning
        return lines(value) if name in _LONG_FIELDS else line(value)
    if isinstance(value, tuple):
        return tuple(_cleaned(name, item) for item in value)
    if isinstance(value, BaseModel):
        return texts(value)
    return value


def _composed(text: str) -> str:
    """Composed characters, and no towers of combining marks that reach over other lines."""
    return _MARKS.sub(r"\1", unicodedata.normalize("NFC", text))


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    if category == "Cf":
        return _JOINER if character == _JOINER else ""
    if category in ("Cs", "Cn", "Co"):
        return _REPLACEMENT
    return character
