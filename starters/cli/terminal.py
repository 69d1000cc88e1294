"""The terminal that commands write to."""

from rich.console import Console


def console() -> Console:
    """Standard output; plain text where there is no terminal."""
    return Console(highlight=False, soft_wrap=False, emoji=False)
