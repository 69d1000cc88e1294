"""The Temporal Web UI as operators use it, in a real browser: list, details, timeline, sending a signal."""

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import psutil
import pytest
from temporalio.client import Client

from embedded import temporal_binary
from embedded.virtual_time import VirtualTime
from tests.e2e.running_up import Up, discard, running_up, spawned

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE = 60.0
SIGNALS = {
    "request": "Novo contato do cliente que pede o cancelamento",
    "retention_offer": "Oferta de retenção feita, aceita ou recusada",
    "retention_outcome": "Resultado da retenção, com o motivo",
    "formalization": "E-mail de formalização recebido",
    "portability": "Portabilidade de um número",
    "recordings_request": "Cliente pediu as gravações",
    "withdrawal": "Cliente desistiu do cancelamento durante o aviso prévio",
    "discard": "Descartar um caso aberto por engano",
}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def up(open_folder: Path) -> Iterator[Up]:
    """Everything embedded in virtual time, with a declined case of customer 1042; nothing is left after it."""
    home = open_folder / "web-ui"
    with running_up(home, "--virtual-clock", "--seed") as running:
        children = psutil.Process(running.process.pid).children(recursive=True)
        open_case(running, "1042")
        yield running
    assert [child for child in children if child.is_running()] == []
    discard(home)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One person's browser, which keeps what it has loaded from one page to the next."""
    playwright.expect.set_options(timeout=PATIENCE * 1000)
    with playwright.sync_playwright() as engine:
        chromium = engine.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield chromium.new_context(
            viewport={"width": 1440, "height": 1000}, locale="pt-BR", timezone_id="America/Sao_Paulo"
        )
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    view = browser.new_page()
    yield view
    view.close()


