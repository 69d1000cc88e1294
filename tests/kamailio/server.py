"""A real Kamailio on loopback, with its own database on the tests' PostgreSQL, and what a test asks of it."""

import os
import random
import shutil
from pathlib import Path
from signal import SIGTERM
from string import Template
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from cancellation.adapters.kamailio import KamailioSettings
from cancellation.adapters.kamailio.rpc import KamailioFault, KamailioRpc
from embedded import EmbeddedPostgres, ProcessServer
from embedded.ports import LOOPBACK, is_free
from embedded.process import Command

HERE = Path(__file__).parent
SCHEMAS = Path("/usr/share/kamailio/postgres")
TABLES = ("standard", "usrloc", "permissions", "alias_db", "auth_db", "domain", "avpops")
TRUNKS, CARRIER = 1, 2
"""Groups of the table of addresses, as the routing script uses them."""
CARRIER_IP = "127.0.2.1"


def low_port() -> int:
    """A free port that Kamailio's table of addresses can hold: its column is a signed smallint.

    Below those that `embedded.ports` gives out, which homes hold as UDP ports too.
    """
    while True:
        port = random.randrange(12_000, 20_000)
        if is_free(port):
            return port


def require_kamailio() -> None:
    """Skip where Debian's packages are not installed, and say which."""
    missing = [
        package
        for package, there in (
            ("kamailio", shutil.which("kamailio") is not None),
            ("kamailio-postgres-modules", (SCHEMAS / "auth_db-create.sql").exists()),
            ("sip-tester", shutil.which("sipp") is not None),
        )
        if not there
    ]
    if missing:
        pytest.skip(f"needs a real SIP registrar: apt-get install {' '.join(missing)}")


class KamailioServer(ProcessServer):
    """Kamailio in the foreground as a child of ours.

    Args:
        folder: Its configuration, log and run directory.
        postgres: The server on which its database lies.
        reload_delta: Seconds between two reloads of trunk addresses; Kamailio's own default is 5.
        database: The name of its database; several servers may share one.
    """

    name = "Kamailio"
    start_seconds = 60.0
    log_lines = 20

    def __init__(
        self, folder: Path, postgres: EmbeddedPostgres, *, reload_delta: int = 5, database: str = "kamailio"
    ) -> None:
        super().__init__(folder / "kamailio.log")
        self._folder = folder
        self._postgres = postgres
        self._database = database
        self._reload_delta = reload_delta
        self.sip_port = low_port()
        self.rpc_port = low_port()
        self.carrier_port = low_port()

    @property
    def rpc_url(self) -> str:
        """Where it takes commands."""
        return f"http://{LOOPBACK}:{self.rpc_port}/RPC"

    @property
    def database_url(self) -> str:
        """Its own database."""
        return self._postgres.url_of(self._database)

    @property
    def settings(self) -> KamailioSettings:
        """The adapter's settings for this server alone."""
        return KamailioSettings.model_validate(
            {"rpc_urls": [self.rpc_url], "database_url": self.database_url}
        )

    async def _prepare(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        await create_database(self._postgres, self._database)
        self._config.write_text(self._configuration())

    def _command(self) -> Command:
        socket_folder = parse_qs(urlsplit(self.database_url).query)["host"][0]
        return Command(
            argv=[
                "kamailio",
                "-f",
                str(self._config),
                "-DD",
                "-E",
                "-Y",
                str(self._folder),
                "-m",
                "64",
                "-M",
                "8",
            ],
            log=self.log,
            environment={"PATH": os.environ["PATH"], "PGHOST": socket_folder, "PGPORT": "5432", "TZ": "UTC"},
            folder=self._folder,
            # It takes its own children with it.
            death_signal=SIGTERM,
            stop_seconds=10,
        )

    @property
    def commands(self) -> KamailioRpc:
        """Its commands."""
        return KamailioRpc(self.rpc_url, "location", timeout_seconds=5)

    async def _answers(self) -> bool:
        try:
            await self.commands.trunk_entries()
        except (OSError, KamailioFault):
            return False
        return True

    @property
    def _config(self) -> Path:
        return self._folder / "kamailio.cfg"

    def _configuration(self) -> str:
        return Template((HERE / "kamailio.cfg.in").read_text()).substitute(
            sip_port=self.sip_port,
            rpc_port=self.rpc_port,
            carrier_port=self.carrier_port,
            reload_delta=self._reload_delta,
            database=self._database,
        )


async def create_database(postgres: EmbeddedPostgres, name: str) -> None:
    """Kamailio's database by Debian's scripts, with the provider's carrier; nothing if it is there."""
    admin = await asyncpg.connect(postgres.url_of("postgres"))
    try:
        if await admin.fetchval("select exists (select from pg_database where datname = $1)", name):
            return
        await admin.execute(f'CREATE DATABASE "{name}"')
    finally:
        await admin.close()
    connection = await asyncpg.connect(postgres.url_of(name))
    try:
        for table in TABLES:
            await connection.execute((SCHEMAS / f"{table}-create.sql").read_text())
        await connection.execute(
            "insert into address (grp, ip_addr, mask, port) values ($1, $2, 32, 0)", CARRIER, CARRIER_IP
        )
    finally:
        await connection.close()


async def drop_database(postgres: EmbeddedPostgres, name: str) -> None:
    """Remove Kamailio's database."""
    admin = await asyncpg.connect(postgres.url_of("postgres"))
    try:
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await admin.close()


async def empty(server: KamailioServer) -> None:
    """Take every customer out of the server: out of its tables and out of its memory."""
    connection = await asyncpg.connect(server.database_url)
    try:
        accounts = await connection.fetch("select username || '@' || domain as account from location")
        await connection.execute(
            """
            truncate subscriber, dbaliases, domain, usr_preferences, address;
            do $$ begin
                if to_regclass('cancelamento.parked') is not null then truncate cancelamento.parked; end if;
            end $$
            """
        )
        await connection.execute(
            "insert into address (grp, ip_addr, mask, port) values ($1, $2, 32, 0)", CARRIER, CARRIER_IP
        )
    finally:
        await connection.close()
    for row in accounts:
        await server.commands.unregister(row["account"])
    await server.commands.reload_trunks()
