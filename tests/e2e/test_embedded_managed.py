"""What every embedded server does alike, shown on servers that misbehave."""

import asyncio
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from embedded import EmbeddedError, MailSink, ProcessServer, Supervisor
from embedded.process import Command
from tests.e2e.processes import gone

SLEEPS = "exec sleep 3600"


class Shell(ProcessServer):
    """A server that is a line of shell; it can be used once `answers` says so."""

    name = "Servidor"

    def __init__(self, folder: Path, line: str, answers: Callable[[], bool] = lambda: True) -> None:
        super().__init__(folder / "shell.log")
        self._folder = folder
        self._line = line
        self._says = answers
        self.asked = asyncio.Event()
        self.pids: list[int] = []

    def _command(self) -> Command:
        return Command(
            argv=["sh", "-c", self._line],
            log=self.log,
            environment={"PATH": os.environ["PATH"]},
            folder=self._folder,
        )

    async def _launch(self) -> None:
        await super()._launch()
        self.pids.append(self.pid)

    async def _answers(self) -> bool:
        self.asked.set()
        return self._says()


class Impatient(Shell):
    start_seconds = 0.5


class Patient(Shell):
    relaunch_seconds = 60.0


async def test_end_while_it_comes_up_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    server = Shell(tmp_path, "for n in $(seq 30); do echo linha $n; done", lambda: False)
    with pytest.raises(EmbeddedError, match=r"^Servidor terminou ao subir:\nlinha 23\n(.*\n)*linha 30$"):
        await server.start()


async def test_what_never_answers_is_given_up_and_stopped(tmp_path: Path) -> None:
    server = Impatient(tmp_path, SLEEPS, lambda: False)
    with pytest.raises(EmbeddedError, match=r"^Servidor não ficou pronto em 0\.5 s$"):
        await server.start()
    assert not server.running
    assert not any(map(psutil.pid_exists, server.pids))


async def test_interrupted_start_leaves_nothing(tmp_path: Path) -> None:
    server = Shell(tmp_path, SLEEPS, lambda: False)
    starting = asyncio.create_task(server.start())
    await server.asked.wait()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not any(map(psutil.pid_exists, server.pids))


async def test_early_end_is_tried_again_where_it_may_be_bad_luck(tmp_path: Path) -> None:
    line = f"test -e better && {SLEEPS}; touch better"
    async with Patient(tmp_path, line, (tmp_path / "better").exists) as server:
        assert server.running


async def test_killed_with_everything_that_it_has_started(tmp_path: Path) -> None:
    async with Shell(tmp_path, f"({SLEEPS}) & touch ready; wait", (tmp_path / "ready").exists) as server:
        family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
        assert len(family) == 2
        await server.kill()
        await gone(family)
        await server.start()
        assert server.running


async def test_supervisor_goes_on_after_an_error_that_nobody_foresaw(tmp_path: Path) -> None:
    starts = itertools.count(1)

    def answers() -> bool:
        if next(starts) == 2:
            raise OSError("disco cheio")
        return True

    told: list[str] = []
    back = asyncio.Event()

    def progress(line: str) -> None:
        told.append(line)
        if line.endswith("de volta"):
            back.set()

    server = Shell(tmp_path, SLEEPS, answers)
    supervisor = Supervisor(progress)
    try:
        await supervisor.add(server)
        psutil.Process(server.pid).kill()
        async with asyncio.timeout(60):
            await back.wait()
        assert server.running
        assert len(set(server.pids)) == 3
    finally:
        await supervisor.stop()
    assert told == ["Servidor caiu; subindo de novo"] * 2 + ["Servidor de volta"]
    assert not any(map(psutil.pid_exists, server.pids))


async def test_mail_server_names_the_port_that_is_in_use(mail_sink: MailSink, tmp_path: Path) -> None:
    second = MailSink(tmp_path / "second", port=mail_sink.port)
    with pytest.raises(EmbeddedError, match=f"não pode escutar em {mail_sink.address}"):
        await second.start()
    assert not second.running
