"""The recordings suite over memory, over files with PostgreSQL, and over S3."""

import asyncio
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import obstore
import psutil
import pytest
from obstore.store import MemoryStore

from cancellation.adapters.memory.recordings import MemoryLedger
from cancellation.adapters.objectstore.failures import StoreUnavailable
from cancellation.adapters.objectstore.layout import StoredObject
from cancellation.adapters.objectstore.opening import open_store
from cancellation.adapters.objectstore.reading import answers
from cancellation.adapters.objectstore.zipstream import ZipPiece
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.recordings import PostgresLedger
from tests.contract.formalized import MemoryFormalizations, PostgresFormalizations
from tests.contract.object_stores import make_bucket, s3_store
from tests.contract.recordings_suite import (
    LAST_DAY,
    RecordingsRig,
    RecordingsSuite,
    order,
    purge,
    quiet,
)


class TestMemoryRecordings(RecordingsSuite):
    @pytest.fixture
    def rig(self) -> RecordingsRig:
        formalizations = MemoryFormalizations()
        return RecordingsRig(MemoryStore(), MemoryLedger(formalizations.of), formalizations)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    opened = await open_pool(database)
    yield opened
    await opened.close()


@pytest.fixture
def file_rig(pool: Pool, tmp_path: Path) -> RecordingsRig:
    store = open_store((tmp_path / "gravações & mais").as_uri())
    return RecordingsRig(store, PostgresLedger(pool), PostgresFormalizations(pool))


class TestFileRecordings(RecordingsSuite):
    @pytest.fixture
    def rig(self, file_rig: RecordingsRig) -> RecordingsRig:
        return file_rig


class TestS3Recordings(RecordingsSuite):
    @pytest.fixture
    def rig(self, s3_endpoint: str) -> RecordingsRig:
        store = s3_store(s3_endpoint, make_bucket(s3_endpoint))
        formalizations = MemoryFormalizations()
        return RecordingsRig(store, MemoryLedger(formalizations.of), formalizations)

    async def test_a_browser_that_is_sent_there_learns_the_name_P10(self, rig: RecordingsRig) -> None:
        await rig.fill(days=1)
        made = await rig.recordings.export(order(), quiet, None)
        assert made is not None
        link = await rig.ledger.link(made.link_id)
        assert link is not None
        got = await obstore.get_async(rig.store, link.archive_path)
        assert got.attributes["Content-Type"] == "application/zip"
        assert got.attributes["Content-Disposition"] == f'attachment; filename="{link.download_name}"'


# -------------------------------------------------------------------- the file store and PostgreSQL alone


@pytest.mark.parametrize(
    "statement",
    [
        """insert into recordings.removals
               (case_id, path, customer_id, kind, size, ordered_at, warrant_notice_ends_at)
           values ('case-1', 'recordings/1042/x', '1042', 'recording', 1, '2027-01-01',
                   '2026-12-23 03:00Z')""",
        "delete from recordings.links",
        "truncate recordings.links cascade",
        "update recordings.links set expires_at = expires_at + interval '1 year'",
        "update recordings.links set revoked_at = null",
        "update recordings.links set archive_path = 'archives/other/other.zip'",
        "delete from recordings.revocations",
        "delete from recordings.removals",
        "delete from recordings.accesses",
        """insert into recordings.links
           select 'again', case_id, customer_id, 9, archive_path, download_name, files, size, sha256,
                  repeat('a', 64), made_at, expires_at, null from recordings.links""",
    ],
)
async def test_no_statement_typed_by_hand_purges_or_revives_P19(
    file_rig: RecordingsRig, pool: Pool, statement: str
) -> None:
    await file_rig.fill(days=1)
    assert await file_rig.recordings.export(order(), quiet, None) is not None
    await file_rig.ledger.revoke("case-1", order().at)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await pool.execute(statement)


async def test_a_purge_holds_its_formalization_P19(file_rig: RecordingsRig, pool: Pool) -> None:
    await file_rig.fill(days=1)
    await file_rig.formalizations.file("case-1", "1042", LAST_DAY)
    await file_rig.recordings.purge(purge())
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await pool.execute("update crm.formalizations set in_force = false, revoked_at = now()")


async def test_a_name_that_no_database_holds_is_recorded_as_removed_all_the_same_X8(
    file_rig: RecordingsRig, pool: Pool
) -> None:
    await file_rig.formalizations.file("case-1", "1042", LAST_DAY)
    ledger, warrant = PostgresLedger(pool), purge().warrant
    objects = [
        StoredObject(f"recordings/1042/2026-11-01/{name}.wav", 5) for name in ("a\x00b", "ab", "\ud800")
    ]
    await ledger.begin_removals(warrant, "recording", objects)
    assert len((await ledger.order_purge(warrant)).begun) == 2
    await ledger.finish_removals(warrant, [one.path for one in objects])
    assert (await ledger.order_purge(warrant)).begun == []
    assert (await ledger.removed("case-1")).recordings == 2


async def test_ten_exports_at_once_make_one_link_P10(file_rig: RecordingsRig, pool: Pool) -> None:
    await file_rig.fill()
    done = await asyncio.gather(
        *(file_rig.recordings.export(order(), quiet, None) for _ in range(10)), return_exceptions=True
    )
    made = [one for one in done if not isinstance(one, BaseException)]
    # Whoever lost the race may fail, and is tried again; nobody gets another archive.
    assert all(isinstance(one, StoreUnavailable) for one in done if isinstance(one, BaseException))
    assert len({one.model_dump_json() for one in made if one}) == 1
    assert await pool.fetchval("select count(*) from recordings.links") == 1
    again = await file_rig.recordings.export(order(), quiet, None)
    assert again == made[0]
    assert again is not None
    assert len(await file_rig.archive(again)) == again.size


