"""The second judge: rules that a person can read, from `rules.toml`.

Each rule has an effect (it supports a request, or says why words like one are none) and patterns over the words of
one sentence and their kinds. How the pieces are put together into a judgement is said in `judge.py`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

from cancellation.understanding.features import Said


class Effect(StrEnum):
    """What a rule says about a sentence."""

    ASKS = "asks"
    ASKS_PLAINLY = "asks_plainly"
    DENIES = "denies"
    CONDITIONS = "conditions"
    QUESTIONS = "questions"
    PART = "part"
    OTHER = "other"
    QUOTES = "quotes"
    THINKS = "thinks"
    REPORTS = "reports"
    KEEPS = "keeps"
    TAKES_BACK = "takes_back"
    SWAPS = "swaps"
    AUTOMATIC = "automatic"
    ABSENT = "absent"
    EXCUSES_CONDITION = "excuses_condition"
    EXCUSES_PART = "excuses_part"
    EXCUSES_OTHER = "excuses_other"
    EXCUSES_KEEPS = "excuses_keeps"
    EXCUSES_THINKS = "excuses_thinks"


EXCUSES = {
    Effect.EXCUSES_CONDITION: Effect.CONDITIONS,
    Effect.EXCUSES_PART: Effect.PART,
    Effect.EXCUSES_OTHER: Effect.OTHER,
    Effect.EXCUSES_KEEPS: Effect.KEEPS,
    Effect.EXCUSES_THINKS: Effect.THINKS,
}
"""Which effect the rules of another take away from the same sentence."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One named rule.

    Attributes:
        name: Stable code, for tests and statistics.
        says: What an operator reads, in Portuguese.
        effect: What it says about a sentence.
        pattern: Matched against `line_of` a sentence.
    """

    name: str
    says: str
    effect: Effect
    pattern: re.Pattern[str]

    def fits(self, line: str) -> bool:
        """Tell whether the rule speaks of a sentence."""
        return self.pattern.search(line) is not None


_SMALL_WORDS = (
    r"[oa]s?|d[oae]s?|n[oa]s?|em|um|uma|uns|ess[ea]s?|est[ea]s?|d?ess[ea]|d?est[ea]|minhas?|meus?|noss[oa]s?|seus?|"
    r"suas?|para|pra|com|ao|aos|\d+|todos|todas|respectiv[oa]|tambem|ja|aquel[ea]|tal"
)


def line_of(said: Said) -> str:
    """Write a sentence as rules read it: each word with its kind; only verbs with what belongs to them are one word."""
    return "".join(_word(token, kind) for token, kind in zip(said.tokens, said.kinds, strict=True)) + " "


def _word(token: str, kind: str) -> str:
    if "-" not in token or kind.startswith("end"):
        return f" {token}/{kind}"
    first, *others = token.split("-")
    # "Dispensa-se" holds no "se" of a condition.
    return "".join((f" {first}/{kind}", *(f" {other}/" for other in others if other != "se")))


def compiled(pattern: str) -> str:
    """Turn a pattern of `rules.toml` into a regular expression over `line_of`.

    Raises:
        ValueError: For a pattern that cannot be read.
    """
    return "".join(_item(item) for item in pattern.split())


def _item(item: str) -> str:
    if item in ("^", "$"):
        return {"^": r"\A", "$": r" \Z"}[item]
    if item.startswith(("..", "**")):
        word = r' [^ /,;:?!"]+/[^ ]*' if item.startswith("..") else r" [^ ]+"
        return f"(?:{word}){{0,{int(item[2:])}}}"
    if item.startswith("~"):
        return rf"(?: (?:{_SMALL_WORDS})/[^ ]*){{0,{int(item[1:])}}}"
    if item.startswith("<"):
        kinds = "|".join(_kind(kind) for kind in item[1:-1].split("|"))
        return rf" [^ /]+/(?:{kinds})(?= )"
    words = "|".join(re.escape(word).replace(r"\*", r"[^ /]*") for word in item.strip("()").split("|"))
    return rf" (?:{words})/[^ ]*"


def _kind(kind: str) -> str:
    head, _, moods = kind.partition(".")
    digit = r"\d" if head == "end" else ""
    if not moods:
        return rf"{re.escape(head)}{digit}(?:\.[a-z0-9]+)?"
    return rf"{re.escape(head)}{digit}\.(?:{moods.replace('+', '|')})"


def _load() -> tuple[Rule, ...]:
    data = tomllib.loads((files(__package__) / "rules.toml").read_text("utf-8"))
    return tuple(
        Rule(
            rule["name"],
            rule["says"],
            Effect(rule["effect"]),
            re.compile("|".join(f"(?:{compiled(pattern)})" for pattern in rule["patterns"])),
        )
        for rule in data["rule"]
    )


RULES = _load()
"""Every rule of `rules.toml`, in its order."""
