"""What the learned judge looks at: the same numbers when it is trained and when it reads.

A feature is a piece of text ("w:quero cancelar", "t:want end1.inf contract") hashed into a fixed number of places,
so that the weights are one plain array and no word list has to be loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

from cancellation.understanding.lexicon import kind_of
from cancellation.understanding.normalise import Folded, fold
from cancellation.understanding.sentences import Sentence, sentences

PLACES = 1 << 18
"""How many places a feature may be hashed to."""
MAX_SENTENCES = 60
"""Sentences of one text that are looked at: nobody asks on page ten, and time must stay bounded."""
MAX_TOKENS = 120
"""Words of one sentence that are looked at."""

_TOKEN = re.compile(r'\w+(?:-\w+)?|[?!:",;]')
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
    """Cut a subject and a newest text into what the judges look at."""
    folded = fold(text)
    bare = ANSWER_PREFIX.sub("", subject)
    said = [_said(s, s.text + (" ?" if s.asks else "")) for s in sentences(folded)[:MAX_SENTENCES]]
    title = " ".join(fold(bare[:300]).plain.split())
    return Text(folded, _said(None, title), bare != subject, tuple(said))


def _said(sentence: Sentence | None, plain: str) -> Said:
    tokens = tuple(_TOKEN.findall(plain)[:MAX_TOKENS])
    return Said(sentence, tokens, tuple(kind_of(token) for token in tokens))


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


def of_text(text: Text) -> list[int]:
    """Return the places of a whole text's features."""
    return hashed(_text_names(text))


def _sentence_names(text: Text, index: int) -> Iterator[str]:
    said = text.subject if index < 0 else text.said[index]
    yield from _grams("w", ("^", *said.tokens, "$"), 1, 3)
    known = [kind for kind in said.kinds if kind]
    yield from _grams("t", ("^", *known, "$"), 1, 4)
    yield from _grams("m", ("^", *(kind or "_" for kind in said.kinds), "$"), 2, 4)
    yield from _grams("g", ("^", *(_GROUP.sub("", kind) for kind in known), "$"), 1, 4)
    yield from _grams("h", ("^", *(_MOOD_MATTERS_LESS.sub(r"\1", kind) for kind in known), "$"), 1, 4)
    for at, kind in enumerate(known):
        yield from (f"k:{kind}>{later}" for later in known[at + 1 : at + 6])
    line = f" {' '.join(said.tokens)} "
    for size in (4, 5):
        yield from (f"c:{line[at : at + size]}" for at in range(len(line) - size + 1))
    if index > 0:
        yield from (f"p:{kind}" for kind in set(text.said[index - 1].kinds) if kind)
    if 0 <= index < len(text.said) - 1:
        yield from (f"n:{kind}" for kind in set(text.said[index + 1].kinds) if kind)
    yield f"i:{'subject' if index < 0 else min(index, 3)}"
    yield f"l:{min(len(said.tokens) // 4, 6)}"


def _text_names(text: Text) -> Iterator[str]:
    kinds: list[str] = []
    for said in text.said:
        yield from _grams("W", said.tokens, 1, 2)
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
