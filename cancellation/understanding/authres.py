"""The grammar of `Authentication-Results` (RFC 8601, section 2.2): what stands in a value, never guessed.

Senders choose part of what a receiving server truthfully writes there (their envelope address, the identity of
their signature), so the value is read token by token: what is quoted stays quoted, comments nest, and a value
that does not close what it opens says nothing at all. Where real servers go beyond the grammar without any
ambiguity it is followed: values with ``/``, ``+``, ``:`` and ``=`` that are not quoted, pairs such as
``action=none``, a lone word, a semicolon at the end, and servers that leave out their name
(`AuthenticationResults.server`).

The library for it (authres 1.2.0, of 2019) knows RFC 7601, recurses with every comment that is opened and takes
time that grows with the square of the length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_VALUE = 8_000
"""Characters; a longer value is malformed, for what stands beyond may say the contrary."""

_KEYWORD = r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?"
_METHOD = re.compile(rf"({_KEYWORD})(?:/\d+)?")
_RESULT = re.compile(_KEYWORD)
_NAME = re.compile(rf"{_KEYWORD}(?:\.{_KEYWORD})?")
_ATOM = re.compile(r"[^\s()\";\\=\x00-\x1f\x7f]+")
_QUOTED = re.compile(r'"((?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*)"')
_ESCAPED = re.compile(r"\\(.)")
_SPACE = re.compile(r"[ \t\r\n]+")
_LOOKS_WRITTEN = re.compile(r"[;=()\"\\]")


class MalformedResults(ValueError):
    """A value that is not of the grammar: nothing in it counts."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a value: what an atom or a quoted string holds, without its quotation marks."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Property:
    """`ptype.property=pvalue`, or a pair without a type; the name is in lower case."""

    name: str
    pieces: tuple[Piece, ...]

    @property
    def value(self) -> str:
        """The whole value as one text."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def domain(self) -> str:
        """The domain that it names, alone or behind a local part; empty where that is not plain."""
        last = self.pieces[-1].text if self.pieces else ""
        if not any(piece.quoted for piece in self.pieces):
            return self.value.strip("<>").rpartition("@")[2]
        if len(self.pieces) == 1:
            return "" if "@" in last else last
        local, rest = self.pieces[0], self.pieces[1]
        plain = len(self.pieces) == 2 and local.quoted and not rest.quoted and rest.text.count("@") == 1
        return rest.text[1:] if plain and rest.text.startswith("@") else ""

    @property
    def looks_written(self) -> bool:
        """Whether its quoted local part is made to look like results of its own."""
        local = self.pieces[:-1]
        return any(piece.quoted and _LOOKS_WRITTEN.search(piece.text) is not None for piece in local)


@dataclass(frozen=True, slots=True)
class Result:
    """`method=result` with its properties; method and result are in lower case."""

    method: str
    result: str
    properties: tuple[Property, ...] = ()

    def values(self, *names: str) -> list[str]:
        """The values of these properties."""
        return [one.value for one in self.properties if one.name in names]

    def domains(self, *names: str) -> list[str]:
        """The domains that these properties name."""
        return [one.domain for one in self.properties if one.name in names]


@dataclass(frozen=True, slots=True)
class AuthenticationResults:
    """A value that was read.

    Attributes:
        server: The authserv-id in lower case, None where the server leaves it out.
        results: What it found, in order.
    """

    server: str | None
    results: tuple[Result, ...]

    @property
    def looks_written(self) -> bool:
        """Whether a sender tried to write results into it: nothing in it may speak for that sender."""
        return any(one.looks_written for result in self.results for one in result.properties)


@dataclass(frozen=True, slots=True)
class _Lexeme:
    kind: str
    """``;``, ``=``, ``atom`` or ``quoted``."""
    text: str
    spaced: bool
    """Whether white space or a comment stands before it."""


def parse(value: str) -> AuthenticationResults:
    """Read one value, unfolded or not.

    Raises:
        MalformedResults: it is not of the grammar, or longer than `MAX_VALUE`.
    """
    if len(value) > MAX_VALUE:
        raise MalformedResults("too long")
    parts = _parts(list(_lexemes(value)))
    server = _server(parts[0])
    if server is not None:
        parts = parts[1:]
    return AuthenticationResults(
        server, tuple(_result(part) for part in parts if part and not _says_nothing(part))
    )


def named_server(value: str) -> str | None:
    """The server that a value is said to be of, in lower case, also where the value is malformed."""
    plain = re.match(r"[\s(]*(?:[^()\s]*\)\s*)?([^\s();=\"]+)\s*[\s(;]", value[:MAX_VALUE])
    return plain.group(1).lower() if plain else None


def _lexemes(value: str) -> Iterator[_Lexeme]:
    at, spaced = 0, False
    while at < len(value):
        character = value[at]
        if (space := _SPACE.match(value, at)) is not None:
            at, spaced = space.end(), True
        elif character == "(":
            at, spaced = _end_of_comment(value, at), True
        elif character in ";=":
            yield _Lexeme(character, character, spaced)
            at, spaced = at + 1, False
        elif (quoted := _QUOTED.match(value, at)) is not None:
            yield _Lexeme("quoted", _ESCAPED.sub(r"\1", quoted.group(1)), spaced)
            at, spaced = quoted.end(), False
        elif (atom := _ATOM.match(value, at)) is not None:
            yield _Lexeme("atom", atom.group(), spaced)
            at, spaced = atom.end(), False
        else:
            raise MalformedResults(f"unexpected character at {at}")


def _end_of_comment(value: str, start: int) -> int:
    """Where a comment ends. One with an odd quotation mark was not written whole: it is malformed, too."""
    depth, quotes, at = 0, 0, start
    while at < len(value):
        character = value[at]
        if character == "\\":
            at += 1
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if not depth:
                if quotes % 2:
                    break
                return at + 1
        elif character == '"':
            quotes += 1
        at += 1
    raise MalformedResults("a comment that does not close")


def _parts(lexemes: list[_Lexeme]) -> list[list[_Lexeme]]:
    parts: list[list[_Lexeme]] = [[]]
    for lexeme in lexemes:
        if lexeme.kind == ";":
            parts.append([])
        else:
            parts[-1].append(lexeme)
    return parts


def _server(part: list[_Lexeme]) -> str | None:
    """The authserv-id, with or without a version; None where the part is a result already."""
    if not part:
        raise MalformedResults("it begins with a semicolon")
    if any(lexeme.kind == "=" for lexeme in part):
        return None
    versioned = len(part) == 2 and part[1].spaced and part[1].text.isdigit()
    if len(part) > 1 and not versioned:
        raise MalformedResults("no server's name")
    return part[0].text.lower()


def _says_nothing(part: list[_Lexeme]) -> bool:
    """``none``, or the mailbox's domain, which servers without a name put between the results."""
    return len(part) == 1 and part[0].kind == "atom"


