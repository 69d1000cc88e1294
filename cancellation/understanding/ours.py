"""Sentences that we wrote ourselves, wherever a mail program puts them (X14).

A letter of ours in an answer is a quotation whatever marks it has or lacks, so it is known by its words: every four
words in a row that stand in a template, or in a letter that the caller knows to be of the case. Templates say what
they leave open, and there a row of words ends.

Our letters offer the customer a text to send back (lines that begin with ">"). Copied and completed it is the
customer's own, so it belongs to our letter only where it stands in the middle of one.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cancellation.understanding.normalise import MAX_CHARACTERS

_GREETING = "Olá,"
_LONG = 4
"""Words in a row that are enough to be ours."""
_LETTER = 14
"""Our words that make a letter; a sentence or two that somebody repeats are no letter."""
_APART = 40
"""Words between two of ours in one letter: names, dates, numbers, lists."""
_BETWEEN = 2
"""Words between an offered text and what follows: our name, a greeting."""
_STRANGE = 6
"""Words in a row within a letter of ours that are more than what a template leaves open."""
_WORD = re.compile(r"[^\W_]+")
_TEMPLATE_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_TEMPLATE_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|<[^<>]*>", re.DOTALL)
_IN_CODE = re.compile(r'"([^"\n]*)"')
_PHRASES = ("letters/phrases.py", "language/vocabulary.py", "language/words.py")
"""Where templates have their phrases from, as strings in the code."""
_LEFT_OPEN = " \x00 "
_ADDRESS = re.compile(r"\S*(?:@|://)\S*")
_OPENING = re.compile(
    # A greeting; or the line that heads our pages, with a heading of a line or two.
    r"(?:^|\n)[ \t]*(?:ol[áa]|prezad[oa]s?|car[oa]s?)\b[^\n]{0,60}[,!:.][ \t]*\n\s*$|"
    r"(?:^|\n)[^\n]{0,60}\bprotocolo:? CAN-[\w-]+[ \t]*\n(?:[^\n]{0,120}\n){0,4}$",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:[\s.,:]*(?:protocolo|CAN-[\w-]+|no assunto|um abra[çc]o|equipe \w+))*[.,]?", re.IGNORECASE
)
_FILLED_IN = re.compile(
    r"\d+|jan\w*|fev\w*|mar\w*|abr\w*|mai\w*|jun\w*|jul\w*|ago\w*|set\w*|out\w*|nov\w*|dez\w*|feira|segunda|terca|"
    r"quarta|quinta|sexta|sabado|domingo|de|com|br|protocolo|can|h|ate"
)


@dataclass(frozen=True, slots=True)
class WithoutOurs:
    """A text from which our letters were taken.

    Attributes:
        text: What is left.
        removed: What was taken out.
        amid: Whether somebody else's words stood in the middle of it: they are in `removed`, unread.
    """

    text: str
    removed: str = ""
    amid: bool = False


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of words of our letters, those of the texts that they offer, and words of rows that are shorter."""

    told: frozenset[tuple[str, ...]]
    offered: frozenset[tuple[str, ...]]
    short: frozenset[str] = frozenset()


def _impersonal(letter: str) -> list[str]:
    """A letter's lines but for the greeting: the company's name is as much the customer's own as ours."""
    return [line for line in letter.split("\n") if not line.startswith(_GREETING)]


def without_ours(text: str, known_letters: Sequence[str] = ()) -> WithoutOurs:
    """Take our own letters out of a text.

    Args:
        text: What is not marked as a quotation; what is beyond the reader's length is not looked at.
        known_letters: Texts of letters that were sent to the customer.

    Returns:
        The text without what stands in a letter of ours.
    """
    rows = _of_templates()
    if known_letters:
        sent = [_rows_of(_impersonal(letter)) for letter in known_letters]
        offered_rows = rows.offered.union(*(one.offered for one in sent))
        rows = _Rows(
            rows.told.union(*(one.told for one in sent)) - offered_rows,
            offered_rows,
            rows.short.union(*(one.short for one in sent)),
        )
    prose = _ADDRESS.sub(lambda address: " " * len(address.group()), text[:MAX_CHARACTERS])
    found = [(m.start(), m.end(), _folded(m.group())) for m in _WORD.finditer(prose)]
    words = [word for _, _, word in found]
    told, offered = _covered(words, rows.told), _covered(words, rows.offered)
    kept: list[str] = []
    removed: list[str] = []
    amid, at = False, 0
    for first, last in _letters(words, told, offered):
        start, end = found[first][0], found[last][1]
        if (opening := _OPENING.search(text, max(at, start - 400), start)) is not None:
            start = opening.start()
        if (closing := _CLOSING.match(text, end)) is not None:
            end = closing.end()
        kept.append(text[at:start])
        removed.append(text[start:end])
        own = [
            mine or offer
            for mine, offer in zip(told[first : last + 1], offered[first : last + 1], strict=True)
        ]
        amid = amid or _strange(words[first : last + 1], own, rows.short)
        at = end
    kept.append(text[at:])
    return WithoutOurs("\n".join(kept) if removed else text, "\n".join(removed), amid)


