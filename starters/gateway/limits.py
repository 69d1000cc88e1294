"""How much one network address may ask of the gateway: of a link, wrong links, downloads at once.

Many customers may stand behind one address, so what is asked of a link counts for that link, and wrong links close the
door to other wrong links alone.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starters.web.limits import Bucket, TooMuch, network_of


@dataclass(frozen=True)
class Limits:
    """What one address may do."""

    requests: int = 120
    """Requests for one link in a row, refilled over `requests_seconds`."""
    requests_seconds: float = 60.0
    misses: int = 20
    """Unknown links in a row, refilled over `misses_seconds`: nobody guesses 256 bits, but nobody has to try."""
    misses_seconds: float = 600.0
    downloads: int = 6
    """Downloads at the same time."""


class Doorkeeper:
    """Applies `Limits` to addresses."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._requests = Bucket(limits.requests, limits.requests_seconds, clock)
        self._misses = Bucket(limits.misses, limits.misses_seconds, clock)
        self._downloads: Counter[str] = Counter()

    def admit(self, address: str, link_id: str) -> None:
        """Count a request for a link that exists.

        Raises:
            TooMuch: too many of them from there.
        """
        self._requests.take(f"{network_of(address)} {link_id}")

    def note_miss(self, address: str) -> None:
        """Count a request for a link that does not exist.

        Raises:
            TooMuch: too many of them from there.
        """
        self._misses.take(network_of(address))

    @contextmanager
    def downloading(self, address: str) -> Iterator[None]:
        """Hold one of the address's downloads.

        Raises:
            TooMuch: they are all taken.
        """
        group = network_of(address)
        if self._downloads[group] >= self._limits.downloads:
            raise TooMuch(retry_after=30)
        self._downloads[group] += 1
        try:
            yield
        finally:
            self._downloads[group] -= 1
            if not self._downloads[group]:
                del self._downloads[group]
