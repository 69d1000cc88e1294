"""The telephony platform whose inventory lies in PostgreSQL (P9, P15, P17, X6).

Resources go one by one, each in its own transaction, as they would on a platform of switches: a process that
dies in the middle leaves some done, and the next run goes on with the rest. What a case has released is
counted from the rows, so the report is the same however often closing ran.
"""

from collections.abc import Collection, Sequence
from typing import Final

from cancellation.adapters.postgres.pool import Connection, Pool, storable
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

_TABLE: Final = {
    ResourceKind.EXTENSION: "telephony.extensions",
    ResourceKind.TRUNK: "telephony.trunks",
    ResourceKind.LICENCE: "telephony.licences",
}

# A row's destruction, on any of the four tables. `coalesce` keeps what an earlier run wrote.
_DEACTIVATE_ROW: Final = """
    update {table} set deactivated_at = $2, warrant_case = $3, warrant_notice_ends_at = $4
    where id = $1 and status = 'active'
"""
_RELEASE_ROW: Final = """
    update {table} set deactivated_at = coalesce(deactivated_at, $2), released_at = $2,
        warrant_case = coalesce(warrant_case, $3),
        warrant_notice_ends_at = coalesce(warrant_notice_ends_at, $4)
    where id = $1 and status in ('active', 'deactivated')
"""


class PostgresResources:
    """The resources of one kind: a table of the inventory that can be used by itself."""

    def __init__(self, pool: Pool, kind: ResourceKind) -> None:
        self._pool = pool
        self._kind = kind
        self._table = _TABLE[kind]

    async def of(self, customer_id: str) -> tuple[Resource, ...]:
        """What the customer still occupies, deactivated or not, in the order of its ids."""
        rows = await self._pool.fetch(
            f"""
            select resource_id, label, status from {self._table}
            where customer_id = $1 and status <> 'released' order by resource_id
            """,
            customer_id,
        )
        return tuple(
            Resource(
                kind=self._kind,
                resource_id=row["resource_id"],
                label=row["label"],
                active=row["status"] == "active",
            )
            for row in rows
        )

    async def provision(self, customer_id: str, resources: Sequence[Resource]) -> None:
        """Put resources of this kind into service; one that was ever there is left as it is."""
        await self._pool.executemany(
            f"""
            insert into {self._table} (customer_id, resource_id, label)
            select $1, $2, $3
            where not exists (select from {self._table} where customer_id = $1 and resource_id = $2)
            on conflict do nothing
            """,
            [(customer_id, r.resource_id, r.label) for r in resources if r.kind is self._kind],
        )

    async def deactivate(self, warrant: Warrant, keep: Collection[str] = ()) -> None:
        """Make everything of the customer dead but the ids to keep, one by one (P15).

        Raises:
            DestructionForbidden: the warrant is not good (P19).
        """
        await order_act(self._pool, warrant, DEACTIVATE)
        await destroy_rows(self._pool, self._table, _DEACTIVATE_ROW, warrant, "resource_id", keep)

    async def release(self, warrant: Warrant, keep: Collection[str] = ()) -> None:
        """Give everything of the customer back but the ids to keep, one by one (P17).

        Raises:
            DestructionForbidden: the warrant is not good (P19).
        """
        await order_act(self._pool, warrant, RELEASE)
        await destroy_rows(self._pool, self._table, _RELEASE_ROW, warrant, "resource_id", keep)

    async def released_by(self, case_id: str) -> int:
        """How many the case has released in all."""
        return await _count_released(self._pool, self._table, case_id)