def _result(part: list[_Lexeme]) -> Result:
    name, at = _name(part, 0)
    method = _METHOD.fullmatch(name)
    if method is None or at >= len(part):
        raise MalformedResults("no method")
    verdict = part[at]
    if verdict.kind != "atom" or _RESULT.fullmatch(verdict.text) is None:
        raise MalformedResults("no result")
    at += 1
    if at < len(part) and not part[at].spaced:
        raise MalformedResults("something is glued to the result")
    properties: list[Property] = []
    while at < len(part):
        name, at = _name(part, at)
        if _NAME.fullmatch(name) is None:
            raise MalformedResults("no property")
        pieces, at = _value(part, at)
        properties.append(Property(name.lower(), pieces))
    return Result(method.group(1).lower(), verdict.text.lower(), tuple(properties))


def _name(part: list[_Lexeme], at: int) -> tuple[str, int]:
    """What stands before the next ``=``; white space may only stand around a dot or a slash."""
    name = ""
    while at < len(part) and part[at].kind == "atom":
        text = part[at].text
        if name and name[-1] not in "./" and text[0] not in "./":
            raise MalformedResults("a word without a value")
        name += text
        at += 1
    if at >= len(part) or part[at].kind != "=":
        raise MalformedResults("a name without a value")
    return name, at + 1


def _value(part: list[_Lexeme], at: int) -> tuple[tuple[Piece, ...], int]:
    """What follows a ``=`` up to the next white space."""
    pieces: list[Piece] = []
    first = at
    while at < len(part) and (at == first or not part[at].spaced):
        lexeme = part[at]
        quoted = lexeme.kind == "quoted"
        if pieces and not quoted and not pieces[-1].quoted:
            pieces[-1] = Piece(pieces[-1].text + lexeme.text, False)
        else:
            pieces.append(Piece(lexeme.text, quoted))
        at += 1
    if not pieces:
        raise MalformedResults("a property without a value")
    return tuple(pieces), at
