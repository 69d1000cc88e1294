"""All Kamailio servers of an installation, asked and told together.

Each has its own memory. What one refuses, or the silence of one, keeps nobody from asking and telling the others:
a single account that a server cannot digest must not leave all the rest of a customer in service.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from functools import partial
from typing import Final, TypeVar

from cancellation.adapters.kamailio.holdings import Account, Things
from cancellation.adapters.kamailio.rpc import KamailioFault, KamailioRpc
from cancellation.adapters.kamailio.settings import KamailioSettings

_RELOAD_POLL_SECONDS: Final = 0.2
_QUESTIONS_AT_ONCE: Final = 8
T = TypeVar("T")
R = TypeVar("R")


class PlatformDisagrees(Exception):
    """A server still serves what it was told to forget, or cannot take the order now. Trying again helps."""


class Round:
    """One round of questions or orders over the servers, in which troubles are kept for the end.

    Args:
        servers: Every Kamailio server that works on the database.
        settings: The installation.
    """

    def __init__(self, servers: Collection[KamailioRpc], settings: KamailioSettings) -> None:
        self._servers = servers
        self._settings = settings
        self._silent: set[KamailioRpc] = set()
        self.troubles: list[Exception] = []
        """What was refused or not answered, the first one first."""

    def must_be_without_trouble(self) -> None:
        """Raise what went wrong first.

        Raises:
            KamailioFault: A server refused.
            OSError: A server did not answer.
            PlatformDisagrees: The turn to reload did not come.
        """
        if self.troubles:
            raise self.troubles[0]

    async def trunks(self) -> tuple[frozenset[Account], bool]:
        """The trunks that any server lets in, whatever the tables say; whether every server has told."""
        known, complete = frozenset[Account](), True
        for server in self._servers:
            told = await self._try(server, partial(self._trunks_of, server))
            known |= told or frozenset()
            complete &= told is not None
        return known, complete

    async def registered(self, accounts: Iterable[Account]) -> list[bool]:
        """Whether a telephone may be registered, for each account: where a server does not tell it may."""
        return await _together(self._anywhere_registered, accounts)

    async def unregister(self, accounts: Collection[Account]) -> frozenset[Account]:
        """Have every server forget the accounts' telephones; of which accounts not every server has said so."""

        async def everywhere(account: Account) -> bool:
            said = [await self._try(server, partial(_forgotten, server, account)) for server in self._servers]
            return all(said)

        ordered = sorted(accounts)
        done = zip(ordered, await _together(everywhere, ordered), strict=True)
        return frozenset(account for account, everywhere_done in done if not everywhere_done)

    async def hang_up(self, things: Things) -> None:
        """End the calls that are up, as far as their caller or what was dialled tells whose they are."""
        accounts = things.extensions | things.trunks
        for server in self._servers:
            for call in await self._try(server, server.calls) or ():
                numbers = {f"+{party.user.lstrip('+')}" for party in call.parties}
                if call.parties & accounts or numbers & things.numbers:
                    await self._try(server, partial(server.hang_up, call))

    async def reload_trunks(self, gone: frozenset[Account] = frozenset()) -> None:
        """Have every server read the addresses of trunks again, so that it forgets those that are gone."""
        try:
            async with asyncio.timeout(self._settings.reload_patience_seconds):
                await asyncio.gather(
                    *(
                        self._try(server, partial(self._reload_trunks_of, server, gone))
                        for server in self._servers
                    )
                )
        except TimeoutError:
            self.troubles.append(PlatformDisagrees("other reloads of trunk addresses always came first"))

    async def _try(self, server: KamailioRpc, ask: Callable[[], Awaitable[R]]) -> R | None:
        """The answer; None from a server that refuses, or that was silent before."""
        if server in self._silent:
            return None
        try:
            return await ask()
        except KamailioFault as fault:
            self.troubles.append(fault)
        except OSError as error:
            # Nothing else is asked of it: each question would wait as long again.
            self._silent.add(server)
            self.troubles.append(error)
        return None

    async def _anywhere_registered(self, account: Account) -> bool:
        for server in self._servers:
            if await self._try(server, partial(server.registered, str(account))) is not False:
                return True
        return False

    async def _trunks_of(self, server: KamailioRpc) -> frozenset[Account]:
        """The trunks that the server lets in at this moment."""
        group = self._settings.trunk_group
        return frozenset(
            Account.parse(entry.tag) for entry in await server.trunk_entries() if entry.group == group
        )

    async def _reload_trunks_of(self, server: KamailioRpc, gone: frozenset[Account]) -> None:
        """Wait for our turn, or for a reload of others that does our work too: a server limits reloads."""
        while not await server.reload_trunks():
            if gone and not gone & await self._trunks_of(server):
                return
            await asyncio.sleep(_RELOAD_POLL_SECONDS)


async def _forgotten(server: KamailioRpc, account: Account) -> bool:
    await server.unregister(str(account))
    return True


async def _together(question: Callable[[T], Awaitable[R]], about: Iterable[T]) -> list[R]:
    """Ask the same of many, some at once, answers in order."""
    turns = asyncio.Semaphore(_QUESTIONS_AT_ONCE)

    async def in_turn(one: T) -> R:
        async with turns:
            return await question(one)

    return list(await asyncio.gather(*map(in_turn, about)))
