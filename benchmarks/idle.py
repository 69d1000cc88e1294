"""Prints how much memory an idle `cancelamento up` takes in all its processes.

Run it with `python -m benchmarks.idle`. It starts one on a temporary home, waits until nothing happens any more,
and sums each process's proportional set size: pages that several processes share are counted once among them.
Programs that other processes of the machine use as well make that sum smaller than it would be elsewhere; the
last line is what all takes where nothing else runs. `--most 450` ends with 1 when that is more.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from cancellation.addresses import read_addresses
from embedded import EmbeddedPostgres

READY_SECONDS = 120.0
SETTLE_SECONDS = 75.0
"""Connections that nobody uses are given back after a minute."""
QUIET = 0.15
"""Of one core: what the embedded Temporal's own timers take."""


@dataclass(frozen=True)
class Share:
    """What one process takes, in kilobytes."""

    name: str
    pss: int
    anonymous: int
    files: int
    shared: int


def share_of(process: psutil.Process) -> Share:
    """Read it from the kernel."""
    rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    kilobytes = {
        line.split(":")[0]: int(line.split()[1]) for line in rollup.splitlines()[1:] if line.endswith("kB")
    }
    return Share(
        name=_name(process),
        pss=kilobytes["Pss"],
        anonymous=kilobytes["Pss_Anon"],
        files=kilobytes["Pss_File"],
        shared=kilobytes["Pss_Shmem"],
    )


def shares_of(root: psutil.Process) -> list[Share]:
    """Of a process and all below it; of PostgreSQL's own processes and connections one line a kind."""
    found: dict[str, Share] = {}
    for process in (root, *root.children(recursive=True)):
        try:
            one = share_of(process)
        except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            continue
        known = found.get(one.name, Share(one.name, 0, 0, 0, 0))
        found[one.name] = Share(
            one.name,
            known.pss + one.pss,
            known.anonymous + one.anonymous,
            known.files + one.files,
            known.shared + one.shared,
        )
    return list(found.values())


def files_once(root: psutil.Process) -> int:
    """Kilobytes of programs and libraries in memory, each page once, whoever else has it too."""
    largest: dict[tuple[str, str], int] = {}
    for process in (root, *root.children(recursive=True)):
        try:
            lines = Path(f"/proc/{process.pid}/smaps").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        mapping, resident = ("", ""), 0
        for line in lines:
            words = line.split()
            if not words[0].endswith(":"):
                is_file = len(words) > 5 and words[5].startswith("/") and "(deleted)" not in line
                mapping = (words[5], words[2]) if is_file and not words[5].startswith("/dev/") else ("", "")
            elif words[0] == "Rss:":
                resident = int(words[1])
            elif words[0] == "Anonymous:" and mapping[0]:
                largest[mapping] = max(largest.get(mapping, 0), resident - int(words[1]))
    return sum(largest.values())


def wait_until_quiet(root: psutil.Process, seconds: float) -> None:
    """Wait so long, then until the processes together take next to no CPU for two seconds."""
    time.sleep(seconds)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        before = _cpu_seconds(root)
        time.sleep(2)
        if _cpu_seconds(root) - before < 2 * QUIET:
            return


def main() -> int:
    """Measure and print; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.idle", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SETTLE_SECONDS, help="how long to let it settle")
    parser.add_argument("--most", type=float, help="megabytes that it may take")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cancelamento-idle-") as folder:
        os.chmod(folder, 0o711)  # the database's own user has to pass through
        home = Path(folder) / "home"
        environment = {**os.environ, "CANCELAMENTO_HOME": str(home)}
        up = subprocess.Popen(
            [sys.executable, "-m", "starters.cli", "up"], env=environment, stdout=subprocess.DEVNULL
        )
        try:
            deadline = time.monotonic() + READY_SECONDS
            while read_addresses(home) is None:
                if up.poll() is not None or time.monotonic() > deadline:
                    print("up did not get ready", file=sys.stderr)
                    return 2
                time.sleep(0.1)
            root = psutil.Process(up.pid)
            wait_until_quiet(root, arguments.seconds)
            shares, files = shares_of(root), files_once(root)
        finally:
            up.send_signal(signal.SIGTERM)
            try:
                up.wait(60)
            except subprocess.TimeoutExpired:
                up.kill()  # its servers die with it
                up.wait()
            EmbeddedPostgres(home / "postgres").discard()
    return _report(shares, files, arguments.most)


def _report(shares: list[Share], files: int, most: float | None) -> int:
    table = Table("Processo", "PSS (MB)", "anônima", "arquivos", "compartilhada")
    for column in table.columns[1:]:
        column.justify = "right"
    for one in sorted(shares, key=lambda share: share.pss, reverse=True):
        table.add_row(one.name, *map(_megabytes, (one.pss, one.anonymous, one.files, one.shared)))
    sums = [
        sum(values) for values in zip(*((s.pss, s.anonymous, s.files, s.shared) for s in shares), strict=True)
    ]
    alone = sums[1] + files + sums[3]
    table.add_section()
    table.add_row("tudo", *map(_megabytes, sums))
    table.add_row("sozinho na máquina", *map(_megabytes, (alone, sums[1], files, sums[3])))
    Console().print(table)
    if most is not None and alone / 1024 > most:
        print(f"more than {most:.0f} MB", file=sys.stderr)
        return 1
    return 0


def _megabytes(kilobytes: int) -> str:
    return f"{kilobytes / 1024:.1f}"


def _cpu_seconds(root: psutil.Process) -> float:
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def _name(process: psutil.Process) -> str:
    """What people call the process."""
    line = process.cmdline()
    match line:
        case [_, "-m", "starters.cli", command, *_]:
            return command
        case [program, *_] if program.startswith("postgres: "):
            words = program.removeprefix("postgres: ").split()
            is_connection = len(words) > 2 and words[1] == "cancelamento"
            return "PostgreSQL: conexões" if is_connection else "PostgreSQL: " + " ".join(words)
        case [program, *_]:
            return Path(program).name
    return process.name()


if __name__ == "__main__":
    sys.exit(main())
