"""What an ordinary case costs beside a bare workflow, over all processes: held loosely here, told by `make bench`."""

from pathlib import Path

import pytest

from benchmarks.cost import compare
from benchmarks.statements import COMMITS, STATEMENTS

LOOSELY = 1.5
"""Bare cases; on a machine that is busy with other tests."""

APART = 2
"""Commits more where what the CRM is told together on an idle machine comes apart on a busy one."""


@pytest.mark.long
async def test_an_ordinary_case_costs_little_more_than_a_bare_workflow(open_folder: Path) -> None:
    folder = open_folder / "cost"
    folder.mkdir(mode=0o711)
    found = await compare(folder, rounds=2, cases=4)
    assert found.ours.statements <= STATEMENTS
    assert found.ours.commits <= COMMITS + APART
    # What is busy beside only ever adds.
    assert min(found.ours.totals) <= LOOSELY * min(found.bare.totals), found
