"""Every process for real, a real Prometheus that asks them by our own files, and whatever alerts are about happens.

At the end each query of the dashboard and each series of an alert must have been seen with data.
"""

import asyncio
import datetime
import json
import os
import re
import smtplib
import ssl
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGHUP, SIGKILL
from typing import Any

import asyncpg
import pytest
import trustme
import yaml

from embedded import EmbeddedPostgres, EmbeddedTemporal
from embedded.ports import free_port
from tests.contract.test_gauges import fill
from tests.durable.premises import Premises, premises
from tests.watched.disks import small_disk
from tests.watched.prometheus import program
from tests.watched.test_alerts import ALERTS, GROUPS

CHECKOUT = Path(__file__).parents[2]
DASHBOARD = CHECKOUT / "deploy" / "grafana" / "dashboards" / "cancelamento.json"
PATIENCE = 240.0
NO_MAILBOX = {"host": "127.0.0.1", "port": 1, "user": "x", "password": "x"}
SELECTOR = re.compile(r"\b(?:cancelamento_|temporal_|process_|up\b|ALERTS\b)\w*(?:\{[^}]*\})?")
QUARTER_OF_AN_HOUR = 900.0
OF_A_DISK = {"DiscoEnchendo", "DiscoQuaseCheio"}
REST = """
insert into notification.outbox (key, case_id, kind, audience, message_id, subject, content, content_is_whole,
    written_at, status, settled_at)
select 'r' || n, 'a', 'script', 'customer', 'r' || n, 's', ''::bytea, true, now(), 'refused', now()
from generate_series(1, 9) n
union all
select 'w', 'a', 'request_to_commercial', 'commercial', 'w', 's', ''::bytea, true,
    now() - interval '1 hour', 'pending', null;
update crm.tasks set ordered_at = now() - interval '2 days' where key like 'attention:%';
insert into crm.watch_acts (case_id, seq, look, at, actor, kind, key, detail, facts)
select 'd', n, 1, now(), 'x', 'voided', n::text, 'd', '{}' from generate_series(7, 20) n;
delete from reconciliation.runs where run_at > now() - interval '25 hours';
update reconciliation.runs set run_at = now() - interval '37 hours';
"""


@dataclass
class Watched:
    """Processes, each on ports of its own, and the Prometheus that asks them."""

    house: Premises
    temporal: EmbeddedTemporal
    postgres: EmbeddedPostgres
    prometheus: int
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    disk: Path | None = None
    """One of its own, if this user may have one."""

    def _ask(self, path: str, **parameters: str) -> Any:
        url = f"http://127.0.0.1:{self.prometheus}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=20) as answer:
            return json.load(answer)["data"]["result"]

    async def now(self, query: str) -> Any:
        try:
            return await asyncio.to_thread(self._ask, "query", query=query)
        except OSError:  # It is just starting.
            return []

    async def ever(self, query: str, since: float) -> list[float]:
        """Every value that a query has given, but for those that are none."""
        found = await asyncio.to_thread(
            self._ask, "query_range", query=query, start=str(since), end=str(time.time()), step="2"
        )
        values = (float(value) for series in found for _, value in series["values"])
        return [value for value in values if value == value]

    async def until(self, query: str, within: float = PATIENCE) -> None:
        async with asyncio.timeout(within):
            while not await self.now(query):
                await asyncio.sleep(0.5)

    async def fires(self, *alerts: str, within: float = PATIENCE) -> None:
        for alert in alerts:
            await self.until(f'ALERTS{{alertname="{alert}", alertstate="firing"}}', within)

    async def page(self, port: str, path: str) -> None:
        url = f"http://127.0.0.1:{self.ports[port]}{path}"
        try:
            await asyncio.to_thread(urllib.request.urlopen, url, timeout=20)
        except OSError:
            return

    async def visitors(self) -> None:
        """Customers who try again and again, and e-mails that come meanwhile."""
        while True:
            await self.page("gateway", f"/d/{'x' * 43}")
            await self.mail()
            await asyncio.sleep(1)

    async def mail(self) -> None:
        def deliver() -> None:
            with smtplib.SMTP("127.0.0.1", self.ports["smtp"], timeout=30) as client:
                client.sendmail(
                    "x@y.com.br", ["financeiro@nuvemjti.com.br"], b"Subject: Oi\r\n\r\nQuero cancelar.\r\n"
                )

        try:
            await asyncio.to_thread(deliver)
        except smtplib.SMTPResponseException:
            return


