"""What a mail server's replies mean for a letter, and how they may be repeated."""

import re
from collections.abc import Collection
from typing import Final

from cancellation.adapters.mailing import Answer, Fate
from cancellation.letters.clean import line

_ABOUT_US: Final = frozenset({502, 503, 504, 521, 530, 534, 535, 538})
"""Permanent replies that speak of our connection or login, not of the letter: an operator mends that."""
_REPLY_LENGTH: Final = 200
_ADDRESS: Final = re.compile(r"<?[^\s<>,;:\"()\[\]]+@[^\s<>,;:\"()\[\]]+>?")
_HIDDEN: Final = "(endereço)"


def answer(code: int, text: str, recipients: Collection[str]) -> Answer:
    """The server's reply to one recipient, or to the letter, as an answer: 5xx is for good, 4xx is not."""
    permanent = 500 <= code < 600 and code not in _ABOUT_US
    return Answer(Fate.REFUSED if permanent else Fate.PENDING, words(f"{code} {text}", recipients))


def words(text: str, known: Collection[str] = ()) -> str:
    """What a server said in one bounded line, without any address and without the names in the known ones."""
    shown = _ADDRESS.sub(_HIDDEN, text)
    for name in {address.rpartition("@")[0] for address in known}:
        shown = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", _HIDDEN, shown, flags=re.IGNORECASE)
    return line(shown, _REPLY_LENGTH)
