"""`make production`: bring the set up, work cases on it over deaths and restarts, say what came of them."""

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from temporalio.runtime import Runtime, TelemetryConfig

from tests.production.findings import Findings
from tests.production.production_set import ProductionSet
from tests.production.run import run
from tests.production.temporal_module import Unavailable
from tests.production.translation import NOT_RUN, WITHOUT_A_PROCESS

CASES = 60
"""How many, unless told otherwise."""
LIMIT_OF_THE_IMAGE = 200_000_000
"""Bytes of what is installed and copied into our image."""


def main() -> int:
    """Run it; 0 if every case ended where it had to."""
    wanted = argparse.ArgumentParser(prog="make production", description=__doc__)
    wanted.add_argument("--cases", type=int, default=CASES, help="how many")
    wanted.add_argument("--keep", action="store_true", help="leave the folder with logs and data")
    options = wanted.parse_args()
    out, began = Console(), time.monotonic()
    # What dies here is told in its own words, and not in the libraries'.
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)))
    logging.basicConfig(level=logging.CRITICAL)
    warnings.simplefilter("ignore")

    def tell(line: str) -> None:
        out.print(f"[bright_black]{time.monotonic() - began:6.0f} s[/]  {escape(line)}", highlight=False)

    folder = Path(tempfile.mkdtemp(prefix="cancelamento-production-"))
    try:
        findings, production = asyncio.run(run(options.cases, folder, tell))
    except Unavailable as reason:
        out.print(f"[bold]Not run:[/] {escape(str(reason))}.")
        return 1
    finally:
        if options.keep:
            out.print(f"everything is in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    show(out, findings, production)
    return 1 if findings.wrong else 0


def show(out: Console, findings: Findings, production: ProductionSet) -> None:
    """The tables."""
    for table in (_stories(findings), _processes(findings, production)):
        out.print()
        out.print(table)
    build, image = production.images.temporal, production.images.ours
    users = ", ".join(f"{user} {count}" for user, count in sorted(findings.connections.items()))
    built = "built before" if build.seconds is None else f"built in {build.seconds:.0f} s"
    acts = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in findings.seconds.items())
    size = image.packages + image.code
    for line in (
        f"Temporal {build.version} ({built}), PostgreSQL {production.images.postgres_release}, encryption on; {acts}",
        *findings.told,
        f"{findings.taken_over} cases went over to the new version of the workers and ended with it",
        f"{findings.replayed} histories replayed by it; {findings.letters} letters, {findings.repeated} came twice",
        f"most connections at once: {users}",
        f"what is installed in our image: {size / 1e6:.0f} MB of {LIMIT_OF_THE_IMAGE / 1e6:.0f}",
        f"not run: {', '.join(WITHOUT_A_PROCESS)}; of the others {', '.join(NOT_RUN)}",
    ):
        out.print(line, highlight=False, soft_wrap=True)
    for line in findings.wrong:
        out.print(f"[red]wrong:[/] {escape(line)}", highlight=False, soft_wrap=True)
    out.print(
        "[bold]Everything as it had to be.[/]"
        if not findings.wrong
        else f"{len(findings.wrong)} things wrong."
    )


def _stories(findings: Findings) -> Table:
    table = Table("story", "has to end", "cases", "did", box=None, pad_edge=False, header_style="bold")
    cases = Counter(case.story for case in findings.cases)
    right = Counter(
        case.story
        for case in findings.cases
        if case.result is not None and case.result.outcome == case.story.ends.value
    )
    for story, count in cases.items():
        table.add_row(story.name, story.ends.value, str(count), str(right[story]))
    table.add_row("together", "", str(sum(cases.values())), str(sum(right.values())), style="bold")
    return table


def _processes(findings: Findings, production: ProductionSet) -> Table:
    table = Table(
        "process", "killed, back after", "most memory", "of", box=None, pad_edge=False, header_style="bold"
    )
    for name, process in production.processes.items():
        back = findings.back_after.get(name)
        table.add_row(
            name,
            "" if back is None else f"{back:.1f} s",
            f"{findings.memory.get(name, 0) / 2**20:.0f} MiB",
            f"{process.container.memory / 2**20:.0f}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
