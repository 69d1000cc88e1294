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
from cancellation.domain.values import PhoneNumber

_NUMBER: Final = r"^\+?[1-9][0-9]{6,14}$"
"""What in `dbaliases` is a telephone number; the plus may be left out there, other names are mere aliases."""

_DOMAINS: Final = "select domain from domain where did = $1 order by id"

_LABEL: Final = (
    "with label as (select username, domain, value from usr_preferences where attribute = 'label')"
)

_EXTENSIONS: Final = f"""
    {_LABEL}
    select username, domain, bool_or(live) as live, coalesce(min(label.value), username) as label
    from (
        select username, domain, true as live from subscriber where domain = any($1)
        union all
        select content ->> 'username', domain, false from cancelamento.parked
        where kind = 'extension' and domain = any($1)
    ) account
    left join label using (username, domain)
    group by username, domain order by username, domain
"""

_TRUNKS: Final = f"""
    {_LABEL}
    select username, domain, bool_or(live) as live, coalesce(min(label.value), username) as label
    from (
        select split_part(tag, '@', 1) as username, split_part(tag, '@', 2) as domain, true as live
        from address where grp = $2 and split_part(tag, '@', 2) = any($1)
        union all
        select split_part(platform_id, '@', 1), domain, false from cancelamento.parked
        where kind = 'trunk' and domain = any($1)
    ) trunk
    left join label using (username, domain)
    group by username, domain order by username, domain
"""

# A number that leads to itself leads nowhere yet.
_ROUTES: Final = """
    select number, bool_or(live) as live, coalesce(bool_and(p.value <> '0'), true) as customer_owned,
        array_agg(distinct route.username || '@' || route.domain)
            filter (where ltrim(route.username, '+') <> ltrim(number, '+')) as targets
    from (
        select '+' || ltrim(alias_username, '+') as number, username, domain, true as live from dbaliases
        where domain = any($1) and alias_username ~ $2
        union all
        select platform_id, content ->> 'username', domain, false from cancelamento.parked
        where kind = 'number' and domain = any($1) and not ported
    ) route
    left join usr_preferences p
        on p.username = number and p.domain = route.domain and p.attribute = 'customer_owned'
    group by number order by number
"""

_REGISTERED_WITHOUT_ACCOUNT: Final = """
    select distinct username, domain from {location} l
    where domain = any($1) and not exists (
        select from subscriber s where s.username = l.username and s.domain = l.domain)
"""

_PARK: Final = """
    with gone as (delete from {table} t where {condition} returning t.*)
    insert into cancelamento.parked
        (table_name, row_id, kind, platform_id, domain, ported, case_id, parked_at, content)
    select '{table}', id, '{kind}', {platform_id}, {domain}, $2, $3, $4, to_jsonb(gone) from gone
    on conflict (table_name, row_id) do update set content = excluded.content, parked_at = excluded.parked_at
"""

_ACCOUNT: Final = "username || '@' || domain"
_IS_NUMBER: Final = f"alias_username ~ '{_NUMBER}'"

PARK_EXTENSIONS: Final = _PARK.format(
    table="subscriber",
    kind="extension",
    condition=f"{_ACCOUNT} = any($1)",
    platform_id=_ACCOUNT,
    domain="domain",
)
PARK_ALIASES: Final = _PARK.format(
    table="dbaliases",
    kind="alias",
    condition=f"{_ACCOUNT} = any($1) and not {_IS_NUMBER}",
    platform_id=_ACCOUNT,
    domain="domain",
)
PARK_TRUNKS: Final = _PARK.format(
    table="address",
    kind="trunk",
    condition="tag = any($1)",
    platform_id="tag",
    domain="split_part(tag, '@', 2)",
)
PARK_NUMBERS: Final = _PARK.format(
    table="dbaliases",
    kind="number",
    condition=f"'+' || ltrim(alias_username, '+') = any($1) and {_IS_NUMBER} and domain = any($5)",
    platform_id="'+' || ltrim(alias_username, '+')",
    domain="domain",
)

