"""The worker process: connect, work, stop gracefully on SIGTERM."""

import asyncio
import logging
import signal
from functools import partial

from cancellation.adapters.postgres.roles import Role
from cancellation.application.details import announce_virtual_clock
from cancellation.contract import CANCELLATIONS
from cancellation.settings import Clock, Settings
from cancellation.telemetry import process_runtime
from workers.connecting import connect
from workers.health import answering_health
from workers.namespace import must_know_namespace
from workers.policy import load_policy
from workers.prepared import Need, must_be_prepared
from workers.readiness import Readiness
from workers.records import mail_keys_of
from workers.wiring import guard_of, mailroom_of, open_systems, reconciler_of
from workers.worker import (
    activities_of,
    cancellation_worker,
    mail_activities_of,
    mail_worker,
    reconciliation_activities_of,
)

logger = logging.getLogger(__name__)


async def run_worker(settings: Settings) -> None:
    """Work on cancellations until SIGTERM or SIGINT; activities under way may finish.

    Raises:
        LookupError: no database is configured.
        NotPrepared: something is missing in the database or the namespace.
        RoleRefused: the database does not let it work as a worker.
        ValueError: the policy file is not a valid policy; the message names the field.
    """
    policy = load_policy(settings)
    client = await connect(settings, runtime=process_runtime(settings.metrics_address))
    await must_be_prepared(settings, Role.WORKER, client)
    stop = _stop_event()
    if settings.clock is Clock.VIRTUAL:
        announce_virtual_clock()
        logger.warning("virtual clock: time may be skipped, never for real cases")
    if not (settings.inbox.trusted_servers or settings.inbox.trusted_nameless_servers):
        logger.warning("no receiving server is trusted: every e-mail waits for a person")
    async with open_systems(settings, Role.WORKER) as systems:
        guard = guard_of(settings, systems)
        activities = [
            *activities_of(systems, policy, guard),
            *reconciliation_activities_of(reconciler_of(systems, policy, client), guard),
        ]
        mailroom = mailroom_of(settings, systems, policy, client)
        keys = mail_keys_of(settings, mailroom.originals, mailroom.ledger)
        of_mail = mail_activities_of(systems, policy, mailroom, keys)
        build_id, name = settings.build_id, settings.deployment_name
        readiness = Readiness({Need.TEMPORAL: partial(must_know_namespace, client), **systems.asks})
        async with (
            answering_health(settings.health_address, readiness),
            cancellation_worker(client, activities, build_id=build_id, deployment_name=name),
            mail_worker(client, of_mail, build_id=build_id, deployment_name=name),
        ):
            logger.info("worker ready", extra={"task_queue": CANCELLATIONS, "build_id": build_id})
            await stop.wait()
            logger.info("worker stopping")


def _stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
