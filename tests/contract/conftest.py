"""Databases with customers in service, formalised or not, and an S3 server; a suite may define its own instead."""

import uuid
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from moto.server import ThreadedMotoServer

from cancellation.adapters.postgres.migrate import migrate
from cancellation.adapters.postgres.pool import Pool, open_pool
from embedded import EmbeddedPostgres
from tests.contract.guarded import formalize_both, in_service


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Customers 1042 and 2001 in service, nothing formalised."""
    pool = await open_pool(database, max_size=4)
    await in_service(pool)
    yield pool
    await pool.close()


@pytest.fixture
async def formalized(pool: Pool) -> Pool:
    """Customer 1042 with the complete formalization `case-a`, 2001 with `case-b` of two days before."""
    await formalize_both(pool)
    return pool


@pytest.fixture(scope="module")
async def refusing(postgres_server: EmbeddedPostgres) -> AsyncIterator[Pool]:
    """The same as `formalized`, in one database for all the tests that only see it refuse."""
    admin = await asyncpg.connect(postgres_server.url_of("postgres"))
    name = f"refusing_{uuid.uuid4().hex}"
    await admin.execute(f"create database {name}")
    await admin.close()
    await migrate(postgres_server.url_of(name), virtual_clock=True)
    pool = await open_pool(postgres_server.url_of(name), max_size=4)
    await in_service(pool)
    await formalize_both(pool)
    yield pool
    await pool.close()


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A fast S3 server that checks no signature."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
