"""The named queries: each is used, each use is of one that there is, and PostgreSQL takes every one of them."""

import ast
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.queries import BadQueryFile, queries
from cancellation.domain.findings import Rule

ADAPTERS = Path(__file__).parents[2] / "cancellation" / "adapters"
OURS = {
    (file.stem, name) for file in (ADAPTERS / "postgres" / "sql").glob("*.sql") for name in queries(file.stem)
}
KAMAILIOS = {("tables", name) for name in queries("tables", "cancellation.adapters.kamailio")}
"""Those of Kamailio's own database; `test_telephony_kamailio.py` has it take them."""
BY_RULE = {("rules", rule.value) for rule in Rule}
"""Those of reconciliation, which asks for them by rule."""


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database, max_size=1)
    yield pool
    await pool.close()


def used() -> Iterator[tuple[str, object]]:
    """Every query that a module asks for, as the file and the name in it."""
    for module in ADAPTERS.rglob("*.py"):
        tree = ast.parse(module.read_text("utf-8"))
        files = dict(_bound_to_queries(tree))
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Subscript)
                and isinstance(node.value, ast.Name)
                and node.value.id in files
            ):
                assert isinstance(node.slice, ast.Constant), (
                    f"{module.name}: a query is asked for by its name"
                )
                yield files[node.value.id], node.slice.value


def _bound_to_queries(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(node.value, ast.Call)
            and ast.unparse(node.value.func) == "queries"
            and isinstance(node.value.args[0], ast.Constant)
        ):
            yield node.target.id, str(node.value.args[0].value)


def test_every_query_is_used_and_every_use_is_of_a_query() -> None:
    assert set(used()) | BY_RULE == OURS | KAMAILIOS


async def test_postgresql_takes_every_query(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for file, name in sorted(OURS):
            try:
                await connection.prepare(queries(file)[name])
            except Exception as error:
                pytest.fail(f"{file}.sql, {name}: {error}")


@pytest.mark.parametrize("text", ["select 1", "-- name: a\nselect 1\n-- name: a\nselect 2"])
def test_a_file_without_names_or_with_one_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    package = f"bad_queries_{uuid.uuid4().hex}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    (tmp_path / package / "x.sql").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadQueryFile):
        queries("x", package)


PLAN = """
create function pg_temp.plan_of(query text) returns json language plpgsql as $$
declare
    plan json;
begin
    execute 'explain (generic_plan, verbose, format json) ' || query into plan;
    return plan;
end $$;
set local enable_seqscan = off;
"""


def walked(node: dict[str, Any]) -> Iterator[str]:
    """Tables of which a plan reads every row, for no index serves."""
    if node["Node Type"] == "Seq Scan":
        yield f"{node['Schema']}.{node['Relation Name']}"
    for part in node.get("Plans", ()):
        yield from walked(part)


@pytest.mark.parametrize("file", ["crm", "billing", "telephony", "kamailio", "recordings", "watch"])
async def test_what_is_asked_for_every_case_never_reads_a_whole_table(pool: Pool, file: str) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(PLAN)
        found = {
            name: tables
            for name, query in queries(file).items()
            for [top] in [await connection.fetchval("select pg_temp.plan_of($1)", query)]
            if (tables := sorted(walked(top["Plan"])))
        }
    assert found == {}
