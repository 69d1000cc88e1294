"""Words sorted by kind and mood: what lets rules and weights speak of "an act of ending" instead of each verb.

The lists are data (`lexicon.toml`), for people to read and complete.
"""

from __future__ import annotations

import re
import tomllib
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


def _load() -> tuple[dict[str, str], list[tuple[str, re.Pattern[str]]]]:
    data = tomllib.loads((files(__package__) / "lexicon.toml").read_text("utf-8"))
    words = {word: kind for kind, listed in data["words"].items() for word in listed.split()}
    verbs = [
        (f"{kind}.{mood}", re.compile(f"(?:{'|'.join(stems.split())})(?:{endings})"))
        for kind, by_conjugation in data["verbs"].items()
        for conjugation, stems in by_conjugation.items()
        for mood, endings in _ENDINGS[conjugation].items()
    ]
    return words, verbs


_WORDS, _VERBS = _load()


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
