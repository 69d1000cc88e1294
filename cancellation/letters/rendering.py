"""From a letter to the e-mail: text and HTML from the templates, headers from what the letter says.

Pure but for reading the templates, which are part of the package; for activities, never for workflow code.
The same letter always gives the same bytes.
"""

import base64
import hashlib
import re
from collections.abc import Callable
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cancellation.domain.identity import mail_message_id
from cancellation.domain.letter_kinds import LetterKind
from cancellation.language import vocabulary, words
from cancellation.letters import clean, layout, phrases
from cancellation.letters.enclosures import enclosures
from cancellation.letters.letterhead import Letterhead, is_deliverable
from cancellation.messages.letter_contents import RecordingsReady, RemindLink
from cancellation.messages.letters import Letter

LinkUrl = Callable[[str], str]
"""Gives the download link for an archive's `link_id`."""

SUBJECT_LENGTH = 150
MOST_ATTACHED = 10_000_000
"""Bytes of an original that go along with a letter; what is larger is cut, and is whole in the CRM."""
_BARE_BREAK = re.compile(rb"\r\n|\r|\n")
_LONG_LINE = re.compile(rb"[^\r\n]{999}")
"""Longer than a line of mail may be (RFC 5321)."""
MOST_REFERENCES = 20

_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,240}@[!-;=?-~]{1,240}>")

WITH_LINK = frozenset({LetterKind.RECORDINGS_READY, LetterKind.REMIND_LINK})
"""Letters that hold a download link: who has their bytes has the recordings."""


class _LetterPolicy(EmailPolicy):
    """SMTP's rules, with three headers written by us.

    The standard library turns a Message-ID longer than a line into an encoded word, by which no mail program
    threads, and begins a subject that is a little longer than a line with an empty line. It also parses every header
    that is set, which costs more than all the rest of a letter: what is plain stays the text that it is.
    """

    _IDS = frozenset({"message-id", "in-reply-to", "references"})
    _OURS = _IDS | {"subject"}

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        text = value if isinstance(value, str) else ", ".join(map(str, value))
        is_plain = text.isascii() and text.isprintable() and "=?" not in text
        if is_plain or (name.lower() in self._OURS and len(text.splitlines()) <= 1):
            return name, text
        return super().header_store_parse(name, value)

    def header_fetch_parse(self, name: str, value: Any) -> Any:
        if name.lower() in self._OURS or name.lower().startswith("content-"):
            return value
        return super().header_fetch_parse(name, value)

    def fold(self, name: str, value: Any) -> str:
        if name.lower() in self._IDS:
            return f"{name}: {f'{self.linesep} '.join(str(value).split())}{self.linesep}"
        if name.lower() == "subject":
            return f"{name}: {_folded_subject(str(value), self.linesep)}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() in self._OURS:
            return self.fold(name, value).encode("ascii")
        return bytes(super().fold_binary(name, value))


def _folded_subject(subject: str, linesep: str) -> str:
    """The protocol readable as it is, what follows encoded where it has to be."""
    protocol, _, rest = subject.partition(" ")
    header = Header(header_name="Subject", maxlinelen=76)
    header.append(protocol, None if protocol.isascii() else "utf-8")
    # What only looks like an encoded word is text, too.
    header.append(rest, "us-ascii" if rest.isascii() and "=?" not in rest else "utf-8")
    return header.encode(linesep=linesep)


LETTER_POLICY = _LetterPolicy(linesep="\r\n", max_line_length=78, cte_type="7bit", raise_on_defect=False)


def message_id(letter: Letter, letterhead: Letterhead) -> str:
    """The letter's Message-ID, the same for every attempt at sending it."""
    return mail_message_id(letter.key, letterhead.domain)


def original_of(letter: Letter) -> str | None:
    """The hash of the customer's e-mail that goes along with a letter, if one does (X15)."""
    sha256: str | None = getattr(letter.content, "original_sha256", None)
    return sha256


def render(letter: Letter, letterhead: Letterhead, link_url: LinkUrl | None = None) -> EmailMessage:
    """Write the e-mail of a letter.

    Args:
        letter: what is to be said, and to whom.
        letterhead: the provider's side.
        link_url: gives the download link; without it the link is left out and the letter says so, which is
            what records keep.
    """
    shown = clean.texts(letter)
    values = {
        "letter": shown,
        "f": shown.content,
        "house": letterhead,
        "link": _link(letter, link_url),
    }
    text = _TEXT.get_template(f"{letter.kind.value}.txt")
    html = _HTML.get_template(f"{letter.kind.value}.html")
    subject = clean.line("".join(text.blocks["subject"](text.new_context(dict(values)))))
    message = EmailMessage(policy=LETTER_POLICY)
    _address(message, letter, letterhead)
    protocol = f"[{shown.protocol}] " if shown.protocol else ""
    message["Subject"] = clean.line(f"{protocol}{subject}", SUBJECT_LENGTH)
    message["Date"] = format_datetime(letter.at.astimezone(words.ZONE))
    message["Message-ID"] = message_id(letter, letterhead)
    _thread(message, letter)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = "pt-BR"
    message.set_content(layout.wrap(text.render(values)), cte="quoted-printable")
    message.add_alternative(html.render(values, subject=subject), subtype="html", cte="quoted-printable")
    # A random boundary would make every attempt another message.
    boundary = f"=_{_mark(letter)}"
    message.set_boundary(boundary)
    for enclosed in enclosures(shown, letterhead.company):
        message.add_attachment(
            enclosed.text, subtype=enclosed.subtype, filename=enclosed.name, cte="quoted-printable"
        )
        message.set_boundary(f"{boundary}_")
    return message


