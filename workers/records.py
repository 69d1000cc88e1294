"""The composition root of a process that needs the records alone: no worker, no reader and no letters come with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.evidence import PostgresEvidence
from cancellation.adapters.postgres.inbox import PostgresInbox
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.reconciliation import PostgresFindings
from cancellation.adapters.postgres.roles import Role
from cancellation.ports import MailLedger, Originals
from cancellation.settings import Settings

if TYPE_CHECKING:
    from cancellation.mail_keys import MailKeys

_CONNECTIONS: Final = 4


@asynccontextmanager
async def open_crm(settings: Settings, role: Role | None = None) -> AsyncIterator[PostgresCrm]:
    """The CRM alone, as a role, or None: as whoever connects.

    Raises:
        NotConfigured: no database is configured.
    """
    async with _pool(settings, _CONNECTIONS, role) as pool:
        yield PostgresCrm(pool)


@asynccontextmanager
async def open_ledger(settings: Settings) -> AsyncIterator[PostgresInbox]:
    """The ledger of incoming mail alone.

    Raises:
        NotConfigured: no database is configured.
    """
    async with _pool(settings, _CONNECTIONS) as pool:
        yield PostgresInbox(pool)


@asynccontextmanager
async def open_mails(settings: Settings) -> AsyncIterator[tuple[PostgresCrm, PostgresInbox]]:
    """The CRM, which keeps original e-mails, and the ledger of what became of them.

    Raises:
        NotConfigured: no database is configured.
    """
    async with _pool(settings, _CONNECTIONS) as pool:
        yield PostgresCrm(pool), PostgresInbox(pool)


def mail_keys_of(settings: Settings, originals: Originals, ledger: MailLedger) -> "MailKeys | None":
    """Where the keys of e-mails' signatures are looked up; None where a setting switches that off (X13)."""
    if not settings.evidence.dkim_keys:
        return None
    from cancellation.adapters.dns.keys import DnsKeyDirectory
    from cancellation.mail_keys import MailKeys

    seconds = settings.evidence.dns_seconds
    directory = DnsKeyDirectory(settings.evidence.dns_addresses, seconds)
    return MailKeys(originals, ledger, directory, seconds)


@asynccontextmanager
async def open_evidence(settings: Settings) -> AsyncIterator[PostgresEvidence]:
    """What a case's dossier is written from.

    Raises:
        NotConfigured: no database is configured.
    """
    async with _pool(settings, 1) as pool:
        yield PostgresEvidence(pool)


@asynccontextmanager
async def open_findings(settings: Settings) -> AsyncIterator[PostgresFindings]:
    """The ledger of what reconciliation has found.

    Raises:
        NotConfigured: no database is configured.
    """
    async with _pool(settings, 1) as pool:
        yield PostgresFindings(pool)


@asynccontextmanager
async def _pool(settings: Settings, connections: int, role: Role | None = None) -> AsyncIterator[Pool]:
    pool = await open_pool(settings.require_database_url(), max_size=connections, role=role)
    try:
        yield pool
    finally:
        await pool.close()
