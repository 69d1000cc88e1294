"""The commands by which people act on what we show them: pasted as they stand, but for the name."""

from typing import Final

KEPT: Final = "crm:original/"
"""What the reference of a kept e-mail begins with; its hash follows."""
_WHO: Final = '"SEU NOME"'


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
