"""The parts of a message, found within bounds and in time that grows with its length alone (X8, X14).

Whoever sends a message chooses how many headers, parameters, parts and levels it has, and the standard parser
takes time that grows with the square of some of them. So nothing is parsed that is not bounded first: what goes
beyond a bound is not followed, and `Structure.problems` says so. Bodies are slices of the message, decoded when
they are asked for.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote_to_bytes

MAX_SIZE = 40_000_000
MAX_HEAD = 512_000
"""Bytes of one block of headers."""
MAX_HEADERS = 1_000
MAX_HEADER = 64_000
"""Bytes of one header, unfolded; hundreds of addressees fit."""
MAX_PARAMETERS = 50
MAX_PARTS = 300
MAX_DEPTH = 20
_MAX_BOUNDARY = 200
_MAX_NEAR_MISSES = 10_000
"""Lines that begin like a boundary and are none."""

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_KIND = re.compile(r"\s*([\w!#$&^.+-]+/[\w!#$&^.+-]+)")
_PARAMETER = re.compile(r'\s*([^\s=;"()]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
_BROKEN_QP = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*(?:\r?\n|$))")
_NOTICE = re.compile(rb"mime|multi-?part", re.IGNORECASE)
_TELLING = 20
"""Characters outside of every part that are more than what a program leaves there."""


class Problem(StrEnum):
    """Why the structure cannot be relied on."""

    TOO_COMPLEX = "too_complex"
    MALFORMED = "malformed"
    CUT = "cut"
    OUTSIDE = "outside"
    """Text stands before the first or after the last part."""


@dataclass(slots=True)
class Part:
    """One part: a leaf, or one that holds others.

    Attributes:
        kind: The content type in lower case, `text/plain` where none is said.
        parameters: Of the content type, names in lower case.
        disposition: `attachment`, `inline` or empty.
        filename: Decoded, empty when there is none.
        encoding: The content transfer encoding in lower case.
        children: Parts of a multipart, the one message of a message/rfc822.
        inside: Whether it belongs to a message within the message.
        headers: In order, names in lower case.
        guessed: Names of headers whose bytes say no charset and are no UTF-8.
    """

    raw: bytes = field(repr=False)
    start: int
    end: int
    kind: str = "text/plain"
    parameters: dict[str, str] = field(default_factory=dict)
    disposition: str = ""
    filename: str = ""
    encoding: str = ""
    children: list[Part] = field(default_factory=list)
    inside: bool = False
    headers: list[tuple[str, str]] = field(default_factory=list, repr=False)
    guessed: set[str] = field(default_factory=set)

    @property
    def size(self) -> int:
        """Of the encoded form, in bytes."""
        return max(0, self.end - self.start)

    def content(self, most: int) -> tuple[bytes, bool]:
        """The decoded bytes, and whether all of them are there and sound.

        Args:
            most: How many encoded bytes are looked at.
        """
        data = self.raw[self.start : min(self.end, self.start + most)]
        decoded, sound = _decoded(data, self.encoding)
        return decoded, sound and self.size <= most

    def walk(self) -> Iterator[Part]:
        """This part and all below it, in order."""
        todo = [self]
        while todo:
            part = todo.pop()
            yield part
            todo.extend(reversed(part.children))


@dataclass(slots=True)
class Structure:
    """A message taken apart.

    Attributes:
        root: The message itself; its `headers` are those of the message.
        problems: Why it cannot be relied on; empty for a sound message.
    """

    root: Part
    problems: set[Problem]


def structure_of(raw: bytes) -> Structure:
    """Take a message apart; never raises, whatever the bytes."""
    problems: set[Problem] = set()
    root = Part(raw, 0, len(raw))
    if len(raw) > MAX_SIZE:
        problems.add(Problem.TOO_COMPLEX)
        root.end = MAX_HEAD
    _Walk(raw, problems).read(root)
    return Structure(root, problems)


class _Walk:
    def __init__(self, raw: bytes, problems: set[Problem]) -> None:
        self._raw = raw
        self._problems = problems
        self._parts = 0

    def read(self, root: Part) -> None:
        todo: list[tuple[Part, int, str]] = [(root, 0, "text/plain")]
        while todo:
            part, depth, otherwise = todo.pop()
            self._parts += 1
            if self._parts > MAX_PARTS or depth > MAX_DEPTH:
                self._problems.add(Problem.TOO_COMPLEX)
                return
            self._read_head(part, otherwise, first=depth == 0)
            if part.kind.startswith("multipart/"):
                self._divide(part)
            elif part.kind == "message/rfc822" and part.encoding in _PLAIN_ENCODINGS:
                part.children = [Part(self._raw, part.start, part.end, inside=True)]
            inner = "message/rfc822" if part.kind == "multipart/digest" else "text/plain"
            todo.extend((child, depth + 1, inner) for child in reversed(part.children))

    def _note(self, part: Part, problem: Problem) -> None:
        """A message within the message may be as broken as it likes: it is not read."""
        if not part.inside or problem is Problem.TOO_COMPLEX:
            self._problems.add(problem)

    # --- headers ----------------------------------------------------------------------------------

    def _read_head(self, part: Part, otherwise: str, *, first: bool) -> None:
        fields = list(self._fields(part, first=first))
        for raw_name, raw_value in fields:
            name = raw_name.decode("ascii").lower()
            value, sure = _unfolded(raw_value)
            part.headers.append((name, value))
            if not sure:
                part.guessed.add(name)
        own = {name: [v for n, v in part.headers if n == name] for name in _OF_A_PART}
        if any(len(values) > 1 for values in own.values()):
            self._note(part, Problem.MALFORMED)
        kind, part.parameters = self._typed(part, next(iter(own["content-type"]), ""))
        part.kind = kind or otherwise
        disposition, more = self._typed(part, "x/" + next(iter(own["content-disposition"]), "").lstrip())
        part.disposition = disposition.removeprefix("x/")
        part.filename = more.get("filename", "") or part.parameters.get("name", "")
        part.encoding = next(iter(own["content-transfer-encoding"]), "").strip().lower()

    def _fields(self, part: Part, *, first: bool) -> Iterator[tuple[bytes, bytes]]:
        """The headers at the start of a part, which then begins behind them."""
        raw, at = self._raw, part.start
        limit = min(part.end, part.start + MAX_HEAD)
        name, lines, length, count = b"", [], 0, 0
        while at < part.end:
            stop = raw.find(b"\n", at, limit)
            if stop < 0 and part.end > limit:
                self._note(part, Problem.TOO_COMPLEX)
                at = part.end
                break
            after = part.end if stop < 0 else stop + 1
            line = raw[at : part.end if stop < 0 else stop].rstrip(b"\r")
            if not line:
                at = after
                break
            if line[:1] in (b" ", b"\t") and name:
                lines.append(line)
                length += len(line)
            elif (found := _FIELD.match(line)) is not None:
                if name:
                    yield name, b"\n".join(lines)
                name, lines, length = found.group(1), [line[found.end() :]], len(line)
                count += 1
            elif not (first and at == part.start and line.startswith(b"From ")):
                self._note(part, Problem.MALFORMED)
                break
            at = after
            if length > MAX_HEADER or count > MAX_HEADERS:
                self._note(part, Problem.TOO_COMPLEX)
                name, at = b"", part.end
                break
        if name:
            yield name, b"\n".join(lines)
        part.start = at

    def _typed(self, part: Part, value: str) -> tuple[str, dict[str, str]]:
        """A type with its parameters, RFC 2231's pieces joined."""
        kind = _KIND.match(value)
        if kind is None:
            return "", {}
        found: list[tuple[str, str]] = []
        at = kind.end()
        while (at := value.find(";", at)) >= 0:
            parameter = _PARAMETER.match(value, at + 1)
            if parameter is None:
                at += 1
                continue
            found.append((parameter.group(1).lower(), _unquoted(parameter.group(2))))
            at = parameter.end()
            if len(found) > MAX_PARAMETERS:
                self._note(part, Problem.TOO_COMPLEX)
                return kind.group(1).lower(), {}
        joined = _joined(found)
        if len({name for name, _ in found}) < len(found):
            self._note(part, Problem.MALFORMED)
        return kind.group(1).lower(), joined

    # --- parts ------------------------------------------------------------------------------------

    def _divide(self, part: Part) -> None:
        boundary = part.parameters.get("boundary", "").rstrip()
        if not boundary or len(boundary) > _MAX_BOUNDARY or part.encoding not in _PLAIN_ENCODINGS:
            self._note(part, Problem.MALFORMED)
            return
        begun: int | None = None
        closed: int | None = None
        for before, after, closes in self._delimiters(part, boundary.encode("utf-8", "replace")):
            if begun is None:
                self._look_outside(part, part.start, before, notice=True)
            else:
                part.children.append(Part(self._raw, begun, max(begun, before), inside=part.inside))
            begun = after
            if closes:
                closed = after
                break
            if len(part.children) > MAX_PARTS:
                self._note(part, Problem.TOO_COMPLEX)
                return
        if begun is None:
            self._note(part, Problem.MALFORMED)
        elif closed is None:
            self._note(part, Problem.CUT)
            part.children.append(Part(self._raw, begun, part.end, inside=part.inside))
        else:
            self._look_outside(part, closed, part.end, notice=False)

    def _delimiters(self, part: Part, boundary: bytes) -> Iterator[tuple[int, int, bool]]:
        """Where the part before ends, where the next begins, and whether it is the last delimiter."""
        raw, needle = self._raw, b"--" + boundary
        at, misses = part.start, 0
        while (at := raw.find(needle, at, part.end)) >= 0:
            begins_line = at == part.start or raw[at - 1 : at] == b"\n"
            stop = raw.find(b"\n", at, min(part.end, at + len(needle) + 80))
            line_end = stop if stop >= 0 else min(part.end, at + len(needle) + 80)
            rest = raw[at + len(needle) : line_end].rstrip(b" \t\r") if begins_line else b"?"
            if rest not in (b"", b"--") or (stop < 0 and line_end < part.end):
                at += len(needle)
                misses += 1
                if misses > _MAX_NEAR_MISSES:
                    self._note(part, Problem.TOO_COMPLEX)
                    return
                continue
            before = max(part.start, at - (2 if raw[at - 2 : at] == b"\r\n" else 1))
            at = part.end if stop < 0 else stop + 1
            yield before, at, rest == b"--"

    def _look_outside(self, part: Part, start: int, end: int, *, notice: bool) -> None:
        """Note text that stands in no part; programs leave a notice for others that know no MIME."""
        text = self._raw[start : min(end, start + 2_000)]
        if len(text.strip()) >= _TELLING and not (notice and _NOTICE.search(text) and len(text) < 400):
            self._note(part, Problem.OUTSIDE)


