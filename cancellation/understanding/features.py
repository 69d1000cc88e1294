"""What the learned judge looks at: the same numbers when it is trained and when it reads.

A feature is a piece of text ("w:quero cancelar", "t:want end1.inf contract") hashed into a fixed number of places,
so that the weights are one plain array and no word list has to be loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

from cancellation.understanding.lexicon import kind_of, phrases_in
from cancellation.understanding.normalise import Folded, fold
from cancellation.understanding.sentences import Sentence, sentences

PLACES = 1 << 18
"""How many places a feature may be hashed to."""
MAX_SENTENCES = 60
"""Sentences of one text that are looked at: nobody asks on page ten, and time must stay bounded."""
MAX_TOKENS = 120
"""Words of one sentence that are looked at."""

_TOKEN = re.compile(r'\w+(?:-\w+)?|[?!:",;]')
_BOX = re.compile(r"\(\s*[xX]\s*\)|\[\s*[xX]\s*\]|[\u2611\u2612]")
_NOT_TICKED = re.compile(r"(?:\([ _]*\)|\[[ _]*\]|\u2610)[^\[(\n\u2610-\u2612]{0,120}")
_MARKS = frozenset(",;:")
_CONJUNCTIONS = frozenset({"e", "que", "porque", "pois", "mas", "entao", "por"})
_GROUP = re.compile(r"(?<=^end)\d")
_MOOD_MATTERS_LESS = re.compile(r"^(end|ask|tell|do|stay|back|confirm|think|decide)\d?\..*")
ANSWER_PREFIX = re.compile(
    r"^\s*(?:(?:re|res|resp|aw|rv|sv|enc|fw|fwd|tr|i)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence with its words and their kinds.

    Attributes:
        sentence: Where it stands; None for the subject.
        tokens: Its words and telling marks in plain form.
        kinds: The kind of each token, empty where none is known.
    """

    sentence: Sentence | None
    tokens: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A text as the judges see it.

    Attributes:
        folded: The newest text in plain form, with the way back.
        subject: The subject as one sentence, without "Re:" and the like.
        answers: Whether the subject is that of an answer or a forward.
        said: The sentences of the newest text.
    """

    folded: Folded
    subject: Said
    answers: bool
    said: tuple[Said, ...]


def look_at(subject: str, text: str) -> Text:
    """Cut a subject and a newest text into what the judges look at; of a form, only what was ticked."""
    folded = fold(_ticked(text))
    bare = ANSWER_PREFIX.sub("", subject)
    said = [_said(s, s.text + (" ?" if s.asks else "")) for s in sentences(folded)[:MAX_SENTENCES]]
    title = " ".join(fold(bare[:300]).plain.split())
    return Text(folded, _said(None, title), bare != subject, tuple(said))


def _said(sentence: Sentence | None, plain: str) -> Said:
    """Cut a sentence into words; several that are of one kind together stand as one ("dar-um-fim")."""
    tokens: list[str] = []
    kinds: list[str] = []
    done = 0
    for start, end, kind in [*phrases_in(plain), (len(plain), len(plain), "")]:
        words = _TOKEN.findall(plain, done, start)
        tokens += words
        kinds += map(kind_of, words)
        if kind:
            tokens.append("-".join(plain[start:end].split()))
            kinds.append(kind)
        done = end
    return Said(sentence, tuple(tokens[:MAX_TOKENS]), tuple(kinds[:MAX_TOKENS]))


def _ticked(text: str) -> str:
    """Leave out the choices of a form that were not made, and the marks of those that were."""
    if not _BOX.search(text):
        return text
    return _BOX.sub(" ", _NOT_TICKED.sub(" ", text))


_NOTHING = fold("")


def hashed(names: Iterable[str]) -> list[int]:
    """Return the places of features, each once, in a fixed order."""
    return sorted({crc32(name.encode()) & (PLACES - 1) for name in names})


def of_sentence(text: Text, index: int) -> list[int]:
    """Return the places of one sentence's features; index -1 is the subject."""
    return hashed(_sentence_names(text, index))


def of_piece(plain: str) -> list[int]:
    """Return the places of the features of a clause, which has no neighbours."""
    alone = Text(_NOTHING, _said(None, ""), False, (_said(None, plain),))
    return hashed(_sentence_names(alone, 0))


