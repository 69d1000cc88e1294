"""Puts a sample customer into Kamailio's tables; the provider's own tools do it for real ones."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Final, NamedTuple

from cancellation.adapters.kamailio.database import KamailioDatabase
from cancellation.adapters.kamailio.holdings import Account, Things
from cancellation.adapters.postgres.pool import Connection
from cancellation.adapters.postgres.queries import queries
from cancellation.adapters.postgres.telephony import PostgresLicences
from cancellation.messages.seed import CustomerSeed
from cancellation.messages.telephony import Number, Resource, ResourceKind

_NOWHERE: Final = "192.0.2.1"
"""An address that nobody has (RFC 5737), for a sample trunk without a real one."""

SQL: Final = queries("tables", "cancellation.adapters.kamailio")


class Address(NamedTuple):
    """Where a trunk's calls come from and go to."""

    ip: str
    port: int = 0
    """0 is any port. Kamailio's table cannot hold one above 32767."""


class Provisioning:
    """Writes samples.

    Args:
        database: Connections to Kamailio's database.
        licences: Where the licences are.
        domain_suffix: A customer's SIP domain is its id and this.
        trunk_group: The group of customers' trunks.
    """

    def __init__(
        self, database: KamailioDatabase, licences: PostgresLicences, domain_suffix: str, trunk_group: int
    ) -> None:
        self._database = database
        self._licences = licences
        self._suffix = domain_suffix
        self._trunk_group = trunk_group

    def domain(self, customer_id: str) -> str:
        """The SIP domain that a sample customer gets."""
        return f"{customer_id.lower()}.{self._suffix}"

    async def provision(
        self,
        seed: CustomerSeed,
        gone: Things,
        passwords: Mapping[str, str],
        addresses: Mapping[str, Address],
    ) -> None:
        """Put extensions, trunks and numbers into service; what is there, or disabled, is left as it is.

        Args:
            seed: The customer.
            gone: What was released before, and stays so.
            passwords: Of extensions, by resource id; the others get one that nobody knows.
            addresses: Of trunks, by resource id.
        """
        await self._licences.provision(seed)
        domain = self.domain(seed.customer.customer_id)
        async with self._database.transaction() as connection:
            await connection.execute(SQL["add_domain"], domain, seed.customer.customer_id)
            for resource in seed.resources:
                account = Account(resource.resource_id, domain)
                if account in gone.extensions | gone.trunks:
                    continue
                match resource.kind:
                    case ResourceKind.EXTENSION:
                        password = passwords.get(resource.resource_id) or secrets.token_urlsafe(16)
                        await _extension(connection, account, password)
                    case ResourceKind.TRUNK:
                        address = addresses.get(resource.resource_id, Address(_NOWHERE))
                        await connection.execute(SQL["add_trunk"], self._trunk_group, *address, str(account))
                    case ResourceKind.LICENCE:
                        continue
                await _label(connection, account, resource)
            for number in seed.numbers:
                if number.number in gone.numbers:
                    continue
                await _number(connection, number, domain)


async def _extension(connection: Connection, account: Account, password: str) -> None:
    digests = [
        hashlib.md5(
            text.encode(), usedforsecurity=False
        ).hexdigest()  # what SIP's digest authentication asks for
        for text in (f"{account.user}:{account.domain}:{password}", f"{account}:{account.domain}:{password}")
    ]
    await connection.execute(SQL["add_extension"], *account, *digests)


async def _label(connection: Connection, account: Account, resource: Resource) -> None:
    await connection.execute(SQL["add_attribute"], *account, "label", resource.label)


async def _number(connection: Connection, number: Number, domain: str) -> None:
    # One that leads nowhere leads to itself: nobody answers there.
    for target in number.routes_to or (number.number,):
        await connection.execute(SQL["add_route"], number.number, domain, target)
    await connection.execute(
        SQL["add_attribute"], number.number, domain, "customer_owned", "1" if number.customer_owned else "0"
    )
