"""Whether a database is ready for a process of ours: what is missing, in words for whoever has to add it."""

import asyncpg

from cancellation.adapters.postgres.migrate import shipped
from cancellation.adapters.postgres.pool import Connection, Pool
from cancellation.adapters.postgres.roles import Role

_SETUP = "rode cancelamento setup com o dono do banco"


async def lacks_of_database(asked: "Connection | Pool", role: Role, *, virtual_clock: bool) -> list[str]:
    """What is missing in a database, each in a sentence in Portuguese; nothing where all is there.

    A migration that this program does not know is none that is missing: a newer version may run beside it.

    Args:
        asked: a connection as that role.
        role: whose rights count.
        virtual_clock: whether this process may run ahead of the clock.
    """
    try:
        rows = await asked.fetch(
            "select applied.number, clock.is_virtual from migration.applied, migration.clock"
        )
    except asyncpg.UndefinedTableError:
        return [f"o banco não está preparado, ou é de uma versão anterior: {_SETUP}"]
    except asyncpg.InsufficientPrivilegeError:
        return [f"o banco não está preparado para {role}: {_SETUP}"]
    applied = {row["number"] for row in rows}
    missing = [migration.name for migration in shipped() if migration.number not in applied]
    if missing:
        return [f"faltam migrações no banco ({', '.join(missing)}): {_SETUP}"]
    is_virtual = rows[0]["is_virtual"]
    if virtual_clock and not is_virtual:
        return [
            "CANCELAMENTO_CLOCK=virtual, e o banco não está marcado para saltar o tempo: casos reais nunca saltam"
        ]
    if is_virtual and not virtual_clock and role is Role.WORKER:
        return [
            "o banco está marcado para saltar o tempo (demonstração ou teste): use outro para casos reais"
        ]
    return []
