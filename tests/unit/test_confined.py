"""Reading in a process of its own: what costs too much costs that process alone (X9)."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from cancellation import confined
from cancellation.confined import (
    ConfinedReader,
    Limits,
    ReadingFailed,
    ReadingTooCostly,
    ReadOrder,
    UnderstandOrder,
    read_confined,
)
from cancellation.understanding import ResolvedDirectory, read_message, understand
from tests.unit.understanding.letters import MAILBOXES, TRUSTED, message

FOR_EVER = "any(iter(int, 1))"
ORDER = ReadOrder(envelope_recipients=(MAILBOXES[0],))


@contextmanager
def reader(limits: Limits | None = None) -> Iterator[ConfinedReader]:
    reading = ConfinedReader(limits)
    try:
        yield reading
    finally:
        reading.close()


def child_of(reading: ConfinedReader) -> psutil.Process:
    child = reading._child
    assert child is not None
    return psutil.Process(child._process.pid)


async def test_reading_is_that_of_the_reader_itself() -> None:
    raw = message()
    reading = await read_confined(raw, envelope_recipients=(MAILBOXES[0],))
    assert reading == read_message(raw, envelope_recipients=(MAILBOXES[0],))
    order = UnderstandOrder(
        reading=reading, directory=ResolvedDirectory(), mailboxes=MAILBOXES, trusted_servers=TRUSTED
    )
    assert await confined.shared_reader().understand(order) == understand(
        reading, ResolvedDirectory(), MAILBOXES, TRUSTED
    )


async def test_a_child_that_nobody_asks_ends_and_the_next_mail_gets_a_new_one() -> None:
    reading = ConfinedReader(idle_seconds=0.05)
    try:
        first = await reading.read(message(), ORDER)
        async with asyncio.timeout(20):
            while reading._child is not None:
                await asyncio.sleep(0.01)
        assert await reading.read(message(), ORDER) == first
    finally:
        reading.close()


async def test_what_shows_a_reading_loads_no_rule_of_reading() -> None:
    program = (
        "import sys, cancellation.confined; from cancellation.understanding import MailReading, clues_of\n"
    )
    program += "print(*(one for one in sys.modules if one.startswith('cancellation.understanding.')))"
    done = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE
    )
    loaded, _ = await done.communicate()
    assert {one.rpartition(".")[2] for one in loaded.decode().split()} == {
        "models", "mail", "clues", "normalise",
    }  # fmt: skip


async def test_one_child_reads_many_mails_side_by_side() -> None:
    with reader() as reading:
        await reading.read(message(), ORDER)
        child = child_of(reading)
        got = await asyncio.gather(*(reading.read(message(f"texto {n}"), ORDER) for n in range(40)))
        assert [one.newest for one in got] == [f"texto {n}" for n in range(40)]
        assert child_of(reading).pid == child.pid


@pytest.mark.some(1)
@pytest.mark.parametrize(
    ("limits", "waste"),
    [
        (Limits(seconds=2), "__import__('time').sleep(60)"),
        (Limits(seconds=60, cpu_seconds=1), FOR_EVER),
        (Limits(memory_bytes=60_000_000), "bytearray(100_000_000)"),
    ],
    ids=["wall", "processor", "memory"],
)
async def test_mail_over_a_limit_is_given_up_and_the_next_one_is_read_X9(
    limits: Limits, waste: str, wasting: Callable[[str], None]
) -> None:
    wasting(waste)
    with reader(limits) as reading:
        assert (await reading.read(message("boa"), ORDER)).newest == "boa"
        started = time.monotonic()
        with pytest.raises(ReadingTooCostly):
            await reading.read(message("desperdice"), ORDER)
        assert time.monotonic() - started < 30
        assert (await reading.read(message("de novo"), ORDER)).newest == "de novo"


async def test_event_loop_goes_on_while_a_costly_mail_is_read_X9(wasting: Callable[[str], None]) -> None:
    wasting(FOR_EVER)
    with reader(Limits(seconds=2)) as reading:
        await reading.read(message(), ORDER)
        costly = asyncio.create_task(reading.read(message("desperdice"), ORDER))
        beats = 0
        while not costly.done():
            await asyncio.sleep(0.01)
            beats += 1
        assert beats > 20
        with pytest.raises(ReadingTooCostly):
            await costly


async def test_child_that_somebody_killed_is_replaced_and_the_mail_is_read() -> None:
    with reader() as reading:
        await reading.read(message(), ORDER)
        os.kill(child_of(reading).pid, signal.SIGKILL)
        assert (await reading.read(message("de novo"), ORDER)).newest == "de novo"


async def test_failure_of_the_reader_is_told_by_its_kind_alone(wasting: Callable[[str], None]) -> None:
    wasting("{}['segredo']")
    with reader() as reading:
        with pytest.raises(ReadingFailed, match=r"^KeyError$"):
            await reading.read(message("desperdice"), ORDER)
        assert (await reading.read(message("de novo"), ORDER)).newest == "de novo"


async def test_child_knows_no_secret_writes_nothing_and_ends_with_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANCELAMENTO_LINK_SECRET", "segredo")
    with reader() as reading:
        await reading.read(message(), ORDER)
        child = child_of(reading)
        assert "CANCELAMENTO_LINK_SECRET" not in child.environ()
        assert child.rlimit(psutil.RLIMIT_FSIZE)[0] == 0
    assert not child.is_running()


# Whatever the reader's own bounds miss: here the child is made to waste on one text what a limit is about.
WASTEFUL = """
import cancellation.understanding as understanding

real = understanding.read_message

def read_message(raw, **more):
    if b"desperdice" in raw:
        {waste}
    return real(raw, **more)

understanding.read_message = read_message
"""


@pytest.fixture
def wasting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Children that are started from here on run this code on mails that say "desperdice"."""

    def on_path(waste: str) -> None:
        (tmp_path / "sitecustomize.py").write_text(WASTEFUL.format(waste=waste))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return on_path