class PostgresLicences(PostgresResources):
    """The licences alone, for a platform that holds extensions and trunks itself."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool, ResourceKind.LICENCE)


class PostgresTelephony:
    """Implements `cancellation.ports.Telephony` over the schema `telephony`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._extensions = PostgresResources(pool, ResourceKind.EXTENSION)
        self._trunks = PostgresResources(pool, ResourceKind.TRUNK)
        self._licences = PostgresLicences(pool)

    @property
    def _kinds(self) -> tuple[PostgresResources, ...]:
        return (self._extensions, self._trunks, self._licences)

    async def inventory(self, customer_id: str) -> Inventory:
        """Everything that the customer still occupies."""
        return Inventory(
            customer_id=customer_id,
            extensions=await self._extensions.of(customer_id),
            trunks=await self._trunks.of(customer_id),
            licences=await self._licences.of(customer_id),
            numbers=await self._numbers(customer_id),
        )

    async def record_port(self, port: PortRecord) -> None:
        """Append to the number's history; a completed port takes the number out of the inventory (P9).

        Raises:
            PermanentRefusal: the number never was this customer's own.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            if not await _owns(connection, port):
                raise PermanentRefusal(f"{port.number} is not a number of the customer's own")
            await _append_port(connection, port)
            if port.status is PortStatus.COMPLETED:
                await _take_ported_number_out(connection, port)

    async def deactivate(self, shutdown: Shutdown) -> None:
        """Make everything dead except held numbers and what they need; resumable in the middle (P15, X6).

        Raises:
            DestructionForbidden: the warrant is not good (P19).
        """
        await order_act(self._pool, shutdown.warrant, DEACTIVATE)
        needed = await self._needed(shutdown)
        await self._destroy_numbers(_DEACTIVATE_ROW, shutdown)
        for resources in self._kinds:
            await resources.deactivate(shutdown.warrant, needed)

    async def release(self, shutdown: Shutdown) -> ReleaseReport:
        """Give everything back except held numbers and what they need; resumable; reads back (P17, X6).

        Raises:
            DestructionForbidden: the warrant is not good (P19).
        """
        await order_act(self._pool, shutdown.warrant, RELEASE)
        needed = await self._needed(shutdown)
        await self._destroy_numbers(_RELEASE_ROW, shutdown)
        for resources in self._kinds:
            await resources.release(shutdown.warrant, needed)
        return ReleaseReport(
            released=await self._released_by(shutdown.warrant.case_id),
            remaining=await self.inventory(shutdown.warrant.customer_id),
        )

    async def provision(self, seed: CustomerSeed) -> None:
        """Put a customer's inventory into service; what was ever there is left as it is.

        Raises:
            asyncpg.UniqueViolationError: a number is in use by another customer.
        """
        customer_id = seed.customer.customer_id
        for resources in self._kinds:
            await resources.provision(customer_id, seed.resources)
        await self._pool.executemany(
            """
            insert into telephony.numbers (customer_id, number, customer_owned, routes_to)
            select $1, $2, $3, $4
            where not exists (select from telephony.numbers where customer_id = $1 and number = $2)
            """,
            [
                (customer_id, n.number, n.customer_owned, list(map(storable, n.routes_to)))
                for n in seed.numbers
            ],
        )

    async def _numbers(self, customer_id: str) -> tuple[Number, ...]:
        rows = await self._pool.fetch(
            """
            select number, customer_owned, routes_to, status = 'active' as active, (
                select p.status from telephony.portability p
                where p.customer_id = n.customer_id and p.number = n.number order by at desc, id desc limit 1
            ) as port
            from telephony.numbers n
            where customer_id = $1 and status in ('active', 'deactivated') order by number
            """,
            customer_id,
        )
        return tuple(Number.model_validate(dict(row)) for row in rows)

    async def _needed(self, shutdown: Shutdown) -> set[str]:
        """Ids of the resources that the held numbers still in use route to."""
        rows = await self._pool.fetch(
            """
            select distinct unnest(routes_to) as resource_id from telephony.numbers
            where customer_id = $1 and number = any($2) and status = 'active'
            """,
            shutdown.warrant.customer_id,
            list(shutdown.hold),
        )
        return {row["resource_id"] for row in rows}

    async def _destroy_numbers(self, statement: str, shutdown: Shutdown) -> None:
        await destroy_rows(
            self._pool, "telephony.numbers", statement, shutdown.warrant, "number", shutdown.hold
        )

    async def _released_by(self, case_id: str) -> Released:
        return Released(
            extensions=await self._extensions.released_by(case_id),
            trunks=await self._trunks.released_by(case_id),
            licences=await self._licences.released_by(case_id),
            numbers=await _count_released(self._pool, "telephony.numbers", case_id),
        )


async def destroy_rows(
    pool: Pool, table: str, statement: str, warrant: Warrant, identity: str, keep: Collection[str]
) -> None:
    """Run a row's destruction for every row in use of the warrant's customer but those to keep."""
    rows = await pool.fetch(
        f"""
        select id from {table}
        where customer_id = $1 and status in ('active', 'deactivated') and {identity} <> all($2) order by id
        """,
        warrant.customer_id,
        list(keep),
    )
    for row in rows:
        with destroying():
            await pool.execute(
                statement.format(table=table), row["id"], warrant.at, warrant.case_id, warrant.notice_ends_at
            )


async def _count_released(pool: Pool, table: str, case_id: str) -> int:
    count: int = await pool.fetchval(
        f"select count(*) from {table} where warrant_case = $1 and status = 'released'", case_id
    )
    return count


async def _owns(connection: Connection, port: PortRecord) -> bool:
    owned: bool = await connection.fetchval(
        """
        select exists (
            select from telephony.numbers where customer_id = $1 and number = $2 and customer_owned
        )
        """,
        port.customer_id,
        port.number,
    )
    return owned


async def _append_port(connection: Connection, port: PortRecord) -> None:
    await connection.execute(
        """
        insert into telephony.portability (case_id, customer_id, number, status, operator, at)
        values ($1, $2, $3, $4, $5, $6) on conflict do nothing
        """,
        port.case_id,
        port.customer_id,
        port.number,
        port.status.value,
        port.operator,
        port.at,
    )


async def _take_ported_number_out(connection: Connection, port: PortRecord) -> None:
    await connection.execute(
        """
        update telephony.numbers n set port_id = p.id
        from telephony.portability p
        where p.case_id = $1 and p.number = $3 and p.status = 'completed' and p.at = $4
            and n.customer_id = $2 and n.number = $3 and n.status in ('active', 'deactivated')
        """,
        port.case_id,
        port.customer_id,
        port.number,
        port.at,
    )
