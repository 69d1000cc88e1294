"""HTML brought to the plain text that its reader sees, quotations marked with ">"."""

from __future__ import annotations

import re
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_HTML = 300_000
"""Characters of HTML that are looked at; the newest text stands at the top."""
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
_UNSEEN = frozenset(
    ["head", "style", "script", "title", "template", "noscript", "svg", "math", "select", "iframe", "object"]
)
_BLOCK = frozenset(
    [
        "p",
        "div",
        "li",
        "tr",
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
_CRUDE_UNSEEN = re.compile(r"<(/?)(style|script|head|title)\b[^<>]{0,5000}>", re.IGNORECASE)
_CRUDE_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li)\b[^>]{0,500}>", re.IGNORECASE)
_CRUDE_TAG = re.compile(r"<[^<>]{0,5000}>")
_WHITE = re.compile(r"\s+")
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:px|pt|em|;|\s|$)", re.IGNORECASE
)
_QUOTE_CLASS = re.compile(
    r"\b(?:gmail_quote|gmail_extra|yahoo_quoted|moz-cite-prefix|protonmail_quote|zmail_extra|cite)\b"
)
_SIGNATURE_CLASS = re.compile(r"\b(?:gmail_signature|moz-signature|x?_?signature)\b", re.IGNORECASE)


def text_of_html(html: str) -> str:
    """Return what a person would read, never raising.

    Args:
        html: Any text; only the first `MAX_HTML` characters are looked at.

    Returns:
        Lines of text; lines of a marked quotation begin with "> ", a marked signature is left out.
    """
    html = html[:MAX_HTML].replace("\x00", "")
    if _too_deep(html):
        return _crude(html)
    try:
        root = LexborHTMLParser(html).body
        return _lines(_walked(root)) if root is not None else _crude(html)
    except (RuntimeError, ValueError, UnicodeError, MemoryError):
        return _crude(html)


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


def _walked(root: LexborNode) -> str:
    """Walk the tree without recursion; quotation marks are put in front of quoted lines."""
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
        stack.append((node.next, quote))
        tag = node.tag or "-"
        if tag == "-text":
            pieces.append(_WHITE.sub(" ", node.text_content or ""))
        elif tag == "br":
            pieces.append("\n" + quote)
        elif tag == "hr":
            pieces.append(f"\n{quote}________________________________\n{quote}")
        elif tag not in _UNSEEN and not tag.startswith(("-", "!")):
            deeper = _quote_of(tag, node.attributes, quote)
            if deeper is not None:
                edges = ("\n" + deeper, "\n" + quote) if tag in _BLOCK else ("", "")
                stack.extend((edges[1], (node.child, deeper), edges[0]))
    return "".join(pieces)


def _quote_of(tag: str, attributes: dict[str, str | None], quote: str) -> str | None:
    """Return the quotation mark for what an element holds, None for an element that is not to be read."""
    look = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    if _HIDDEN.search(attributes.get("style") or "") or _SIGNATURE_CLASS.search(look):
        return None
    if tag == "blockquote" and (attributes.get("type") == "cite" or _is_citation(attributes)):
        return "> " + quote
    return quote


def _is_citation(attributes: dict[str, str | None]) -> bool:
    """Tell a quotation from a mere indentation, which some programs also write as blockquote."""
    style = (attributes.get("style") or "").replace(" ", "").lower()
    return (
        "cite" in attributes
        or "border-left" in style
        or bool(_QUOTE_CLASS.search(attributes.get("class") or ""))
    )


def _lines(text: str) -> str:
    lines = [" ".join(line.split()) for line in text.replace("\xa0", " ").split("\n")]
    kept: list[str] = []
    for line in lines:
        bare = line.strip("> ")
        if bare or (kept and kept[-1]):
            kept.append(line if bare else "")
    return "\n".join(kept).strip()
