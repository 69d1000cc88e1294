"""The telephony platform whose inventory lies in PostgreSQL (P9, P15, P17, X6).

An act is written down under its warrant and done in one transaction: a process that dies leaves all of it or
nothing. What a case has released is counted from the rows, so the report is the same however often closing ran.
"""

from collections.abc import Collection
from typing import Final

import asyncpg

from cancellation.adapters.postgres.pool import Connection, Pool, storable
from cancellation.adapters.postgres.queries import queries
from cancellation.adapters.postgres.warrants import destroying, order_act
from cancellation.domain.values import PortStatus, Released
from cancellation.messages.seed import CustomerSeed
from cancellation.messages.telephony import (
    Inventory,
    Number,
    PortRecord,
    ReleaseReport,
    Resource,
    ResourceKind,
    Shutdown,
)
from cancellation.messages.warrant import Warrant
from cancellation.ports import PermanentRefusal

DEACTIVATE: Final = "telephony.deactivate"
RELEASE: Final = "telephony.release"

SQL: Final = queries("telephony")


class PostgresTelephony:
    """Implements `cancellation.ports.Telephony` over the schema `telephony`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def inventory(self, customer_id: str) -> Inventory:
        """Everything that the customer still occupies."""
        return _inventory(customer_id, await self._pool.fetchrow(SQL["inventory"], customer_id))

    async def record_port(self, port: PortRecord) -> None:
        """Append to the number's history; a completed port takes the number out of the inventory (P9).

        Raises:
            PermanentRefusal: the number never was this customer's own.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(SQL["append_own_port"], *port_columns(port)):
                raise PermanentRefusal(f"{port.number} is not a number of the customer's own")
            if port.status is PortStatus.COMPLETED:
                await connection.execute(
                    SQL["take_ported_number_out"], port.case_id, port.customer_id, port.number, port.at
                )

    async def deactivate(self, shutdown: Shutdown) -> None:
        """Make everything dead except held numbers and what they need (P15, X6).

        Raises:
            DestructionForbidden: the warrant is not good (P19).
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await order_act(connection, shutdown.warrant, DEACTIVATE)
            await destroy(connection, SQL["deactivate"], shutdown.warrant, shutdown.hold)

    async def release(self, shutdown: Shutdown) -> ReleaseReport:
        """Give everything back except held numbers and what they need; reads back (P17, X6).

        Raises:
            DestructionForbidden: the warrant is not good (P19).
        """
        warrant = shutdown.warrant
        async with self._pool.acquire() as connection, connection.transaction():
            await order_act(connection, warrant, RELEASE)
            await destroy(connection, SQL["release"], warrant, shutdown.hold)
            released = await connection.fetchrow(SQL["released_by"], warrant.case_id)
            remaining = await connection.fetchrow(SQL["inventory"], warrant.customer_id)
        assert released is not None
        return ReleaseReport(
            released=Released(**dict(released)), remaining=_inventory(warrant.customer_id, remaining)
        )

    async def provision(self, seed: CustomerSeed) -> None:
        """Put a customer's inventory into service; what was ever there is left as it is.

        Raises:
            asyncpg.UniqueViolationError: a number is in use by another customer.
        """
        customer_id = seed.customer.customer_id
        async with self._pool.acquire() as connection, connection.transaction():
            resources = [resource.model_dump(mode="json") for resource in seed.resources]
            await connection.execute(SQL["provision_resources"], customer_id, resources)
            numbers = [number.model_dump(mode="json") for number in seed.numbers]
            await connection.execute(SQL["provision_numbers"], customer_id, numbers)


class PostgresLicences:
    """The licences alone, for a platform that holds extensions and trunks itself."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of(self, customer_id: str) -> tuple[Resource, ...]:
        """What the customer still occupies, deactivated or not, in the order of its ids."""
        rows = await self._pool.fetch(SQL["licences"], customer_id)
        return tuple(Resource.model_validate(dict(row)) for row in rows)

    async def provision(self, seed: CustomerSeed) -> None:
        """Put licences into service; one that was ever there is left as it is."""
        licences = [one.model_dump(mode="json") for one in seed.resources if one.kind is ResourceKind.LICENCE]
        await self._pool.execute(SQL["provision_resources"], seed.customer.customer_id, licences)

    async def deactivate(self, warrant: Warrant, keep: Collection[str] = ()) -> None:
        """Make every licence of the customer dead but those with the ids to keep (P15).

        Raises:
            DestructionForbidden: the warrant is not good (P19).
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await order_act(connection, warrant, DEACTIVATE)
            await destroy(connection, SQL["deactivate_licences"], warrant, keep)

    async def release(self, warrant: Warrant, keep: Collection[str] = ()) -> None:
        """Give every licence of the customer back but those with the ids to keep (P17).

        Raises:
            DestructionForbidden: the warrant is not good (P19).
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await order_act(connection, warrant, RELEASE)
            await destroy(connection, SQL["release_licences"], warrant, keep)

    async def released_by(self, case_id: str) -> int:
        """How many the case has released in all."""
        row = await self._pool.fetchrow(SQL["released_by"], case_id)
        assert row is not None
        return int(row["licences"])


async def destroy(connection: Connection, statement: str, warrant: Warrant, keep: Collection[str]) -> None:
    """Destroy what is the warrant's customer's, by one statement, but what is to be kept.

    Raises:
        DestructionForbidden: the warrant is not good (P19).
    """
    with destroying():
        await connection.execute(
            statement,
            warrant.customer_id,
            warrant.at,
            warrant.case_id,
            warrant.notice_ends_at,
            list(map(storable, keep)),
        )


def port_columns(port: PortRecord) -> tuple[object, ...]:
    """The row of a report on a number's portability, in the order of the queries."""
    return (port.case_id, port.customer_id, port.number, port.status.value, port.operator, port.at)


def _inventory(customer_id: str, row: asyncpg.Record | None) -> Inventory:
    assert row is not None
    resources = [Resource.model_validate(one) for one in row["resources"] or ()]

    def of(kind: ResourceKind) -> tuple[Resource, ...]:
        return tuple(resource for resource in resources if resource.kind is kind)

    return Inventory(
        customer_id=customer_id,
        extensions=of(ResourceKind.EXTENSION),
        trunks=of(ResourceKind.TRUNK),
        licences=of(ResourceKind.LICENCE),
        numbers=tuple(Number.model_validate(one) for one in row["numbers"] or ()),
    )
