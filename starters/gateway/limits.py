"""How much one network address may ask of the gateway: requests, wrong links, downloads at once.

Kept in this process and bounded: beyond ten thousand addresses the one unheard of for longest is forgotten.
"""

import ipaddress
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

_REMEMBERED: Final = 10_000


@dataclass(frozen=True)
class Limits:
    """What one address may do."""

    requests: int = 120
    """Requests in a row, refilled over `requests_seconds`."""
    requests_seconds: float = 60.0
    misses: int = 20
    """Unknown links in a row, refilled over `misses_seconds`: nobody guesses 256 bits, but nobody has to try."""
    misses_seconds: float = 600.0
    downloads: int = 6
    """Downloads at the same time."""


class TooMuch(Exception):
    """The address has used up what it may do."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too much from one address")
        self.retry_after = retry_after
        """Seconds after which it may go on."""


class Bucket:
    """A token bucket for each address.

    Args:
        size: how many tokens a full bucket holds.
        seconds: how long an empty one takes to fill.
        clock: a monotonic clock, in seconds.
    """

    def __init__(self, size: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._rate = size / seconds
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def must_hold(self, address: str) -> None:
        """Let pass an address whose bucket is not empty, without taking anything.

        Raises:
            TooMuch: it is empty.
        """
        level = self._level(address)
        if level < 1:
            raise TooMuch(retry_after=int((1 - level) / self._rate) + 1)

    def take(self, address: str) -> None:
        """Take one token.

        Raises:
            TooMuch: there is none.
        """
        self.must_hold(address)
        self._levels[address] = (self._level(address) - 1, self._clock())
        self._levels.move_to_end(address)
        if len(self._levels) > _REMEMBERED:
            self._levels.popitem(last=False)

    def _level(self, address: str) -> float:
        level, at = self._levels.get(address, (float(self._size), self._clock()))
        return min(float(self._size), level + (self._clock() - at) * self._rate)


class Doorkeeper:
    """Applies `Limits` to addresses."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._requests = Bucket(limits.requests, limits.requests_seconds, clock)
        self._misses = Bucket(limits.misses, limits.misses_seconds, clock)
        self._downloads: Counter[str] = Counter()

    def admit(self, address: str) -> None:
        """Count a request.

        Raises:
            TooMuch: too many requests, or too many unknown links before.
        """
        group = network_of(address)
        self._misses.must_hold(group)
        self._requests.take(group)

    def note_miss(self, address: str) -> None:
        """Count a request for a link that does not exist."""
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


def network_of(address: str) -> str:
    """What counts as one visitor: an IPv4 address, or the 64 bits of IPv6 that a household is given."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