def is_offered(line: str) -> bool:
    """Whether a line is of a text that our letters offer: its ">" is ours, and no mail program's mark."""
    words = _words_of(line[:500])
    return words == ["motivo"] or not _rows_in(words).isdisjoint(_of_templates().offered)


def _letters(words: list[str], told: list[bool], offered: list[bool]) -> Iterable[tuple[int, int]]:
    """First and last word of each letter of ours."""
    ours = [place for place, mine in enumerate(told) if mine]
    groups: list[list[int]] = []
    for place in ours:
        if groups and place - groups[-1][-1] <= _APART:
            groups[-1].append(place)
        else:
            groups.append([place])
    for group in groups:
        first, last = group[0], group[-1]
        # An offered text that nobody completed goes with the letter that it stands in.
        before = True
        while before:
            nearest = range(first - 1, max(-1, first - 2 - _BETWEEN), -1)
            before = any(offered[place] or words[place] == "motivo" for place in nearest)
            first = next((p for p in nearest if offered[p] or words[p] == "motivo"), first)
        reach = min(len(words), last + 1 + _STRANGE)
        last = max([last, *(place for place in range(last, reach) if offered[place])])
        if sum(told[first : last + 1]) + sum(offered[first:last]) // 2 >= _LETTER:
            yield first, last


def _strange(words: list[str], own: list[bool], short: frozenset[str]) -> bool:
    """Whether a letter holds more words in a row than names, dates and numbers, which templates leave open.

    Or something behind "Motivo:", which our letters leave for the customer to complete.
    """
    run = 0
    completed = False
    for word, ours in zip(words, own, strict=True):
        strange = not ours and word not in short and not _FILLED_IN.fullmatch(word)
        run = 0 if ours else run + strange
        if run >= _STRANGE or (completed and strange):
            return True
        completed = word == "motivo" and not ours
    return False


def _covered(words: list[str], rows: frozenset[tuple[str, ...]]) -> list[bool]:
    covered = [False] * len(words)
    for place in range(len(words) - _LONG + 1):
        if tuple(words[place : place + _LONG]) in rows:
            covered[place : place + _LONG] = [True] * _LONG
    return covered


@cache
def _of_templates() -> _Rows:
    package = Path(__file__).parents[1]
    lines: list[str] = []
    for path in sorted((package / "letters" / "templates").glob("*.*")):
        text = _TEMPLATE_COMMENT.sub("", path.read_text(encoding="utf-8"))
        lines += [*_TEMPLATE_CODE.sub(_LEFT_OPEN, text).split("\n"), *_IN_CODE.findall(text)]
    rows = _rows_of(lines)
    phrases = [phrase for module in _PHRASES for phrase in _strings_in(package / module)]
    return _Rows((rows.told | _rows_of(phrases).told) - rows.offered, rows.offered, rows.short)


def _strings_in(module: Path) -> Iterable[str]:
    """The strings of a module that are no documentation; of one with values in it, each part."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield f"{_LEFT_OPEN}{node.value}{_LEFT_OPEN}"


def _rows_of(lines: Iterable[str]) -> _Rows:
    told: set[tuple[str, ...]] = set()
    offered: set[tuple[str, ...]] = set()
    short: set[str] = set()
    said: list[str] = []
    for line in lines:
        if line.lstrip().startswith((">", "&gt;")):
            offered |= _rows_in(_words_of(line))
        else:
            said.append(line)
    for part in "\n".join(said).split("\x00"):
        words = _words_of(part)
        told |= _rows_in(words)
        short.update(words if len(words) < _LONG else ())
    return _Rows(frozenset(told), frozenset(offered), frozenset(short))


def _rows_in(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + _LONG]) for at in range(len(words) - _LONG + 1)}


def _words_of(text: str) -> list[str]:
    return [_folded(word) for word in _WORD.findall(text)]


def _folded(word: str) -> str:
    if word.isascii():
        return word.lower()
    return "".join(c for c in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(c))
