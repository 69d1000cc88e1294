"""What each role of the database may do: enough for every statement of its process, and nothing beside (P19, P20)."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest

from cancellation.adapters.postgres.pool import Pool, RoleRefused, open_pool
from cancellation.adapters.postgres.queries import queries
from cancellation.adapters.postgres.roles import SCHEMAS, Role, verifier_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "database-roles.md"
DENIED = asyncpg.InsufficientPrivilegeError
NOBODYS = (
    asyncpg.GeneratedAlwaysError,
    asyncpg.FeatureNotSupportedError,
    asyncpg.ObjectNotInPrerequisiteStateError,
)
"""What nobody sets, whoever asks: generated columns, views."""
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

SEEDING = {
    "put_customer",
    "provision",
    "provision_resources",
    "provision_numbers",
    "provision_payments",
    "provision_invoice_payments",
    "provision_documents",
}
MONTHLY_RUN = {"customers_of_days", "planned_end", "add_charges"}
BY_VISITORS = {"link_by_token_hash", "record_access", "finish_access"}
STATEMENTS: dict[Role, dict[str, set[str]]] = {
    Role.WORKER: {
        "crm": set(queries("crm")) - SEEDING,
        "billing": set(queries("billing")) - SEEDING - MONTHLY_RUN,
        "telephony": set(queries("telephony")) - SEEDING,
        "recordings": set(queries("recordings")) - BY_VISITORS,
        "inbox": set(queries("inbox")),
        "outbox": set(queries("outbox")),
        "watch": set(queries("watch")),
        "kamailio": set(queries("kamailio")),
        # The letters' own, and what `list` and `report` ask.
        "desk": {"account", "in_list", "figures", "mail_figures"},
        # What `dossier` asks.
        "evidence": set(queries("evidence")),
        "reconciliation": set(queries("reconciliation")),
        "rules": set(queries("rules")),
    },
    Role.INBOX: {"crm": {"keep_original"}},
    Role.GATEWAY: {"recordings": {*BY_VISITORS, "lock_case"}},
    Role.DESK: {
        "desk": set(queries("desk")),
        "crm": {"customer", "customers_by_email", "customers_by_cnpj", "keep_mail_decisions"},
        "inbox": {"copies", "task", "close_task"},
        "billing": {"account"},
        "reconciliation": {"open_findings", "counts", "last_run"},
    },
    Role.REPORTS: {"desk": {"figures", "mail_figures"}},
    Role.MONITOR: {"gauges": set(queries("gauges"))},
    Role.ERASE: {"erasure": set(queries("erasure"))},
}
"""What the process of a role asks of the database; what no process asks is left to whoever owns it."""
AT_THE_START = "select number, is_virtual from migration.applied, migration.clock"


@dataclass(frozen=True)
class Right:
    """One privilege, on a table or a column of it."""

    role: Role
    table: str
    verb: str
    column: str | None

    @property
    def words(self) -> str:
        column = f" ({self.column})" if self.column else ""
        return f"{self.verb}{column} on {self.table}"


def statements(role: Role) -> Iterator[tuple[str, str]]:
    for file, names in STATEMENTS[role].items():
        for name in sorted(names):
            yield f"{file}.{name}", queries(file)[name]
    yield "at the start", AT_THE_START


@pytest.fixture
async def owner(database: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def is_allowed(connection: Connection, role: Role, statement: str) -> bool:
    """Whether a role may run it: its rights are looked at before anything is done, and nothing is."""
    attempt = connection.transaction()
    await attempt.start()
    try:
        await connection.execute(f"set local role {role}")
        await connection.execute(statement)
    except DENIED:
        return False
    finally:
        await attempt.rollback()
    return True


async def rights(connection: Connection) -> Sequence[Right]:
    rows = await connection.fetch(
        """
        select g.rolname as role, n.nspname || '.' || c.relname as table_name, a.privilege_type as verb,
            null as column_name
        from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
        join pg_roles g on g.oid = a.grantee
        where g.rolname = any($1) and c.relkind in ('r', 'v')
        union all
        select g.rolname, n.nspname || '.' || c.relname, a.privilege_type, t.attname
        from pg_attribute t join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace,
            aclexplode(t.attacl) a join pg_roles g on g.oid = a.grantee
        where g.rolname = any($1)
        order by 2, 1, 3, 4
        """,
        [role.value for role in Role],
    )
    return [
        Right(Role(row["role"]), row["table_name"], row["verb"].lower(), row["column_name"]) for row in rows
    ]


async def tables(connection: Connection) -> list[str]:
    rows = await connection.fetch(
        """
        select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'v') and n.nspname = any($1) order by 1
        """,
        list(SCHEMAS),
    )
    return [row["name"] for row in rows]


# ---------------------------------------------------------------------------------------- enough


@pytest.mark.parametrize("role", Role)
async def test_every_statement_of_a_process_is_within_its_role_P19(owner: Connection, role: Role) -> None:
    refused = [
        name
        for name, statement in statements(role)
        if not await is_allowed(owner, role, f"explain (generic_plan) {statement}")
    ]
    assert refused == []


def test_every_statement_is_some_processes_or_is_left_to_whoever_owns_the_database() -> None:
    asked = {(file, name) for role in Role for file, names in STATEMENTS[role].items() for name in names}
    files = {file for role in Role for file in STATEMENTS[role]}
    left = {name for file in files for name in queries(file) if (file, name) not in asked}
    assert left == SEEDING | MONTHLY_RUN


# ---------------------------------------------------------------------------------------- and nothing beside


async def test_every_right_is_needed_by_a_statement_P19(owner: Connection) -> None:
    idle = []
    for right in await rights(owner):
        bare = right.table.partition(".")[2]
        asking = [text for _, text in statements(right.role) if bare in text]
        attempt = owner.transaction()
        await attempt.start()
        await owner.execute(f"revoke {right.words} from {right.role}")
        for statement in asking:
            if not await is_allowed(owner, right.role, f"explain (generic_plan) {statement}"):
                break
        else:
            idle.append(f"{right.role}: {right.words}")
        await attempt.rollback()
    assert idle == []


async def test_no_role_removes_rows_or_undoes_a_guard_P19_P20(owner: Connection) -> None:
    """Every table with every role: tried, for what a catalogue says is not yet what a server does."""
    allowed = {
        (role, table, verb)
        for role in Role
        for table in await tables(owner)
        for verb, statement in (
            ("delete", f"delete from {table} where false"),
            ("truncate", f"truncate {table}"),
            ("disable triggers", f"alter table {table} disable trigger all"),
            ("drop", f"drop table {table} cascade"),
            ("take", f"alter table {table} owner to {role}"),
            (
                "hang a trigger on",
                f"create trigger x after insert on {table} execute function crm.refuse_removal()",
            ),
        )
        if not table.endswith(("accounts", "customer_cards")) and await is_allowed(owner, role, statement)
    }
    # A session of the desk is no record.
    assert allowed == {(Role.DESK, "desk.sessions", "delete")}


async def test_no_role_does_what_it_has_no_right_to_P19(owner: Connection) -> None:
    held = await rights(owner)
    wrong = []
    for table in await tables(owner):
        rows = await owner.fetch(
            "select attname from pg_attribute where attrelid = $1::text::regclass and attnum > 0 and attgenerated = ''",
            table,
        )
        for role in Role:
            own = {(right.verb, right.column) for right in held if (right.role, right.table) == (role, table)}
            for column in (row["attname"] for row in rows):
                tried = (
                    ("select", f"select {column} from {table} limit 0"),
                    ("update", f"update {table} set {column} = null where false"),
                )
                for verb, statement in tried:
                    may = bool({(verb, None), (verb, column)} & own)
                    try:
                        if await is_allowed(owner, role, statement) is not may:
                            wrong.append((role, verb, table, column))
                    except NOBODYS:
                        continue
    assert wrong == []


@pytest.mark.parametrize("role", Role)
async def test_no_role_makes_anything_of_its_own_P19(owner: Connection, role: Role) -> None:
    for statement in (
        "create schema x",
        "create table public.x ()",
        "create table crm.x ()",
        "create role x",
        "alter role cancelamento_worker superuser",
        "set session_replication_role = replica",
        "create temporary table t (case_id text, seq int); "
        "create trigger t before insert on t for each row execute function crm.chain_trail()",
    ):
        assert not await is_allowed(owner, role, statement), statement


async def test_a_right_that_was_given_by_hand_goes_with_the_next_migration(
    database: str, owner: Connection
) -> None:
    from cancellation.adapters.postgres.migrate import migrate

    await owner.execute(f"grant delete, update on crm.trail to {Role.WORKER}")
    await migrate(database)
    verbs = {
        right.verb for right in await rights(owner) if (right.role, right.table) == (Role.WORKER, "crm.trail")
    }
    assert verbs == {"select", "insert"}


# ---------------------------------------------------------------------------------------- the trail's head


@pytest.mark.parametrize("as_owner", [True, False])
async def test_the_head_of_a_trail_moves_with_its_entries_alone_P20(
    owner: Connection, formalized: Pool, as_owner: bool
) -> None:
    for typed in (
        "update crm.cases set trail_seq = 0",
        "update crm.cases set trail_head = '' where case_id = 'case-a'",
        "insert into crm.cases (case_id, customer_id, workflow_id, protocol, stage, opened_at, request, changed_at, "
        "trail_seq) values ('x', 'x', 'x', 'x', 'retention', now(), '{}', now(), 7)",
    ):
        whoever = f"set local role {'none' if as_owner else Role.WORKER}; "
        with pytest.raises(asyncpg.RestrictViolationError if as_owner or "insert" in typed else DENIED):
            await owner.execute(whoever + typed)
    assert await owner.fetchval("select trail_seq from crm.cases where case_id = 'case-a'") == 2


# ---------------------------------------------------------------------------------------- the document


async def table_of_rights(connection: Connection) -> str:
    """Tables by roles, as the document shows them."""
    held = await rights(connection)
    lines = ["| | " + " | ".join(role.process for role in Role) + " |", "|---" * (len(Role) + 1) + "|"]
    for table in await tables(connection):
        cells = []
        for role in Role:
            own = [right for right in held if (right.role, right.table) == (role, table)]
            verbs = sorted({right.verb for right in own}, key=["select", "insert", "update", "delete"].index)
            cells.append("; ".join(_cell(verb, [r.column for r in own if r.verb == verb]) for verb in verbs))
        lines.append(f"| `{table}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(verb: str, columns: Sequence[str | None]) -> str:
    word = {"select": "read", "insert": "add", "update": "change", "delete": "remove"}[verb]
    return word if None in columns else f"{word} " + ", ".join(sorted(column or "" for column in columns))


async def test_no_guard_asks_for_more_than_whoever_it_guards_may_see_P19(owner: Connection) -> None:
    """A guard runs with the rights of who writes, unless it says otherwise."""
    guards = await owner.fetch(
        """
        select distinct t.tgrelid::regclass::text as table_name, p.proname as name, p.prosrc as source
        from pg_trigger t join pg_proc p on p.oid = t.tgfoid
        where not t.tgisinternal and not p.prosecdef
        """
    )
    asked = 0
    for right in await rights(owner):
        if right.verb not in ("insert", "update", "delete"):
            continue
        for guard in guards:
            if guard["table_name"] == right.table:
                for schema in set(re.findall(rf"\b({'|'.join(SCHEMAS)})\.\w", guard["source"])):
                    asked += 1
                    assert await owner.fetchval(
                        "select has_schema_privilege($1::text, $2::text, 'usage')", right.role.value, schema
                    ), f"{guard['name']} looks into {schema}, which {right.role} may not: {right.words}"
    assert asked


async def test_the_document_shows_what_each_role_may_do(owner: Connection) -> None:
    told = re.search(r"^\| \|.*?(?=^\n|\Z)", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    real = await table_of_rights(owner)
    assert told, f"{DOCUMENT} lacks the table:\n{real}"
    assert told[0] == real


# ---------------------------------------------------------------------------------------- coming in


async def test_a_connection_that_may_not_work_as_a_role_is_told_apart(
    database: str, owner: Connection
) -> None:
    await owner.execute("drop role if exists somebody; create role somebody login")
    stranger = database.replace("postgres@", "somebody@")
    for url, role in ((stranger, Role.WORKER.value), (database, "nobody_at_all")):
        with pytest.raises(RoleRefused):
            await open_pool(url, role=role)
    own = await open_pool(database.replace("postgres@", f"{Role.GATEWAY}@"), role=Role.GATEWAY)
    assert (
        await own.fetchval("select session_user || ' ' || current_user") == f"{Role.GATEWAY} {Role.GATEWAY}"
    )
    await own.close()


async def test_a_password_is_kept_so_that_nothing_tells_it(owner: Connection) -> None:
    password = "a'b@c/d#e%ção"
    await owner.execute("drop role if exists somebody; create role somebody login")
    await owner.execute(f"alter role somebody password '{verifier_of(password, b'0123456789abcdef')}'")
    ours = await owner.fetchval("select rolpassword from pg_authid where rolname = 'somebody'")
    assert re.fullmatch(r"SCRAM-SHA-256\$4096:MDEyMzQ1Njc4OWFiY2RlZg==\$[\w+/=]{44}:[\w+/=]{44}", ours)
    assert password not in ours
