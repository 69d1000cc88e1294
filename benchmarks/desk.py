"""Prints how long the desk's pages take with ten thousand cases, and how much memory its process has after all of them.

Run it with `python -m benchmarks.desk`. It starts PostgreSQL and Temporal on a temporary home, fills the records with
cases, and asks the real `cancelamento desk` for every kind of page as a browser would. A worker and the gateway stand
beside it, as wherever it is started: what the processes share of program files counts in part for each. `--limits` ends
with 1 when a page takes more than 50 ms in the middle of its tries or the process more than 70 MB.
"""

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

import asyncpg
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.idle import share_of
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.pool import open_pool
from cancellation.contract import SEARCH_ATTRIBUTES
from embedded import EmbeddedPostgres, EmbeddedTemporal
from embedded.stack import SPARING

CASES: Final = 10_000
PAGE_MS: Final = 50.0
MEMORY_MB: Final = 70.0
_TRIES: Final = 9
_URL: Final = rb"https?://\S+"
_PASSWORD: Final = "mesa-de-medir"
_MAIL: Final = (
    b"From: Rita <rita@estranho.com.br>\r\nTo: financeiro@nuvemjti.com.br\r\nSubject: Cancelamento\r\n"
    b"Message-ID: <1@estranho.com.br>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    b"Solicito o cancelamento do contrato. O motivo e o preco.\r\n"
)
_FILLS: Final = (
    """insert into crm.customers (customer_id, name, cnpj, status)
    select n::text, 'Empresa ' || n || ' Ltda', lpad(n::text, 14, '0'), 'Em retenção' from generate_series(1, $1) n""",
    """insert into crm.authorised_contacts (customer_id, email, name, phone, place)
    select n::text, 'rita@cliente' || n || '.com.br', 'Rita Souza', '+5511999990000', 1
    from generate_series(1, $1) n""",
    """insert into billing.subscriptions (subscription_id, customer_id, description, monthly, started_on)
    select n || '-pabx', n::text, 'PABX em nuvem', 310, date '2024-03-01' from generate_series(1, $1) n""",
    """insert into telephony.numbers (number, customer_id, customer_owned)
    select '+5511' || lpad(n::text, 8, '0'), n::text, true from generate_series(1, $1) n""",
    """insert into crm.cases (case_id, customer_id, workflow_id, protocol, stage, opened_at, request, changed_at)
    select 'case-' || n, n::text, 'cancellation-' || n, 'CAN-20261122-' || lpad(n::text, 6, 'A'),
        (array['retention', 'retention', 'awaiting_formalization', 'notice', 'closing'])[n % 5 + 1],
        now() - n * interval '150 minutes',
        '{"channel": "phone", "text": "Quero cancelar", "actor": "ana", "at": "2026-11-22T13:15:00Z",
          "contact": {"name": "Rita Souza", "phone": "+5511999990000"}}', now() - n * interval '140 minutes'
    from generate_series(1, $1) n""",
    """insert into crm.tasks (case_id, key, team, title, text, due_on, ordered_at)
    select 'case-' || n, key, team, 'Tarefa do cliente ' || n, 'O que há a fazer.', current_date + n % 30, now()
    from generate_series(1, $1) n,
        (values ('commercial', 'commercial'), ('final_billing', 'finance'), ('d30', 'support')) as one (key, team)
    where n % 5 in (0, 1) or key <> 'commercial'""",
    """insert into crm.tasks (case_id, key, team, title, text, ordered_at)
    select 'case-' || n, 'attention:close_billing', 'support', 'Etapa parada', 'Falha.', now()
    from generate_series(1, $1, 97) n""",
    """insert into crm.retention (case_id, outcome, reason_category, reason_text, decided_by, decided_at)
    select 'case-' || n, 'declined', 'price', 'Caro', 'Ana', now() from generate_series(1, $1) n where n % 5 > 1""",
    """insert into crm.trail (case_id, seq, at, actor, kind, detail)
    select 'case-' || n, seq, now(), 'sistema', 'letter_sent', 'Mensagem enviada ao cliente.'
    from generate_series(1, $1) n, generate_series(1, 12) seq order by n, seq""",
    """insert into notification.outbox
        (key, case_id, kind, audience, message_id, subject, content, content_is_whole, written_at, status, settled_at)
    select 'case-' || n || ':' || k, 'case-' || n, 'script', 'customer', '<' || n || '.' || k || '@nuvemjti.com.br>',
        'Como formalizar',
        convert_to(E'Subject: x\\nDate: Sun, 22 Nov 2026 10:15:00 -0300\\n\\n' || repeat('texto ', 300), 'UTF8'),
        true, now(), 'sent', now()
    from generate_series(1, $1) n, generate_series(1, 4) k""",
)