def temporal(up: Up, *arguments: str) -> Any:
    """The answer of the `temporal` command, as anybody has it."""
    done = subprocess.run(
        [temporal_binary(), "workflow", *arguments, "--output", "json"],
        env={**os.environ, "TEMPORAL_ADDRESS": up.addresses.temporal},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def open_case(up: Up, customer_id: str, policy: dict[str, Any] | None = None) -> None:
    """A chatbot opens the case with plain JSON, and Commercial reports that the customer wants to go."""
    case = f"cancellation-{customer_id}"
    request = {"channel": "chatbot", "text": "Quero cancelar", "actor": "chatbot"}
    temporal(
        up, "start", "--type", "Cancellation", "--task-queue", "cancellations", "--workflow-id", case,
        "--input", json.dumps({"customer_id": customer_id, "request": request, "policy": policy}),
    )  # fmt: skip
    outcome = {"outcome": "declined", "reason": {"category": "price", "text": "Caro demais"}}
    temporal(
        up, "update", "execute", "--workflow-id", case, "--name", "retention_outcome_checked",
        "--input", json.dumps(outcome),
    )  # fmt: skip


def apart(work: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a thread of its own: the browser's driver keeps a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def execute(up: Up, statement: str) -> None:
    connection = await asyncpg.connect(up.addresses.database_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def pass_time(up: Up, customer_id: str, span: timedelta) -> None:
    client = await Client.connect(up.addresses.temporal, namespace=up.addresses.namespace)
    handle = client.get_workflow_handle(f"cancellation-{customer_id}")
    await VirtualTime(client).pass_by(handle, span)


def status(up: Up, customer_id: str) -> Any:
    return temporal(up, "query", "--workflow-id", f"cancellation-{customer_id}", "--type", "status")[
        "queryResult"
    ][0]


def until(condition: Callable[[], Any]) -> Any:
    """Wait for another process to get there."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def workflows(up: Up, rest: str = "") -> str:
    return f"{(up.addresses.web_ui or '').rstrip('/')}/namespaces/{up.addresses.namespace}/workflows{rest}"


def open_tab(page: Any, name: str) -> None:
    page.locator("a", has_text=name).first.click()


def current_details(page: Any) -> Any:
    """The case's own Markdown, which the page shows in a frame."""
    return page.frame_locator("iframe").last


def signal_form(page: Any, up: Up, customer_id: str) -> Any:
    """The form, with the list of signals open."""
    page.goto(workflows(up, f"/cancellation-{customer_id}"))
    page.get_by_role("button", name="More Actions").last.click()
    page.get_by_role("menuitem", name="Send a Signal").last.click()
    form = page.locator("dialog[open], [role=dialog]:visible").first
    form.get_by_test_id("signal-select-button").click()
    playwright.expect(form.get_by_role("option").filter(has_text=SIGNALS["discard"])).to_be_visible()
    return form


@pytest.mark.long
def test_list_is_filtered_by_stage_through_a_deep_link(up: Up, page: Any) -> None:
    page.goto(workflows(up, "?query=" + quote("CancellationStage='awaiting_formalization'")))
    playwright.expect(page.get_by_role("link", name="cancellation-1042")).to_be_visible()
    page.goto(workflows(up, "?query=" + quote("CancellationStage='notice'")))
    playwright.expect(page.get_by_text("No Workflows").first).to_be_visible()
    playwright.expect(page.get_by_role("link", name="cancellation-1042")).to_have_count(0)


@pytest.mark.long
def test_detail_page_tells_how_the_case_stands(up: Up, page: Any) -> None:
    page.goto(workflows(up, "/cancellation-1042"))
    open_tab(page, "User Metadata")
    details = current_details(page)
    heading = details.get_by_role("heading", name="Aguardando formalização por e-mail")
    playwright.expect(heading).to_be_visible()
    text = details.locator("body").inner_text()
    assert status(up, "1042")["protocol"] in text
    for words in ("Status no CRM:", "Motivo: preço", "pedido explícito", "Fim do prazo para formalizar"):
        assert words in text
    assert "RELÓGIO VIRTUAL" in text
    for code in ("price", "explicit_request", "recipient:"):
        assert code not in text


@pytest.mark.long
def test_timeline_is_labelled_in_portuguese(up: Up, page: Any) -> None:
    page.goto(workflows(up, "/cancellation-1042"))
    for label in ("Registrar o caso e a tarefa", "Enviar: ", "Lembrete da formalização"):
        playwright.expect(page.get_by_text(label).first).to_be_attached()


@pytest.mark.long
def test_a_case_of_the_client_shows_a_summary(up: Up, page: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert spawned(up.home, "open", "1043", "--channel", "phone", "--text", "Ligou").code == 0
    page.goto(workflows(up, "/cancellation-1043"))
    open_tab(page, "User Metadata")
    summary = page.frame_locator("iframe").first.get_by_text("Cancelamento do cliente 1043")
    playwright.expect(summary).to_be_visible()


@pytest.mark.long
def test_a_signal_sent_from_its_form_is_taken(up: Up, page: Any) -> None:
    form = signal_form(page, up, "1042")
    offered = form.get_by_role("option").all_inner_texts()
    assert {f"{name}\n{description}" for name, description in SIGNALS.items()} <= set(offered)
    form.get_by_role("option").filter(has_text=SIGNALS["recordings_request"]).click()
    form.get_by_role("textbox", name="Data").fill('{"actor": "operadora Ana"}')
    form.get_by_role("button", name="Submit").click()
    until(lambda: status(up, "1042")["recordings"])


@pytest.mark.long
def test_a_signal_sent_empty_is_refused_recorded_and_the_case_goes_on_X8(up: Up, page: Any) -> None:
    form = signal_form(page, up, "1042")
    form.get_by_role("option").filter(has_text=SIGNALS["withdrawal"]).click()
    form.get_by_role("button", name="Submit").click()
    (refused,) = until(lambda: status(up, "1042")["refused"])
    assert refused["name"] == "withdrawal"
    assert refused["details"]
    # It still answers, and says so where operators look.
    assert status(up, "1042")["stage"] == "awaiting_formalization"
    page.goto(workflows(up, "/cancellation-1042"))
    open_tab(page, "User Metadata")
    playwright.expect(current_details(page).get_by_text("Última mensagem recusada")).to_be_visible()


@pytest.mark.long
def test_a_stuck_step_is_found_in_the_list_until_it_has_healed_X7(up: Up, page: Any) -> None:
    wanted = workflows(up, "?query=" + quote("CancellationAttention IS NOT NULL"))
    apart(execute(up, "ALTER SCHEMA telephony RENAME TO out_of_order"))
    try:
        open_case(up, "1044", {"attention_after_minutes": 5})
        apart(pass_time(up, "1044", timedelta(minutes=7)))
        assert until(lambda: status(up, "1044")["attention"]) == ["read_inventory"]
        page.goto(wanted)
        playwright.expect(page.get_by_role("link", name="cancellation-1044").first).to_be_visible()
        page.goto(workflows(up, "/cancellation-1044"))
        open_tab(page, "User Metadata")
        playwright.expect(current_details(page).get_by_text("Precisa de atenção")).to_be_visible()
    finally:
        apart(execute(up, "ALTER SCHEMA out_of_order RENAME TO telephony"))
    apart(pass_time(up, "1044", timedelta(minutes=20)))
    until(lambda: not status(up, "1044")["attention"])
    page.goto(wanted)
    playwright.expect(page.get_by_text("No Workflows").first).to_be_visible()
