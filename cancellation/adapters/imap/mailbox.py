"""One IMAP folder: what lies there and was not taken yet, its bytes, and the mark that it was taken.

Nothing is remembered outside of the server: an e-mail was taken when it carries the keyword or lies in the other
folder. UIDs are used within one connection only, so a folder whose UIDVALIDITY changes is simply read again, and
what was taken before is recognised by its bytes.

Reading changes nothing that people see: no message is marked as read (`BODY.PEEK`), and nothing is ever expunged
beside what we move ourselves. `imap_tools` expunges the whole folder after each flag it sets, which would remove
for good what somebody had only marked as deleted: flags are set without it here.
"""

import imaplib
import logging
import re
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from itertools import pairwise
from threading import Event
from typing import Any, Final, Self

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.imap_utf7 import utf7_encode

from cancellation.setting_groups import ImapSecurity, ImapSettings, Processed

logger = logging.getLogger(__name__)

_TIMEOUT_SECONDS: Final = 60
_WINDOW: Final = 100_000
"""UIDs asked for at once: the answer is one line, and lines of more than a megabyte are refused."""
_GLANCE: Final = 200
"""E-mails whose size is asked for at once."""
_LOOK_UP_SECONDS: Final = 2.0
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ABOUT: Final = re.compile(
    rb"(?=.*?\bUID (?P<uid>\d+))(?=.*?RFC822\.SIZE (?P<size>\d+))(?=.*?INTERNALDATE \"(?P<at>[^\"]+)\")"
)
_UID: Final = re.compile(rb"\bUID (\d+)")


class MailboxNotUsable(Exception):
    """The server does not allow what the settings ask for; trying again at once is useless."""


@dataclass(frozen=True)
class Found:
    """An e-mail that waits in the folder."""

    uid: str
    size: int
    """Bytes."""
    received_at: datetime
    """INTERNALDATE: when the server received it, aware (P8)."""