_OF_A_PART = ("content-type", "content-disposition", "content-transfer-encoding", "content-id")
_PLAIN_ENCODINGS = ("", "7bit", "8bit", "binary")


def _unfolded(value: bytes) -> tuple[str, bool]:
    """A header as text on one line, and whether that is sure: what is no UTF-8 is taken for Windows-1252."""
    try:
        text, sure = value.decode("utf-8"), True
    except UnicodeDecodeError:
        text, sure = value.decode("cp1252", "replace"), False
    return " ".join(text.replace("\r", "\n").split("\n")), sure


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return _ESCAPED.sub(r"\1", value[1:-1])
    return value


def _joined(found: list[tuple[str, str]]) -> dict[str, str]:
    """Parameters by name; of one given twice the first counts."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, str]] = {}
    for name, value in found:
        base, star, rest = name.partition("*")
        number = rest.rstrip("*")
        if not star:
            plain.setdefault(name, value)
        elif not number:
            plain.setdefault(base, _percent(value))
        elif number.isdigit() and len(number) < 4:
            pieces.setdefault(base, {}).setdefault(int(number), value)
    for base, numbered in pieces.items():
        plain.setdefault(base, _percent("".join(numbered[n] for n in sorted(numbered))))
    return plain


def _percent(value: str) -> str:
    """`charset'language'per%20cent` as text."""
    charset, _, rest = value.partition("'")
    _, quoted, text = rest.partition("'")
    data = unquote_to_bytes(text if quoted else value)
    try:
        return data.decode(charset if quoted and charset.isascii() and charset else "utf-8", "replace")
    except (LookupError, UnicodeError, ValueError):
        return data.decode("utf-8", "replace")


def _decoded(data: bytes, encoding: str) -> tuple[bytes, bool]:
    if encoding in _PLAIN_ENCODINGS:
        return data, True
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data), _BROKEN_QP.search(data) is None
    if encoding == "base64":
        sound = _NOT_BASE64.search(data) is None
        tight = _NOT_BASE64.sub(b"", data)
        tight = b"".join(tight.split())
        try:
            return binascii.a2b_base64(tight, strict_mode=True), sound
        except binascii.Error:
            whole = tight.replace(b"=", b"")
            return binascii.a2b_base64(whole[: len(whole) // 4 * 4]), False
    return data, False
