"""What a message says to its reader: the text of its parts, and what of it was not or not surely read (X14).

Parts in a row are read in a row; of alternatives the plain one and the HTML one are both read, and where their
words differ both are given: what people see and what a program reads may not be the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cancellation.understanding.charsets import decode
from cancellation.understanding.damage import Damage
from cancellation.understanding.html import HtmlText, read_html
from cancellation.understanding.mime import Part, Problem, Structure
from cancellation.understanding.newest import NewestText, newest_text

AMID = "texto no meio de uma carta nossa"
MAX_TEXT = 800_000
"""Encoded bytes of one text part that are looked at."""
_MAX_TEXTS = 40
"""Text parts of one message; the many leaves of a hostile one are not decoded."""
_MAX_NESTED = 20_000
_SNIFFED = 6_000

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_PROSE_NAMES = (".txt", ".htm", ".html", ".rtf", ".md", ".text")
_PROSE_KINDS = frozenset(
    [
        "text/plain",
        "text/html",
        "text/enriched",
        "text/richtext",
        "text/rtf",
        "application/rtf",
        "text/markdown",
    ]
)
_NEVER_PROSE = (".p7s", ".p7m", ".asc", ".sig", ".ics", ".vcf", ".xml", ".json", ".csv", ".css", ".log")
_UNREADABLE_KINDS = frozenset(["message/partial", "message/external-body", "text/x-amp-html"])
_TNEF_KINDS = frozenset(["application/ms-tnef", "application/vnd.ms-tnef"])
_PROSE = re.compile(r"[^\W\d_]{2,}(?:[ ,.;:\r\n]+[^\W\d_]{1,}){2,}")
_PLACEHOLDER = re.compile(
    r"\[(?:cid|image|imagem|https?|mailto)\b[^\]\n]{0,500}\]|<[^<>\s]{3,500}>|\S*(?://|www\.|@)\S*"
)
_WORD = re.compile(r"[^\W_]+")
_STUB = re.compile(
    r"html|navegador|browser|visualiz|exib|suport|leitor|formato|mime|\bview|sent from|enviad[oa] d|obter o outlook",
    re.IGNORECASE,
)
_MOST_STUB_WORDS = 20


@dataclass(slots=True)
class Leaf:
    """A part that is not read."""

    name: str
    kind: str
    size: int


@dataclass(slots=True)
class Body:
    """What was read of a message's parts.

    Attributes:
        newest: The newest text of the rendition that says more.
        other: The newest text of the other rendition where its words are not the same.
        nested: The text of messages within the message.
        damage: What is wrong with the text as a whole.
        unread: Names of what may hold words of the writer's and was not read.
        leaves: Attachments.
        html_only: Whether there was no plain text to read.
        encrypted: Whether parts are encrypted.
        tnef: Whether parts are in Outlook's own format.
        has_message: Whether a message is attached.
    """

    newest: NewestText = field(default_factory=lambda: NewestText(""))
    other: str = ""
    nested: str = ""
    damage: list[Damage] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    leaves: list[Leaf] = field(default_factory=list)
    html_only: bool = False
    encrypted: bool = False
    tnef: bool = False
    has_message: bool = False
    plain: str = ""


@dataclass(slots=True)
class _Text:
    """A stretch of the text, in one rendition or two of the same."""

    plain: str | None = None
    html: str | None = None


def read_body(structure: Structure, known_letters: Sequence[str] = ()) -> Body:
    """Read the parts of a message; one that is too complex is not read at all."""
    return _Reading(structure, known_letters).body


def is_stub(text: str) -> bool:
    """Tell a plain part that only says that the message is elsewhere: "Seu programa não exibe HTML"."""
    words = _words(text)
    return not words or (words.total() <= _MOST_STUB_WORDS and _STUB.search(text) is not None)


def clean(text: str) -> str:
    """Leave out what no text may hold: control characters and halves of surrogate pairs."""
    return _CONTROL.sub("", text.encode("utf-8", "replace").decode("utf-8"))


class _Reading:
    def __init__(self, structure: Structure, known_letters: Sequence[str]) -> None:
        self.body = Body()
        self._letters = known_letters
        self._nested: list[str] = []
        self._texts = 0
        self._struck = self._html_cut = self._plain_seen = False
        for problem, damage in _DAMAGE_OF.items():
            if problem in structure.problems:
                self.body.damage.append(damage)
        if Problem.OUTSIDE in structure.problems:
            self.body.unread.append("texto fora das partes da mensagem")
        if Problem.TOO_COMPLEX not in structure.problems:
            self._note_all(structure.root)
            self._choose(self._read(structure.root, first=True))
        self.body.nested = "\n".join(self._nested)[:_MAX_NESTED]

    def _damaged(self, *damage: Damage) -> None:
        self.body.damage.extend(one for one in damage if one not in self.body.damage)

    # --- parts ------------------------------------------------------------------------------------

    def _note_all(self, root: Part) -> None:
        for part in root.walk():
            opaque = part.kind in ("application/pkcs7-mime", "application/x-pkcs7-mime")
            if opaque or part.kind in ("multipart/encrypted", "application/pgp-encrypted"):
                self.body.encrypted = True
            if part.kind in _TNEF_KINDS or part.filename.lower() == "winmail.dat":
                self.body.tnef = True
            if part.kind == "message/rfc822":
                self.body.has_message = True

    def _read(self, part: Part, *, first: bool = False) -> list[_Text]:
        if part.kind == "multipart/alternative":
            return self._alternatives([self._read(child, first=first) for child in part.children])
        if part.children:
            found: list[_Text] = []
            for child in part.children:
                found.extend(self._read(child, first=first and not found))
            return found
        if part.kind.startswith("multipart/"):
            # No part was found where parts were announced: what stands there is shown, and never counts.
            self._damaged(Damage.MIME)
            return [_Text(plain=self._decoded(part).text)]
        return self._leaf(part, first=first)

    def _leaf(self, part: Part, *, first: bool) -> list[_Text]:
        kind = part.kind
        readable = kind in ("text/plain", "text/html") and part.disposition != "attachment"
        if not readable or (part.filename and not first):
            self._attach(part)
            return []
        self._texts += 1
        if self._texts > _MAX_TEXTS:
            self._damaged(Damage.COMPLEX)
            return []
        decoded = self._decoded(part)
        if part.inside:
            text = read_html(decoded.text).text if kind == "text/html" else decoded.text
            self._nested.append(text[:_MAX_NESTED])
            return []
        self._damaged(*decoded.damage)
        if kind == "text/plain":
            self._plain_seen = self._plain_seen or bool(decoded.text.strip())
            self.body.plain += decoded.text[:1_000]
            return [_Text(plain=decoded.text)]
        page = read_html(decoded.text)
        self._note_page(page)
        return [_Text(html=page.text)]

    def _note_page(self, page: HtmlText) -> None:
        self._html_cut = self._html_cut or page.cut
        if page.crude:
            self._damaged(Damage.COMPLEX)
        if page.struck and not self._struck:
            self._struck = True
            self.body.unread.append("texto riscado ou escondido")

    def _decoded(self, part: Part) -> _Decoded:
        data, sound = part.content(MAX_TEXT)
        charset = part.parameters.get("charset", "")
        if not charset and part.kind == "text/html" and (meta := _META_CHARSET.search(data[:3_000])):
            charset = meta.group(1).decode("ascii")
        decoded = decode(data, charset)
        damage = decoded.damage if sound else (*decoded.damage, Damage.CUT)
        return _Decoded(clean(decoded.text), damage)

    def _attach(self, part: Part) -> None:
        name = clean(part.filename)[:200]
        if len(self.body.leaves) < 100:
            self.body.leaves.append(Leaf(name, clean(part.kind)[:100], part.size))
        if not part.inside and len(self.body.unread) < 20 and self._holds_prose(part):
            self.body.unread.append(f"anexo {name} ({part.kind})" if name else f"parte {part.kind}")

    def _holds_prose(self, part: Part) -> bool:
        """Whether an attachment may hold words to us that a program can see and this reader does not read."""
        name, kind = part.filename.lower(), part.kind
        if kind in _UNREADABLE_KINDS or kind in _TNEF_KINDS or name == "winmail.dat":
            return True
        if name.endswith(_NEVER_PROSE):
            return False
        if kind not in _PROSE_KINDS and not name.endswith(_PROSE_NAMES):
            if kind != "application/octet-stream" or part.size == 0:
                return False
            text = part.content(_SNIFFED)[0]
            return b"\x00" not in text and _reads(text)
        return bool(part.content(_SNIFFED)[0].strip())

    # --- renditions -------------------------------------------------------------------------------

    def _alternatives(self, variants: Iterable[list[_Text]]) -> list[_Text]:
        """The plain rendition and the richest one; others of the same kind would be a choice of ours."""
        plain: str | None = None
        html: str | None = None
        for texts in variants:
            if not texts:
                continue
            if any(text.html is not None for text in texts):
                if html is not None:
                    self.body.unread.append("outra alternativa text/html")
                html = _joined(texts, html_first=True)
            elif plain is None:
                plain = _joined(texts, html_first=False)
            else:
                self.body.unread.append("outra alternativa text/plain")
        return [_Text(plain, html)] if plain is not None or html is not None else []

    def _choose(self, texts: list[_Text]) -> None:
        both = any(text.plain is not None and text.html is not None for text in texts)
        plain = newest_text(_joined(texts, html_first=False), self._letters)
        self.body.html_only = bool(texts) and not self._plain_seen
        taken, other = plain, ""
        if both:
            html = newest_text(_joined(texts, html_first=True), self._letters)
            taken, other = _richer(plain, html)
            self.body.html_only = self.body.html_only or not _words(plain.text)
            if not _words(html.text) and _words(plain.text):
                # People see an empty page, or a picture; only programs see what the plain part says.
                self._damaged(Damage.DIFFERENT)
        self.body.newest, self.body.other = taken, other
        if taken.cut or (self._html_cut and not taken.quoted):
            self._damaged(Damage.CUT)
        if taken.amid:
            self.body.unread.append(AMID)


@dataclass(frozen=True, slots=True)
class _Decoded:
    text: str
    damage: tuple[Damage, ...]


_DAMAGE_OF = {
    Problem.TOO_COMPLEX: Damage.COMPLEX,
    Problem.MALFORMED: Damage.MIME,
    Problem.CUT: Damage.CUT,
}


def _joined(texts: Iterable[_Text], *, html_first: bool) -> str:
    chosen = ((text.html, text.plain) if html_first else (text.plain, text.html) for text in texts)
    return "\n".join(one if one is not None else (two or "") for one, two in chosen)


def _richer(plain: NewestText, html: NewestText) -> tuple[NewestText, str]:
    one, two = _words(plain.text), _words(html.text)
    if one == two:
        return plain, ""
    return (html, plain.text) if two.total() >= one.total() else (plain, html.text)


def _words(text: str) -> Counter[str]:
    return Counter(word.lower() for word in _WORD.findall(_PLACEHOLDER.sub(" ", text)))


def _reads(data: bytes) -> bool:
    """Tell text from other bytes."""
    text = decode(data, "utf-8").text
    odd = sum(1 for c in text if not (c.isprintable() or c.isspace()) or c == "\ufffd")
    return odd * 10 <= len(text) and _PROSE.search(text) is not None
