"""Fixtures that more than one suite uses: real servers, started once a test process."""

import ast
import asyncio
import gc
import logging
import os
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import HealthCheck, settings
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from cancellation.contract import SEARCH_ATTRIBUTES
from embedded import EmbeddedPostgres, MailSink, temporal_binary
from embedded.temporal import dynamic_config_arguments
from tests.databases import Databases
from tests.turns import PROOF, PROVING, WHOLE, chosen

# A busy machine is no failure. In CI the examples are the same for the same code, so that a red run means a change.
settings.register_profile(
    "suite",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")

NO_SKIPS = "CANCELAMENTO_NO_SKIPS"
ALLOWED_SKIP = "the Temporal server cannot be built here"
"""Begins the reason of the one skip that is none even where nothing may be skipped: no Debian has a Go for it."""
_FAILURES_TO_REPORT = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute"
_ONE_BY_ONE = ("tests/matrix/", "tests/replay/test_walk.py", "tests/durable/test_restored.py")

_skipped: list[str] = []
_counts: Counter[str] = Counter()
_COUNT = "count of "


def pytest_addoption(parser: pytest.Parser) -> None:
    """What a sample of the outage matrix is drawn by."""
    parser.addoption("--matrix-seed", type=int, default=7, help="another sample of the outage matrix")


def counted(what: str, count: int) -> tuple[str, int]:
    """A property to record: the summary says how many of something a run has gone through, over all tests."""
    return _COUNT + what, count


def pytest_sessionstart() -> None:
    """Less garbage collection, here and in the engine: a tenth of the time of suites that wait for processors.

    None at all while tests are collected. The proof talks to the engine alone, with every system in memory: an eighth
    of its processor time is the event loop's, so it has a quicker one than processes have.
    """
    if PROVING:
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    ast.parse = _parse_alone
    gc.disable()
    gc.set_threshold(50_000, 20, 50)
    os.environ.setdefault("GOGC", "1600")
    os.environ.setdefault("GOMEMLIMIT", "3GiB")


_parse = ast.parse
_parsing = threading.Lock()


def _parse_alone(*args: Any, **options: Any) -> Any:
    """One syntax tree at a time, and no garbage collected meanwhile.

    Python 3.11 counts depth for all threads together: whatever runs while a tree is built, another thread or a
    finaliser, can end it in "AST constructor recursion depth mismatch" (CPython issue 106905). pytest parses what it
    rewrites, the modules of every plugin with it, whenever a server in a thread first imports one.
    """
    with _parsing:
        collects = gc.isenabled()
        gc.disable()
        try:
            return _parse(*args, **options)
        finally:
            if collects:
                gc.enable()


class _Spread(LoadFileScheduling):
    """What a file's tests share is started once; the walks, the matrix and the restored records go out one by one."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.startswith(_ONE_BY_ONE) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """How the proof goes out to its workers; None: as the command says."""
    return _Spread(config, log) if WHOLE else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What the command runs.

    The suites that wait for servers come first, so that the quick ones fill what time is left at the end.
    """
    run = chosen(items)
    if left_out := set(items).difference(run):
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = run
    suites = ("replay", "matrix", "e2e", "durable", "contract")
    items.sort(
        key=lambda item: next((n for n, suite in enumerate(suites) if suite in item.path.parts), len(suites))
    )


def pytest_collection_finish() -> None:
    """Everything is compiled."""
    gc.enable()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what was skipped, and what tests have counted."""
    for name, count in report.user_properties if report.when == "call" else ():
        if name.startswith(_COUNT) and isinstance(count, int):
            _counts[name.removeprefix(_COUNT)] += count
    if report.skipped and not hasattr(report, "wasxfail") and ALLOWED_SKIP not in str(report.longrepr):
        _skipped.append(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything is installed a skipped test is a failure: it would go unnoticed."""
    if os.environ.get(NO_SKIPS) and _skipped and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was gone through, and why the run failed although every test that ran has passed."""
    if _counts:
        terminalreporter.section("gone through")
        terminalreporter.line(
            f"seed of the outage matrix: {terminalreporter.config.getoption('matrix_seed')}"
        )
    for what, count in _counts.items():
        terminalreporter.line(f"{count} {what}")
    if os.environ.get(NO_SKIPS) and _skipped:
        terminalreporter.section("skipped although nothing may be")
        for test in _skipped:
            terminalreporter.line(test)


@pytest.fixture(scope="session", autouse=True)
def _own_environment() -> Iterator[None]:
    """What the developer's shell points at is no business of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("CANCELAMENTO_", "TEMPORAL_")) and name not in (NO_SKIPS, PROOF):
                patch.delenv(name)
        patch.delenv("DATABASE_URL", raising=False)
        yield


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that every user can pass through, unlike pytest's own: where root runs servers as `nobody`."""
    folder = Path(tempfile.mkdtemp(prefix="cancelamento-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def postgres_server(open_folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A real PostgreSQL without write barriers."""
    async with EmbeddedPostgres(open_folder / "postgres", durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def databases(postgres_server: EmbeddedPostgres) -> Databases:
    """Databases of that server."""
    return Databases(postgres_server)


@pytest.fixture
async def empty_database(postgres_server: EmbeddedPostgres, databases: Databases) -> AsyncIterator[str]:
    """URL of a fresh database with nothing in it."""
    name = await databases.make()
    yield postgres_server.url_of(name)
    await databases.remove(name)


@pytest.fixture
async def database(postgres_server: EmbeddedPostgres, databases: Databases) -> AsyncIterator[str]:
    """URL of a migrated database of the test's own, with nothing in it."""
    name = await databases.take()
    yield postgres_server.url_of(name)
    await databases.give_back(name)


@pytest.fixture
def failures_are_no_news() -> Iterator[None]:
    """The engine logs no attempt that was made to fail: an eighth of the time goes into that."""
    engine = logging.getLogger("temporalio.activity")
    level = engine.level
    engine.setLevel(logging.CRITICAL)
    yield
    engine.setLevel(level)


@pytest.fixture(scope="session")
async def temporal_env() -> AsyncIterator[WorkflowEnvironment]:
    """A real Temporal server in memory on which thirty days pass in a second."""
    async with await _time_skipping_server() as environment:
        yield environment


@pytest.fixture
async def empty_temporal_env() -> AsyncIterator[WorkflowEnvironment]:
    """The same, with nobody else's cases."""
    async with await _time_skipping_server() as environment:
        yield environment


async def _time_skipping_server() -> WorkflowEnvironment:
    attributes = [
        part for name, kind in SEARCH_ATTRIBUTES.items() for part in ("--search-attribute", f"{name}={kind}")
    ]
    attributes += ["--dynamic-config-value", f"{_FAILURES_TO_REPORT}=2"]
    return await WorkflowEnvironment.start_time_skipping_v2(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(temporal_binary()),
        dev_server_extra_args=[*dynamic_config_arguments(virtual_clock=True), *attributes],
        dev_server_startup_timeout=timedelta(seconds=60),
    )


@pytest.fixture
async def mail_sink(tmp_path: Path) -> AsyncIterator[MailSink]:
    """A real SMTP server that keeps what it gets."""
    async with MailSink(tmp_path / "outbox") as sink:
        yield sink
