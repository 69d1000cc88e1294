"""The command `cancelamento gateway` as a process of its own."""

import asyncio
import os
import signal
import sys
import urllib.request
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from urllib.parse import urlsplit


async def started(database: str, home: Path, port: int = 0) -> Process:
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "CANCELAMENTO_HOME": str(home),
        "CANCELAMENTO_GATEWAY_PORT": str(port),
        "PYTHONUNBUFFERED": "1",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "starters.cli", "gateway", env=environment, stdout=PIPE, stderr=PIPE
    )


def health(url: str) -> bytes:
    with urllib.request.urlopen(f"{url}/ready") as answer:
        content: bytes = answer.read()
        return content


async def test_it_serves_refuses_a_taken_port_and_stops_on_sigterm(database: str, tmp_path: Path) -> None:
    serving = await started(database, tmp_path)
    assert serving.stdout is not None
    url = (await asyncio.wait_for(serving.stdout.readline(), 60)).decode().split()[-1]
    assert await asyncio.to_thread(health, url) == b'{"ready":true,"database":"ok","store":"ok"}'

    port = urlsplit(url).port
    assert port is not None
    second = await started(database, tmp_path, port)
    _, complaint = await asyncio.wait_for(second.communicate(), 60)
    assert second.returncode == 2
    assert "já está em uso" in complaint.decode()
    assert "Traceback" not in complaint.decode()

    serving.send_signal(signal.SIGTERM)
    said, _ = await asyncio.wait_for(serving.communicate(), 30)
    assert serving.returncode == 0
    assert "paradas" in said.decode()
