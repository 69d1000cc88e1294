"""Output to terminals that are not UTF-8: what they have no sign for is written with signs that they have."""

import codecs
import sys
import unicodedata
from io import TextIOWrapper
from typing import Final, TextIO

_NAME: Final = "cancelamento.signs"
_PLAIN: Final = "cancelamento_ascii"
"""ASCII under another name: where it sees the real one, the library behind the commands writes UTF-8 all the same."""
_INSTEAD: Final = {
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "\u2212": "-",
    "…": "...", "·": "-", "•": "-", "→": "->", "←": "<-", "▶": ">", "▼": "v", "×": "x", "º": "o", "ª": "a",
    "✓": "ok", "✔": "ok", "✗": "x", "✘": "x", "│": "|", "─": "-", "━": "-", "\u00a0": " ", "\u202f": " ",
    "●": "*", "○": "o", "°": "o",
}  # fmt: skip


def make_readable(*streams: TextIO) -> None:
    """Have each stream take every text, whatever its encoding (`PYTHONIOENCODING`, `LC_ALL=C`, latin-1)."""
    codecs.register_error(_NAME, _instead)
    codecs.register(_plain)
    for stream in streams:
        if not is_unicode(stream) and isinstance(stream, TextIOWrapper):
            is_ascii = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding=_PLAIN if is_ascii else stream.encoding, errors=_NAME)


def is_unicode(stream: TextIO | None = None) -> bool:
    """Whether a stream, standard output by default, has a sign for everything."""
    encoding = getattr(stream or sys.stdout, "encoding", None) or "utf-8"
    return codecs.lookup(encoding).name.startswith("utf")


def _plain(name: str) -> codecs.CodecInfo | None:
    if name != _PLAIN:
        return None
    ascii_ = codecs.lookup("ascii")
    return codecs.CodecInfo(
        name=_PLAIN,
        encode=ascii_.encode,
        decode=ascii_.decode,
        incrementalencoder=ascii_.incrementalencoder,
        incrementaldecoder=ascii_.incrementaldecoder,
        streamreader=ascii_.streamreader,
        streamwriter=ascii_.streamwriter,
    )


def _instead(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_sign(one, error.encoding) for one in text), error.end


def _sign(character: str, encoding: str) -> str:
    if character in _INSTEAD:
        return _INSTEAD[character]
    plain = "".join(one for one in unicodedata.normalize("NFKD", character) if not unicodedata.combining(one))
    try:
        plain.encode(encoding)
    except UnicodeEncodeError:
        return "?"
    return plain
