"""The composition root of all that works on cases: which adapter stands behind each port, from the settings."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from activities.guard import Guard, machine_clock
from cancellation.adapters.objectstore.opening import open_store
from cancellation.adapters.objectstore.reading import answers
from cancellation.adapters.objectstore.recordings import ObjectRecordingStore
from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.inbox import PostgresInbox
from cancellation.adapters.postgres.letter_facts import PostgresLetterFacts
from cancellation.adapters.postgres.pool import ALIVE, Pool, open_pool
from cancellation.adapters.postgres.reconciliation import PostgresComparison, PostgresFindings
from cancellation.adapters.postgres.recordings import PostgresLedger
from cancellation.adapters.postgres.roles import Role
from cancellation.adapters.postgres.telephony import PostgresTelephony
from cancellation.adapters.postgres.watch import PostgresWatches
from cancellation.adapters.smtp.mailer import smtp_mailer
from cancellation.contract import CANCELLATIONS, INCOMING_MAILS
from cancellation.domain.policy import CancellationPolicy
from cancellation.ports import SentLetters, Telephony
from cancellation.settings import Clock, Settings
from workers.prepared import Need
from workers.systems import Systems

if TYPE_CHECKING:
    from temporalio.client import Client

    from cancellation.mailroom import Mailroom
    from cancellation.reconciler import Reconciler

_CONNECTIONS: Final = 8
"""Activities are short, and each connection is a process of nine megabytes on the server's side."""


@asynccontextmanager
async def open_systems(settings: Settings, role: Role | None = None) -> AsyncIterator[Systems]:
    """Every outside system of this process, connected; closed at the end.

    Args:
        settings: which systems, and where.
        role: as which role of the database; None: as whoever connects, for commands that people type.

    Raises:
        LookupError: no database is configured.
        RoleRefused: the database does not let this process work as that role.
        ValueError: an adapter does not know its settings.
    """
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings.require_database_url(), max_size=_CONNECTIONS, role=role)
        stack.push_async_callback(pool.close)
        billing = PostgresBilling(pool, settings.invoice_due_days)
        store = open_store(settings.recordings_url, settings.recordings_options)
        yield Systems(
            crm=PostgresCrm(pool),
            billing=billing,
            telephony=await stack.enter_async_context(_telephony(settings, pool)),
            recordings=ObjectRecordingStore(
                store,
                PostgresLedger(pool),
                settings.link_key(),
            ),
            mailer=smtp_mailer(settings, pool),
            inbox=PostgresInbox(pool),
            letter_facts=PostgresLetterFacts(pool, billing),
            comparison=PostgresComparison(pool),
            findings=PostgresFindings(pool),
            desk_url=settings.desk_address,
            aftermath=billing,
            watches=PostgresWatches(pool),
            asks={Need.DATABASE: partial(pool.fetchval, ALIVE), Need.STORE: partial(answers, store)},
        )


def mailroom_of(
    settings: Settings, systems: Systems, policy: CancellationPolicy, client: "Client"
) -> "Mailroom":
    """Where incoming e-mail is handled.

    Raises:
        LookupError: these systems have no ledger of it.
    """
    from cancellation.client import CancellationClient
    from cancellation.mailroom import Mailroom
    from workers.provider import provider_of

    if systems.inbox is None:
        raise LookupError("no ledger of incoming mail")
    return Mailroom(
        originals=systems.crm,
        customers=systems.crm,
        ledger=systems.inbox,
        cases=CancellationClient(client),
        mailboxes=policy.mailboxes,
        trusted_servers=settings.inbox.trusted_servers,
        provider=provider_of(settings),
        mail_age_days=policy.mail_age_days,
        letters=systems.mailer if isinstance(systems.mailer, SentLetters) else None,
        own_addresses=(settings.sender.address.strip().lower(),),
        desk_url=systems.desk_url,
    )


def reconciler_of(
    systems: Systems,
    policy: CancellationPolicy,
    client: "Client",
    queues: Sequence[str] = (CANCELLATIONS, INCOMING_MAILS),
) -> "Reconciler":
    """What holds the records against the engine.

    Raises:
        LookupError: these systems have no ledger of findings.
    """
    from cancellation.adapters.executions import TemporalExecutions
    from cancellation.reconciler import Reconciler

    if systems.comparison is None or systems.findings is None:
        raise LookupError("no ledger of findings")
    return Reconciler(
        engine=TemporalExecutions(client, queues),
        comparison=systems.comparison,
        findings=systems.findings,
        billing=systems.billing,
        recordings=systems.recordings,
        mailer=systems.mailer,
        mailboxes=policy.mailboxes,
    )


def guard_of(settings: Settings, systems: Systems) -> Guard:
    """The precondition of destructive acts; the machine's clock counts unless time is virtual (P19)."""
    return Guard(systems.crm, None if settings.clock is Clock.VIRTUAL else machine_clock)


@asynccontextmanager
async def _telephony(settings: Settings, pool: Pool) -> AsyncIterator[Telephony]:
    match settings.telephony.adapter:
        case "postgres":
            yield PostgresTelephony(pool)
        case "kamailio":
            from cancellation.adapters.kamailio import KamailioSettings, kamailio_telephony

            options = KamailioSettings.model_validate(settings.telephony.options)
            async with kamailio_telephony(options, pool) as telephony:
                yield telephony
        case other:
            message = f"adaptador de telefonia desconhecido: {other}; use postgres ou kamailio"
            raise ValueError(message)
