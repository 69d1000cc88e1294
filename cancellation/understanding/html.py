"""HTML brought to the plain text that its reader sees, quotations marked with ">"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cancellation.understanding.tables import CELL, HEAD, ROW, ROW_END, untabled

MAX_HTML = 600_000
"""Characters of HTML that are looked at; the newest text stands at the top."""
_LONGEST_ATTRIBUTE = 2_000
_MAX_DEPTH = 400
"""Parsing time grows with the square of the nesting: deeper HTML is only stripped of its tags."""

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_VOID = frozenset(
    [
        "br",
        "img",
        "hr",
        "meta",
        "link",
        "input",
        "col",
        "area",
        "base",
        "embed",
        "source",
        "track",
        "wbr",
        "param",
    ]
)
_UNSEEN = frozenset(["head", "style", "script", "title", "template"])
_MAYBE_SEEN = frozenset(["noscript", "svg", "math", "select", "iframe", "object"])
"""Some programs show what these hold and others do not."""
_BLOCK = frozenset(
    [
        "p",
        "div",
        "li",
        "caption",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "blockquote",
        "section",
        "article",
        "header",
        "footer",
        "address",
        "pre",
        "dd",
        "dt",
        "form",
        "center",
        "body",
    ]
)
_STRUCK = frozenset(["s", "strike", "del"])
_CRUDE_UNSEEN = re.compile(r"<(/?)(style|script|head|title)\b[^<>]{0,5000}>", re.IGNORECASE)
_CRUDE_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/td|/th|/li)\b[^>]{0,500}>", re.IGNORECASE)
_CRUDE_TAG = re.compile(r"<[^<>]{0,5000}>")
_WHITE = re.compile(r"\s+")
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|font-size\s*:\s*0(?:px|pt|em|;|\s|$)|"
    r"(?<![\w-])opacity\s*:\s*0(?:\.0*)?\s*(?:;|$)|max-height\s*:\s*0(?:px)?\s*(?:;|$)",
    re.IGNORECASE,
)
_LINE_THROUGH = re.compile(r"text-decoration[a-z-]*\s*:[^;]{0,100}line-through", re.IGNORECASE)
_ATTRIBUTION = re.compile(r"(?:x_)?(?:gmail_attr|moz-cite-prefix|reply-intro)")
"""What stands above a quotation: "Em seg., 12 de jan., Rita escreveu:", in whatever language."""
_QUOTATION = re.compile(
    r"(?:x_)?(?:gmail_quote|gmail_quote_container|gmail_extra|yahoo_quoted|protonmail_quote|zmail_extra|"
    r"tutanota_quote|OLK_SRC_BODY_SECTION|mail-editor-reference-message-container|"
    r"ms-outlook-mobile-reference-message|isReplyContent|isForwardContent)"
)
_FROM_HERE = re.compile(r"(?:x_)?divRplyFwdMsg")
"""Outlook's mark: this and all that follows beside it is the earlier message."""
_CITE_CLASS = re.compile(r"\b(?:gmail_quote|cite|yahoo_quoted|protonmail_quote|tutanota_quote)\b")
_SIGNATURE_CLASS = re.compile(r"(?:x_)?(?:gmail_signature|moz-signature|_?signature)", re.IGNORECASE)
_NO_BORDER = re.compile(r"border-left:(?:none|0)")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class HtmlText:
    """What a person would read.

    Attributes:
        text: Lines; those of a marked quotation begin with "> ", a marked signature is left out.
        cut: Whether only the beginning was looked at.
        struck: Whether some of it is struck through, or may not be seen at all.
        crude: Whether it is nested so deeply that it was only stripped of its tags.
    """

    text: str
    cut: bool = False
    struck: bool = False
    crude: bool = False


def read_html(html: str) -> HtmlText:
    """Return what a person would read, never raising.

    Args:
        html: Any text; only the first `MAX_HTML` characters are looked at.
    """
    cut = len(html) > MAX_HTML
    html = _CONTROL.sub("", html[:MAX_HTML])
    if not _too_deep(html):
        try:
            root = LexborHTMLParser(html).body
            if root is not None:
                walk = _Walk(root)
                return HtmlText(_lines(untabled(walk.text)), cut, walk.unsure)
        except (RuntimeError, ValueError, UnicodeError, MemoryError):
            pass
    return HtmlText(_crude(html), cut, crude=True)


def _too_deep(html: str) -> bool:
    depth = deepest = 0
    for tag in _TAG.finditer(html):
        if tag.group(2).lower() in _VOID:
            continue
        depth = max(0, depth - 1) if tag.group(1) else depth + 1
        deepest = max(deepest, depth)
    return deepest > _MAX_DEPTH


def _crude(html: str) -> str:
    text = _CRUDE_BREAK.sub("\n", _without_unseen(html))
    return _lines(unescape(_CRUDE_TAG.sub(" ", text)))


