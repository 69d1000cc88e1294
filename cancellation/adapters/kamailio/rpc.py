"""What one Kamailio server holds in its memory, asked and changed by JSON-RPC over HTTP."""

import asyncio
import base64
import contextlib
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from cancellation.adapters.kamailio.holdings import Account

_NOT_REGISTERED: Final = ("AOR not found", "AOR has no contacts")
_RELOADED_JUST_NOW: Final = "ongoing reload"
_URI: Final = re.compile(r"sips?:(?:([^@;]+)@)?([^:;]+)")
_ANSWERED, _ENDED = 4, 5
_NO_SUCH_COMMAND: Final = "Method Not Found"


class KamailioFault(Exception):
    """Kamailio answered with an error; what it was asked for has not happened."""

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(f"{method}: {code} {message}")
        self.method = method
        self.code = code
        self.message = message


class TrunkEntry(NamedTuple):
    """An address from which Kamailio takes calls without asking for a password."""

    group: int
    tag: str


class Call(NamedTuple):
    """A call that is ringing or up, on the server that carries it."""

    entry: int
    entry_id: int
    parties: frozenset[Account]
    """Who calls, and what was dialled."""
    answered: bool


class KamailioRpc:
    """One Kamailio server.

    Args:
        url: Where it takes JSON-RPC over HTTP; a user and a password in it are sent as basic authentication.
        location_table: The table of registrations.
        timeout_seconds: How long one command may take.
    """

    def __init__(self, url: str, location_table: str, timeout_seconds: float) -> None:
        self._url, self._headers = _endpoint(url)
        self._timeout_seconds = timeout_seconds
        # No proxy of the environment: commands that cut customers off go straight to the server.
        self._opener = build_opener(ProxyHandler({}))
        self._location_table = location_table
        self._ids = itertools.count(1)

    async def registered(self, account: str) -> bool:
        """Whether a telephone is registered for the account, `user@domain`, at this moment."""
        try:
            await self._call("ul.lookup", self._location_table, account)
        except KamailioFault as fault:
            if fault.message.startswith(_NOT_REGISTERED):
                return False
            raise
        return True

    async def unregister(self, account: str) -> None:
        """Forget the telephones of the account; nothing happens when there are none.

        An account that is gone from the database stays registered until this is called.
        """
        await self._call("ul.rm", self._location_table, account)

    async def trunk_entries(self) -> frozenset[TrunkEntry]:
        """The addresses that it lets in: what it has in memory, whatever its table says now."""
        entries: set[TrunkEntry] = set()
        for method in ("permissions.addressDump", "permissions.subnetDump", "permissions.domainDump"):
            entries.update(_entries(await self._call(method)))
        return frozenset(entries)

    async def reload_trunks(self) -> bool:
        """Have it read the table of addresses again; False when it refuses because it did just now.

        An address that is gone from the table still passes until this is called.
        """
        try:
            await self._call("permissions.addressReload")
        except KamailioFault as fault:
            if fault.message == _RELOADED_JUST_NOW:
                return False
            raise
        return True

    async def calls(self) -> list[Call]:
        """The calls that are ringing or up; none where its module `dialog` is not loaded."""
        try:
            briefing = await self._call("dlg.briefing", "fts")
        except KamailioFault as fault:
            if fault.message == _NO_SUCH_COMMAND:
                return []
            raise
        return list(_calls(briefing))

    async def hang_up(self, call: Call) -> None:
        """Send both sides a BYE; nothing happens when the call has ended meanwhile."""
        with contextlib.suppress(KamailioFault):
            await self._call("dlg.end_dlg", call.entry, call.entry_id)

    async def _call(self, method: str, *params: str | int) -> Any:
        """Call a command; answer with its result, in which every JSON object is a list of pairs.

        Raises:
            KamailioFault: The server refused, or did not answer in JSON-RPC.
            OSError: It cannot be reached.
        """
        order = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        status, body = await asyncio.to_thread(self._post, json.dumps(order).encode())
        try:
            # `domainDump` repeats its keys in one object: a dict would keep the last of them alone.
            answer = json.loads(body, object_pairs_hook=list)
        except ValueError:
            raise KamailioFault(method, status, "not a JSON-RPC answer") from None
        fields = dict(answer) if isinstance(answer, list) else {}
        if "result" in fields:
            return fields["result"]
        error = dict(fields.get("error") or ())
        raise KamailioFault(method, int(error.get("code", status)), str(error.get("message", "")))

    def _post(self, body: bytes) -> tuple[int, bytes]:
        """One command over HTTP; an error of the server is an answer too."""
        request = Request(self._url, body, self._headers)  # noqa: S310 - http and https alone, held by the options
        try:
            with self._opener.open(request, timeout=self._timeout_seconds) as response:
                return response.status, response.read()
        except HTTPError as error:
            with error:
                return error.code, error.read()


def _endpoint(url: str) -> tuple[str, dict[str, str]]:
    """The URL without what is secret in it, and the headers that say it instead."""
    parts = urlsplit(url)
    headers = {"Content-Type": "application/json"}
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(secret.encode()).decode()}"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(), headers


def _calls(briefing: Any) -> Iterator[Call]:
    """Every call in a briefing; one of which not even the entry can be read hides none of the others."""
    for dialog in briefing if isinstance(briefing, list) else ():
        with contextlib.suppress(KeyError, TypeError, ValueError):
            fields: dict[str, Any] = dict(dialog)
            # One that has ended is remembered for some seconds.
            if fields.get("state") != _ENDED:
                yield _call_of(fields)


def _call_of(fields: dict[str, Any]) -> Call:
    uris = (str(fields.get(name, "")) for name in ("from_uri", "to_uri"))
    parties = (match.groups(default="") for uri in uris if (match := _URI.match(uri)))
    return Call(
        entry=int(fields["h_entry"]),
        entry_id=int(fields["h_id"]),
        parties=frozenset(Account(user, host) for user, host in parties),
        answered=fields.get("state") == _ANSWERED,
    )


def _entries(result: Any) -> Iterator[TrunkEntry]:
    """Every address in a dump: an `item` belongs to the `group` before it, however deep they lie."""
    group = 0
    for part in result if isinstance(result, list) else ():
        match part:
            case ("group", int(number)):
                group = number
            case ("item", list(item)):
                yield TrunkEntry(group, str(dict(item).get("tag", "")))
            case list():
                yield from _entries(part)
