"""Every process says that it lives, and whether what it needs answers: asked while that goes away and comes back."""

import asyncio
import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any

import pytest

from embedded import EmbeddedPostgres, EmbeddedTemporal
from embedded.ports import free_port
from tests.durable.house import until
from tests.durable.premises import Premises, premises

Everything = tuple[Premises, EmbeddedTemporal, EmbeddedPostgres]
PROCESSES = ("worker", "inbox", "gateway", "desk", "monitor")
NEEDS = {
    "worker": {"temporal", "database", "store"},
    "inbox": {"temporal", "database"},
    "gateway": {"database", "store"},
    "desk": {"database"},
    "monitor": {"database", "temporal"},
}
METRICS = {
    "worker": "temporal_request",
    "inbox": "cancelamento_mail_deliveries_total",
    "gateway": "cancelamento_http_requests_total",
    "desk": "process_resident_memory_bytes",
    "monitor": "cancelamento_cases",
}
"""One of each process's own."""


class Running:
    """Our processes, each as its command, and what they answer."""

    def __init__(self, folder: Path) -> None:
        self.ports = {name: free_port() for name in PROCESSES}
        self.metrics = {name: free_port() for name in PROCESSES}
        self.folder = folder

    @asynccontextmanager
    async def process(self, name: str, settings: dict[str, str]) -> AsyncIterator[None]:
        own = {
            "CANCELAMENTO_HEALTH_ADDRESS": f"127.0.0.1:{self.ports[name]}",
            "CANCELAMENTO_METRICS_ADDRESS": f"127.0.0.1:{self.metrics[name]}",
            "CANCELAMENTO_GATEWAY_PORT": str(self.ports["gateway"]),
            "CANCELAMENTO_DESK_PORT": str(self.ports["desk"]),
            "CANCELAMENTO_INBOX_LISTENER_PORT": "0",
        }
        with (self.folder / f"{name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "starters.cli", name),
                env={**os.environ, **settings, **own},
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log,
            )
        try:
            yield
        finally:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                process.kill()
                await process.wait()

    def lines(self, name: str) -> list[str]:
        return (self.folder / f"{name}.log").read_text().splitlines()

    async def asks(self, name: str, path: str) -> tuple[int, Any]:
        return await asyncio.to_thread(_ask, f"http://127.0.0.1:{self.ports[name]}{path}")

    async def ready(self, name: str, silent: set[str]) -> None:
        """Wait until it says that these do not answer and everything else does."""

        async def told() -> bool:
            code, content = await self.asks(name, "/ready")
            if code == 0:
                return False
            away = {need for need in NEEDS[name] if content[need] != "ok"}
            assert set(content) == {"ready", *NEEDS[name]}
            assert content["ready"] is (not away)
            assert code == (503 if away else 200)
            return away == silent

        await until(told, pause=0.2)
        assert await self.asks(name, "/live") == (200, {"live": True})


