"""A text cut into sentences: the unit that rules look at."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cancellation.understanding.normalise import Folded

MAX_SENTENCE = 600
"""Characters; a longer run without an end is cut at a blank, so that no rule ever sees an endless line."""

_ABBREVIATION = re.compile(
    r"(?:\b(?:s|v|sr|sra|srs|dr|dra|ltda|cia|art|av|tel|fone|pag|p|n|no|num|ex|etc|obs|prof|eng|sas|"
    r"exa|qtd|ref|jan|"
    r"fev|mar|abr|mai|jun|jul|ago|set|out|nov|dez|seg|ter|qua|qui|sex|r|cel|mr)|\b\w)$"
)
_END = re.compile(r"[.!?]+[\"')\]]*(?=\s|$)|;(?=\s)|\n+")
_GOES_ON = re.compile(
    r"(?:o|a|os|as|do|da|dos|das|de|no|na|nos|nas|ao|aos|e|em|que|para|por|pela|pelo|com|um|uma|meu|"
    r"minha|nosso|nossa|"
    r"devido|solicito|solicitamos|quero|favor)$"
)
_CARRIES_ON = re.compile(
    r"(?:o|a|os|as|do|da|dos|das|de|no|na|nos|nas|ao|e|em|que|para|por|pela|pelo|com|devido|pois|"
    r"porque|contrato|"
    r"cancelamento|rescisao|servicos?)\b"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A piece of a folded text.

    Attributes:
        text: The plain form on one line.
        start: Where it begins in the folded text.
        closed_by: The punctuation that ends it, empty at a line's end.
    """

    text: str
    start: int
    closed_by: str

    @property
    def asks(self) -> bool:
        """Whether it ends with a question mark."""
        return "?" in self.closed_by

    def original(self, folded: Folded, start: int, end: int) -> str:
        """Return the original words behind a part of this sentence."""
        return folded.original_of(self.start + start, self.start + end)


def sentences(folded: Folded) -> list[Sentence]:
    """Cut a folded text into its sentences.

    A line's end closes a sentence unless the next line plainly carries it on (mail programs break long
    lines).
    """
    plain = folded.plain
    found: list[Sentence] = []
    start = 0
    for end in _END.finditer(plain):
        if end.start() < start or not _closes(folded, start, end):
            continue
        _add(found, plain, start, end.start(), end.group().strip())
        start = end.end()
    _add(found, plain, start, len(plain), "")
    return found


def _closes(folded: Folded, start: int, end: re.Match[str]) -> bool:
    mark, plain = end.group(), folded.plain
    so_far = plain[max(start, end.start() - 60) : end.start()]
    if mark == ".":
        return not _ABBREVIATION.search(so_far.rstrip())
    if mark != "\n":  # two line ends in a row always close
        return True
    following = plain[end.end() : end.end() + 20].lstrip()
    first = folded.origin[
        min(end.end() + len(plain[end.end() : end.end() + 20]) - len(following), len(plain))
    ]
    if not following or not following[0].isalpha() or folded.original[first : first + 1].isupper():
        shouted = folded.original[max(0, first - 30) : first + 20].isupper()
        if not (shouted and following and following[0].isalpha()):
            return True
    line = plain[plain.rfind("\n", 0, end.start()) + 1 : end.start()].strip()
    if not line or line[-1] in ".!?:;,":
        return line[-1:] != ","
    return not (len(line) >= 45 or _GOES_ON.search(line) or _CARRIES_ON.match(following))


def _add(found: list[Sentence], plain: str, start: int, end: int, closed_by: str) -> None:
    while start < end:
        stop = end
        if end - start > MAX_SENTENCE:
            stop = plain.rfind(" ", start, start + MAX_SENTENCE)
            stop = stop if stop > start else start + MAX_SENTENCE
        piece = plain[start:stop].replace("\n", " ")
        lead = len(piece) - len(piece.lstrip(" -*•>·"))
        if piece.strip(" -*•>·_="):
            found.append(Sentence(piece[lead:].rstrip(), start + lead, closed_by if stop == end else ""))
        start = stop
