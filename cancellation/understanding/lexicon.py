"""Words sorted by kind and mood: what lets rules and weights speak of "an act of ending" instead of each verb.

The lists are data (`lexicon.toml`), for people to read and complete.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

_ENDINGS = {
    "ar": {
        "inf": "ar|armos|arem|ares",
        "imp": "e|em|emos",
        "imp2": "a",
        "s1": "o",
        "p1": "amos",
        "fut": "arei|aremos|ara|arao",
        "cond": "aria|ariam|ariamos|asse|assem|assemos",
        "past": "ei|ou|aram|aste",
        "part": "ado|ada|ados|adas",
        "ger": "ando",
        "ind": "am|ava|avam|avamos",
        "se": "(?:a|e|em|am|ar)-?se",
    },
    "er": {
        "inf": "er|ermos|erem|ir|irmos|irem",
        "imp": "a|am|amos",
        "imp2": "e",
        "s1": "o",
        "p1": "imos|emos",
        "fut": "irei|iremos|erei|eremos|ira|irao",
        "cond": "iria|iriam|iriamos|eria|eriam|esse|isse|issem|essem",
        "past": "i|iu|iram|eu|eram",
        "part": "ido|ida|idos|idas|to|ta|tos|tas",
        "ger": "indo|endo",
        "ind": "em|ia|iam",
        "se": "(?:a|e|er|ir)-?se",
    },
}


_DATA = tomllib.loads((files(__package__) / "lexicon.toml").read_text("utf-8"))


def _flat(pattern: str) -> str:
    return "".join(line.strip() for line in pattern.splitlines())


def _forms_of(verb: str) -> dict[str, str]:
    """Return the forms of a verb of a phrase by mood, as regular expressions."""
    stem, regular, conjugation = verb.partition("+")
    if regular:
        return {mood: f"{stem}(?:{endings})" for mood, endings in _ENDINGS[conjugation].items()}
    moods = (each.partition(":") for each in _DATA["irregular"][verb].split(","))
    return {mood.strip(): "|".join(forms.split()) for mood, _, forms in moods}


@dataclass(frozen=True, slots=True)
class _Phrase:
    kind: str
    pattern: re.Pattern[str]
    moods: tuple[tuple[str, re.Pattern[str]], ...] = ()

    def kind_of(self, first: str) -> str:
        mood = next((mood for mood, form in self.moods if form.fullmatch(first)), "")
        return f"{self.kind}.{mood}" if mood else self.kind


def _load_phrases() -> list[_Phrase]:
    found = [_Phrase(kind, re.compile(rf"\b(?:{_flat(one)})\b")) for kind, one in _DATA["wordings"].items()]
    for kind, by_verb in _DATA["phrases"].items():
        for verb, behind in by_verb.items():
            forms = _forms_of(verb)
            any_form = "|".join(forms.values())
            found.append(
                _Phrase(
                    kind,
                    re.compile(rf"\b(?:{any_form}) (?:{_flat(behind)})\b"),
                    tuple((mood, re.compile(form)) for mood, form in forms.items()),
                )
            )
    return found


_WORDS: dict[str, str] = {word: kind for kind, listed in _DATA["words"].items() for word in listed.split()}
_VERBS = [
    (f"{kind}.{mood}", re.compile(f"(?:{'|'.join(stems.split())})(?:{endings})"))
    for kind, by_conjugation in _DATA["verbs"].items()
    for conjugation, stems in by_conjugation.items()
    for mood, endings in _ENDINGS[conjugation].items()
]
_PHRASES = _load_phrases()


def phrases_in(plain: str) -> list[tuple[int, int, str]]:
    """Return where several words together are of one kind: begin, end, kind; none overlap, the first comes first."""
    hits = sorted(
        (match.start(), -match.end(), phrase.kind_of(match.group().partition(" ")[0]))
        for phrase in _PHRASES
        for match in phrase.pattern.finditer(plain)
    )
    found: list[tuple[int, int, str]] = []
    for start, end, kind in hits:
        if not found or start >= found[-1][1]:
            found.append((start, -end, kind))
    return found


@lru_cache(maxsize=50_000)
def kind_of(word: str) -> str:
    """Return a word's kind.

    Args:
        word: One word in plain form, or a question or exclamation mark.

    Returns:
        The kind of `lexicon.toml`, for verbs with the mood (``end1.imp``); empty for a word that is not listed.
    """
    if word in _WORDS:
        return _WORDS[word]
    if word in ("?", "!"):
        return word
    if not word[:1].isalpha():
        return ""
    return next((kind for kind, form in _VERBS if form.fullmatch(word)), "")
