"""Who is there: sessions and their cookie, a reverse proxy's word, tokens of forms (X24)."""

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from cancellation.ports.desk import DeskSessions
from cancellation.setting_groups import DeskSettings
from starters.desk.people import Passwords, People, Person
from starters.web.limits import Bucket, TooMuch, network_of

_COOKIE: Final = "mesa"
_SECURE_COOKIE: Final = "__Host-mesa"
"""Browsers take a cookie of that name over HTTPS from this very host alone."""


def machine_clock() -> datetime:
    """The machine's own time, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Visitor:
    """Somebody who has come in."""

    person: Person
    csrf: str
    """What their forms must carry: a stranger's page cannot know it."""
    by_proxy: bool = False


class NotAllowed(Exception):
    """The request is refused: it is not the visitor's own, or not theirs to make. Says so in Portuguese."""


class Door:
    """Lets people in, and knows who is there.

    Args:
        settings: `CANCELAMENTO_DESK_*`.
        people: who may come in.
        sessions: who has.
        key: secret of the forms' tokens.
        now: the clock of the sessions.
    """

    def __init__(
        self,
        settings: DeskSettings,
        people: People,
        sessions: DeskSessions,
        key: bytes,
        now: Callable[[], datetime] = machine_clock,
    ) -> None:
        self._people = people
        self._sessions = sessions
        self._key = hashlib.sha256(b"desk forms:" + key).digest()
        self._now = now
        self._header = settings.proxy_header.lower()
        self._peers = [ipaddress.ip_network(peer, strict=False) for peer in settings.trusted_peers]
        self._lasts = timedelta(hours=settings.session_hours)
        self._idle = timedelta(minutes=settings.idle_minutes)
        self._secure = settings.public_url.startswith("https://")
        parts = urlsplit(settings.public_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._passwords = Passwords()
        # A whole office may come from one address; who guesses one person's password from it is stopped sooner.
        self._tries_here = Bucket(60, 600.0)
        self._tries_login = Bucket(10, 300.0)

    @property
    def cookie(self) -> str:
        """The cookie's name."""
        return _SECURE_COOKIE if self._secure else _COOKIE

    async def visitor(self, request: Request) -> Visitor | None:
        """Who sends a request; None for a stranger."""
        named = self._named_by_proxy(request)
        if named is not None:
            person = self._people[named]
            return Visitor(person, self._csrf(f"proxy:{named}"), by_proxy=True) if person else None
        token = request.cookies.get(self.cookie)
        if not token:
            return None
        now = self._now()
        login = await self._sessions.login_of(_hash(token), now, now - self._idle)
        person = self._people[login] if login else None
        return Visitor(person, self._csrf(token)) if person else None

    async def log_in(self, request: Request, login: str, password: str) -> str | None:
        """Try to come in; the token of the new session, or None.

        Raises:
            TooMuch: too many wrong tries from that address, or with that login.
        """
        here, login = network_of(address_of(request)), login.strip().lower()[:100]
        self._tries_here.must_hold(here)
        self._tries_login.must_hold(f"{login} {here}")
        person = self._people[login]
        if not self._passwords.fits(person, password):
            self._tries_here.take(here)
            self._tries_login.take(f"{login} {here}")
            return None
        token, now = secrets.token_urlsafe(32), self._now()
        await self._sessions.start_session(_hash(token), login, now, now + self._lasts)
        return token

    def give_cookie(self, response: Response, token: str) -> None:
        """Send the session's token along."""
        response.set_cookie(
            self.cookie,
            token,
            max_age=int(self._lasts.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="strict" if self._secure else "lax",
        )

    async def log_out(self, request: Request, response: Response) -> None:
        """End the session."""
        if token := request.cookies.get(self.cookie):
            await self._sessions.end_session(_hash(token))
        response.delete_cookie(self.cookie, path="/", secure=self._secure, httponly=True, samesite="lax")

    def must_be_own(self, request: Request) -> None:
        """Refuse a form that another site's page has sent.

        Raises:
            NotAllowed: it comes from elsewhere.
        """
        origin = request.headers.get("origin")
        if origin is not None and origin not in {self._origin, _own_origin(request)}:
            raise NotAllowed("O formulário veio de outro site e não foi aceito.")
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise NotAllowed("O formulário veio de outro site e não foi aceito.")

    def must_fit(self, visitor: Visitor, token: str) -> None:
        """Refuse a form without the visitor's own token.

        Raises:
            NotAllowed: see above.
        """
        if not hmac.compare_digest(visitor.csrf, token):
            raise NotAllowed("A página estava aberta há tempo demais. Abra-a de novo e repita.")

    def _csrf(self, session: str) -> str:
        return hmac.new(self._key, session.encode(), hashlib.sha256).hexdigest()

    def _named_by_proxy(self, request: Request) -> str | None:
        """Whom a listed reverse proxy names; what anybody else writes into that header says nothing."""
        if not self._header or request.client is None:
            return None
        try:
            peer = ipaddress.ip_address(request.client.host)
        except ValueError:
            return None
        names = request.headers.getlist(self._header)
        trusted = any(peer in network for network in self._peers)
        return names[0].strip().lower() if trusted and len(names) == 1 else None


def address_of(request: Request) -> str:
    """The visitor's network address."""
    return request.client.host if request.client else "desconhecido"


def _own_origin(request: Request) -> str:
    """Without a public address that browsers see (`localhost` for `127.0.0.1`), the host that they name."""
    return f"{request.url.scheme}://{request.headers.get('host', '')}"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


__all__ = ["Door", "NotAllowed", "TooMuch", "Visitor", "address_of", "machine_clock"]
