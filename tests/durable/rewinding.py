"""Records that are brought back to what they were, as a restored backup does, while the engine has gone on."""

import copy
from collections.abc import Callable
from io import BytesIO
from typing import Any, Final

from tests.durable.house import House
from tests.durable.records import RecordsHouse

_TABLES: Final = """
select schemaname, tablename from pg_tables
where schemaname in ('crm', 'telephony', 'billing', 'recordings', 'notification', 'inbox')
"""


class Backup:
    """What the records of a house were at one instant: of PostgreSQL everything, in memory the CRM."""

    def __init__(self, give_back: Callable[[], Any]) -> None:
        self._give_back = give_back

    async def restore(self) -> None:
        """Whatever was written since is gone."""
        await self._give_back()


async def backup(house: House) -> Backup:
    """Keep the records as they are now."""
    return await (_of_database(house) if isinstance(house, RecordsHouse) else _of_memory(house))


async def _of_memory(house: House) -> Backup:
    held = vars(house.crm.adapter)
    kept = copy.deepcopy(held)

    async def give_back() -> None:
        held.clear()
        held.update(copy.deepcopy(kept))

    return Backup(give_back)


async def _of_database(house: RecordsHouse) -> Backup:
    kept: dict[tuple[str, str], bytes] = {}
    async with house.owner.acquire() as connection:
        for schema, table in await connection.fetch(_TABLES):
            rows = BytesIO()
            await connection.copy_from_table(table, schema_name=schema, output=rows, format="binary")
            kept[schema, table] = rows.getvalue()

    async def give_back() -> None:
        async with house.owner.acquire() as connection, connection.transaction():
            # As a replica it obeys no trigger: the records' own forbid removal.
            await connection.execute("set local session_replication_role = replica")
            for (schema, table), rows in kept.items():
                await connection.execute(f"delete from {schema}.{table}")
                await connection.copy_to_table(
                    table, schema_name=schema, source=BytesIO(rows), format="binary"
                )

    return Backup(give_back)
