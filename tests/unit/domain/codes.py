"""What no sentence for people may hold: codes of the contract, raw dates and numbers, wrong plurals."""

import re
from enum import StrEnum
from typing import Final

from cancellation.domain.stage import Stage
from cancellation.domain.values import (
    Authentication,
    Channel,
    OfferKind,
    OfferStatus,
    Outcome,
    PortStatus,
    ReasonCategory,
)
from cancellation.messages.facts import SIGNALS

_ENUMS: Final[tuple[type[StrEnum], ...]] = (
    Stage,
    Channel,
    OfferKind,
    OfferStatus,
    Outcome,
    PortStatus,
    ReasonCategory,
    Authentication,
)
_SAME_IN_PORTUGUESE: Final = frozenset({Channel.CHATBOT.value})
_WORDS: Final = {code.value for codes in _ENUMS for code in codes} | set(SIGNALS) - _SAME_IN_PORTUGUESE
_QUOTED_IDS: Final = re.compile(r"<[^<>\s]+@[^<>\s]+>")
_RAW: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}"  # a date as machines write it
    r"|\+55\d+"  # a number without its groups
    r"|\b[a-z]+_[a-z_]+\b"  # a name of a field or a code
    r"|\brecipient:|\bNone\b|\bTrue\b|\bFalse\b|\b\d{4,} bytes"
    r"|\b1 (?:ramais|troncos|licenças|números|arquivos|gravações|cobranças|dias)\b"
    r"|\.\.|\.”\."
)


def codes_in(text: str) -> set[str]:
    """Everything in a sentence that is no Portuguese; Message-IDs and field names in parentheses may stay."""
    text = _QUOTED_IDS.sub("", text)
    words = set(re.findall(r"[A-Za-z_]+", text.replace("e-mail", ""))) & (_WORDS - _SAME_IN_PORTUGUESE)
    return words | set(_RAW.findall(text))