def clauses(said: Said) -> list[tuple[int, int]]:
    """Return the parts of a sentence between commas and conjunctions, as begin and end among its words."""
    found: list[tuple[int, int]] = []
    start = 0
    for at, token in enumerate(said.tokens):
        if token in _MARKS or (token in _CONJUNCTIONS and at - start >= 2):
            if at > start:
                found.append((start, at))
            start = at + 1 if token in _MARKS else at
    if len(said.tokens) > start:
        found.append((start, len(said.tokens)))
    return found


def of_clause(said: Said, start: int, end: int) -> list[int]:
    """Return the places of the features of a clause: its own, and the kinds of words before and behind it."""
    return hashed(_clause_names(said, start, end))


def of_text(text: Text) -> list[int]:
    """Return the places of a whole text's features."""
    return hashed(_text_names(text))


def _clause_names(said: Said, start: int, end: int) -> Iterator[str]:
    yield from _said_names(said.tokens[start:end], said.kinds[start:end])
    yield from (f"P:{kind}" for kind in set(said.kinds[:start]) if kind)
    yield from (f"N:{kind}" for kind in set(said.kinds[end:]) if kind)
    yield f"at:{min(start, 3)}"


def _sentence_names(text: Text, index: int) -> Iterator[str]:
    said = text.subject if index < 0 else text.said[index]
    yield from _said_names(said.tokens, said.kinds)
    if index > 0:
        yield from (f"p:{kind}" for kind in set(text.said[index - 1].kinds) if kind)
    if 0 <= index < len(text.said) - 1:
        yield from (f"n:{kind}" for kind in set(text.said[index + 1].kinds) if kind)
    yield f"i:{'subject' if index < 0 else min(index, 3)}"


def _said_names(tokens: Sequence[str], kinds: Sequence[str]) -> Iterator[str]:
    yield from _grams("w", ("^", *tokens, "$"), 1, 3)
    known = [kind for kind in kinds if kind]
    yield from _grams("t", ("^", *known, "$"), 1, 4)
    yield from _grams("m", ("^", *(kind or "_" for kind in kinds), "$"), 2, 4)
    yield from _grams("g", ("^", *(_GROUP.sub("", kind) for kind in known), "$"), 1, 4)
    yield from _grams("h", ("^", *(_MOOD_MATTERS_LESS.sub(r"\1", kind) for kind in known), "$"), 1, 4)
    for at, kind in enumerate(known):
        yield from (f"k:{kind}>{later}" for later in known[at + 1 : at + 6])
    stems = [_stem(token) for token in tokens]
    yield from _grams("s", ("^", *stems, "$"), 1, 3)
    mixed = (kind or stem for kind, stem in zip(kinds, stems, strict=True))
    yield from _grams("y", ("^", *mixed, "$"), 2, 4)
    for at, stem in enumerate(stems):
        yield from (f"x:{stem}>{later}" for later in stems[at + 1 : at + 6])
    line = f" {' '.join(tokens)} "
    for size in (4, 5):
        yield from (f"c:{line[at : at + size]}" for at in range(len(line) - size + 1))
    yield f"l:{min(len(tokens) // 4, 6)}"


def _stem(token: str) -> str:
    return token[:5] if token.isalpha() else token


def _text_names(text: Text) -> Iterator[str]:
    kinds: list[str] = []
    for said in text.said:
        yield from _grams("W", said.tokens, 1, 2)
        yield from _grams("Z", [_stem(token) for token in said.tokens], 1, 2)
        kinds += ["|", *(kind for kind in said.kinds if kind)]
    yield from _grams("S", text.subject.tokens, 1, 2)
    yield from _grams("T", kinds, 1, 3)
    yield from _grams("U", [kind for kind in text.subject.kinds if kind], 1, 2)
    yield f"R:{text.answers}"
    yield f"N:{min(len(text.said), 6)}"


def _grams(name: str, items: Sequence[str], least: int, most: int) -> Iterator[str]:
    for size in range(least, most + 1):
        for at in range(len(items) - size + 1):
            yield f"{name}:{' '.join(items[at : at + size])}"