EXPORT_PROGRAM = """
import asyncio, sys
from cancellation.adapters.objectstore.opening import open_store
from cancellation.adapters.objectstore.zipstream import ZipPiece
from cancellation.adapters.postgres.pool import open_pool
from cancellation.adapters.postgres.recordings import PostgresLedger
from tests.contract.recordings_suite import RecordingsRig, order

async def main():
    pool = await open_pool(sys.argv[1])
    rig = RecordingsRig(open_store(sys.argv[2]), PostgresLedger(pool), None)
    await rig.recordings.export(order(), lambda progress: print(progress, flush=True), None)

asyncio.run(main())
"""


async def test_an_export_killed_for_real_resumes_P10(
    file_rig: RecordingsRig, database: str, tmp_path: Path
) -> None:
    url = (tmp_path / "gravações & mais").as_uri()
    await file_rig.fill(days=28)
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", EXPORT_PROGRAM, database, url, stdout=subprocess.PIPE
    )
    assert program.stdout is not None
    async for line in program.stdout:
        if line.startswith(b"piece 5"):
            program.send_signal(signal.SIGKILL)
            break
    await program.wait()
    heard: list[str] = []
    made = await file_rig.recordings.export(order(), heard.append, None)
    assert made is not None
    assert made.files == 56
    assert not any(progress.startswith(f"piece {number}:") for progress in heard for number in range(5))
    left = [file.name for file in tmp_path.rglob("*") if file.is_file()]
    assert sum(name.endswith(".zip") for name in left) == 1
    assert not any("#" in name or name.endswith((".part", ".json")) for name in left)


async def test_half_written_files_of_a_killed_process_are_purged_P10(
    file_rig: RecordingsRig, tmp_path: Path
) -> None:
    await file_rig.fill(days=1)
    await file_rig.formalizations.file("case-1", "1042", LAST_DAY)
    assert await file_rig.recordings.export(order(), quiet, None) is not None
    leftover = tmp_path / "gravações & mais" / "archives" / "case-1" / "abc.zip#1"
    leftover.write_bytes(b"speech")
    await file_rig.recordings.purge(purge())
    assert not leftover.exists()


@pytest.mark.rest
async def test_a_long_export_needs_bounded_memory_P10(file_rig: RecordingsRig, tmp_path: Path) -> None:
    folder = tmp_path / "gravações & mais" / "recordings" / "1042" / "2026-11-01"
    folder.mkdir(parents=True)
    for name, size in (("longa.wav", (400 << 20) + 5), ("outra.wav", 50 << 20)):
        with (folder / name).open("wb") as file:
            file.truncate(size)
    process, peak = psutil.Process(), 0
    before = process.memory_info().rss

    def watch(_: str) -> None:
        nonlocal peak
        peak = max(peak, process.memory_info().rss - before)

    made = await file_rig.recordings.export(order(), watch, None)
    assert made is not None
    assert made.size > 450 << 20
    assert peak < 300 << 20
    link = await file_rig.ledger.link(made.link_id)
    assert link is not None
    archive = tmp_path / "gravações & mais" / link.archive_path
    with zipfile.ZipFile(archive) as opened:
        assert await asyncio.to_thread(opened.testzip) is None


async def test_a_store_that_is_away_is_an_error_without_file_names_P10() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    store = open_store(
        "s3://gravacoes",
        {
            "endpoint": f"http://127.0.0.1:{port}",
            "region": "us-east-1",
            "client_options": {"allow_http": True},
            "aws_access_key_id": "k",
            "aws_secret_access_key": "s",
            "retry_config": {"max_retries": 0, "retry_timeout": timedelta(seconds=1)},
        },
    )
    formalizations = MemoryFormalizations()
    rig = RecordingsRig(store, MemoryLedger(formalizations.of), formalizations)
    with pytest.raises(StoreUnavailable) as caught:
        await rig.recordings.export(order(), quiet, None)
    assert "1042" not in str(caught.value)


async def test_a_folder_that_is_gone_does_not_answer_X7(tmp_path: Path) -> None:
    folder = tmp_path / "gravacoes"
    store = open_store(folder.as_uri())
    await answers(store)
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError):
        await answers(store)


def test_a_folder_must_be_absolute() -> None:
    with pytest.raises(ValueError, match="pasta/absoluta"):
        open_store("file://relative/folder")


def test_an_option_that_the_store_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="não pode ser aberto"):
        open_store("s3://gravacoes", {"no_such_option": "1"})


@pytest.mark.parametrize("place", [0, 5 << 30])
def test_entries_and_places_beyond_4_gigabytes_are_readable_P10(place: int, tmp_path: Path) -> None:
    """A sparse file: the piece and its directory lie at `place`, in the format that large entries need."""
    before, after = ZipPiece(), ZipPiece(start=place + 1_000_000)
    with before.entry("gravacoes/2026-11-01/ligação.wav", LAST_DAY, 6 << 30) as entry:
        entry.write(b"fala" * 1000)
    piece = before.take()
    before.seal()
    after.finish([(place, before.entries[0])])
    archive = tmp_path / "archive.zip"
    with archive.open("wb") as file:
        file.seek(place)
        file.write(piece)
        file.seek(place + 1_000_000)
        file.write(after.take())
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        assert opened.read("gravacoes/2026-11-01/ligação.wav") == b"fala" * 1000
