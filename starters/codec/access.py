"""Who may have payloads decrypted: whoever knows the token, in a header or, from a browser, in a session's cookie."""

import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from starters.web.limits import Bucket, network_of

_LASTS: Final = 10 * 3600
"""Seconds of a session."""
_BEARER: Final = "bearer "


class Door:
    """Lets in by the token, and slows down who guesses it.

    Args:
        token: the secret that operators and tools are given.
        https: whether browsers come over HTTPS.
        clock: seconds since the epoch.
    """

    def __init__(self, token: str, *, https: bool, clock: Callable[[], float] = time.time) -> None:
        self._token = token.encode()
        self._key = hashlib.sha256(b"codec sessions:" + self._token).digest()
        self._https = https
        self._clock = clock
        self._misses = Bucket(20, 600.0)

    @property
    def cookie(self) -> str:
        """The cookie's name; over HTTPS one that browsers take from this very host alone."""
        return "__Host-codec" if self._https else "codec"

    def is_in(self, request: Request) -> bool:
        """Whether the request carries the token, or a session that still lasts.

        Raises:
            TooMuch: too many wrong tokens from that address.
        """
        header = request.headers.get("authorization", "")
        if header.lower().startswith(_BEARER):
            return self.knows(request, header[len(_BEARER) :].strip())
        until, _, mark = request.cookies.get(self.cookie, "").partition(".")
        if not hmac.compare_digest(mark.encode(), self._mark(until).encode()):
            return False
        return until.isascii() and until.isdigit() and int(until) > self._clock()

    def knows(self, request: Request, token: str) -> bool:
        """Whether that is the token.

        Raises:
            TooMuch: too many wrong tokens from that address.
        """
        address = network_of(request.client.host if request.client else "")
        self._misses.must_hold(address)
        if hmac.compare_digest(token.encode(), self._token):
            return True
        self._misses.take(address)
        return False

    def give_cookie(self, response: Response) -> None:
        """Begin a session. Strict still reaches us from the Web UI, if both are of one site."""
        until = str(int(self._clock()) + _LASTS)
        response.set_cookie(
            self.cookie,
            f"{until}.{self._mark(until)}",
            max_age=_LASTS,
            path="/",
            secure=self._https,
            httponly=True,
            samesite="strict",
        )

    def _mark(self, until: str) -> str:
        return hmac.new(self._key, until.encode(), hashlib.sha256).hexdigest()