def with_original(message: EmailMessage, letter: Letter, original: bytes) -> bytes:
    """A rendered letter as it is sent, with somebody's e-mail: as it is where mail can carry it, else as a file.

    It is never parsed here, whatever it is, so it takes its place among the bytes when these are made.
    """
    place = f"=_original_{_mark(letter)}"
    part = EmailMessage(policy=LETTER_POLICY)
    body = _BARE_BREAK.sub(b"\r\n", original)
    if len(body) <= MOST_ATTACHED and b"\0" not in body and not _LONG_LINE.search(body):
        part["Content-Type"] = "message/rfc822"
        encoding = "7bit" if body.isascii() else "8bit"
    else:
        part["Content-Type"] = "application/octet-stream"
        body, encoding = base64.encodebytes(original[:MOST_ATTACHED]).replace(b"\n", b"\r\n"), "base64"
    part["Content-Disposition"] = 'attachment; filename="original.eml"'
    part["Content-Transfer-Encoding"] = encoding
    part.set_payload(place)
    message.make_mixed(boundary=f"=_mixed_{_mark(letter)}")
    message.attach(part)
    before, _, after = message.as_bytes().rpartition(place.encode())
    return before + body + after


def _mark(letter: Letter) -> str:
    return hashlib.sha256(letter.key.encode()).hexdigest()[:24]


def _address(message: EmailMessage, letter: Letter, letterhead: Letterhead) -> None:
    local, _, domain = letterhead.address.rpartition("@")
    message["From"] = [Address(clean.line(letterhead.name, 60), local, domain)]
    to = [address for address in letterhead.recipients(letter) if is_deliverable(address)]
    if to:
        message["To"] = to
    reply_to = letterhead.reply_addresses(letter)
    if reply_to:
        message["Reply-To"] = reply_to


def _thread(message: EmailMessage, letter: Letter) -> None:
    """Place the letter in its thread; ids that others wrote and that are none are left out."""
    answered = [i for i in (letter.in_reply_to,) if i and _MESSAGE_ID.fullmatch(i)]
    earlier = [i for i in letter.references if _MESSAGE_ID.fullmatch(i)]
    thread = list(dict.fromkeys([*(i for i in earlier if i not in answered), *answered]))
    if answered:
        message["In-Reply-To"] = answered[0]
    if thread:
        # As RFC 5322 advises of long threads: the first one and the newest.
        kept = thread if len(thread) <= MOST_REFERENCES else [thread[0], *thread[1 - MOST_REFERENCES :]]
        message["References"] = " ".join(kept)


def _link(letter: Letter, link_url: LinkUrl | None) -> str:
    if not isinstance(letter.content, RecordingsReady | RemindLink) or link_url is None:
        return ""
    return link_url(letter.content.archive.link_id)


def _only_words(value: object) -> object:
    """What may be printed into a letter: words. A code, a raw date or None is a mistake in the template."""
    if type(value) in (str, Markup):
        return value
    msg = f"a template prints a {type(value).__name__}"
    raise TypeError(msg)


def _quoted(text: str) -> str:
    """Somebody else's words in plain text, marked as such line by line."""
    return "\n".join(f"> {part}".rstrip() for part in text.split("\n"))


def _environment(*, html: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("cancellation.letters"),
        auto_reload=False,
        autoescape=html,  # noqa: S701 - plain text is escaped nowhere, HTML everywhere
        undefined=StrictUndefined,
        finalize=_only_words,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.globals |= {"v": vocabulary, "w": words, "p": phrases, "short": clean.line}
    environment.filters["quoted"] = _quoted
    environment.filters["phone"] = words.phone
    environment.filters["offer"] = phrases.offer
    environment.filters["offer_with_status"] = phrases.offer_with_status
    environment.filters["br"] = lambda text: Markup("<br>").join(Markup.escape(text).split("\n"))
    environment.globals["m"] = environment.get_template(f"_parts.{'html' if html else 'txt'}").module
    return environment


_TEXT = _environment(html=False)
_HTML = _environment(html=True)
