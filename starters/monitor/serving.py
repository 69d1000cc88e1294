"""Runs the monitor until SIGTERM: one process asks for what is the same whoever asks, so nothing is counted twice."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from cancellation.adapters.postgres.gauges import Gauges, PostgresGauges
from cancellation.adapters.postgres.pool import ALIVE, Pool, open_pool
from cancellation.adapters.postgres.roles import Role
from cancellation.settings import NotConfigured, Settings
from cancellation.telemetry import process_runtime
from starters.monitor import families
from starters.monitor.certificates import Certificates, certificates_of
from starters.monitor.engine import read_engine
from workers.connecting import connect
from workers.health import Page, answering, answering_health
from workers.namespace import must_know_namespace
from workers.prepared import Need
from workers.readiness import Ask, Readiness

logger = logging.getLogger(__name__)

_CONNECTIONS: Final = 2
_WITHIN: Final = 8.0
"""Seconds until silence of a server counts as an answer: Prometheus waits for ten."""


async def run_monitor(settings: Settings) -> None:
    """Answer at the metrics' address until SIGTERM or SIGINT; servers that are away are told as such.

    Raises:
        NotConfigured: no address, or no database is configured.
        OSError: the address is taken.
    """
    if settings.metrics_address is None:
        raise NotConfigured("falta CANCELAMENTO_METRICS_ADDRESS: onde o monitor responde ao Prometheus")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    process_runtime(None)
    async with AsyncExitStack() as stack:
        client = await connect(settings, lazy=True)
        records = await stack.enter_async_context(_records(settings))
        monitor = Monitor(
            records=records.read,
            engine=partial(read_engine, client),
            certificates=certificates_of(settings),
            volumes=settings.monitor.folders,
        )
        asks: dict[Need, Ask] = {
            Need.DATABASE: records.ask,
            Need.TEMPORAL: partial(must_know_namespace, client),
        }
        await stack.enter_async_context(answering_health(settings.health_address, Readiness(asks)))
        await stack.enter_async_context(answering(settings.metrics_address, {b"/metrics": monitor.page}))
        logger.info("monitor ready", extra={"volumes": len(settings.monitor.folders)})
        await stop.wait()
        logger.info("monitor stopping")


class _Records:
    """The pool is opened when it is first needed, and again when that failed."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.require_database_url()
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()

    async def read(self) -> Gauges:
        return await PostgresGauges(await self._opened()).read()

    async def ask(self) -> object:
        return await (await self._opened()).fetchval(ALIVE)

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()

    async def _opened(self) -> Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await open_pool(
                    self._url,
                    application_name="cancelamento-monitor",
                    max_size=_CONNECTIONS,
                    role=Role.MONITOR,
                )
            return self._pool


@asynccontextmanager
async def _records(settings: Settings) -> AsyncIterator[_Records]:
    records = _Records(settings)
    try:
        yield records
    finally:
        await records.close()


class Monitor:
    """Asks everything when Prometheus does, side by side; what does not answer is left out and told.

    Args:
        records: counts what stands in PostgreSQL.
        engine: asks Temporal.
        certificates: what is looked at.
        volumes: folders whose disks are looked at; each is called by its last name.
    """

    def __init__(
        self,
        *,
        records: Callable[[], Awaitable[Gauges]],
        engine: Callable[[], Awaitable[object]],
        certificates: Certificates,
        volumes: Sequence[Path],
    ) -> None:
        self._asks = {
            Need.DATABASE: _told_as(records, families.of_records),
            Need.TEMPORAL: _told_as(engine, families.of_engine),
        }
        self._certificates = certificates
        self._volumes = volumes
        self._asking = asyncio.Lock()

    async def page(self) -> Page:
        """Everything, in Prometheus's format."""
        async with self._asking:
            return Page(generate_latest(await self._registry()), CONTENT_TYPE_PLAIN_0_0_4)

    async def _registry(self) -> CollectorRegistry:
        answers = await asyncio.gather(*(_asked(need, ask) for need, ask in self._asks.items()))
        told: list[Metric] = [
            *families.of_answers(
                {need.value: found is not None for need, found in zip(self._asks, answers, strict=True)}
            ),
            *(metric for found in answers for metric in found or ()),
            *families.of_certificates(await self._certificates.expiries()),
            *families.of_volumes(_free(self._volumes)),
        ]
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(_Told(told))
        return registry


class _Told(Collector):
    def __init__(self, told: Sequence[Metric]) -> None:
        self._told = told

    def collect(self) -> Iterable[Metric]:
        return self._told


def _told_as(
    ask: Callable[[], Awaitable[object]], tell: Callable[..., Iterator[Metric]]
) -> Callable[[], Awaitable[list[Metric]]]:
    async def told() -> list[Metric]:
        return list(tell(await ask()))

    return told


async def _asked(need: Need, ask: Callable[[], Awaitable[list[Metric]]]) -> list[Metric] | None:
    """The metrics; None where nothing is answered."""
    try:
        async with asyncio.timeout(_WITHIN):
            return await ask()
    except Exception as error:
        logger.warning("no answer", extra={"need": need.value, "error": type(error).__name__})
        return None


def _free(volumes: Sequence[Path]) -> Mapping[str, tuple[int, int]]:
    found = {}
    for folder in volumes:
        try:
            of = os.statvfs(folder)
        except OSError as error:
            logger.warning("volume not seen", extra={"volume": folder.name, "error": type(error).__name__})
        else:
            found[folder.name] = (of.f_bavail * of.f_frsize, of.f_blocks * of.f_frsize)
    return found
