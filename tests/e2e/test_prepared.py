"""From an empty PostgreSQL and a Temporal without namespace to one that works, by what an administrator types."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import pytest
from temporalio.client import Client

from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.migrate import migrate, shipped
from cancellation.adapters.postgres.pool import open_pool
from cancellation.adapters.postgres.roles import Role
from cancellation.contract import SEARCH_ATTRIBUTES
from cancellation.settings import Settings
from embedded import EmbeddedPostgres, EmbeddedTemporal
from tests.contract.cases import opening
from tests.e2e.running_up import typed
from workers.namespace import retention_of
from workers.prepared import NEEDS

PASSWORD = "a@b/c#d:e%f?g&h ção'"
PROCESSES = [role.process for role in NEEDS]


@dataclass(frozen=True)
class Servers:
    """As a provider has them before anything of ours is installed."""

    postgres: EmbeddedPostgres
    temporal: EmbeddedTemporal
    passwords: Path

    def as_owner(self) -> str:
        """An owner who may not make roles."""
        return self.postgres.database_url.replace("postgres@", f"dono:{quote(PASSWORD, safe='')}@")


@pytest.fixture(scope="module")
async def servers(open_folder: Path) -> AsyncIterator[Servers]:
    """PostgreSQL that asks everybody but its superuser for a password, and a Temporal of its own."""
    folder = open_folder / "prepared"
    folder.mkdir(mode=0o711)
    postgres = EmbeddedPostgres(folder / "postgres", durable=False)
    temporal = EmbeddedTemporal(folder / "temporal", ui_port=0, search_attributes={}, durable=False)
    async with postgres, temporal:
        (postgres.kept_in / "data" / "pg_hba.conf").write_text(
            "local all postgres trust\nlocal all all scram-sha-256\n"
        )
        connection = await asyncpg.connect(postgres.database_url)
        await connection.execute("select pg_reload_conf()")
        await connection.execute(
            f"create role dono login password '{PASSWORD.replace(chr(39), chr(39) * 2)}'"
        )
        await connection.execute("alter database cancelamento owner to dono")
        await connection.close()
        passwords = folder / "passwords"
        passwords.mkdir()
        for role in Role:
            (passwords / role).write_text(f"{PASSWORD}{role}\n")
        yield Servers(postgres, temporal, passwords)


@pytest.fixture
def configured(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment of an administrator; the home."""
    monkeypatch.setenv("DATABASE_URL", servers.postgres.database_url)
    monkeypatch.setenv("TEMPORAL_ADDRESS", servers.temporal.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "provedor")
    return tmp_path / "home"


async def namespace(servers: Servers) -> Client:
    return await Client.connect(servers.temporal.address, namespace="provedor")


