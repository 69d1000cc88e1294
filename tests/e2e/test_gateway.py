"""The download pages over a real socket: page, file, parts, death, limits, trail (P10, P20)."""

import asyncio
import contextlib
import hashlib
import logging
import os
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from moto.server import ThreadedMotoServer

from cancellation.adapters.memory.recordings import MemoryLedger
from cancellation.adapters.objectstore.opening import open_store
from cancellation.adapters.postgres.pool import open_pool
from cancellation.adapters.postgres.recordings import PostgresLedger
from cancellation.domain.links import link_token
from starters.gateway.limits import Limits
from tests.contract.formalized import MemoryFormalizations
from tests.e2e.gateway_rig import ENDS_AT, SECRET, GatewayRig, until

CONTENT = hashlib.shake_128(b"archive").digest(3_000_000)


@pytest.fixture
async def stopped(database: str, tmp_path: Path) -> AsyncIterator[GatewayRig]:
    pool = await open_pool(database)
    yield GatewayRig(open_store(tmp_path.as_uri()), PostgresLedger(pool))
    await pool.close()


@pytest.fixture
async def rig(stopped: GatewayRig) -> AsyncIterator[GatewayRig]:
    async with stopped.running() as running:
        yield running


# -------------------------------------------------------------------- page and file


async def test_page_says_what_it_is_how_large_and_until_when_P10(rig: GatewayRig) -> None:
    link = await rig.link(CONTENT)
    page = await rig.ask(rig.page_of(link))
    text = page.body.decode()
    assert page.status == 200
    for part in ("12 gravações", "3,0 MB", "terça-feira, 22 de dezembro de 2026", "Baixar as gravações"):
        assert part in text
    assert link.sha256 in text
    assert rig.file_of(link) in text
    assert await rig.told() == [("127.0.0.1", "page", 0)]


