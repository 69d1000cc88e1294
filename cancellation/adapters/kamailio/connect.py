"""Opens everything that the adapter works on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cancellation.adapters.kamailio.database import KamailioDatabase
from cancellation.adapters.kamailio.provisioning import Provisioning
from cancellation.adapters.kamailio.rpc import KamailioRpc
from cancellation.adapters.kamailio.settings import KamailioSettings
from cancellation.adapters.kamailio.tables import KamailioTables
from cancellation.adapters.kamailio.telephony import KamailioTelephony
from cancellation.adapters.postgres.pool import Pool
from cancellation.adapters.postgres.telephony import PostgresLicences


@asynccontextmanager
async def kamailio_telephony(settings: KamailioSettings, pool: Pool) -> AsyncIterator[KamailioTelephony]:
    """The adapter with its connections, which are closed at the end.

    Args:
        settings: The installation.
        pool: Our own database: ledger, licences, history of portability.
    """
    database = KamailioDatabase(settings)
    servers = [
        KamailioRpc(url, settings.location_table, settings.rpc_timeout_seconds) for url in settings.rpc_urls
    ]
    licences = PostgresLicences(pool)
    provisioning = Provisioning(database, licences, settings.domain_suffix, settings.trunk_group)
    try:
        yield KamailioTelephony(
            KamailioTables(database, settings), servers, pool, licences, provisioning, settings
        )
    finally:
        await database.close()
