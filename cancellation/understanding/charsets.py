"""Bytes brought to text, and whether every character of it is sure (X14).

What is declared is kept and only its bad bytes are replaced; another reading is taken only where it is proved:
text that is well-formed UTF-8 is UTF-8 whatever a label says, and text whose every odd pair is UTF-8 read as
Windows-1252 was encoded twice. Everything else that is not as declared is damage, and a person reads it.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from cancellation.understanding.damage import Damage

_FAMILIES = re.compile(
    r"ascii|utf-8|utf-16(?:-[lb]e)?|utf-32(?:-[lb]e)?|iso8859-\d{1,2}|cp125[0-8]|cp(?:437|850|852|858|860|863|865)|"
    r"mac-(?:roman|latin2|iceland)|koi8-[ru]|gb2312|gbk|gb18030|big5|euc_(?:jp|kr)|shift_jis|iso2022_jp|cp949|cp932"
)
_ALIASES = {
    "ansi": "cp1252",
    "x-ansi": "cp1252",
    "x-cp1252": "cp1252",
    "x-mac-roman": "mac-roman",
    "x-macroman": "mac-roman",
    "macintosh": "mac-roman",
    "mac": "mac-roman",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "x-sjis": "shift_jis",
    "x-gbk": "gbk",
    "latin1": "cp1252",
    "8859-1": "cp1252",
}
_NUMBERED = re.compile(r"(?:x-)?(?:cp|ibm|win|windows|ms)[-_ ]?(\d{3,4})")
_SEVERAL_BYTES = re.compile(r"utf-|gb|big5|euc|shift|iso2022|cp9")
_SEVEN_BITS = re.compile(rb"\+[A-Za-z0-9/]{2,}-|\x1b|~\{")
"""UTF-7 and its like, where every byte is ASCII and the text is not."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, and what is not sure about all of it; a character that was lost is U+FFFD."""

    text: str
    damage: tuple[Damage, ...] = ()


def known_charset(label: str) -> str | None:
    """The codec of a charset as programs write it; None for one that is unknown or no charset of e-mails."""
    name = label.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    numbered = _NUMBERED.fullmatch(name)
    try:
        found = codecs.lookup(f"cp{numbered.group(1)}" if numbered else name).name
    except (LookupError, ValueError):
        return None
    if _FAMILIES.fullmatch(found) is None:
        return None
    # Web pages and mail programs call Windows-1252 by the name of the smaller one.
    return "cp1252" if found == "iso8859-1" else found


def decode(data: bytes, charset: str) -> Decoded:
    """Bring a text part to characters.

    Args:
        data: The bytes, their transfer encoding undone.
        charset: As declared, empty when it was not.
    """
    codec = known_charset(charset) if charset else "ascii"
    if codec is None:
        sure = data.isascii() and _SEVEN_BITS.search(data) is None
        text = _as_utf8(data)
        return Decoded(
            data.decode("cp1252", "replace") if text is None else text, () if sure else (Damage.CHARSET,)
        )
    if not data.isascii() and not _SEVERAL_BYTES.match(codec):
        text = _as_utf8(data)
        if text is not None:
            return Decoded(undo_double_encoding(text))
        if codec == "ascii":
            # Nobody said which charset: the text is shown, and never counts.
            return Decoded(data.decode("cp1252", "replace"), (Damage.CHARSET,))
    return Decoded(undo_double_encoding(data.decode(codec, "replace")))


def _as_utf8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _as_byte() -> dict[str, int]:
    """Which byte a character was before it was taken for Windows-1252, or for Latin-1."""
    table = {chr(byte): byte for byte in range(0x80, 0x100)}
    for byte in range(0x80, 0xA0):
        try:
            table[bytes([byte]).decode("cp1252")] = byte
        except UnicodeDecodeError:
            continue
    return table


_BYTE = _as_byte()
_TAIL = "".join(re.escape(c) for c, b in _BYTE.items() if 0x80 <= b <= 0xBF)
_DOUBLE = re.compile(f"[\xc2-\xdf][{_TAIL}]|[\xe0-\xef][{_TAIL}]{{2}}|[\xf0-\xf4][{_TAIL}]{{3}}")
_PUNCTUATION = re.compile("[\u2010-\u2026]")
_ROUNDS = 3


def undo_double_encoding(text: str) -> str:
    """Undo UTF-8 that was read as Windows-1252 or Latin-1 and encoded again, however often.

    Such pairs (``Ã£``, ``Ã§``) are in no Portuguese word. Where every pair of a text may as well be a capital
    letter before a quotation mark or a dash, nothing is proved and the text stays.
    """
    for _ in range(_ROUNDS):
        if all(_PUNCTUATION.search(pair.group()) for pair in _DOUBLE.finditer(text)):
            break
        text = _DOUBLE.sub(_repaired, text)
    return text


def _repaired(pair: re.Match[str]) -> str:
    try:
        repaired = bytes(_BYTE[c] for c in pair.group()).decode("utf-8")
    except (UnicodeDecodeError, KeyError):
        return pair.group()
    return repaired if _WRITTEN.match(repaired) else pair.group()


_WRITTEN = re.compile("[\x80-\u017f\u02c6\u02dc\u0192\u2000-\u2bff\ufe0f\ufffd\U0001f000-\U0001ffff]")
"""What Portuguese e-mails hold, and what is left of it after one of several rounds."""
