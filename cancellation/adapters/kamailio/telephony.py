"""Kamailio as the telephony platform (P9, P15, P17, X6).

Kamailio has three memories beside its tables, and each of them goes on serving what its table has lost: the
registrations of telephones, the addresses of trunks, and calls that are already up. So nothing here counts as
done because a table was changed: every server is told, and then asked.

Closing has two steps. `deactivate` moves the rows out of Kamailio's tables to a table beside them, from which
`reinstate` puts them back; `release` erases them. Each thing is first written to the ledger in our database,
which refuses it without complete formalization and ended notice (P19). A run that dies is taken up by
the next.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from cancellation.adapters.kamailio.holdings import Account, Holdings, Line, Things
from cancellation.adapters.kamailio.ledger import Act, Ledger
from cancellation.adapters.kamailio.portability import PortHistory
from cancellation.adapters.kamailio.provisioning import Address, Provisioning
from cancellation.adapters.kamailio.rpc import KamailioRpc
from cancellation.adapters.kamailio.servers import PlatformDisagrees, Round
from cancellation.adapters.kamailio.settings import KamailioSettings
from cancellation.adapters.kamailio.tables import KamailioTables
from cancellation.adapters.postgres.pool import Pool
from cancellation.adapters.postgres.telephony import DEACTIVATE, RELEASE
from cancellation.adapters.postgres.warrants import order_act
from cancellation.domain.values import PortStatus
from cancellation.messages.seed import CustomerSeed
from cancellation.messages.telephony import Inventory, PortRecord, ReleaseReport, Shutdown
from cancellation.messages.warrant import Warrant
from cancellation.ports import Licences, PermanentRefusal


class KamailioTelephony:
    """Implements `cancellation.ports.Telephony` over Kamailio's tables and JSON-RPC.

    Make it with `kamailio_telephony`, which opens the connections.

    Args:
        tables: Kamailio's database.
        servers: Every Kamailio server that works on that database.
        pool: Our own database: ledger, history of portability.
        licences: Where the licences are, which a SIP platform has no place for.
        provisioning: Writes samples.
        settings: The installation.
    """

    def __init__(
        self,
        tables: KamailioTables,
        servers: Collection[KamailioRpc],
        pool: Pool,
        licences: Licences,
        provisioning: Provisioning,
        settings: KamailioSettings,
    ) -> None:
        self._tables = tables
        self._provisioning = provisioning
        self._servers = servers
        self._pool = pool
        self._settings = settings
        self._ledger = Ledger(pool)
        self._ports = PortHistory(pool)
        self._licences = licences

    async def inventory(self, customer_id: str) -> Inventory:
        """Everything that the customer still occupies, as Kamailio's tables and its servers say together."""
        round_ = self._round()
        holdings = await self._holdings(customer_id, round_)
        round_.must_be_without_trouble()
        return holdings.inventory(
            customer_id, await self._licences.of(customer_id), await self._ports.latest(customer_id)
        )

    async def record_port(self, port: PortRecord) -> None:
        """Append to the number's history; a completed port takes the number out of Kamailio (P9).

        Raises:
            PermanentRefusal: the number never was this customer's own.
        """
        if not await self._owns(port):
            raise PermanentRefusal(f"{port.number} is not a number of the customer's own")
        await self._ports.append(port)
        if port.status is PortStatus.COMPLETED:
            await self._tables.park_ported(port.number, port.customer_id, port.case_id, port.at)

    async def deactivate(self, shutdown: Shutdown) -> None:
        """Make everything dead except held numbers and what they need; resumable in the middle (P15, X6).

        What a server refuses, or does not answer, stops nothing of the rest; that all is dead is read back.

        Raises:
            DestructionForbidden: the warrant is not good (P19).
            PlatformDisagrees: a server still serves some of it; it is not over yet.
            KamailioFault: a server refuses to tell.
            OSError: a server does not answer.
        """
        warrant, orders = shutdown.warrant, self._round()
        await order_act(self._pool, warrant, DEACTIVATE)
        holdings = await self._holdings(warrant.customer_id, orders)
        kept = holdings.needed_by(shutdown.hold)
        doomed = await self._order(warrant, Act.DEACTIVATE, holdings, kept)
        await self._licences.deactivate(warrant, _needed_ids(holdings, kept))
        await self._tables.park(doomed, warrant.customer_id, warrant.case_id, warrant.at)
        refused = await orders.unregister(doomed.extensions)
        if doomed.trunks:
            await orders.reload_trunks(doomed.trunks)
        await orders.hang_up(doomed)
        reading = self._round()
        alive = (await self._holdings(warrant.customer_id, reading)).alive() & doomed
        alive |= await _perhaps_served(refused, doomed, reading)
        await self._ledger.done(warrant, Act.DEACTIVATE, doomed - alive)
        reading.must_be_without_trouble()
        _must_be_empty(alive, "still alive after deactivation", orders)

    async def release(self, shutdown: Shutdown) -> ReleaseReport:
        """Give everything back except held numbers and what they need; resumable; reads back (P17, X6).

        Raises:
            DestructionForbidden: the warrant is not good (P19).
            PlatformDisagrees: a server still serves some of it; it is not over yet.
            KamailioFault: a server refuses to tell.
            OSError: a server does not answer.
        """
        warrant, orders = shutdown.warrant, self._round()
        await order_act(self._pool, warrant, RELEASE)
        holdings = await self._holdings(warrant.customer_id, orders)
        kept = holdings.needed_by(shutdown.hold)
        doomed = await self._order(warrant, Act.RELEASE, holdings, kept)
        await self._licences.release(warrant, _needed_ids(holdings, kept))
        await self._tables.erase(doomed, warrant.customer_id)
        refused = await orders.unregister(doomed.extensions)
        remembered, complete = await orders.trunks()
        if doomed.trunks & remembered or not complete:
            await orders.reload_trunks(doomed.trunks)
        reading = self._round()
        left = (await self._holdings(warrant.customer_id, reading)).all() & doomed
        left |= await _perhaps_served(refused, doomed, reading)
        await self._ledger.done(warrant, Act.RELEASE, doomed - left)
        reading.must_be_without_trouble()
        _must_be_empty(left, "still there after release", orders)
        released = await self._ledger.released_by(warrant.case_id)
        return ReleaseReport(
            released=released.model_copy(
                update={"licences": await self._licences.released_by(warrant.case_id)}
            ),
            remaining=await self.inventory(warrant.customer_id),
        )

    async def reinstate(self, customer_id: str) -> Inventory:
        """Undo `deactivate`, as long as nothing was released: everything works again as it did before.

        Telephones register again by themselves. For operators: the process itself never goes back from here.
        """
        await self._tables.put_back(customer_id)
        await self._reload_trunks()
        return await self.inventory(customer_id)

    async def provision(
        self,
        seed: CustomerSeed,
        passwords: Mapping[str, str] | None = None,
        addresses: Mapping[str, Address] | None = None,
    ) -> None:
        """Put a sample customer into service; what is there, or ever was, is left as it is.

        Args:
            seed: The customer.
            passwords: Of extensions, by resource id; the others get one that nobody knows.
            addresses: Of trunks, by resource id; the others get one that nobody has.
        """
        gone = await self._ledger.released_from(seed.customer.customer_id)
        await self._provisioning.provision(seed, gone, passwords or {}, addresses or {})
        await self._reload_trunks()

    async def _order(self, warrant: Warrant, act: Act, holdings: Holdings, kept: Things) -> Things:
        """Write down what is about to be done; answer with it and with what an earlier run left undone."""
        await self._ledger.order(warrant, act, holdings.all() - kept)
        return (holdings.all() | await self._ledger.unfinished(warrant.case_id, act)) - kept

    async def _holdings(self, customer_id: str, round_: Round) -> Holdings:
        """What the tables hold, corrected by what the servers say; where one does not tell, it lives."""
        holdings = await self._tables.holdings(customer_id)
        entries, complete = await round_.trunks()
        strangers = [
            Line(account, account.user, live=False)
            for account in await self._tables.registered_without_account(holdings.domains)
            if account not in {line.account for line in holdings.extensions}
        ]
        extensions = await _with_registrations(holdings.extensions, round_)
        known = {line.account for line in holdings.trunks}
        remembered = {account for account in entries if account.domain in holdings.domains}
        return replace(
            holdings,
            extensions=(
                *extensions,
                *(line for line in await _with_registrations(strangers, round_) if line.live),
            ),
            trunks=(
                *(
                    replace(line, live=line.live or line.account in entries or not complete)
                    for line in holdings.trunks
                ),
                *(Line(account, account.user, live=True) for account in sorted(remembered - known)),
            ),
        )

    async def _reload_trunks(self) -> None:
        round_ = self._round()
        await round_.reload_trunks()
        round_.must_be_without_trouble()

    def _round(self) -> Round:
        return Round(self._servers, self._settings)

    async def _owns(self, port: PortRecord) -> bool:
        holdings = await self._tables.holdings(port.customer_id)
        if any(route.number == port.number for route in holdings.routes if route.customer_owned):
            return True
        # No longer there: reports about it may still come in, late or again.
        return port.number in await self._ports.latest(port.customer_id) or await self._ledger.knows_number(
            port.customer_id, port.number
        )


