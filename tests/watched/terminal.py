"""A terminal in which an operator types what a page says."""

import asyncio
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from embedded import temporal_binary

CHECKOUT = Path(__file__).parents[2]
RUNBOOKS = CHECKOUT / "docs" / "runbooks"
BLOCK = re.compile(r"<!-- ensaio: (\S+) -->\n```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATIENCE = 120.0


def blocks(page: str) -> dict[str, str]:
    """The commands of a page, by the name of their rehearsal."""
    return dict(BLOCK.findall((RUNBOOKS / f"{page}.md").read_text()))


@dataclass(frozen=True)
class Said:
    code: int
    out: str


class Terminal:
    """Where an operator types what a page says."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        programs = folder / "programs"
        programs.mkdir(exist_ok=True)
        for name, argv in (
            ("cancelamento", f"{sys.executable} -m starters.cli"),
            ("temporal", str(temporal_binary())),
        ):
            (programs / name).write_text(f'#!/bin/sh\nexec {argv} "$@"\n')
            (programs / name).chmod(0o755)
        self._environment = {
            **os.environ,
            "PYTHONPATH": f"{CHECKOUT}:{os.environ.get('PYTHONPATH', '')}",
            **settings,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "COLUMNS": "200",
        }

    async def runs(self, page: str, block: str, **variables: str) -> Said:
        """Run a block of a page."""
        return await self.types(blocks(page)[block], **variables)

    async def types(self, line: str, **variables: str) -> Said:
        """Run what somebody has typed."""
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", line),
            env=self._environment | variables,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
        return Said(process.returncode or 0, out.decode())
