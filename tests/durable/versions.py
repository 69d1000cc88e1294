"""Versions of the program beside this one: copies of its folders with something changed, as processes of their own."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGTERM
from typing import Final

CHECKOUT: Final = Path(__file__).parents[2]
_FOLDERS: Final = ("cancellation", "workflows", "activities", "workers", "starters", "embedded", "samples")
Edit = tuple[str, str, str]
"""File, what stands there, what shall."""
DISPATCHER: Final = "workflows/dispatcher.py"
_LANES: Final = "        for lane, queue in case.pending.lanes().items():\n            head = queue[0]\n"
_REVERSED: Final = (
    "        lanes = case.pending.lanes()\n"
    "{condition}"
    "        for lane, queue in lanes.items():\n            head = queue[0]\n"
)
ADDITIVE_MIGRATION: Final = {
    "cancellation/adapters/postgres/migrations/990_region.sql": (
        "-- Additive: a worker of before goes on beside it.\n"
        "alter table crm.cases add column region text not null default '';\n"
    )
}
MIGRATION_AFTERWARDS: Final = {
    "cancellation/adapters/postgres/migrations/991_region_known.sql": (
        "-- What every version in service keeps by now; the one of before may still be there, and goes on too.\n"
        "alter table crm.cases add constraint region_known check (region in ('', 'br'));\n"
        "create index if not exists cases_region on crm.cases (region);\n"
    )
}


def add(code: Path, files: Mapping[str, str]) -> None:
    """Put more files into a version."""
    for file, text in files.items():
        (code / file).write_text(text)


def other_order(condition: str) -> tuple[str, str, str]:
    """Systems that start together, as they do from the notice on, are commanded the other way round."""
    return (DISPATCHER, _LANES, _REVERSED.format(condition=condition))


GUARDED: Final = other_order(
    '        if workflow.patched("other-order"):\n            lanes = dict(reversed(lanes.items()))\n'
)
BROKEN: Final = (
    DISPATCHER,
    "        case, before = self._file.case, self._commands\n",
    '        raise RuntimeError("a bug")\n',
)
"""Decides nothing in any case: each of its workflow tasks fails."""
UNGUARDED: Final = other_order("        lanes = dict(reversed(lanes.items()))\n")


def version(folder: Path, *edits: Edit, added: Mapping[str, str] | None = None) -> Path:
    """A copy of the program in `folder` with these edits and files; it must be what the edits say that it is."""
    for name in _FOLDERS:
        shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file, old, new in edits:
        text = (folder / file).read_text()
        assert text.count(old) == 1, (file, old)
        (folder / file).write_text(text.replace(old, new))
    add(folder, added or {})
    return folder


async def command(code: Path, settings: Mapping[str, str], *typed: str) -> tuple[int, str]:
    """Run a command of that version: how it ended, and what it said."""
    process = await _start(code, settings, typed, asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


@asynccontextmanager
async def worker(
    code: Path, settings: Mapping[str, str], build_id: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker of that version, stopped as an administrator does."""
    own = {**settings, "CANCELAMENTO_BUILD_ID": build_id}
    log = Path(settings["CANCELAMENTO_HOME"]).parent / f"worker-{build_id}.log"
    with log.open("ab") as to:
        process = await _start(code, own, ("worker",), to.fileno())
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(SIGTERM)
        await process.wait()


async def _start(
    code: Path, settings: Mapping[str, str], typed: tuple[str, ...], to: int
) -> asyncio.subprocess.Process:
    # Of the current folder first, then of the path: nothing of the checkout may be found before the copy.
    environment = {**os.environ, **settings, "PYTHONPATH": str(code)}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "starters.cli", *typed),
        cwd=code,
        env=environment,
        stdout=to,
        stderr=asyncio.subprocess.STDOUT,
    )
