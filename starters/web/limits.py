"""How much one network address may ask of a web server of ours: token buckets, and what counts as one address.

Kept in this process and bounded: beyond ten thousand addresses the one unheard of for longest is forgotten.
"""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

_REMEMBERED: Final = 10_000


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
