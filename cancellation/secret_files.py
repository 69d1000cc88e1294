"""Secrets that are the content of a file, as Docker, Kubernetes and systemd hand them out."""

from pathlib import Path


def read_secret(variable: str, path: str) -> str:
    """The content of a file that a variable names, without the line end that editors leave.

    Raises:
        ValueError: it cannot be read, or is empty: a secret that nobody has filled in is none.
    """
    try:
        content = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        msg = f"{variable}: não é possível ler {path}"
        raise ValueError(msg) from None
    if not content:
        msg = f"{variable}: {path} está vazio"
        raise ValueError(msg)
    return content