def test_everything_that_is_missing_is_said_and_nothing_starts_on_it(
    configured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = typed(configured, capsys, "check")
    assert (said.code, said.err) == (1, "")
    lines = said.out.splitlines()
    assert (
        "worker: Temporal: o namespace “provedor” não existe no Temporal (TEMPORAL_NAMESPACE): " in said.out
    )
    for process in PROCESSES:
        assert [
            line
            for line in lines
            if line.startswith(f"{process}: banco: ") and "rode cancelamento setup" in line
        ]
    assert "worker: gravações: pronto" in lines
    # The monitor starts on anything: it is there to say what is away.
    for process in set(PROCESSES) - {Role.MONITOR.process}:
        refused = typed(configured, capsys, process)
        assert refused.code == 1, process
        assert "rode cancelamento setup" in refused.err
        assert refused.out == ""


def test_an_owner_who_may_make_no_roles_is_told_what_to_ask_for(
    servers: Servers, configured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = typed(configured, capsys, "setup", "--owner-url", servers.as_owner())
    assert said.code == 1
    orders = re.findall(r"create role \w+ login;", said.err)
    assert orders == [f"create role {role} login;" for role in Role]
    assert PASSWORD not in said.err

    async def by_who_may() -> None:
        connection = await asyncpg.connect(servers.postgres.database_url)
        await connection.execute(" ".join(orders))
        # Whoever made them may also say how they log in; the owner of the data may not.
        await connection.close()

    asyncio.run(by_who_may())
    again = typed(configured, capsys, "setup", "--owner-url", servers.as_owner())
    assert again.code == 0, again.err
    assert "nenhum(a) migração aplicada: já estava em dia" in again.out
    assert "namespace criado: provedor, casos encerrados ficam 90 dias" in again.out
    assert f"{len(SEARCH_ATTRIBUTES)} atributos de busca registrados" in again.out


def test_passwords_are_given_by_files_and_a_second_setup_changes_what_changed(
    servers: Servers, configured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # By the superuser here: it may give passwords.
    said = typed(configured, capsys, "setup", "--passwords", str(servers.passwords), "--retention-days", "30")
    assert said.code == 0, said.err
    assert f"{len(Role)} senhas dadas: cancelamento_worker, " in said.out
    assert "namespace provedor: casos encerrados agora ficam 30 dias, antes 90" in said.out
    assert PASSWORD not in said.out + said.err
    assert asyncio.run(_retention(servers)) == timedelta(days=30)
    assert "namespace" not in typed(configured, capsys, "setup", "--retention-days", "30").out


async def _retention(servers: Servers) -> timedelta | None:
    return await retention_of(await namespace(servers))


@pytest.mark.parametrize("process", PROCESSES)
def test_each_process_finds_everything_with_a_login_of_its_own(
    servers: Servers,
    configured: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    process: str,
) -> None:
    by_parts(servers, monkeypatch, process)
    said = typed(configured, capsys, "check", process)
    assert (said.code, said.err) == (0, ""), said.out
    assert {line.rsplit(": ", 1)[1] for line in said.out.splitlines()} == {"pronto"}
    others = typed(configured, capsys, "check")
    assert others.code == 1
    assert "o banco não deixa esta conexão trabalhar como" in others.out


def by_parts(servers: Servers, monkeypatch: pytest.MonkeyPatch, process: str) -> None:
    role = f"cancelamento_{process}"
    monkeypatch.delenv("DATABASE_URL", raising=False)
    where = parse_qs(urlsplit(servers.postgres.database_url).query)
    monkeypatch.setenv("CANCELAMENTO_DATABASE_HOST", where["host"][0])
    monkeypatch.setenv("CANCELAMENTO_DATABASE_PORT", where["port"][0])
    monkeypatch.setenv("CANCELAMENTO_DATABASE_USER", role)
    monkeypatch.setenv("CANCELAMENTO_DATABASE_PASSWORD_FILE", str(servers.passwords / role))


def test_people_type_commands_with_the_workers_environment_and_plant_with_the_owners(
    servers: Servers, configured: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_parts(servers, monkeypatch, "worker")
    for command in (("list",), ("report",), ("inbox", "--tasks")):
        said = typed(configured, capsys, *command)
        assert said.code == 0, said.err
    refused = typed(configured, capsys, "seed", "1042")
    assert refused.code == 1
    assert "este usuário do banco não pode fazer isso" in refused.err
    by_parts(servers, monkeypatch, "desk")
    assert typed(configured, capsys, "report").code == 0


def test_what_the_database_writes_itself_is_written_for_an_owner_who_is_no_superuser_P20(
    servers: Servers, configured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_parts(servers, monkeypatch, "worker")

    async def opened() -> bool:
        pool = await open_pool(Settings().require_database_url(), role=Role.WORKER)
        crm = PostgresCrm(pool)
        await crm.open_case(opening())
        check = await crm.verify_trail("case-a")
        await pool.close()
        return check.intact and check.entries == 2

    assert asyncio.run(opened())


def test_a_process_of_before_does_not_hinder_a_newer_database_and_a_newer_one_asks_for_setup(
    servers: Servers, configured: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = shipped()
    from cancellation.adapters.postgres import prepared

    monkeypatch.setattr(prepared, "shipped", lambda: known[:-1])
    assert typed(configured, capsys, "check", "desk").code == 0
    newer = type(known[-1])(999, "999_newer.sql", "select 1")
    monkeypatch.setattr(prepared, "shipped", lambda: [*known, newer])
    said = typed(configured, capsys, "check", "desk")
    assert said.code == 1
    assert "faltam migrações no banco (999_newer.sql)" in said.out


@pytest.mark.parametrize(("virtual", "marked"), [(True, False), (False, True)])
def test_no_worker_works_on_a_database_with_another_kind_of_clock_P19(
    servers: Servers,
    configured: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    virtual: bool,
    marked: bool,
) -> None:
    monkeypatch.setenv("CANCELAMENTO_CLOCK", "virtual" if virtual else "strict")
    asyncio.run(migrate(servers.postgres.database_url, virtual_clock=marked))
    try:
        said = typed(configured, capsys, "worker")
    finally:
        asyncio.run(migrate(servers.postgres.database_url, virtual_clock=False))
    assert said.code == 1
    assert "saltar o tempo" in said.err


def test_a_server_that_is_not_there_is_told_apart_from_what_is_missing(
    configured: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("CANCELAMENTO_RECORDINGS_URL", "s3://none")
    monkeypatch.setenv(
        "CANCELAMENTO_RECORDINGS_OPTIONS",
        '{"endpoint": "http://127.0.0.1:1", "client_options": {"allow_http": true}, "retry_config": '
        '{"max_retries": 0}, "access_key_id": "a", "secret_access_key": "b", "region": "x"}',
    )
    said = typed(configured, capsys, "check")
    assert said.code == 3
    assert "worker: Temporal: não foi possível conectar ao Temporal em 127.0.0.1:1" in said.out
    assert "gateway: banco: pronto" in said.out
    assert re.search("^gateway: gravações: (?!pronto)", said.out, re.MULTILINE)