def _needed_ids(holdings: Holdings, kept: Things) -> frozenset[str]:
    """Ids of what the held numbers lead to, licences among them."""
    return frozenset(
        holdings.resource_id(target)
        for route in holdings.routes
        if route.number in kept.numbers
        for target in route.targets
    )


async def _with_registrations(lines: Collection[Line], round_: Round) -> list[Line]:
    """The lines, alive where a telephone is registered although the tables have lost the account."""
    dead = [line.account for line in lines if not line.live]
    registered = dict(zip(dead, await round_.registered(dead), strict=True))
    return [replace(line, live=line.live or registered[line.account]) for line in lines]


async def _perhaps_served(refused: frozenset[Account], doomed: Things, reading: Round) -> Things:
    """What the tables do not tell: whose telephones a server did not forget, and trunks where one is silent."""
    accounts = sorted(refused)
    registered = zip(accounts, await reading.registered(accounts), strict=True)
    return Things(
        extensions=frozenset(account for account, is_registered in registered if is_registered),
        trunks=doomed.trunks if reading.troubles else frozenset(),
    )


def _must_be_empty(things: Things, what: str, orders: Round) -> None:
    if things:
        raise PlatformDisagrees(
            f"{what}: {len(things.extensions)} extensions, {len(things.trunks)} trunks,"
            f" {len(things.numbers)} numbers"
        ) from next(iter(orders.troubles), None)