@dataclass(frozen=True)
class Page:
    """One kind of page, and how long its tries took."""

    name: str
    milliseconds: Sequence[float]
    kilobytes: float
    memory: float
    """Megabytes of the desk's own process after it."""

    @property
    def middle(self) -> float:
        """Half of the tries took no longer."""
        return statistics.median(self.milliseconds)


@dataclass(frozen=True)
class Measured:
    """What all pages took."""

    pages: Sequence[Page]
    memory_idle: float
    """Megabytes of the desk's own process before anybody came."""
    memory: float
    """Megabytes after every kind of page was asked for."""
    memory_reader: float
    """Megabytes of the process that reads e-mails, while it lives."""


class Browser:
    """Asks for pages over one connection, with the cookie of whoever came in."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self._cookie = ""

    def enters(self, login: str, password: str) -> None:
        """Log in."""
        form = urlencode({"usuario": login, "senha": password})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request("POST", "/entrar", form, headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != 303:
            raise RuntimeError(f"the desk let nobody in: {answer.status}")
        self._cookie = str(answer.getheader("set-cookie")).partition(";")[0]

    def page(self, path: str) -> tuple[float, int]:
        """Milliseconds and bytes of a page."""
        started = time.perf_counter()
        self._connection.request("GET", path, headers={"Cookie": self._cookie})
        answer = self._connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - started) * 1000
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return took, len(body)


def paths_of(cases: int, sha256: str) -> dict[str, str]:
    """A page of each kind."""
    one = cases // 2 + 2
    protocol = f"CAN-20261122-{one:A>6}"
    return {
        "o que espera": "/",
        "página 90": "/?pagina=90",
        "busca por empresa": f"/?busca={quote(f'Empresa {one} ')}",
        "busca por protocolo": f"/?busca={protocol}",
        "busca por CNPJ": f"/?busca={one:014d}",
        "busca por número": f"/?busca={quote(f'+5511{one:08d}')}",
        "uma etapa": "/?etapa=notice",
        "com atenção": "/?atencao=1",
        "tarefas": "/tarefas",
        "tarefas do Financeiro": "/tarefas?equipe=finance",
        "caso": f"/caso/{protocol}",
        "mensagem": f"/mensagem/{quote(f'<{one}.1@nuvemjti.com.br>')}",
        "números": "/numeros",
        "conferência": "/conferencia",
        "e-mail": f"/email/{sha256}",
    }


async def fill(database_url: str, cases: int) -> str:
    """Put the cases in; the hash of a kept e-mail."""
    connection = await asyncpg.connect(database_url)
    try:
        for statement in _FILLS:
            await connection.execute(statement, cases)
        await connection.execute("vacuum analyze")  # as the server does by itself in time
    finally:
        await connection.close()
    pool = await open_pool(database_url, max_size=1)
    try:
        return (await PostgresCrm(pool).keep_original(_MAIL, datetime.now(UTC))).sha256
    finally:
        await pool.close()


def environment_of(home: Path, database_url: str, temporal: str) -> dict[str, str]:
    """What every process is started with, as `up` does."""
    return {
        **os.environ,
        **SPARING,
        "CANCELAMENTO_HOME": str(home),
        "CANCELAMENTO_RECORDINGS_URL": (home / "recordings").as_uri(),
        "CANCELAMENTO_SMTP_HOST": "127.0.0.1",
        "DATABASE_URL": database_url,
        "TEMPORAL_ADDRESS": temporal,
        "CANCELAMENTO_DESK_PORT": "0",
        "CANCELAMENTO_GATEWAY_PORT": "0",
    }


@asynccontextmanager
async def running(
    command: str, ready: bytes, environment: dict[str, str]
) -> AsyncIterator[tuple[str, psutil.Process]]:
    """A process as people start it: what its line says that it is ready, and the process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "starters.cli", command,
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        last = b""
        assert process.stdout is not None
        async for line in process.stdout:
            if found := re.search(ready, line):
                yield found[0].decode(), psutil.Process(process.pid)
                break
            last = line
        else:
            raise RuntimeError(f"{command} did not get ready: {last.decode()}")
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def measure(folder: Path, cases: int = CASES) -> Measured:
    """Everything, on servers of its own whose data lies in `folder`."""
    postgres = EmbeddedPostgres(folder / "postgres", durable=False)
    temporal = EmbeddedTemporal(folder / "temporal", ui_port=0, search_attributes=SEARCH_ATTRIBUTES)
    async with postgres, temporal:
        environment = environment_of(folder / "home", postgres.database_url, temporal.address)
        for command in (["setup"], ["desk", "--add", "ana", "--name", "Ana Lima"]):
            await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-m", "starters.cli", *command],
                env=environment, input=f"{_PASSWORD}\n", text=True, check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        sha256 = await fill(postgres.database_url, cases)
        async with (
            running("worker", rb"worker ready", environment),
            running("gateway", _URL, environment),
            running("desk", _URL, environment) as (url, process),
        ):
            return await asyncio.to_thread(visit, url, process, paths_of(cases, sha256))