_PUT_BACK: Final = """
    with back as (
        delete from cancelamento.parked where table_name = '{table}' and domain = any($1) and not ported
        returning content
    )
    insert into {table} select (jsonb_populate_record(null::{table}, content)).* from back
"""
_TABLES: Final = ("subscriber", "address", "dbaliases")


class KamailioTables:
    """Kamailio's database.

    Args:
        database: Connections to it.
        settings: The installation.
    """

    def __init__(self, database: KamailioDatabase, settings: KamailioSettings) -> None:
        self._database = database
        self._trunk_group = settings.trunk_group
        self._without_account = _REGISTERED_WITHOUT_ACCOUNT.format(location=settings.location_table)

    async def holdings(self, customer_id: str) -> Holdings:
        """What the tables hold of the customer."""
        async with self._database.connection() as connection:
            domains = await _domains(connection, customer_id)
            return Holdings(
                domains=tuple(domains),
                extensions=_lines(await connection.fetch(_EXTENSIONS, domains)),
                trunks=_lines(await connection.fetch(_TRUNKS, domains, self._trunk_group)),
                routes=_routes(await connection.fetch(_ROUTES, domains, _NUMBER)),
            )

    async def registered_without_account(self, domains: Collection[str]) -> list[Account]:
        """Accounts that telephones are registered for although nobody may use them (any more)."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(self._without_account, list(domains))
        return [Account(row["username"], row["domain"]) for row in rows]

    async def park(self, things: Things, customer_id: str, case_id: str, at: datetime) -> None:
        """Take things out of use so that they can be put back; what is already out stays out."""
        stamp = (False, case_id, at)
        extensions, trunks, numbers = _texts(things)
        async with self._database.transaction() as connection:
            domains = await _domains(connection, customer_id)
            await connection.execute(PARK_NUMBERS, numbers, *stamp, domains)
            await connection.execute(PARK_EXTENSIONS, extensions, *stamp)
            await connection.execute(PARK_ALIASES, extensions + trunks, *stamp)
            await connection.execute(PARK_TRUNKS, trunks, *stamp)

    async def park_ported(self, number: PhoneNumber, customer_id: str, case_id: str, at: datetime) -> None:
        """Take a number out for good: another operator serves it now, and calls to it have to go there."""
        async with self._database.transaction() as connection:
            domains = await _domains(connection, customer_id)
            await connection.execute(PARK_NUMBERS, [number], True, case_id, at, domains)
            await connection.execute(
                "update cancelamento.parked set ported = true"
                " where kind = 'number' and platform_id = $1 and domain = any($2)",
                number,
                domains,
            )

    async def put_back(self, customer_id: str) -> None:
        """Put everything that is out of use and not erased back into Kamailio's tables."""
        async with self._database.transaction() as connection:
            domains = await _domains(connection, customer_id)
            for table in _TABLES:
                await connection.execute(_PUT_BACK.format(table=table), domains)

    async def erase(self, things: Things, customer_id: str) -> None:
        """Give things back for good: no row of them is left, in use or out of it."""
        extensions, trunks, numbers = _texts(things)
        async with self._database.transaction() as connection:
            domains = await _domains(connection, customer_id)
            accounts = extensions + trunks
            await connection.execute(f"delete from subscriber where {_ACCOUNT} = any($1)", extensions)
            await connection.execute("delete from address where tag = any($1)", trunks)
            await connection.execute(
                f"delete from dbaliases where {_ACCOUNT} = any($1) and not {_IS_NUMBER}", accounts
            )
            await connection.execute(
                "delete from dbaliases where '+' || ltrim(alias_username, '+') = any($1)"
                f" and {_IS_NUMBER} and domain = any($2)",
                numbers,
                domains,
            )
            await connection.execute(
                f"delete from usr_preferences where {_ACCOUNT} = any($1)"
                " or (username = any($2) and domain = any($3))",
                accounts,
                numbers,
                domains,
            )
            await connection.execute(
                "delete from cancelamento.parked where domain = any($2) and platform_id = any($1)",
                accounts + numbers,
                domains,
            )


async def _domains(connection: Connection, customer_id: str) -> list[str]:
    return [row["domain"] for row in await connection.fetch(_DOMAINS, customer_id)]


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
