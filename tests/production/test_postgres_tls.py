"""The set's PostgreSQL as docker-compose.yml has it, alone: its first start, its certificate, who is let in."""

import asyncio
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
import trustme
from cryptography import x509
from pydantic import SecretStr

from cancellation.settings import Settings
from starters.monitor.certificates import certificates_of
from tests.production.processes import ANOTHER_NAME, PostgresProcess
from tests.production.production_set import ProductionSet

PARTS = ("postgres_tls_ca", "postgres_tls_certificate", "postgres_tls_key")

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
async def production() -> AsyncIterator[ProductionSet]:
    # Where every user may pass through.
    folder = Path(tempfile.mkdtemp(prefix="cancelamento-tls-"))
    folder.chmod(0o711)
    try:
        production = ProductionSet(folder, lambda _: None)
        production.plan()
        production.images.copy_postgres()
        async with production.alone("postgres"):
            yield production
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def test_a_password_over_a_verified_connection_is_let_in(production: ProductionSet) -> None:
    connection = await asyncpg.connect(production.owner_url())
    spoken = await connection.fetchval("select version from pg_stat_ssl where pid = pg_backend_pid() and ssl")
    assert spoken == "TLSv1.3"
    await connection.close()


@pytest.mark.parametrize("role", ["cancelamento_owner", "temporal", "postgres"])
async def test_the_same_in_clear_is_not(production: ProductionSet, role: str) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="no encryption"):
        await asyncpg.connect(production.owner_url("postgres", role), ssl="disable")


async def test_a_server_of_another_authority_or_name_is_not_spoken_to(
    production: ProductionSet, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    verified, _, _ = production.owner_url().rpartition("=")
    with pytest.raises(ssl.SSLCertVerificationError, match="local issuer"):
        await asyncpg.connect(f"{verified}={other}")
    with pytest.raises(ssl.SSLCertVerificationError, match=f"not valid for '{ANOTHER_NAME}'"):
        await asyncpg.connect(production.owner_url().replace("127.0.0.1", ANOTHER_NAME))


async def test_its_own_check_and_its_own_socket_need_no_certificate(production: ProductionSet) -> None:
    postgres = production.processes["postgres"]
    assert isinstance(postgres, PostgresProcess)
    assert await postgres.healthy()
    assert await postgres.ask("select ssl from pg_stat_ssl where pid = pg_backend_pid()") == "f"


async def test_the_monitor_sees_until_when_the_certificate_holds_that_it_shows(
    production: ProductionSet,
) -> None:
    shown = await certificates_of(Settings(database_url=SecretStr(production.owner_url()))).expiries()
    made = [
        x509.load_pem_x509_certificate(production.secret(part).encode())
        for part in ("postgres_tls_certificate", "postgres_tls_ca")
    ]
    assert shown == {"database": made[0].not_valid_after_utc.timestamp()}
    # Both end together, and not while anybody remembers having made them.
    assert abs((made[0].not_valid_after_utc - made[1].not_valid_after_utc).total_seconds()) < 60
    assert 4 < (made[0].not_valid_after_utc - datetime.now(UTC)).days / 365 < 6


async def test_a_new_certificate_counts_from_the_next_start_and_both_authorities_lead_over_to_it(
    production: ProductionSet,
) -> None:
    authority, postgres = production.postgres_authority, production.processes["postgres"]
    old = authority.read_bytes()
    for part in PARTS:
        authority.with_name(part).unlink()
    make = ["sh", str(authority.with_name("make.sh"))]
    await asyncio.to_thread(subprocess.run, make, check=True, capture_output=True)
    new = authority.read_bytes()
    authority.write_bytes(old + new)
    await (await asyncpg.connect(production.owner_url())).close()
    for part in PARTS[1:]:
        given = postgres.container.mounts[f"/run/secrets/{part}"]
        given.chmod(0o600)
        given.write_bytes(authority.with_name(part).read_bytes())
    await postgres.stop()
    await postgres.start()
    await (await asyncpg.connect(production.owner_url())).close()
    authority.write_bytes(old)
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncpg.connect(production.owner_url())
    authority.write_bytes(new)
    await (await asyncpg.connect(production.owner_url())).close()
