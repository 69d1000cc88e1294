"""The terminal that commands write to."""

from typing import Final

from rich.console import Console

PLANTED: Final = "plantado: "
"""What the command `seed` says before the name of a customer that it has put in, which `up --seed` counts."""


def console() -> Console:
    """Standard output; plain text where there is no terminal."""
    return Console(highlight=False, soft_wrap=False, emoji=False)
