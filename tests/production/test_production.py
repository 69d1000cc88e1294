"""The production-like set at work: what `make production` runs, each number of it held against what is promised."""

import re
import shutil
import tempfile
from pathlib import Path

import pytest
from rich.console import Console

from tests.conftest import ALLOWED_SKIP
from tests.production.__main__ import CASES, LIMIT_OF_THE_IMAGE, show
from tests.production.run import ACTS, run
from tests.production.temporal_module import Unavailable
from tests.watched.prometheus import program

KILLED = {name.partition("-")[0] for act in ACTS for name in act.killed}
MEMORY_TO_SPARE = 0.9
CONNECTIONS = re.compile(r"Temporal takes at most (\d+) .*our processes (\d+)")
"""What docker-compose.yml says of the database's, both ends."""


@pytest.mark.drill
@pytest.mark.timeout(3_600)
async def test_every_outcome_on_the_whole_set_while_each_process_dies_once_X7_X22(
    capsys: pytest.CaptureFixture[str],
) -> None:
    program("prometheus")
    folder = Path(tempfile.mkdtemp(prefix="cancelamento-production-"))
    try:
        findings, production = await run(CASES, folder, print)
    except Unavailable as reason:
        pytest.skip(f"{ALLOWED_SKIP}: {reason}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    with capsys.disabled():
        show(Console(width=160), findings, production)
    assert findings.wrong == []
    assert findings.replayed >= len(findings.cases)
    assert findings.taken_over == sum(case.outlives_the_upgrade for case in findings.cases)
    servers = {container.service for container in production.containers.values() if container.restarts}
    assert servers - {"worker-next"} == KILLED
    assert findings.back_after.keys() == {name for act in ACTS for name in act.killed}
    for name, process in production.processes.items():
        assert findings.memory.get(name, 0) < MEMORY_TO_SPARE * process.container.memory, name
        assert 0 < findings.tasks.get(name, 0) < process.container.pids, name
    image = production.images.ours
    assert image.packages + image.code < LIMIT_OF_THE_IMAGE
    # Both ends of what docker-compose.yml says of the database's connections.
    assert findings.connections["temporal"] <= 60
    assert (
        sum(count for user, count in findings.connections.items() if user.startswith("cancelamento_"))
        <= 42 + 20 + 24  # two versions of the workers beside each other
    )
