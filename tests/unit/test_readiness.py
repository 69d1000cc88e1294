import asyncio

import pytest

from workers import readiness as module
from workers.prepared import Need
from workers.readiness import Readiness


async def test_silence_is_an_answer_and_nobody_waits_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.05)

    async def hangs() -> None:
        await asyncio.Event().wait()

    async def fails() -> None:
        raise ConnectionRefusedError("postgresql://ana:segredo@banco")

    async def works() -> int:
        return 1

    readiness = Readiness({Need.TEMPORAL: hangs, Need.DATABASE: fails, Need.STORE: works})
    answers = await readiness.ask()
    assert answers == {"temporal": "TimeoutError", "database": "ConnectionRefusedError", "store": "ok"}
    assert not readiness.is_ready(answers)
    assert readiness.is_ready({"store": "ok"})


async def test_whoever_asks_often_is_not_felt_behind() -> None:
    asked = 0

    async def works() -> None:
        nonlocal asked
        asked += 1

    readiness = Readiness({Need.DATABASE: works})
    await asyncio.gather(*(readiness.ask() for _ in range(100)))
    assert asked == 1
