"""Prints what an ordinary case costs in CPU, over all processes, beside a bare workflow that does the same.

Run it with `python -m benchmarks.cost`, or with everything else by `make bench`. `benchmarks/beside/__init__.py` says
what the bare workflow is. Rounds of both are interleaved, so that a machine that is busy with something else is busy
for both; the first round, in which everything warms up, does not count.
"""

import asyncio
import math
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.beside.cpu import spent
from benchmarks.beside.driver import KINDS, OURS, Kind, drive, provision
from benchmarks.beside.servers import Premises, premises
from benchmarks.statements import COMMITS, STATEMENTS, StatementLog

RATIO: Final = 1.35
"""The most that an ordinary case of ours may cost, in bare ones."""
ROUNDS: Final = 8
CASES: Final = 8
"""A round of one kind, side by side."""
SECONDS: Final = 120
"""No further round begins after so many."""
_PATIENCE: Final = 60
"""Seconds after which a round counts as stuck."""


@dataclass
class Cost:
    """What cases of one kind have cost, round by round."""

    rounds: list[dict[str, float]] = field(default_factory=list)
    """Milliseconds of CPU a case, by process."""
    statements: int = 0
    commits: int = 0

    def of(self, process: str) -> float:
        """Of one process: the median of the rounds."""
        return statistics.median(one[process] for one in self.rounds)

    @property
    def totals(self) -> list[float]:
        """Of all processes together, round by round."""
        return [sum(one.values()) for one in self.rounds]

    @property
    def total(self) -> float:
        """Of all processes together: the median of the rounds."""
        return statistics.median(self.totals)


@dataclass
class Comparison:
    """Both kinds."""

    bare: Cost = field(default_factory=Cost)
    ours: Cost = field(default_factory=Cost)

    def of(self, kind: Kind) -> Cost:
        """Of one kind."""
        return self.ours if kind is OURS else self.bare

    @property
    def ratio(self) -> float:
        """How many bare cases one of ours costs: the median of the rounds, each with its own neighbour."""
        return statistics.median(o / b for o, b in zip(self.ours.totals, self.bare.totals, strict=True))


async def compare(folder: Path, *, rounds: int = ROUNDS, cases: int = CASES) -> Comparison:
    """Run rounds of both kinds on servers whose data lies in `folder`."""
    found = Comparison()
    begun = time.monotonic()
    async with premises(folder) as house:
        for number in range(rounds + 1):
            if found.bare.rounds and time.monotonic() - begun > SECONDS:
                break
            for kind in KINDS:
                cost = await _round(house, kind, cases)
                if number:  # the first one warms up
                    found.of(kind).rounds.append(cost)
                _progress(f"{number}/{rounds} {kind.name}: {sum(cost.values()):.0f} ms a case")
        await _count_statements(house, found)
    return found


async def _round(house: Premises, kind: Kind, cases: int) -> dict[str, float]:
    """Milliseconds of CPU a case, by process."""
    customers = await provision(house, kind, cases)
    processes = {"worker": house.workers[kind.task_queue], **house.shared}
    before = spent(processes)
    async with asyncio.timeout(_PATIENCE):
        await asyncio.gather(*(drive(house, kind, customer) for customer in customers))
    after = spent(processes)
    return {name: (after[name] - before[name]) * 1000 / cases for name in processes}


async def _count_statements(house: Premises, found: Comparison) -> None:
    """One case of each more, on a database that writes every statement down."""
    for setting in ("autovacuum = off", "log_statement = 'all'"):
        await house.pool.execute(f"alter system set {setting}")
    customers = {kind: await provision(house, kind, 1) for kind in KINDS}
    await house.pool.execute("select pg_reload_conf()")
    await asyncio.sleep(0.5)
    for kind in KINDS:
        statements = StatementLog(house.postgres_log)
        async with asyncio.timeout(_PATIENCE):
            await drive(house, kind, customers[kind][0])
        step = statements.read_on(kind.name)
        found.of(kind).statements, found.of(kind).commits = step.statements, step.commits


def table_of(found: Comparison) -> Table:
    """Both side by side, to be printed."""
    table = Table("an ordinary case", "bare", "ours", "ours / bare", title=f"CPU of a case, {machine()}")
    for process in found.bare.rounds[0]:
        bare, ours = found.bare.of(process), found.ours.of(process)
        ratio = f"{ours / bare:.2f}" if bare else ""
        table.add_row(f"{process}, ms", f"{bare:.0f}", f"{ours:.0f}", ratio)
    table.add_section()
    totals = found.bare.total, found.ours.total
    table.add_row(
        "together, ms", f"{totals[0]:.0f}", f"{totals[1]:.0f}", f"{found.ratio:.2f} (at most {RATIO})"
    )
    table.add_section()
    for what, bare, ours, most in (
        ("SQL statements", found.bare.statements, found.ours.statements, STATEMENTS),
        ("commits", found.bare.commits, found.ours.commits, COMMITS),
    ):
        table.add_row(what, str(bare), f"{ours} (at most {most})", f"{ours / bare:.2f}")
    table.caption = (
        f"{len(found.bare.rounds)} interleaved rounds of {CASES} cases; ratios from {_spread(found)}"
    )
    return table


def machine() -> str:
    """What it ran on, by its size alone."""
    gigabytes = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {math.ceil(gigabytes)} GB"


def _spread(found: Comparison) -> str:
    ratios = sorted(o / b for o, b in zip(found.ours.totals, found.bare.totals, strict=True))
    return f"{ratios[0]:.2f} to {ratios[-1]:.2f}"


def _progress(line: str) -> None:
    sys.stderr.write(f"  {line}\n")
    sys.stderr.flush()


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="cancelamento-cost-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        Console().print(table_of(asyncio.run(compare(folder))))


if __name__ == "__main__":
    main()
