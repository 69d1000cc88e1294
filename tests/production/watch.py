"""How much the set takes while it works."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import asyncpg
import psutil

from tests.production.findings import Findings
from tests.production.production_set import ProductionSet

_CONNECTIONS: Final = """
select usename, count(*), bool_or(ssl) as encrypted, bool_or(not ssl and client_addr is not null) as in_clear
from pg_stat_activity join pg_stat_ssl using (pid) where usename is not null group by usename
"""
_BETWEEN_LOOKS: Final = 3.0
"""Seconds between two looks at memory and connections."""


async def watch(production: ProductionSet, findings: Findings) -> None:
    """The most memory and connections that were used."""
    while True:
        running = {name: process.pid for name, process in production.processes.items() if process.running}
        for name, had in (await asyncio.to_thread(_memory, running)).items():
            findings.memory[name] = max(findings.memory.get(name, 0), had)
        for name, were in (await asyncio.to_thread(_tasks, running)).items():
            findings.tasks[name] = max(findings.tasks.get(name, 0), were)
        try:
            connection = await asyncpg.connect(production.owner_url("postgres", "postgres"), timeout=5)
            for user, count, encrypted, in_clear in await connection.fetch(_CONNECTIONS):
                findings.connections[user] = max(findings.connections[user], count)
                findings.encrypted |= {user} if encrypted else set()
                findings.in_clear |= {user} if in_clear else set()
            await connection.close()
        except (OSError, asyncpg.PostgresError, TimeoutError):
            pass  # it has been killed
        await asyncio.sleep(_BETWEEN_LOOKS)


def _memory(pids: Mapping[str, int]) -> dict[str, int]:
    """What each process and its children have for themselves, and their share of what they have together."""
    return {name: sum(map(_share, _family(pid))) for name, pid in pids.items()}


def _tasks(pids: Mapping[str, int]) -> dict[str, int]:
    """How many threads each process and its children have together, as a control group counts them."""
    return {name: sum(map(_threads, _family(pid))) for name, pid in pids.items()}


def _family(pid: int) -> list[int]:
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.Error:
        return []


def _threads(pid: int) -> int:
    """How many; 0 of a process that has ended."""
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir()))
    except OSError:
        return 0


def _share(pid: int) -> int:
    """Bytes; 0 of a process that has ended."""
    try:
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0