async def test_file_arrives_whole_with_its_name_P10(rig: GatewayRig) -> None:
    link = await rig.link(CONTENT)
    file = await rig.ask(rig.file_of(link))
    assert (file.status, file.body) == (200, CONTENT)
    assert file.headers["content-type"] == "application/zip"
    assert file.headers["content-disposition"].startswith(
        'attachment; filename="gravacoes-1042-2026-11-22.zip"'
    )
    assert file.headers["etag"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    assert file.headers["accept-ranges"] == "bytes"
    assert file.headers["last-modified"] == "Sun, 22 Nov 2026 15:00:00 GMT"

    async def finished() -> bool:
        return await rig.told() == [("127.0.0.1", "file", len(CONTENT))]

    await until(finished)


async def test_head_tells_everything_and_sends_nothing_P10(rig: GatewayRig) -> None:
    link = await rig.link(CONTENT)
    head = await rig.ask(rig.file_of(link), "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(CONTENT))
    assert (await rig.ask(rig.page_of(link), "HEAD")).body == b""


async def test_parts_resume_and_conditions_P10(rig: GatewayRig) -> None:
    link = await rig.link(CONTENT)
    etag = f'"{link.sha256}"'
    part = await rig.ask(rig.file_of(link), range="bytes=1000000-", if_range=etag)
    assert (part.status, part.body) == (206, CONTENT[1_000_000:])
    assert part.headers["content-range"] == "bytes 1000000-2999999/3000000"
    tail = await rig.ask(rig.file_of(link), range="bytes=-10")
    assert (tail.status, tail.body) == (206, CONTENT[-10:])
    other = await rig.ask(rig.file_of(link), range="bytes=1000000-", if_range='"older"')
    assert (other.status, other.body) == (200, CONTENT)
    beyond = await rig.ask(rig.file_of(link), range="bytes=3000000-")
    assert (beyond.status, beyond.headers["content-range"]) == (416, "bytes */3000000")
    known = await rig.ask(rig.file_of(link), if_none_match=etag)
    assert (known.status, known.body) == (304, b"")


# -------------------------------------------------------------------- death


async def test_the_link_dies_at_the_instant_the_notice_ends_P10(rig: GatewayRig) -> None:
    link = await rig.link(CONTENT)
    rig.now = ENDS_AT - timedelta(microseconds=1)
    assert (await rig.ask(rig.file_of(link), range="bytes=0-0")).status == 206
    rig.now = ENDS_AT
    for path in (rig.page_of(link), rig.file_of(link)):
        dead = await rig.ask(path)
        assert dead.status == 410
        assert "O prazo para baixar as gravações terminou" in dead.body.decode()
        assert "22 de dezembro de 2026" in dead.body.decode()
    assert [kind for _, kind, _ in await rig.told()] == ["file", "dead", "dead"]


async def test_a_revoked_link_is_dead_whatever_the_clock_says_P10_X3(rig: GatewayRig) -> None:
    link = await rig.link(CONTENT)
    await rig.ledger.revoke("case-1", rig.now + timedelta(days=3))
    dead = await rig.ask(rig.file_of(link))
    assert dead.status == 410
    assert "foi desativado" in dead.body.decode()


async def test_a_link_purged_at_the_virtual_end_says_that_its_time_is_over_P10(rig: GatewayRig) -> None:
    link = await rig.link(CONTENT)
    await rig.ledger.revoke("case-1", ENDS_AT)
    assert "O prazo para baixar" in (await rig.ask(rig.page_of(link))).body.decode()


async def test_a_running_download_is_cut_when_its_link_dies_P10(
    rig: GatewayRig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("starters.gateway.transfer.LOOK_AGAIN_SECONDS", 0.0)
    size = 200_000_000
    link = await rig.link(size=size, sha256="0" * 64)
    _sparse(tmp_path / link.archive_path, size)
    connection = rig.connect()
    connection.request("GET", rig.file_of(link))
    response = await asyncio.to_thread(connection.getresponse)
    got = len(await asyncio.to_thread(response.read, 1_000_000))
    await rig.ledger.revoke("case-1", rig.now)
    with contextlib.suppress(ConnectionError):
        while chunk := await asyncio.to_thread(response.read, 1_000_000):
            got += len(chunk)
    connection.close()
    assert got < size

    async def recorded() -> bool:
        told = await rig.told()
        return told[0][2] is not None and got <= told[0][2] < size

    await until(recorded)


# -------------------------------------------------------------------- strangers


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/d/",
        "/d/" + "A" * 43,
        "/d/curto",
        "/d/" + "A" * 5000,
        "/d/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/d/../../etc/passwd",
        "/archives/case-1/x.zip",
        "/static/estilo.css",
        "/estilo.css/../../app.py",
        "/openapi.json",
    ],
)
async def test_nothing_else_is_found_P10(rig: GatewayRig, path: str) -> None:
    lost = await rig.ask(path)
    assert lost.status == 404
    assert "Endereço não encontrado" in lost.body.decode()
    assert lost.headers["content-security-policy"]


async def test_the_link_id_or_the_hash_open_nothing_P10(rig: GatewayRig) -> None:
    link = await rig.link(CONTENT)
    token = link_token(SECRET, link.link_id)
    flipped = ("B" if token[0] != "B" else "C") + token[1:]
    for wrong in (link.link_id, link.token_hash, link.token_hash[:43], flipped, token.lower(), token[:-1]):
        assert (await rig.ask(f"/d/{wrong}")).status == 404
    assert (await rig.ask(f"/d/{token}/outro.zip")).status == 404
    assert (await rig.ask(f"/d/{token}/..%2f..%2fx.zip")).status == 404
    assert await rig.told() == []


async def test_other_methods_are_refused_in_portuguese(rig: GatewayRig) -> None:
    link = await rig.link(CONTENT)
    refused = await rig.ask(rig.file_of(link), "POST")
    assert refused.status == 405
    assert "Pedido não aceito" in refused.body.decode()
    assert "GET" in refused.headers["allow"]


async def test_every_answer_carries_the_security_headers(rig: GatewayRig) -> None:
    link = await rig.link(CONTENT)
    for path in (
        rig.page_of(link),
        rig.file_of(link),
        "/estilo.css",
        "/nada",
        "/live",
        "/ready",
        "/robots.txt",
    ):
        headers = (await rig.ask(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["strict-transport-security"]
        assert headers["x-robots-tag"].startswith("noindex")
        assert headers["server"] is None
    assert (await rig.ask(rig.page_of(link))).headers["cache-control"] == "no-store"


async def test_too_many_wrong_links_from_one_address_close_the_door_to_wrong_links_alone(
    stopped: GatewayRig,
) -> None:
    async with stopped.running(Limits(misses=3)) as rig:
        link = await rig.link(CONTENT)
        answers = [await rig.ask("/d/" + "A" * 43) for _ in range(4)]
        assert [answer.status for answer in answers] == [404, 404, 404, 429]
        assert int(answers[-1].headers["retry-after"]) > 0
        assert "Muitos acessos" in answers[-1].body.decode()
        # Other customers behind the same proxy get what is theirs.
        assert (await rig.ask(rig.page_of(link))).status == 200
        assert (await rig.ask(rig.file_of(link))).status == 200


async def test_a_slash_too_many_sends_nobody_and_no_token_to_another_host(rig: GatewayRig) -> None:
    link = await rig.link(CONTENT)
    for path in (f"{rig.page_of(link)}/", f"{rig.file_of(link)}/", "/robots.txt/"):
        answer = await rig.ask(path, host="golpe.example")
        assert answer.status == 404
        assert "location" not in answer.headers
        assert "golpe.example" not in answer.body.decode()


async def test_visitors_behind_a_trusted_proxy_are_told_apart(stopped: GatewayRig) -> None:
    async with stopped.running(Limits(misses=1), trusted_proxies="127.0.0.1") as rig:
        link = await rig.link(CONTENT)
        assert (await rig.ask("/d/x", x_forwarded_for="203.0.113.9")).status == 404
        assert (await rig.ask("/d/x", x_forwarded_for="203.0.113.9")).status == 429
        assert (await rig.ask(rig.page_of(link), x_forwarded_for="203.0.113.10")).status == 200
        assert await rig.told() == [("203.0.113.10", "page", 0)]


async def test_without_a_trusted_proxy_nobody_chooses_an_address(rig: GatewayRig) -> None:
    link = await rig.link(CONTENT)
    await rig.ask(rig.page_of(link), x_forwarded_for="203.0.113.10", forwarded="for=203.0.113.10")
    assert await rig.told() == [("127.0.0.1", "page", 0)]


async def test_downloads_at_once_from_one_address_are_limited(stopped: GatewayRig, tmp_path: Path) -> None:
    size = 500_000_000
    async with stopped.running(Limits(downloads=2)) as rig:
        link = await rig.link(size=size, sha256="0" * 64)
        _sparse(tmp_path / link.archive_path, size)
        busy = [rig.connect() for _ in range(2)]
        for connection in busy:
            connection.request("GET", rig.file_of(link))
            await asyncio.to_thread(connection.getresponse)
        assert (await rig.ask(rig.file_of(link))).status == 429
        assert (await rig.ask(rig.page_of(link))).status == 200
        for connection in busy:
            connection.close()

        async def free_again() -> bool:
            return (await rig.ask(rig.file_of(link), range="bytes=0-0")).status == 206

        await until(free_again)


# -------------------------------------------------------------------- logs and faults


async def test_no_token_is_in_any_log(rig: GatewayRig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio"):
        logging.getLogger(name).setLevel(1)
    link = await rig.link(CONTENT)
    lost = await rig.link(size=5, sha256="0" * 64, ordinal=2)
    for path in (rig.page_of(link), rig.file_of(link), rig.file_of(lost), rig.page_of(link) + "/nada"):
        await rig.ask(path)
        await rig.ask(path, "POST")
    await rig.ledger.revoke("case-1", rig.now)
    await rig.ask(rig.page_of(link))
    assert caplog.records
    written = "".join(
        f"{record.getMessage()} {record.__dict__} {record.exc_text}" for record in caplog.records
    )
    for one in (link, lost):
        assert link_token(SECRET, one.link_id) not in written
    assert "127.0.0.1" not in "".join(
        str(record.__dict__) for record in caplog.records if record.name.startswith("starters")
    )


async def test_an_archive_that_is_missing_is_our_problem_and_says_so(rig: GatewayRig) -> None:
    link = await rig.link(size=1000, sha256="0" * 64)
    failed = await rig.ask(rig.file_of(link))
    assert failed.status == 503
    assert "O problema é nosso" in failed.body.decode()
    assert failed.headers["retry-after"] == "60"
    assert failed.headers["content-security-policy"]


async def test_without_a_trail_nothing_is_handed_over_P20(
    rig: GatewayRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await rig.link(CONTENT)

    async def away(*_: object) -> int:
        raise ConnectionRefusedError

    monkeypatch.setattr(rig.ledger, "record_access", away)
    assert (await rig.ask(rig.file_of(link))).status == 503


async def test_a_visitor_who_hangs_up_is_recorded_with_what_was_sent_P20(
    rig: GatewayRig, tmp_path: Path
) -> None:
    size = 500_000_000
    link = await rig.link(size=size, sha256="0" * 64)
    _sparse(tmp_path / link.archive_path, size)
    connection = rig.connect()
    connection.request("GET", rig.file_of(link))
    response = await asyncio.to_thread(connection.getresponse)
    await asyncio.to_thread(response.read, 3_000_000)
    response.close()
    connection.close()

    async def recorded() -> bool:
        told = await rig.told()
        return told[0][2] is not None and 3_000_000 <= told[0][2] < size

    await until(recorded)


# -------------------------------------------------------------------- a cloud's store


async def test_a_clouds_store_serves_the_archive_itself_for_a_short_time_P10() -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        bucket = f"gravacoes-{uuid.uuid4().hex}"
        await asyncio.to_thread(_fetch, f"http://{host}:{port}/{bucket}", "PUT")
        store = open_store(
            f"s3://{bucket}",
            {
                "endpoint": f"http://{host}:{port}",
                "region": "us-east-1",
                "aws_access_key_id": "test",
                "aws_secret_access_key": "test",
                "client_options": {"allow_http": True},
            },
        )
        async with GatewayRig(store, MemoryLedger(MemoryFormalizations().of)).running() as rig:
            link = await rig.link(CONTENT)
            sent = await rig.ask(rig.file_of(link))
            assert sent.status == 302
            assert sent.headers["cache-control"] == "no-store"
            address = sent.headers["location"]
            assert address.startswith(f"http://{host}:{port}/")
            assert "X-Amz-Expires=300" in address
            assert await asyncio.to_thread(_fetch, address, Range="bytes=10-19") == CONTENT[10:20]
            assert await rig.told() == [("127.0.0.1", "redirect", None)]
            head = await rig.ask(rig.file_of(link), "HEAD")
            assert head.headers["content-length"] == str(len(CONTENT))
            rig.now = ENDS_AT - timedelta(seconds=20)
            assert "X-Amz-Expires=20" in (await rig.ask(rig.file_of(link))).headers["location"]
            rig.now = ENDS_AT
            assert (await rig.ask(rig.file_of(link))).status == 410
    finally:
        server.stop()


# -------------------------------------------------------------------- size


GATEWAY_PROGRAM = """
import asyncio, sys
from datetime import UTC, datetime
from cancellation.adapters.objectstore.opening import open_store
from cancellation.adapters.postgres.pool import open_pool
from cancellation.adapters.postgres.recordings import PostgresLedger
from starters.gateway import create_app
from starters.web.serving import serve

async def main():
    pool = await open_pool(sys.argv[1])
    app = create_app(PostgresLedger(pool), open_store(sys.argv[2]), now=lambda: datetime(2026, 12, 1, tzinfo=UTC))
    await serve(app, ready=lambda url: print(url, flush=True))

asyncio.run(main())
"""


@pytest.mark.long
async def test_two_gigabytes_in_bounded_memory_resumed_in_the_middle_P10(
    stopped: GatewayRig, database: str, tmp_path: Path
) -> None:
    """A sparse archive with marks in it; the visitor hangs up half-way and goes on."""
    size, middle = 2 << 30, (1 << 30) - 7
    link = await stopped.link(size=size, sha256="0" * 64)
    archive = tmp_path / link.archive_path
    _sparse(archive, size)
    with archive.open("r+b") as file:
        for place in (0, middle - 3, size - 6):
            file.seek(place)
            file.write(b"aqui!!")
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", GATEWAY_PROGRAM, database, tmp_path.as_uri(), stdout=subprocess.PIPE
    )
    assert program.stdout is not None
    stopped.url = (await program.stdout.readline()).decode().strip()
    try:
        process, peak = psutil.Process(program.pid), 0
        path = stopped.file_of(link)
        await stopped.ask(path, range="bytes=0-0")
        before = process.memory_info().rss

        def download(start: int, stop: int) -> tuple[bytes, bytes]:
            nonlocal peak
            connection = stopped.connect()
            connection.request("GET", path, headers={"Range": f"bytes={start}-", "If-Range": f'"{"0" * 64}"'})
            response = connection.getresponse()
            assert response.status == 206
            first, last, at = b"", b"", start
            while at < stop:
                chunk = response.read(min(4 << 20, stop - at))
                first, last, at = first or chunk[:6], (last + chunk[-6:])[-6:], at + len(chunk)
                peak = max(peak, process.memory_info().rss - before)
            connection.close()
            return first, last

        assert await asyncio.to_thread(download, 0, middle) == (b"aqui!!", b"\0\0\0aqu")
        assert await asyncio.to_thread(download, middle, size) == (b"i!!\0\0\0", b"aqui!!")
        assert peak < 60 << 20

        async def recorded() -> bool:
            return (await stopped.told())[-1] == ("127.0.0.1", "file", size - middle)

        await until(recorded)
    finally:
        program.terminate()
        await program.wait()


def _fetch(address: str, method: str = "GET", **headers: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers, method=method)) as got:
        content: bytes = got.read()
        return content


def _sparse(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        os.truncate(file.fileno(), size)
