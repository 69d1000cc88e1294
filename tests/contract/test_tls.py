"""PostgreSQL and Temporal over TLS, by the settings that people set: the right certificate passes, no other does.

Both servers stand behind a relay that speaks TLS for them, as load balancers and cloud services do. E-mail's own are in
test_smtp.py and test_inbox_imap.py.
"""

import asyncio
import contextlib
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme
from temporalio.testing import WorkflowEnvironment

from cancellation.adapters.postgres.pool import open_pool
from cancellation.setting_groups import DatabaseSettings, Ssl
from cancellation.settings import Settings
from workers.connecting import connect

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
Relay = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def context_of(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    """A server's, for whoever reaches it by that name."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def file_of(authority: trustme.CA, folder: Path, name: str = "ca.pem") -> Path:
    authority.cert_pem.write_to_path(str(folder / name))
    return folder / name


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(1 << 16):
            writer.write(piece)
            await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def listening(relay: Relay, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a relay."""
    running: set[asyncio.Task[None]] = set()

    async def held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await relay(reader, writer)
        writer.close()
        running.discard(task)

    server = await asyncio.start_server(held, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in running:
            task.cancel()


# ---------------------------------------------------------------------------------------- PostgreSQL


def to_postgres(database_url: str, context: ssl.SSLContext | None) -> Relay:
    """A relay that takes TLS as PostgreSQL does, or none."""
    where = parse_qs(urlsplit(database_url).query)
    path = f"{where['host'][0]}/.s.PGSQL.{where['port'][0]}"

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(8) == SSL_REQUEST
        writer.write(b"S" if context else b"N")
        await writer.drain()
        if context:
            await writer.start_tls(context)
        inner_reader, inner_writer = await asyncio.open_unix_connection(path)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    return relay


async def asked(database_url: str, port: int, how: Ssl, ca_file: Path) -> int:
    """What the database answers over the relay."""
    settings = DatabaseSettings(
        host="127.0.0.1",
        port=port,
        name=urlsplit(database_url).path[1:],
        user="postgres",
        ssl=how,
        ca_file=ca_file,
    )
    pool = await open_pool(settings.as_url() or "", max_size=1)
    try:
        return int(await pool.fetchval("select 41 + 1"))
    finally:
        pool.terminate()


@pytest.mark.parametrize("how", [Ssl.VERIFY_FULL, Ssl.VERIFY_CA])
async def test_postgresql_with_the_right_certificate_is_spoken_to(
    database: str, authority: trustme.CA, tmp_path: Path, how: Ssl
) -> None:
    async with listening(to_postgres(database, context_of(authority))) as port:
        assert await asked(database, port, how, file_of(authority, tmp_path)) == 42


@pytest.mark.parametrize("how", [Ssl.VERIFY_FULL, Ssl.VERIFY_CA])
async def test_postgresql_of_an_authority_that_nobody_trusts_is_not(
    database: str, authority: trustme.CA, tmp_path: Path, how: Ssl
) -> None:
    async with listening(to_postgres(database, context_of(trustme.CA()))) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await asked(database, port, how, file_of(authority, tmp_path))


async def test_postgresql_under_another_name_is_not_where_names_count(
    database: str, authority: trustme.CA, tmp_path: Path
) -> None:
    ca_file = file_of(authority, tmp_path)
    async with listening(to_postgres(database, context_of(authority, "outro.example"))) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await asked(database, port, Ssl.VERIFY_FULL, ca_file)
        assert await asked(database, port, Ssl.VERIFY_CA, ca_file) == 42


async def test_postgresql_without_tls_is_not_where_it_is_required(
    database: str, authority: trustme.CA, tmp_path: Path
) -> None:
    async with listening(to_postgres(database, None)) as port:
        for how in (Ssl.VERIFY_FULL, Ssl.REQUIRE):
            with pytest.raises(ConnectionError):
                await asked(database, port, how, file_of(authority, tmp_path))


# ---------------------------------------------------------------------------------------- Temporal


@pytest.fixture
def temporal(
    temporal_env: WorkflowEnvironment, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Relay:
    """A relay to a Temporal that asks for certificates; ours and its authority are in the environment."""
    ours = authority.issue_cert("cancelamento")
    ours.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    ours.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(file_of(authority, tmp_path)))
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", str(tmp_path / "cert.pem"))
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", str(tmp_path / "key.pem"))
    monkeypatch.setenv("CANCELAMENTO_HOME", str(tmp_path))
    host, _, port = temporal_env.client.service_client.config.target_host.rpartition(":")

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(host, port)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    return relay


def mutual(
    authority: trustme.CA, name: str = "127.0.0.1", of_clients: trustme.CA | None = None
) -> ssl.SSLContext:
    context = context_of(authority, name)
    context.set_alpn_protocols(["h2"])
    context.verify_mode = ssl.CERT_REQUIRED
    (of_clients or authority).configure_trust(context)
    return context


async def test_temporal_with_the_right_certificates_on_both_sides_is_spoken_to(
    temporal: Relay, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(temporal, mutual(authority)) as port:
        monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{port}")
        client = await connect(Settings())
        assert await client.service_client.check_health()


@pytest.mark.parametrize("wrong", ["authority", "name", "client"])
async def test_temporal_with_a_wrong_certificate_on_either_side_is_not(
    temporal: Relay, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    context = {
        "authority": lambda: mutual(trustme.CA(), of_clients=authority),
        "name": lambda: mutual(authority, "outro.example"),
        "client": lambda: mutual(authority, of_clients=trustme.CA()),
    }[wrong]()
    async with listening(temporal, context) as port:
        monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{port}")
        with pytest.raises(RuntimeError, match="Failed client connect"):
            await connect(Settings())


async def test_temporal_with_an_api_key_is_spoken_to_in_tls_alone(
    temporal: Relay,
    temporal_env: WorkflowEnvironment,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "api-key").write_text("segredo\n")
    monkeypatch.setenv("TEMPORAL_API_KEY_FILE", str(tmp_path / "api-key"))
    async with listening(temporal, mutual(authority)) as port:
        monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{port}")
        client = await connect(Settings())
        assert client.service_client.config.api_key == "segredo"
        assert await client.service_client.check_health()
    for name in (
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH",
        "TEMPORAL_TLS_CLIENT_CERT_PATH",
        "TEMPORAL_TLS_CLIENT_KEY_PATH",
    ):
        monkeypatch.delenv(name)
    # Nothing is said of TLS, and the server takes none: the key must not go there in clear.
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_env.client.service_client.config.target_host)
    with pytest.raises(RuntimeError):
        await connect(Settings())
