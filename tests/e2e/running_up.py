"""A `cancelamento up` in a process of its own, and commands typed against it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cancellation.addresses import Addresses, read_addresses
from embedded import EmbeddedPostgres
from starters.cli.app import run

READY_SECONDS = 120.0
PROGRAM = (sys.executable, "-m", "starters.cli")


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer, for a command typed with `--json`."""
        return json.loads(self.out)


TypedCommand = Callable[..., Said]
"""Takes the arguments, and `code`, the exit code that is expected."""


@dataclass(frozen=True)
class Up:
    """A running `cancelamento up`."""

    home: Path
    process: subprocess.Popen[bytes]
    addresses: Addresses

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return output_of(self.home)


def environment(home: Path) -> dict[str, str]:
    """The environment of a command on that home."""
    return {**os.environ, "CANCELAMENTO_HOME": str(home), "COLUMNS": "80"}


def output_of(home: Path) -> str:
    """What `up` on that home has printed."""
    return (home.parent / f"{home.name}.out").read_text(encoding="utf-8")


@contextmanager
def running_up(home: Path, *options: str) -> Iterator[Up]:
    """Start it, wait until it is ready, and stop it as a service manager does."""
    with (home.parent / f"{home.name}.out").open("wb") as out:
        process = subprocess.Popen(
            [*PROGRAM, "up", *options], env=environment(home), stdout=out, stderr=subprocess.STDOUT
        )
    try:
        yield Up(home, process, _ready(home, process))
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, output_of(home)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def discard(home: Path) -> None:
    """Remove what the database kept for that home."""
    EmbeddedPostgres(home / "postgres").discard()


def typed(home: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> Said:
    """A command as if typed at a terminal of 80 columns, without the cost of another process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CANCELAMENTO_HOME", str(home))
        patch.setenv("COLUMNS", "80")
        capsys.readouterr()
        code = int(run(arguments))
    said = capsys.readouterr()
    return Said(code, said.out, said.err)


def typing(up: Up, capsys: pytest.CaptureFixture[str]) -> TypedCommand:
    """Types commands; each has to succeed unless another exit code is expected, and never with a traceback."""

    def command(*arguments: str, code: int = 0) -> Said:
        said = typed(up.home, capsys, *arguments)
        assert said.code == code, f"{arguments}: {said}"
        assert "Traceback" not in said.err
        return said

    return command


def spawned(home: Path, *arguments: str, stdin: bytes = b"") -> Said:
    """The same in a process of its own."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        env=environment(home),
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


def _ready(home: Path, process: subprocess.Popen[bytes]) -> Addresses:
    deadline = time.monotonic() + READY_SECONDS
    while (addresses := read_addresses(home)) is None:
        assert process.poll() is None, output_of(home)
        assert time.monotonic() < deadline, output_of(home)
        time.sleep(0.05)
    return addresses