def visit(url: str, process: psutil.Process, paths: dict[str, str]) -> Measured:
    """Ask for every kind of page some times; the first time loads what it needs and does not count."""
    idle = share_of(process).pss / 1024
    browser = Browser(url)
    browser.enters("ana", _PASSWORD)
    pages = []
    for name, path in paths.items():
        browser.page(path)
        tries = [browser.page(path) for _ in range(_TRIES)]
        pages.append(
            Page(name, [took for took, _ in tries], tries[0][1] / 1024, share_of(process).pss / 1024)
        )
    readers = sum(share_of(child).pss for child in process.children(recursive=True)) / 1024
    return Measured(pages, idle, share_of(process).pss / 1024, readers)


def shown(measured: Measured, cases: int) -> Table:
    """The table of the pages."""
    table = Table("página", "ms (mediana)", "ms (pior)", "kB", "MB depois", title=f"A mesa com {cases} casos")
    for page in measured.pages:
        worst = max(page.milliseconds)
        table.add_row(
            page.name, f"{page.middle:.1f}", f"{worst:.1f}", f"{page.kilobytes:.0f}", f"{page.memory:.0f}"
        )
    return table


def main() -> int:
    """Measure and print; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.desk", description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--limits", action="store_true", help="end with 1 where a limit is broken")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cancelamento-desk-") as folder:
        os.chmod(folder, 0o711)  # the database's own user has to pass through
        measured = asyncio.run(measure(Path(folder), arguments.cases))
    console = Console()
    console.print(shown(measured, arguments.cases))
    console.print(
        f"memória: {measured.memory_idle:.0f} MB antes, {measured.memory:.0f} MB depois de todas as páginas"
        f" (no máximo {MEMORY_MB:.0f}); o leitor de e-mails, à parte, {measured.memory_reader:.0f} MB"
    )
    slow = [page.name for page in measured.pages if page.middle > PAGE_MS]
    kept = not slow and measured.memory <= MEMORY_MB
    return 0 if kept or not arguments.limits else 1


if __name__ == "__main__":
    sys.exit(main())
