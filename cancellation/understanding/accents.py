"""Words that lost their accents, told by what is left of them (X14).

`accented.txt` holds frequent words that have an accent, one a line, and of which no other word is left when the
accented letters go. A word of a text that is one of these but for its accented letters, with anything else or
nothing in their place, has been damaged. A writer who uses no accents puts the plain letter there, which is right.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from itertools import islice, zip_longest
from pathlib import Path

_PLAIN = re.compile(r"[^a-z]+")
_TOKEN = re.compile(r"\S+")
_EDGES = ".,;:!?()[]\"'“”‘’*_-<>/\\"
_LONGEST = 40
_WIDEST_GAP = 6
_TYPED = ("~", "^", "`", "'", ",", "\xb4", "\xa8")
"""Accents behind their letter, as keyboards without them have it."""
_ARTICLES = frozenset({"a", "o", "as", "os", "e"})
"""Behind a verb they are words of their own: "ver o contrato"."""
_MOST_TOKENS = 5_000


@cache
def _words() -> dict[str, tuple[tuple[str, int, int], ...]]:
    """By what is left without the accented letters: the word, and where its accented letters stand."""
    found: dict[str, list[tuple[str, int, int]]] = {}
    for word in Path(__file__).with_name("accented.txt").read_text(encoding="utf-8").split():
        gap = _PLAIN.search(word)
        if gap is not None and not _PLAIN.search(word, gap.end()):
            rest = word[: gap.start()] + word[gap.end() :]
            found.setdefault(rest, []).append((word, gap.start(), gap.end()))
    return {rest: tuple(words) for rest, words in found.items()}


@cache
def _plain_words() -> frozenset[str]:
    return frozenset(_plain(word) for words in _words().values() for word, _, _ in words)


def accents_lost(text: str) -> bool:
    """Tell whether words of a text have lost their accents to something else.

    Letters in the place of an accented one may be a slip of the writer's: they count where most of the words
    that have an accent are so.
    """
    right = wrong = 0
    tokens = list(islice(_TOKEN.finditer(text), _MOST_TOKENS))
    for token, following in zip_longest(tokens, tokens[1:]):
        found = _judged(token.group()) if len(token.group()) <= _LONGEST else ""
        if found == "junk" or (following and _parted(token, following)):
            return True
        right += found == "right"
        wrong += found == "wrong"
    return wrong > right


def _parted(one: re.Match[str], other: re.Match[str]) -> bool:
    """Tell whether two tokens are one word with blanks in the place of its accented letters."""
    first, second = one.group().lstrip(_EDGES).lower(), other.group().rstrip(_EDGES).lower()
    blanks = other.start() - one.end()
    return (second not in _ARTICLES or blanks > 1) and any(
        begin == len(first) and end - begin == blanks for _, begin, end in _words().get(first + second, ())
    )


@lru_cache(maxsize=20_000)
def _judged(token: str) -> str:
    word = token.strip(_EDGES)
    lower = word.lower()
    if len(lower) < 2 or lower == "no":
        return ""
    if _plain(lower) in _plain_words():
        return "right"
    for width in range(_WIDEST_GAP + 1):
        for start in range(len(lower) - width + 1):
            known = _words().get(lower[:start] + lower[start + width :])
            if known is None:
                continue
            gap = word[start : start + width]
            for right, begin, end in known:
                if begin == start and (verdict := _gap(gap, right[begin:end])):
                    return verdict
    return ""


def _gap(found: str, right: str) -> str:
    """What stands in the place of accented letters."""
    plain = _plain(found.lower())
    if plain.startswith(_plain(right)):
        return "junk" if found[len(right) :] in _TYPED else ""
    if not found.isalpha() and found:
        letters = sum(c.isalpha() for c in found)
        return "junk" if len(found) <= 2 * len(right) and letters <= len(right) else ""
    if len(found) not in (0, len(right)):
        return ""
    seven_bits = "".join(chr(ord(c) & 0x7F) for c in right)
    return "wrong" if found.lower() == seven_bits or not found.isascii() or not found else ""


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