def _without_unseen(html: str) -> str:
    """Leave out what stands between an unseen element's tags, in one pass; an unclosed one hides nothing."""
    kept: list[str] = []
    at, opened, name = 0, -1, ""
    for tag in _CRUDE_UNSEEN.finditer(html):
        closing, this = bool(tag.group(1)), tag.group(2).lower()
        if opened < 0 and not closing:
            opened, name = tag.start(), this
        elif opened >= 0 and closing and this == name:
            kept.append(html[at:opened])
            at, opened = tag.end(), -1
    kept.append(html[at:])
    return " ".join(kept)


class _Walk:
    """Walks the tree without recursion; quotation marks are put in front of quoted lines."""

    def __init__(self, root: LexborNode) -> None:
        self.unsure = False
        pieces: list[str] = []
        stack: list[str | tuple[LexborNode | None, str]] = [(root.child, "")]
        while stack:
            top = stack.pop()
            if isinstance(top, str):
                pieces.append(top)
                continue
            node, quote = top
            if node is None:
                continue
            tag = node.tag or "-"
            if tag == "div" and _FROM_HERE.fullmatch(node.attributes.get("id") or ""):
                quote = quote or "> "
                pieces.append("\n" + quote)
            stack.append((node.next, quote))
            if tag == "-text":
                pieces.append(_WHITE.sub(" ", node.text_content or ""))
            elif tag == "br":
                pieces.append("\n" + quote)
            elif tag == "hr":
                pieces.append(f"\n{quote}________________________________\n{quote}")
            elif tag in _MAYBE_SEEN:
                self.unsure = self.unsure or (not quote and bool((node.text() or "").strip()))
            elif tag == "input":
                typed = node.attributes.get("type") not in ("hidden", "submit", "button")
                self.unsure = self.unsure or (typed and bool(node.attributes.get("value")))
            elif tag not in _UNSEEN and not tag.startswith(("-", "!")):
                deeper = self._quote_of(node, tag, quote)
                if deeper is not None:
                    before, after = _edges(tag, quote, deeper)
                    stack.extend((after, (node.child, deeper), before))
        self.text = "".join(pieces)

    def _quote_of(self, node: LexborNode, tag: str, quote: str) -> str | None:
        """Return the quotation mark for what an element holds, None for an element that is not to be read."""
        attributes = node.attributes
        style = (attributes.get("style") or "")[:_LONGEST_ATTRIBUTE]
        if len(style) == _LONGEST_ATTRIBUTE:
            self.unsure = True  # what it says beyond may hide the text
        names = [
            *(attributes.get("class") or "")[:_LONGEST_ATTRIBUTE].split(),
            (attributes.get("id") or "")[:_LONGEST_ATTRIBUTE],
        ]
        if _HIDDEN.search(style) or any(_SIGNATURE_CLASS.fullmatch(name) for name in names):
            return None
        if not (quote or self.unsure) and (tag in _STRUCK or _LINE_THROUGH.search(style)):
            self.unsure = bool((node.text() or "").strip())
        if tag == "blockquote":
            return "> " + quote if _is_citation(attributes) else quote
        if quote or any(_ATTRIBUTION.fullmatch(name) for name in names):
            return quote or "> "
        # Answers between the parts of a quotation stand in the same element: then its parts are marked.
        marked = any(_QUOTATION.fullmatch(name) for name in names) and node.css_first("blockquote") is None
        return "> " if marked else quote


def _edges(tag: str, quote: str, deeper: str) -> tuple[str, str]:
    """What is written before and after an element's content; tables of a quotation are not looked at."""
    match tag:
        case "tr" if not deeper:
            return f"\n{ROW}", f"{ROW_END}\n"
        case "td" | "th" if not deeper:
            return HEAD if tag == "th" else CELL, ""
        case "td" | "th":
            return " ", " "
    block = tag in _BLOCK or tag == "tr" or quote != deeper
    return ("\n" + deeper, "\n" + quote) if block else ("", "")


def _is_citation(attributes: dict[str, str | None]) -> bool:
    """Tell a quotation from a mere indentation, which some programs also write as blockquote."""
    style = (attributes.get("style") or "")[:_LONGEST_ATTRIBUTE].replace(" ", "").lower()
    return (
        "cite" in attributes
        or attributes.get("type") == "cite"
        or ("border-left" in style and _NO_BORDER.search(style) is None)
        or _CITE_CLASS.search((attributes.get("class") or "")[:_LONGEST_ATTRIBUTE]) is not None
        or "blockquote_zmail" in (attributes.get("id") or "")
    )


def _lines(text: str) -> str:
    lines = [" ".join(line.split()) for line in text.replace("\xa0", " ").split("\n")]
    kept: list[str] = []
    for line in lines:
        bare = line.strip("> ")
        if bare or (kept and kept[-1]):
            kept.append(line if bare else "")
    return "\n".join(kept).strip()
