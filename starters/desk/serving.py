"""Runs the desk until it is told to stop."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.desk import PostgresDesk
from cancellation.adapters.postgres.inbox import PostgresInbox
from cancellation.adapters.postgres.pool import ALIVE, Pool, open_pool
from cancellation.adapters.postgres.reconciliation import PostgresFindings
from cancellation.adapters.postgres.roles import Role
from cancellation.addresses import read_addresses
from cancellation.settings import Clock, Settings
from starters.desk.access import Door
from starters.desk.app import create_app
from starters.desk.desk import Desk
from starters.desk.mailwork import MailWork
from starters.desk.pages import House, Pages
from starters.desk.people import People
from starters.web.metrics import measured
from starters.web.serving import serve
from workers.policy import load_policy
from workers.prepared import Need, must_be_prepared
from workers.readiness import Readiness

if TYPE_CHECKING:
    from cancellation.client import CancellationClient
    from cancellation.letters import Letterhead

# Engine and letters are loaded with the first page that needs them: on many days nobody comes.

_CONNECTIONS: Final = 4


async def run_desk(settings: Settings, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve the desk as the settings say, until cancelled.

    Args:
        settings: database, Temporal, and `CANCELAMENTO_DESK_*`.
        ready: told the address once it is taken.

    Raises:
        NotConfigured: no database is configured.
        OSError: the address is taken.
        NotPrepared: something is missing in the database.
        RoleRefused: the database does not let it work as the desk.
        ValueError: the policy file is not a valid policy.
    """
    await must_be_prepared(settings, Role.DESK)
    pool = await open_pool(
        settings.require_database_url(),
        application_name="cancelamento-desk",
        max_size=_CONNECTIONS,
        role=Role.DESK,
        plans_anew=True,
    )
    try:
        readiness = Readiness({Need.DATABASE: partial(pool.fetchval, ALIVE)})
        app = create_app(desk_over(settings, pool), public_url=settings.desk.public_url, readiness=readiness)
        async with measured(app, settings.metrics_address, readiness) as served:
            await serve(served, settings.desk.host, settings.desk.port, ready=ready)
    finally:
        await pool.close()


def desk_over(settings: Settings, pool: Pool) -> Desk:
    """The desk of a real installation."""
    records = PostgresDesk(pool)
    people = People(settings.people_file)
    addresses = read_addresses(settings.home)
    crm = PostgresCrm(pool)
    return Desk(
        records=records,
        findings=PostgresFindings(pool),
        previews=PostgresBilling(pool),
        connect=_Connection(settings),
        mail=MailWork(settings, load_policy(settings), crm, PostgresInbox(pool)),
        door=Door(settings.desk, people, records, settings.desk_key()),
        people=people,
        pages=Pages(
            House(
                company=settings.sender.company,
                web_ui=addresses.web_ui if addresses else "",
                virtual_clock=settings.clock is Clock.VIRTUAL,
            )
        ),
        letterhead=partial(letterhead_of, settings),
    )


def letterhead_of(settings: Settings) -> "Letterhead":
    """The provider's side of the letters that are shown before they are sent."""
    from cancellation.adapters.smtp.mailer import letterhead_of as of

    return of(settings)


class _Connection:
    """The client of the cases: connected with the first page that needs it, and again after a failure."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: CancellationClient | None = None
        self._lock = asyncio.Lock()

    async def __call__(self) -> "CancellationClient":
        from cancellation.client import CancellationClient
        from cancellation.telemetry import process_runtime

        async with self._lock:
            if self._client is None:
                process_runtime(None)
                self._client = await CancellationClient.connect(self._settings.home)
            return self._client
