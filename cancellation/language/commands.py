"""The commands by which people act on what we show them: pasted as they stand, but for the name."""

import re
from typing import Final

KEPT: Final = "crm:original/"
"""What the reference of a kept e-mail begins with; its hash follows."""
_WHO: Final = '"SEU NOME"'
_GIVEN: Final = re.compile(r"^(?:.*:\n)?cancelamento .*(?:\n|\Z)", re.MULTILINE)
_ABOUT: Final = re.compile(r"^cancelamento mail ([0-9a-f]{64})", re.MULTILINE)


def confirm(
    sha256: str, *, needs_reason: bool = False, needs_customer: bool = False, opens: bool = False
) -> str:
    """A person vouches for an e-mail: it is a request to count."""
    parts = [f"cancelamento formalize {KEPT}{sha256} --confirmed-by {_WHO} --explicit-request"]
    if opens:
        parts.append("--open")
    if needs_customer:
        parts.append("--customer NÚMERO")
    if needs_reason:
        parts.append('--reason "MOTIVO"')
    return " ".join(parts)


def refuse(sha256: str) -> str:
    """A person read an e-mail: it is no request to count, or has been dealt with."""
    return f"cancelamento mail {sha256} --refused-by {_WHO}"


def show(sha256: str) -> str:
    """An original as text."""
    return f"cancelamento mail {sha256}"


def without(text: str) -> str:
    """A text without the commands that it gives, and the lines that lead to them: where a page takes their place."""
    return _GIVEN.sub("", text).rstrip()


def mail_in(text: str) -> str | None:
    """The original that a text's commands are about; None where it gives none."""
    found = _ABOUT.search(text)
    return found[1] if found else None
