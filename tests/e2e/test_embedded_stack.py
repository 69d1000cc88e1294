import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from cancellation.addresses import Addresses, read_addresses
from cancellation.settings import Settings, load_settings
from embedded import EmbeddedError, EmbeddedPostgres, EmbeddedStack
from embedded.ports import free_port
from tests.e2e import embedded_program
from tests.e2e.processes import gone

KEYS = {"temporal", "namespace", "web_ui", "gateway", "database_url", "smtp_in", "outbox"}


@pytest.fixture
async def home(open_folder: Path, tmp_path: Path) -> AsyncIterator[Path]:
    """A home that the servers' user can reach."""
    own = open_folder / f"home-{tmp_path.name}"
    yield own
    EmbeddedPostgres(own / "postgres").discard()


class Program:
    """A stack in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, home: Path) -> None:
        self.process = process
        self.home = home

    @classmethod
    async def start(cls, home: Path, *options: str) -> "Program":
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", embedded_program.__name__, str(home), *options,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return cls(process, home)

    async def ready(self) -> Addresses:
        async with asyncio.timeout(60):
            while (addresses := read_addresses(self.home)) is None:
                assert self.process.returncode is None, await self.output()
                await asyncio.sleep(0.02)
        return addresses

    async def output(self) -> str:
        assert self.process.stdout is not None
        return (await self.process.stdout.read()).decode()

    def family(self) -> list[psutil.Process]:
        """It and everything that it started."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    async def started(self, word: str) -> None:
        """Wait until a child with that word in its command line runs: a new process bears its parent's at first."""
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(StopIteration, psutil.NoSuchProcess):
                    if self.child(word).is_running():
                        return
                await asyncio.sleep(0.02)

    def child(self, word: str) -> psutil.Process:
        return next(p for p in self.family() if p.pid != self.process.pid and word in " ".join(p.cmdline()))


@contextlib.asynccontextmanager
async def running(home: Path, *options: str) -> AsyncIterator[Program]:
    program = await Program.start(home, *options)
    try:
        yield program
    finally:
        if program.process.returncode is None:
            program.process.terminate()
        await program.process.wait()


async def visits(addresses: Addresses) -> object:
    connection = await asyncpg.connect(addresses.database_url)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS visits (n int); INSERT INTO visits VALUES (1)")
        return await connection.fetchval("SELECT count(*) FROM visits")
    finally:
        await connection.close()


@pytest.mark.rest
async def test_addresses_are_published_when_all_is_ready_and_only_then(home: Path) -> None:
    async with running(home, "quick") as program:
        addresses = await program.ready()
        published = json.loads((home / "addresses.json").read_text())
        assert published.keys() >= KEYS
        await program.started("time.sleep")
        assert (home / "addresses.json").stat().st_mode & 0o077 == 0
        for address in (addresses.temporal, addresses.smtp_out):
            host, port = address.split(":")
            assert host == "127.0.0.1"
            with socket.create_connection((host, int(port)), timeout=5):
                pass
        program.process.terminate()
        output = await program.output()
        assert await program.process.wait() == 0, output
        assert not (home / "addresses.json").exists()
        assert "PostgreSQL no ar" in output


@pytest.mark.rest
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        *(pytest.param(one, marks=pytest.mark.long) for one in (signal.SIGINT, signal.SIGKILL)),
    ],
)
async def test_nothing_is_left_running(home: Path, number: signal.Signals) -> None:
    async with running(home, "quick") as program:
        await program.ready()
        await program.started("time.sleep")
        family = program.family()
        # Ourselves, the child, Temporal, PostgreSQL and what PostgreSQL is made of.
        assert len(family) > 6
        program.process.send_signal(number)
        await gone(family)


@pytest.mark.long
async def test_interrupted_while_starting_leaves_nothing(home: Path) -> None:
    async with running(home, "quick", "hang") as program:
        async with asyncio.timeout(60):
            while not any("postgres" in process.name() for process in program.family()):
                await asyncio.sleep(0.02)
        family = program.family()
        program.process.send_signal(signal.SIGINT)
        output = await program.output()
        assert await program.process.wait() == 1
        assert "StartInterrupted" in output
        assert "Traceback" not in output
        await gone(family)


@pytest.mark.long
async def test_goes_on_where_it_was_after_a_kill_of_everything(home: Path) -> None:
    found: list[Addresses] = []
    for number in (signal.SIGKILL, signal.SIGTERM):
        async with running(home) as program:
            addresses = await program.ready()
            found.append(addresses)
            assert await visits(addresses) == len(found)
            family = program.family()
            for process in family if number == signal.SIGKILL else [family[0]]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
            await gone(family)
            await program.process.wait()
            # The file of a killed one stays behind; nobody takes it for a living one's.
            assert read_addresses(home) is None
    assert found[0].model_copy(update={"pid": 0}) == found[1].model_copy(update={"pid": 0})


@pytest.mark.long
async def test_what_dies_is_started_again(home: Path) -> None:
    async with running(home, "quick") as program:
        addresses = await program.ready()
        for word in ("time.sleep", "start-dev", "postgres"):
            dead = program.child(word)
            dead.kill()
            async with asyncio.timeout(60):
                while True:
                    with contextlib.suppress(StopIteration, psutil.NoSuchProcess):
                        if program.child(word).pid != dead.pid:
                            break
                    await asyncio.sleep(0.02)
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(OSError, asyncpg.PostgresError):
                    assert await visits(addresses) == 1
                    break
                await asyncio.sleep(0.02)


@pytest.mark.long
async def test_second_stack_in_the_same_home_is_refused(home: Path) -> None:
    async with running(home, "quick") as program:
        addresses = await program.ready()
        second = await Program.start(home, "quick")
        output = await second.output()
        assert await second.process.wait() == 1
        assert "FolderInUse: já há servidores no ar" in output
        assert read_addresses(home) == addresses


async def test_wanted_port_in_use_is_named(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        stack = EmbeddedStack(Settings(home=home), search_attributes={}, ui_port=port, handle_signals=False)
        with pytest.raises(EmbeddedError, match=f"a porta {port} .web_ui. já está em uso"):
            async with stack:
                pass


@pytest.mark.long
async def test_virtual_clock_never_on_a_real_cluster(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
    stack = EmbeddedStack(
        Settings(home=home), search_attributes={}, virtual_clock=True, durable=False, handle_signals=False
    )
    with pytest.raises(EmbeddedError, match="relógio virtual"):
        async with stack:
            pass


@pytest.mark.long
async def test_another_shell_finds_the_running_servers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANCELAMENTO_HOME", str(home))
    async with running(home, "quick") as program:
        addresses = await program.ready()
        settings = load_settings()
        assert settings.require_database_url() == addresses.database_url
        assert f"{settings.smtp.host}:{settings.smtp.port}" == addresses.smtp_out
        assert settings.gateway.public_url == addresses.gateway
    assert load_settings().database_url is None


def test_no_server_of_ours_listens_beyond_loopback() -> None:
    ours = [p for p in psutil.Process(os.getpid()).children(recursive=True) if "start-dev" in p.cmdline()]
    for process in ours:
        for connection in process.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN:
                assert connection.laddr.ip == "127.0.0.1"
