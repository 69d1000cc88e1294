"""Kamailio's own tables: whose is what, taken out of use, put back, erased.

No table of theirs is altered. What is disabled is moved, whole rows as JSON, to a table of ours in the same
database (`parking.sql`): whatever a server's routing script looks at, it is not there any more, and one
statement puts it back as it was.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final

from cancellation.adapters.kamailio.database import KamailioDatabase
from cancellation.adapters.kamailio.holdings import Account, Holdings, Line, Route, Things
from cancellation.adapters.kamailio.settings import KamailioSettings
from cancellation.adapters.postgres.pool import Connection
from cancellation.adapters.postgres.queries import queries
from cancellation.domain.values import PhoneNumber

SQL: Final = queries("tables", "cancellation.adapters.kamailio")


class KamailioTables:
    """Kamailio's database.

    Args:
        database: Connections to it.
        settings: The installation.
    """

    def __init__(self, database: KamailioDatabase, settings: KamailioSettings) -> None:
        self._database = database
        self._trunk_group = settings.trunk_group
        self._without_account = SQL["registered_without_account"].replace(
            "{location}", settings.location_table
        )

    async def holdings(self, customer_id: str) -> Holdings:
        """What the tables hold of the customer."""
        async with self._database.connection() as connection:
            domains = await _domains(connection, customer_id)
            return Holdings(
                domains=tuple(domains),
                extensions=_lines(await connection.fetch(SQL["extensions"], domains)),
                trunks=_lines(await connection.fetch(SQL["trunks"], domains, self._trunk_group)),
                routes=_routes(await connection.fetch(SQL["routes"], domains)),
            )

    async def registered_without_account(self, domains: Collection[str]) -> list[Account]:
        """Accounts that telephones are registered for although nobody may use them (any more)."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(self._without_account, list(domains))
        return [Account(row["username"], row["domain"]) for row in rows]

    async def park(self, things: Things, customer_id: str, case_id: str, at: datetime) -> None:
        """Take things out of use so that they can be put back; what is already out stays out."""
        extensions, trunks, numbers = _texts(things)
        async with self._database.transaction() as connection:
            domains = await _domains(connection, customer_id)
            await connection.execute(SQL["park_numbers"], numbers, case_id, at, False, domains)
            await connection.execute(SQL["park_extensions"], extensions, case_id, at)
            await connection.execute(SQL["park_aliases"], extensions + trunks, case_id, at)
            await connection.execute(SQL["park_trunks"], trunks, case_id, at)

    async def park_ported(self, number: PhoneNumber, customer_id: str, case_id: str, at: datetime) -> None:
        """Take a number out for good: another operator serves it now, and calls to it have to go there."""
        async with self._database.transaction() as connection:
            domains = await _domains(connection, customer_id)
            await connection.execute(SQL["park_numbers"], [number], case_id, at, True, domains)
            await connection.execute(SQL["mark_ported"], number, domains)

    async def put_back(self, customer_id: str) -> None:
        """Put everything that is out of use and not erased back into Kamailio's tables."""
        async with self._database.transaction() as connection:
            domains = await _domains(connection, customer_id)
            await connection.execute(SQL["put_subscribers_back"], domains)
            await connection.execute(SQL["put_addresses_back"], domains)
            await connection.execute(SQL["put_aliases_back"], domains)

    async def erase(self, things: Things, customer_id: str) -> None:
        """Give things back for good: no row of them is left, in use or out of it."""
        extensions, trunks, numbers = _texts(things)
        async with self._database.transaction() as connection:
            domains = await _domains(connection, customer_id)
            await connection.execute(SQL["erase"], extensions, trunks, numbers, domains)


async def _domains(connection: Connection, customer_id: str) -> list[str]:
    return [row["domain"] for row in await connection.fetch(SQL["domains"], customer_id)]


def _texts(things: Things) -> tuple[list[str], list[str], list[str]]:
    return sorted(map(str, things.extensions)), sorted(map(str, things.trunks)), sorted(things.numbers)


def _lines(rows: Iterable[Any]) -> tuple[Line, ...]:
    return tuple(Line(Account(row["username"], row["domain"]), row["label"], row["live"]) for row in rows)


def _routes(rows: Iterable[Any]) -> tuple[Route, ...]:
    return tuple(
        Route(
            number=row["number"],
            targets=tuple(Account.parse(target) for target in row["targets"] or ()),
            customer_owned=row["customer_owned"],
            live=row["live"],
        )
        for row in rows
    )
