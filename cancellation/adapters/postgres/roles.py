"""The database's roles: an owner who migrates, and one for each process that may do what its statements need.

No process runs as the owner, so none can disable a trigger, remove a row, or change what it has no business with:
the constraints of P19 and the trail's (P20) hold against our own programs too. What a role may do stands in
`grants/`; it is written anew with every migration, so that a right that is no longer needed does not stay.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from enum import StrEnum
from importlib import resources
from typing import Final

import asyncpg

from cancellation.adapters.postgres.pool import Connection

SCHEMAS: Final = (
    "crm",
    "billing",
    "telephony",
    "recordings",
    "notification",
    "inbox",
    "desk",
    "reconciliation",
    "migration",
)
"""Every schema of ours."""
_ITERATIONS: Final = 4096


class Role(StrEnum):
    """Who does something in the database."""

    WORKER = "cancelamento_worker"
    INBOX = "cancelamento_inbox"
    GATEWAY = "cancelamento_gateway"
    DESK = "cancelamento_desk"
    REPORTS = "cancelamento_reports"
    """For whoever draws figures with tools of their own (X26)."""
    MONITOR = "cancelamento_monitor"
    """Counts, for alerts and dashboards."""

    @property
    def process(self) -> str:
        """The process, as its command is called."""
        return self.value.removeprefix("cancelamento_")


async def make_roles(connection: Connection) -> None:
    """Make the roles that the server does not have; who is connected may lack the right to, and then they stay missing.

    They belong to the whole server, so another database may have made them. A new one cannot log in from another
    machine until it has a password.
    """
    for role in Role:
        try:
            async with connection.transaction():
                await connection.execute(f"create role {role} login")
        except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
            # Whoever made it first: it may log in, and nothing more than that.
            await _may_log_in(connection, role)
        except asyncpg.InsufficientPrivilegeError:
            continue


async def _may_log_in(connection: Connection, role: Role) -> None:
    if await connection.fetchval("select rolcanlogin from pg_roles where rolname = $1", role.value):
        return
    try:
        async with connection.transaction():
            await connection.execute(f"alter role {role} login")
    except asyncpg.InsufficientPrivilegeError:
        return


async def grant(connection: Connection) -> list[Role]:
    """Give every role what it needs and take everything else; answers with those that the server does not have.

    Nothing is given while the tables are not there.
    """
    rows = await connection.fetch("select rolname from pg_roles where rolname = any($1)", list(Role))
    there = {row["rolname"] for row in rows}
    held = await connection.fetch("select nspname from pg_namespace where nspname = any($1)", list(SCHEMAS))
    if len(held) < len(SCHEMAS):
        return []
    schemas = ", ".join(SCHEMAS)
    for role in Role:
        if role in there:
            await _let_in(connection, role)
            await connection.execute(f"revoke all on all tables in schema {schemas} from {role}")
            await connection.execute(f"revoke all on schema {schemas} from {role}")
            await connection.execute(
                resources.files(f"{__package__}.grants").joinpath(f"{role.process}.sql").read_text()
            )
            # What each of them looks at when it starts.
            await connection.execute(f"grant usage on schema migration to {role}")
            await connection.execute(f"grant select on migration.applied, migration.clock to {role}")
    return [role for role in Role if role not in there]


async def _let_in(connection: Connection, role: Role) -> None:
    """Where not everybody may enter this database its owner lets the role in."""
    database = await connection.fetchval("select quote_ident(current_database())")
    try:
        async with connection.transaction():
            await connection.execute(f"grant connect on database {database} to {role}")
    except asyncpg.InsufficientPrivilegeError:
        return


async def missing_roles(database_url: str) -> list[Role]:
    """The roles that the server does not have."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch("select rolname from pg_roles where rolname = any($1)", list(Role))
    finally:
        await connection.close()
    there = {row["rolname"] for row in rows}
    return [role for role in Role if role not in there]


async def set_passwords(database_url: str, passwords: Mapping[Role, str]) -> None:
    """Give roles the passwords by which their processes log in; nothing that is sent or logged tells them.

    Raises:
        asyncpg.InsufficientPrivilegeError: who is connected may not.
    """
    connection = await asyncpg.connect(database_url)
    try:
        for role, password in passwords.items():
            await connection.execute(f"alter role {role} password '{verifier_of(password)}'")
    finally:
        await connection.close()


def verifier_of(password: str, salt: bytes | None = None) -> str:
    """What PostgreSQL keeps of a password (SCRAM-SHA-256, RFC 5803); the password cannot be told from it."""
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    parts = (
        base64.b64encode(part).decode()
        for part in (salt, stored, hmac.digest(salted, b"Server Key", "sha256"))
    )
    return "SCRAM-SHA-256${}:{}${}:{}".format(_ITERATIONS, *parts)
