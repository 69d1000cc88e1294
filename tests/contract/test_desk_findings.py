"""The desk's page of what reconciliation has found, read with the desk's rights (X11, X24)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.reconciliation import PostgresFindings
from cancellation.adapters.postgres.roles import Role
from cancellation.domain.findings import Finding, Repair, Rule, Side
from cancellation.messages.reconciliation import RepairDone
from cancellation.setting_groups import DeskSettings
from cancellation.settings import Settings
from starters.desk.app import create_app
from starters.desk.people import Person
from starters.desk.people import Role as PersonRole
from starters.desk.serving import desk_over
from tests.contract.findings_suite import FIRST


@pytest.fixture
async def owner(database: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database, max_size=1)
    yield pool
    await pool.close()


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[PostgresFindings]:
    pool = await open_pool(database, max_size=1, role=Role.WORKER)
    yield PostgresFindings(pool)
    await pool.close()


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> AsyncIterator[Starlette]:
    pool: Pool = await open_pool(database, max_size=2, role=Role.DESK)
    settings = Settings(
        home=tmp_path,
        database_url=SecretStr(database),
        desk=DeskSettings(proxy_header="X-Remote-User", proxy_peers="127.0.0.1/32"),
    )
    over = desk_over(settings, pool)
    over.people.put(Person(login="ana", name="Ana Lima", role=PersonRole.READER))
    yield create_app(over)
    await pool.close()


async def page(desk: Starlette, query: str = "") -> str:
    """What a person sees, let in by the house's own proxy."""
    parts: list[bytes] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200
        parts.append(bytes(message.get("body", b"")))  # type: ignore[call-overload]

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/conferencia", "raw_path": b"/conferencia", "query_string": query.encode(), "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), (b"x-remote-user", b"ana")], "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }  # fmt: skip
    await desk(scope, receive, send)  # type: ignore[arg-type]
    return b"".join(parts).decode()


async def test_the_page_says_that_everything_agrees_once_somebody_has_looked_X11(
    desk: Starlette, owner: Pool
) -> None:
    shown = await page(desk)
    assert "Nenhuma conferência inteira foi feita ainda." in shown
    assert "Tudo combina." not in shown
    await owner.execute("insert into reconciliation.runs (run_at, executions_at) values ($1, $1)", FIRST)
    shown = await page(desk)
    assert "Tudo combina." in shown
    assert "Última conferência inteira: 01/03/2027 02h00, " in shown


async def test_the_page_shows_both_sides_and_what_was_undone_X11(
    desk: Starlette, ledger: PostgresFindings
) -> None:
    left = Finding(
        rule=Rule.BILLING_END_LEFT,
        subject="case-a",
        customer_id="1042",
        case_id="case-a",
        protocol="CAN-20261122-7F3KQ2",
        crm=Side(state="withdrawn", at=FIRST),
        other=Side(day=FIRST.date()),
    )
    odd = Finding(rule=Rule.EXECUTION_WEDGED, subject="<b>x", other=Side(name="<b>x"))
    await ledger.keep([left, odd], FIRST)
    await ledger.note_repair(
        RepairDone(
            rule=left.rule,
            subject="case-a",
            repair=Repair.LIFT_BILLING_END,
            case_id="case-a",
            run_at=FIRST,
            at=FIRST,
        )
    )
    shown = await page(desk)
    assert "2 divergências abertas" in shown
    assert '<a href="/caso/CAN-20261122-7F3KQ2">cliente 1042, protocolo CAN-20261122-7F3KQ2</a>' in shown
    assert "<dt>CRM</dt><dd>Cliente desistiu do cancelamento, desde 01/03/2027 02h00</dd>" in shown
    assert "<dt>Faturamento</dt><dd>último dia 01/03/2027</dd>" in shown
    assert "Já corrigido: a cobrança foi retomada" in shown
    assert "Financeiro (1)" in shown
    # What keeps a case from going on comes first.
    assert shown.index("Execução que não avança") < shown.index("Fim da cobrança programado")
    assert "<b>x" not in shown
    finance = await page(desk, "equipe=finance")
    assert "1 divergência aberta" in finance
    assert "Execução que não avança" not in finance


async def test_the_page_names_the_customer_and_leads_to_the_email_X11(
    desk: Starlette, ledger: PostgresFindings, owner: Pool
) -> None:
    await owner.execute(
        "insert into crm.customers (customer_id, name, status, status_at) "
        "values ('1042', 'Acme & Filhos', 'Ativo', now())"
    )
    sha256 = "ab" * 32
    known = Finding(rule=Rule.STATUS_UNEXPLAINED, subject="1042", customer_id="1042")
    kept = Finding(rule=Rule.MAIL_NOT_HANDLED, subject=f"original:{sha256}", crm=Side(name=sha256, at=FIRST))
    await ledger.keep([known, kept], FIRST)
    shown = await page(desk)
    assert '<strong>Acme &amp; Filhos</strong> <span class="soft">cliente 1042</span>' in shown
    assert "<strong>e-mail de cliente não identificado</strong>" in shown
    assert f'<a href="/email/{sha256}">Ler o e-mail</a>' in shown
