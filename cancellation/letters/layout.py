"""Plain text as mail programs like it: paragraphs wrapped, lists hanging, addresses unbroken."""

import re
import textwrap

WIDTH = 72

_ROW = "  "
"""Begins a row of details, `  Cliente: …`."""
_QUOTE = "> "
_COMMAND = _ROW * 2
"""Begins a command, which is pasted as it stands: broken in two it would be none."""
_ITEM = re.compile(rf"(?:{_ROW})?(?:- |\d+\. )|{_ROW}")


def wrap(text: str) -> str:
    """Wrap rendered text; ends in one line break.

    A paragraph may be written over several lines. A line that begins with `- `, `1. `, `> ` or two spaces
    stands for itself; its continuation is indented below it. One that begins with four spaces is not wrapped.
    """
    blocks = re.split(r"\n[ \t]*\n+", text.strip("\n"))
    return "\n\n".join(_block(block) for block in blocks if block.strip()) + "\n"


def _block(block: str) -> str:
    paragraphs: list[str] = []
    for line in block.split("\n"):
        if not line.strip():
            continue
        stands_alone = line.startswith(_QUOTE) or line == ">" or _ITEM.match(line)
        if stands_alone or not paragraphs or paragraphs[-1].startswith(">"):
            paragraphs.append(line.rstrip())
        else:
            paragraphs[-1] = f"{paragraphs[-1]} {line.strip()}"
    return "\n".join(_fill(paragraph) for paragraph in paragraphs)


def _fill(paragraph: str) -> str:
    if paragraph.startswith(_COMMAND):
        return paragraph
    first, hanging = _indents(paragraph)
    filled = textwrap.fill(
        paragraph[len(first) :],
        WIDTH,
        initial_indent=first,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return filled or paragraph


def _indents(paragraph: str) -> tuple[str, str]:
    """What the first line of a paragraph begins with, and what the others do."""
    if paragraph.startswith(_QUOTE):
        return _QUOTE, _QUOTE
    item = _ITEM.match(paragraph)
    if item is None:
        return "", ""
    first = item.group()
    return first, _ROW * 2 if first == _ROW else " " * len(first)