def configured(folder: Path, metrics: Mapping[str, int], without: Collection[str] = ()) -> Path:
    """Our own file and rules, with this machine's addresses, nobody's patience, and sooner."""
    config = yaml.safe_load((CHECKOUT / "deploy" / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "3s", "evaluation_interval": "2s"}
    jobs = [job for job in config["scrape_configs"] if job["job_name"] in metrics]
    assert {job["job_name"] for job in jobs} == metrics.keys()
    jobs = [job for job in jobs if job["job_name"] not in without]
    for job in jobs:
        job.pop("dns_sd_configs", None)
        job.pop("scrape_interval", None)
        job["static_configs"] = [{"targets": [f"127.0.0.1:{metrics[job['job_name']]}"]}]
        job["scrape_timeout"] = "3s"
    config["scrape_configs"] = jobs
    rules = [
        {**group, "rules": [{key: rule[key] for key in rule.keys() - {"for"}} for rule in group["rules"]]}
        for group in GROUPS
    ]
    (folder / "alerts.yml").write_text(yaml.safe_dump({"groups": rules}))
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    return file


@asynccontextmanager
async def process(
    arguments: Sequence[str | Path], environment: dict[str, str], log: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(*arguments, env=environment, stdout=out, stderr=out)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                process.kill()
                await process.wait()


@asynccontextmanager
async def tls_server(folder: Path) -> AsyncIterator[int]:
    """One whose certificate ends tomorrow."""
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1", not_after=tomorrow).configure_cert(context)

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[Watched]:
    prometheus = program("prometheus")
    async with AsyncExitStack() as stack:
        house, temporal, postgres = await stack.enter_async_context(premises(folder))
        names = ("worker", "inbox", "gateway", "desk", "codec", "monitor")
        metrics = {name: free_port() for name in names}
        ports = {name: free_port() for name in ("gateway", "desk", "codec", "smtp")}
        tls = await stack.enter_async_context(tls_server(folder))
        disk = stack.enter_context(small_disk(folder / "disk", 4 << 20))
        house.settings |= {
            "CANCELAMENTO_GATEWAY_PORT": str(ports["gateway"]),
            "CANCELAMENTO_DESK_PORT": str(ports["desk"]),
            "CANCELAMENTO_CODEC_PORT": str(ports["codec"]),
            "CANCELAMENTO_CODEC_KEYS": '{"current": null, "keys": {}}',
            "CANCELAMENTO_CODEC_TOKEN": "t" * 32,
            "CANCELAMENTO_INBOX_LISTENER_PORT": str(ports["smtp"]),
            "CANCELAMENTO_INBOX_MAILBOXES": json.dumps([NO_MAILBOX]),
            "CANCELAMENTO_MONITOR_VOLUMES": f"{folder},{folder / 'disk'}",
            "CANCELAMENTO_MONITOR_CERTIFICATES": f"127.0.0.1:{tls}",
        }  # fmt: skip
        own = Watched(house, temporal, postgres, free_port(), ports=ports, disk=disk)
        file = configured(folder, metrics, without={"monitor"})
        arguments = (
            prometheus, f"--config.file={file}", f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{own.prometheus}", "--log.level=warn",
        )  # fmt: skip
        own.running["prometheus"] = await stack.enter_async_context(
            process(arguments, dict(os.environ), folder / "prometheus.log")
        )
        for name in names:
            environment = (
                os.environ | house.settings | {"CANCELAMENTO_METRICS_ADDRESS": f"127.0.0.1:{metrics[name]}"}
            )
            command = (sys.executable, "-m", "starters.cli", name)
            own.running[name] = await stack.enter_async_context(
                process(command, environment, folder / f"{name}.log")
            )
        # Until somebody tells Prometheus of the monitor.
        await own.fires("MonitorAusente")
        configured(folder, metrics)
        os.kill(own.running["prometheus"].pid, SIGHUP)
        for name in names:
            await own.until(f'up{{job="{name}"}} == 1')
        yield own


def queries() -> Iterator[tuple[str, str]]:
    """Of the dashboard, as the panel and the query."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


@pytest.mark.drill
@pytest.mark.timeout(2400)
async def test_what_goes_wrong_is_told_and_every_query_is_seen_with_data(open_folder: Path) -> None:
    folder = open_folder / "watched"
    folder.mkdir(mode=0o711)
    async with watched(folder) as own:
        since = time.time() - 5
        house = own.house
        # Life.
        await own.until("cancelamento_commercial_told_seconds_count == 0")
        case = await house.open()
        await case.quiet()
        await case.to_notice()
        await own.page("gateway", "/d/unknown")
        await own.page("desk", "/live")
        await own.page("codec", "/robots.txt")
        await own.mail()
        await own.until("cancelamento_cases_opened_total > 0")
        await own.until('cancelamento_mail_deliveries_total{result="taken"} > 0')

        # Records of trouble, a bug, and a mail server that is away.
        await fill(own.postgres.database_url)
        owner = await asyncpg.connect(own.postgres.database_url)
        await owner.execute(REST)
        client = house.environment.client
        await client.start_workflow("NobodyKnowsIt", id="unknown", task_queue=house.task_queue)
        await house.sink.stop()
        await case.check("withdrawal", reason="Fica", actor="ana")
        await own.fires(
            "AvisoVencidoSemEncerrar", "TrabalhoParado", "TrabalhoParadoHaMuito", "ComercialSemSaber",
            "MensagensParadas",
            "MensagensRecusadas", "EmailsNaoTratados", "EmailsSemDecisao", "CertificadoVencendo", "CertificadoNoFim",
            "TarefasFalhando", "CasosTravados", "CobrancasIndevidas", "ConferenciaParada",
        )  # fmt: skip
        await own.until("temporal_activity_execution_failed > 0")
        await house.sink.start()

        # A disk is full, and the recordings are where nobody finds them.
        if own.disk is not None:
            (own.disk / "grown").write_bytes(bytes(4_000_000))
            await own.fires(*OF_A_DISK)
        recordings = house.folder / "recordings" / "recordings"
        recordings.rename(recordings.with_name("elsewhere"))
        recordings.touch()
        await own.fires("GravacoesForaDoAr")

        # Connections run out.
        others = [
            await asyncpg.connect(own.postgres.database_url)
            for _ in range(
                56 - await owner.fetchval("select count(*) from pg_stat_activity where datid is not null")
            )
        ]
        await own.fires("ConexoesNoFim")
        for one in (*others, owner):
            await one.close()

        # Servers are away.
        await own.postgres.stop()
        asking = asyncio.create_task(own.visitors())
        await own.fires("BancoForaDoAr", "EmailsNaoTomados", "PaginasFalhando")
        asking.cancel()
        await own.postgres.start()
        await own.temporal.stop()
        asking = asyncio.create_task(own.visitors())
        await own.fires("TemporalForaDoAr")
        await own.until("rate(temporal_request_failure[5m]) > 0")
        asking.cancel()
        await own.temporal.start()
        await own.until('cancelamento_answers{job="monitor", need="temporal"} == 1')

        # No worker is left, and somebody asks for something.
        os.kill(own.running["worker"].pid, SIGKILL)
        await client.start_workflow("NobodyKnowsIt", id="waits", task_queue=house.task_queue)
        await own.fires("ProcessoForaDoAr", "SemWorkers", "FilaParada")

        # A mailbox has let nobody in since the beginning.
        await own.fires("CaixaNaoLida", within=QUARTER_OF_AN_HOUR + PATIENCE)

        # Over the samples themselves: a range's steps end before the one that came last.
        fired = {
            series["metric"]["alertname"]
            for series in await own.now('max_over_time(ALERTS{alertstate="firing"}[1h])')
        }
        assert fired >= ALERTS.keys() - (OF_A_DISK if own.disk is None else set())
        unseen = [f"{title}: {query}" for title, query in queries() if not await own.ever(query, since)]
        for name, rule in ALERTS.items():
            unseen += [
                f"{name}: {one}" for one in SELECTOR.findall(rule["expr"]) if not await own.ever(one, since)
            ]
        assert unseen == []


def test_the_dashboard_names_its_panels_and_asks_for_metrics_that_the_document_names() -> None:
    document = (CHECKOUT / "docs" / "metricas.md").read_text()
    named = set(re.findall(r"`((?:cancelamento|temporal)_\w+)`", document))
    asked = {one for _, query in queries() for one in re.findall(r"\bcancelamento_\w+", query)}
    asked |= {
        one
        for rule in ALERTS.values()
        for one in re.findall(r"\b(?:cancelamento|temporal)_\w+", rule["expr"])
    }
    assert {re.sub(r"_(bucket|sum|count)$", "", one) for one in asked} <= named
    ids = [panel["id"] for panel in json.loads(DASHBOARD.read_text())["panels"]]
    assert len(ids) == len(set(ids))
