"""The very sentences that were taken for the request: for whoever has to see whether it was read well (X14)."""

from __future__ import annotations

import re

from cancellation.understanding.newest import NewestText
from cancellation.understanding.text import understand_newest

_MOST = 5
_LONGEST = 600
_LONGEST_TEXT = 20_000
_BETWEEN = re.compile(r"(?<=[.!?;])\s+|\n\s*\n|\n(?=\s*[-*•\d])")


def request_words(subject: str, text: str) -> tuple[str, ...]:
    """The sentences that plainly ask, each as it was written; the whole beginning where none does so alone.

    Args:
        subject: The subject: it may be what asks.
        text: The newest text.
    """
    sentences = [" ".join(one.split()) for one in _BETWEEN.split(text[:_LONGEST_TEXT])]
    asking = [one for one in sentences if one and _asks("", one)]
    if not asking and _asks(subject, ""):
        asking = [subject]
    if not asking:
        asking = [" ".join(text.split())]
    return tuple(one[:_LONGEST] for one in dict.fromkeys(asking) if one)[:_MOST]


def _asks(subject: str, text: str) -> bool:
    return understand_newest(subject, NewestText(text, "", False)).explicit_request is True
