"""Reads a rendered letter as a mail program does: from its bytes."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

from cancellation.letters import render
from cancellation.messages.letters import Letter
from tests.unit.letters.examples import HOUSE, link_url


def arrived(letter: Letter) -> EmailMessage:
    """The letter after it went over the wire."""
    return message_from_bytes(render(letter, HOUSE, link_url).as_bytes(), policy=policy.default)


def plain(letter: Letter) -> str:
    """The text part, its lines joined into one so that wrapping does not matter."""
    return flat(text_of(arrived(letter)))


def text_of(message: EmailMessage) -> str:
    """The text part as it is."""
    return _part(message, "plain")


def html_of(message: EmailMessage) -> str:
    """The HTML part as it is."""
    return _part(message, "html")


def shown(html: str) -> str:
    """What a person sees of the HTML."""
    reader = _Shown()
    reader.feed(html)
    return flat(" ".join(reader.texts))


def flat(text: str) -> str:
    """The words with single spaces."""
    return " ".join(re.sub(r"^>", " ", text, flags=re.MULTILINE).split())


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


class _Shown(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._hidden += tag in ("style", "title", "script")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "title", "script")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.texts.append(data)
