"""PostgreSQL on a disk that is full: what waits loses nothing and goes on when there is room again (X7).

The page for operators: docs/runbooks/banco-cheio.md.
"""

import os
import secrets
from datetime import timedelta
from pathlib import Path

import pytest

from tests.durable.premises import premises
from tests.watched.disks import small_disk

SIZE = 192 << 20
REQUESTS = 40
LONG = 1_500
"""Bytes of a text that does not compress: together they are more than the pages at hand have room for."""


def fill(file: Path) -> None:
    """Take all the room there is."""
    with file.open("wb") as ballast:
        room = os.statvfs(file.parent)
        os.posix_fallocate(ballast.fileno(), 0, room.f_bavail * room.f_frsize)


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_on_a_full_disk_cases_wait_and_go_on_when_there_is_room_again_X7_X17(open_folder: Path) -> None:
    folder = open_folder / "full-disk"
    with small_disk(folder / "postgres", SIZE) as mounted:
        if mounted is None:
            pytest.skip("whoever runs this may not mount a disk")
        async with premises(folder) as (house, _, postgres), house.worker_process():
            case = await house.open()
            await case.quiet()
            ballast = mounted / "ballast"
            fill(ballast)
            for number in range(REQUESTS):
                text = secrets.token_hex(LONG)
                await case.signal("request", channel="phone", text=text, message_id=f"cheio-{number}")
            await case.trailed("request_received", times=REQUESTS + 1)
            await case.forward(timedelta(hours=2))
            status = await case.until(lambda status: status.attention)
            assert any(work.startswith("record_case") for work in status.attention), status.attention
            ballast.unlink()
            if not postgres.running:  # without room for its log it stops itself
                await postgres.start()
            await house.answers()
            await case.forward(timedelta(hours=1))
            await case.trailed("attention_cleared")
            await case.quiet()
            recorded = {one.message_id for one in await case.crm_trail() if one.kind == "request_received"}
            assert recorded >= {f"cheio-{number}" for number in range(REQUESTS)}
            assert (await house.crm.adapter.verify_trail(await case.case_id())).intact
            await case.check("discard", reason="Engano", actor="ana")
            assert (await case.result()).outcome == "discarded"
            await house.replays()