class ImapFolder:
    """A connection to one folder, used by one thread.

    Args:
        settings: where it is and how to get in.
    """

    def __init__(self, settings: ImapSettings) -> None:
        self._settings = settings
        self._box: BaseMailBox | None = None
        self._next = 1
        self._abilities: set[str] = set()
        self.uidvalidity = ""

    def __enter__(self) -> Self:
        """Connect, log in and select.

        Raises:
            MailboxNotUsable: the folder is read-only, or takes no mark.
            Exception: the server cannot be reached or refuses the login.
        """
        self._box = _connect(self._settings)
        try:
            _log_in(self._box, self._settings)
            # What a server can do before the login is not what it can do afterwards.
            self._abilities = set(_first(self._client.capability()[1]).upper().split())
            self._select()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Leave."""
        self.close()

    def close(self) -> None:
        """End the connection, whatever state it is in."""
        box, self._box = self._box, None
        if box is not None:
            try:
                box.client.logout()
            except (OSError, imaplib.IMAP4.error):
                box.client.shutdown()

    def waiting(self) -> Iterator[list[Found]]:
        """E-mails that were not taken, in the order of their arrival, at most 200 at a time."""
        start, end = self._next, self._uid_next()
        for low in range(start, end, _WINDOW):
            uids = self._search(low, min(low + _WINDOW, end) - 1)
            for place in range(0, len(uids), _GLANCE):
                yield self._glance(uids[place : place + _GLANCE])
        self._next = max(start, end)

    def read(self, uids: Sequence[str], *, header_only: bool = False) -> dict[str, bytes]:
        """The bytes of e-mails, or of their headers, by UID and in one exchange.

        What the server does not hand out is not in the answer, and keeps nobody from the others.
        """
        try:
            return self._contents(uids, "HEADER" if header_only else "")
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            if len(uids) == 1:
                logger.warning("mail not handed out", extra={"uid": uids[0], "error": str(error)[:200]})
                return {}
            return {uid: raw for uid in uids for raw in self.read([uid], header_only=header_only).values()}

    def gone(self, uids: Sequence[str]) -> list[str]:
        """Those that somebody has removed meanwhile."""
        if not uids:
            return []
        there = set(self._numbers("SEARCH", "UID", ",".join(uids)))
        return [uid for uid in uids if uid not in there]

    def done(self, uids: Sequence[str]) -> None:
        """Mark e-mails as taken."""
        if not uids:
            return
        if self._settings.processed is Processed.FLAG:
            self._uid("STORE", ",".join(uids), "+FLAGS.SILENT", f"({self._settings.flag})")
        elif "MOVE" in self._abilities:
            self._uid("MOVE", ",".join(uids), _quoted(self._settings.move_to))
        else:
            self._uid("COPY", ",".join(uids), _quoted(self._settings.move_to))
            self._uid("STORE", ",".join(uids), "+FLAGS.SILENT", r"(\Deleted)")
            self._uid("EXPUNGE", ",".join(uids))

    def wait(self, stop: Event, seconds: float) -> None:
        """Return when something has happened in the folder, after that time, or when `stop` is set."""
        assert self._box is not None
        if "IDLE" not in self._abilities:
            stop.wait(min(seconds, 30.0))
            self._client.noop()
            return
        end = time.monotonic() + seconds
        with self._box.idle as idle:
            if self._has_read_ahead():
                return
            while not stop.is_set() and (left := end - time.monotonic()) > 0:
                begun, span = time.monotonic(), min(left, _LOOK_UP_SECONDS)
                if idle.poll(timeout=span):
                    return
                if time.monotonic() - begun < span / 2:
                    # Awake with nothing to read: the server hung up. Ending IDLE says so.
                    return

    # ------------------------------------------------------------------ the protocol

    @property
    def _client(self) -> Any:
        assert self._box is not None
        return self._box.client

    def _has_read_ahead(self) -> bool:
        """Whether the server's leave to idle brought more along in the same packet.

        `imap_tools` waits for the socket, which says nothing about what was read from it already: an e-mail
        announced there would lie until the next look.
        """
        client = self._client
        before = client.sock.gettimeout()
        client.sock.settimeout(0)
        try:
            return bool(client.file.peek(1))
        except OSError:
            return False
        finally:
            client.sock.settimeout(before)

    def _select(self) -> None:
        settings, client = self._settings, self._client
        kind, data = client.select(_quoted(settings.folder))
        if kind != "OK":
            raise MailboxNotUsable(f"folder {settings.folder} cannot be selected: {data!r}")
        flags = b" ".join(part for part in client.response("PERMANENTFLAGS")[1] if part)
        self.uidvalidity = _first(client.response("UIDVALIDITY")[1])
        if client.is_readonly:
            raise MailboxNotUsable(f"folder {settings.folder} is read-only")
        if settings.processed is Processed.FLAG:
            known = flags.strip(b"()").lower().split()
            if flags and rb"\*" not in known and settings.flag.lower().encode() not in known:
                raise MailboxNotUsable(f"folder {settings.folder} takes no keyword {settings.flag}")
        else:
            if not {"MOVE", "UIDPLUS"} & self._abilities:
                raise MailboxNotUsable("the server can neither MOVE nor UID EXPUNGE")
            client.create(_quoted(settings.move_to))

    def _uid_next(self) -> int:
        kind, data = self._client.status(_quoted(self._settings.folder), "(UIDNEXT UIDVALIDITY)")
        line = _first(data) if kind == "OK" else ""
        found = re.search(r"UIDNEXT (\d+)", line)
        validity = re.search(r"UIDVALIDITY (\d+)", line)
        if validity and self.uidvalidity and validity[1] != self.uidvalidity:
            raise imaplib.IMAP4.abort("UIDVALIDITY has changed: the folder must be selected again")
        if found is None:
            raise imaplib.IMAP4.abort("the server does not say UIDNEXT")
        return int(found[1])

    def _search(self, low: int, high: int) -> list[str]:
        # Also what somebody has marked as deleted: a formalization counts, whoever tidied up.
        criteria = ["UID", f"{low}:{high}"]
        if self._settings.processed is Processed.FLAG:
            criteria += ["UNKEYWORD", self._settings.flag]
        if self._settings.since is not None:
            criteria += ["SINCE", _imap_day(self._settings.since)]
        return [uid for uid in self._numbers("SEARCH", *criteria) if low <= int(uid) <= high]

    def _glance(self, uids: Sequence[str]) -> list[Found]:
        found = []
        for item in self._fetch(",".join(uids), "(UID RFC822.SIZE INTERNALDATE)"):
            about = _ABOUT.match(item[0] if isinstance(item, tuple) else item or b"")
            if about is not None:
                at = parsedate_to_datetime(about["at"].decode().strip())
                found.append(Found(about["uid"].decode(), int(about["size"]), at))
        return sorted(found, key=lambda one: int(one.uid))

    def _contents(self, uids: Sequence[str], part: str) -> dict[str, bytes]:
        items = self._fetch(",".join(uids), f"(UID BODY.PEEK[{part}])")
        contents: dict[str, bytes] = {}
        for item, following in pairwise([*items, None]):
            if isinstance(item, tuple) and len(item) == 2:
                # The UID stands before the content or, with some servers, after it.
                end = following if isinstance(following, bytes) else b""
                uid = _UID.search(item[0]) or _UID.search(end)
                if uid is not None:
                    contents[uid[1].decode()] = bytes(item[1])
        return {uid: contents[uid] for uid in uids if uid in contents}

    def _fetch(self, uids: str, what: str) -> list[Any]:
        return self._uid("FETCH", uids, what)

    def _numbers(self, command: str, *arguments: str) -> list[str]:
        found = b" ".join(part for part in self._uid(command, *arguments) if part).split()
        return [uid.decode() for uid in sorted(found, key=int)]

    def _uid(self, command: str, *arguments: str) -> list[Any]:
        kind, data = self._client.uid(command, *arguments)
        if kind != "OK":
            raise imaplib.IMAP4.error(f"UID {command} failed: {data!r}")
        return list(data)


def _connect(settings: ImapSettings) -> BaseMailBox:
    # imaplib's own default context checks no certificate.
    context = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
    match settings.security:
        case ImapSecurity.TLS:
            return MailBox(settings.host, settings.port or 993, timeout=_TIMEOUT_SECONDS, ssl_context=context)
        case ImapSecurity.STARTTLS:
            return MailBoxStartTls(
                settings.host, settings.port or 143, timeout=_TIMEOUT_SECONDS, ssl_context=context
            )
        case ImapSecurity.NONE:
            return MailBoxUnencrypted(settings.host, settings.port or 143, timeout=_TIMEOUT_SECONDS)


def _log_in(box: BaseMailBox, settings: ImapSettings) -> None:
    if settings.password is not None:
        box.login(settings.user, settings.password.get_secret_value(), initial_folder=None)
        return
    if settings.token is not None:
        token = settings.token.get_secret_value()
    else:
        assert settings.token_file is not None
        token = settings.token_file.read_text(encoding="utf-8").strip()
    box.xoauth2(settings.user, token, initial_folder=None)


def _quoted(folder: str) -> str:
    name = utf7_encode(folder).decode("ascii").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}"'


def _first(data: Sequence[Any]) -> str:
    return next((part.decode("ascii", "replace") for part in data if isinstance(part, bytes)), "")


def _imap_day(day: date) -> str:
    return f"{day.day:02d}-{_MONTHS[day.month - 1]}-{day.year}"