def _ask(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")
    except OSError:
        return 0, None


def _page(port: int) -> str:
    """What stands at `/metrics` of a port, whatever the status."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
            return str(answer.read(), "utf-8")
    except urllib.error.HTTPError as error:
        return str(error.read(), "utf-8")


@pytest.fixture(scope="module")
async def everything(open_folder: Path) -> AsyncIterator[Everything]:
    folder = open_folder / "ready"
    folder.mkdir(mode=0o711)
    async with premises(folder) as all_of_it:
        yield all_of_it


@pytest.fixture(scope="module")
async def running(everything: Everything) -> AsyncIterator[Running]:
    house, _, _ = everything
    running = Running(house.folder)
    async with AsyncExitStack() as stack:
        for name in PROCESSES:
            await stack.enter_async_context(running.process(name, house.settings))
        for name in PROCESSES:
            await running.ready(name, set())
        yield running


async def test_with_everything_there_every_process_is_ready(running: Running) -> None:
    for name in PROCESSES:
        await running.ready(name, set())


@pytest.mark.parametrize("name", PROCESSES)
async def test_every_process_tells_prometheus_and_nobody_where_its_pages_are(
    running: Running, name: str
) -> None:
    await running.ready(name, set())
    told = await asyncio.to_thread(_page, running.metrics[name])
    assert METRICS[name] in {re.split("[{ ]", line)[0] for line in told.splitlines()}
    assert "# TYPE" not in await asyncio.to_thread(_page, running.ports[name])


@pytest.mark.long
async def test_a_frozen_temporal_is_noticed_by_those_who_need_it(
    running: Running, everything: Everything
) -> None:
    _, temporal, _ = everything
    os.kill(temporal.pid, SIGSTOP)
    try:
        for name in PROCESSES:
            await running.ready(name, {"temporal"} & NEEDS[name])
    finally:
        os.kill(temporal.pid, SIGCONT)
    for name in PROCESSES:
        await running.ready(name, set())


@pytest.mark.long
async def test_a_frozen_temporal_keeps_a_worker_from_starting_and_the_inbox_takes_mail(
    everything: Everything,
) -> None:
    house, temporal, _ = everything
    os.kill(temporal.pid, SIGSTOP)
    try:
        asked = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "starters.cli", "check", "worker"),
            env={**os.environ, **house.settings},
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await asyncio.wait_for(asked.communicate(), 60)
        assert asked.returncode == 3
        assert "worker: Temporal: o Temporal não responde" in said.decode()
        running = Running(house.folder)
        async with running.process("inbox", house.settings):
            await running.ready("inbox", {"temporal"})
    finally:
        os.kill(temporal.pid, SIGCONT)


@pytest.mark.rest
async def test_a_database_that_is_away_is_noticed_and_found_again(
    running: Running, everything: Everything
) -> None:
    _, _, postgres = everything
    await postgres.stop()
    try:
        for name in PROCESSES:
            await running.ready(name, {"database"})
    finally:
        await postgres.start()
    for name in PROCESSES:
        await running.ready(name, set())


@pytest.mark.parametrize("name", ["worker", "inbox"])
async def test_nothing_else_is_answered_there(running: Running, name: str) -> None:
    await running.ready(name, set())
    assert (await running.asks(name, "/metrics"))[0] == 404
    reader, writer = await asyncio.open_connection("127.0.0.1", running.ports[name])
    writer.write(b"POST /ready HTTP/1.1\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 405 ")
    writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", running.ports[name])
    writer.write(b"x" * 100_000)
    assert await _ends(reader)
    writer.close()
    await running.ready(name, set())


async def _ends(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


@pytest.mark.rest
async def test_every_line_of_a_worker_is_json_also_those_of_the_engines_core(
    running: Running, everything: Everything
) -> None:
    _, temporal, _ = everything
    await running.ready("worker", set())
    await temporal.stop()
    await until(
        lambda: any('"logger": "temporalio.core"' in line for line in running.lines("worker")), pause=0.2
    )
    await temporal.start()
    await running.ready("worker", set())
    lines = [json.loads(line) for line in running.lines("worker")]
    core = [line for line in lines if line["logger"] == "temporalio.core"]
    assert all(line["target"] for line in core)


@pytest.mark.rest
async def test_a_store_that_is_away_is_noticed(everything: Everything) -> None:
    house, _, _ = everything
    gone = {
        "CANCELAMENTO_RECORDINGS_URL": "s3://none",
        "CANCELAMENTO_RECORDINGS_OPTIONS": json.dumps(
            {
                "endpoint": "http://127.0.0.1:1",
                "client_options": {"allow_http": True},
                "retry_config": {"max_retries": 0},
                "access_key_id": "a",
                "secret_access_key": "b",
                "region": "x",
            }
        ),
    }
    running = Running(house.folder)
    for name in ("gateway", "worker"):
        async with running.process(name, house.settings | gone):
            await running.ready(name, {"store"})
