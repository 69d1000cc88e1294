"""The pages for operators: their commands are run as they stand, in the situation that each page is about."""

import asyncio
import base64
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.api.workflow.v1 import PendingActivityInfo

from cancellation.contract import CANCELLATIONS, INCOMING_MAILS, SEARCH_ATTRIBUTES
from cancellation.key_ring import KeyRing
from embedded import EmbeddedPostgres, EmbeddedTemporal
from tests.durable.customers import new_customer
from tests.durable.house import CaseDriver, until
from tests.durable.premises import Premises, premises
from tests.e2e.mail_rig import email_from
from tests.watched.terminal import BLOCK, CHECKOUT, PATIENCE, RUNBOOKS, Terminal, blocks

PAGES = sorted(RUNBOOKS.glob("*.md"))
ASKED_FOR = {
    "caso-travado", "versao-com-defeito", "etapa-parada", "correio-fora", "temporal-fora", "banco-cheio", "restaurar",
    "cliente-errado", "trocar-chaves", "cluster-maior",
}  # fmt: skip
SLOW = pytest.mark.timeout(600)
"""Workers are started and stopped again and again."""
Everything = tuple[Premises, EmbeddedTemporal, EmbeddedPostgres]

FAULTY_WORKER = """
import runpy, sys
from temporalio import workflow
from workflows.publishing import Publisher

publish = Publisher.publish

def faulty(self, case, now):
    # What the right code never does; what it did before stays as it was.
    if not workflow.unsafe.is_replaying():
        workflow.upsert_memo({"defeito": now.isoformat()})
    return publish(self, case, now)

Publisher.publish = faulty
sys.argv = ["cancelamento", "worker"]
runpy.run_module("starters.cli", run_name="__main__")
"""


@pytest.fixture(scope="module")
async def everything(open_folder: Path) -> AsyncIterator[Everything]:
    folder = open_folder / "runbooks"
    folder.mkdir(mode=0o711)
    async with premises(folder) as all_of_it:
        yield all_of_it


@pytest.fixture
def house(everything: Everything) -> Premises:
    return everything[0]


@pytest.fixture
def terminal(house: Premises) -> Terminal:
    return Terminal(house.folder, house.settings)


@asynccontextmanager
async def faulty_worker(house: Premises) -> AsyncIterator[None]:
    with (house.folder / "faulty.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", FAULTY_WORKER),
            env={**os.environ, **house.settings},
            cwd=CHECKOUT,
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def wedged(house: Premises) -> bool:
    query = "TemporalReportedProblems IS NOT NULL AND ExecutionStatus = 'Running'"
    return bool((await house.environment.client.count_workflows(query)).count)


# ---------------------------------------------------------------------------------------- the pages themselves


def test_every_situation_has_its_page_and_the_index_names_every_page() -> None:
    names = {page.stem for page in PAGES} - {"README"}
    assert names >= ASKED_FOR
    index = (RUNBOOKS / "README.md").read_text()
    assert set(re.findall(r"\]\(([a-z-]+)\.md\)", index)) == names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_one_page_and_says_what_of_it_was_rehearsed(page: Path) -> None:
    text = page.read_text()
    assert len(text.splitlines()) <= 75
    if page.stem != "README":
        assert "\n## Fazer\n" in text or page.stem in (
            "cluster-maior",
            "restaurar",
            "trocar-chaves",
            "correio-fora",
        )
        assert text.rstrip().rpartition("\n## ")[2].startswith("Ensaiado\n")
    assert len(BLOCK.findall(text)) == text.count("```bash")


def test_every_block_is_rehearsed_here() -> None:
    told = {(page.stem, name) for page in PAGES for name in blocks(page.stem)}
    own = Path(__file__).read_text()
    rehearsed = set(re.findall(r'terminal\.runs\(\s*"([a-z-]+)",\s*"([a-z-]+)"', own))
    assert rehearsed == told


# ---------------------------------------------------------------------------------------- rehearsals


@SLOW
@pytest.mark.long
async def test_a_wedged_case_is_found_reset_and_ends_X22(house: Premises, terminal: Terminal) -> None:
    async with house.worker_process():
        case = await house.open()
        await case.quiet()
    since = datetime.now(UTC).isoformat()
    async with faulty_worker(house):
        await case.signal("request", channel="phone", text="Alô?", message_id="durante")
        await case.trailed("request_received", times=2)
        await case.quiet()
    client = case.customer_id
    async with house.worker_process():
        await case.signal("request", channel="phone", text="E agora?", message_id="depois")
        await until(lambda: wedged(house))
        seen = await terminal.runs("caso-travado", "ver", CLIENTE=client)
        assert f"cancellation-{client} (aberto" in seen.out
        assert re.search(r"Nondeterminism|WorkflowTask", seen.out)
        undone = await terminal.runs("versao-com-defeito", "conferir")
        assert undone.code == 1
        turned = await terminal.runs("caso-travado", "voltar", CLIENTE=client, DESDE=since)
        assert turned.code == 0, turned.out
        await case.trailed("execution_reset")
        await case.quiet()
        checked = await terminal.runs("caso-travado", "conferir", CLIENTE=client)
        assert checked.code == 0, checked.out
        assert "com falha: 0" in checked.out
        assert not await wedged(house)
        contacts = [entry.message_id for entry in await case.crm_trail() if entry.kind == "request_received"]
        assert {"durante", "depois"} <= set(contacts)
        await case.check("discard", reason="Engano", actor="ana")
        assert (await case.result(patience=PATIENCE)).outcome == "discarded"
        assert (await house.crm.adapter.verify_trail(await case.case_id())).intact
    house.cases.remove(case)  # Its first execution is the faulty worker's, and replays with no other.


@SLOW
@pytest.mark.long
async def test_a_step_that_is_stuck_is_seen_and_heals_by_itself_X7_X17(
    house: Premises, terminal: Terminal
) -> None:
    async with house.worker_process():
        case = await house.open()
        await case.quiet()
        await house.sink.stop()
        try:
            await case.decline()
            await case.forward(timedelta(hours=2))
            await case.until(lambda status: status.attention)
            seen = await terminal.runs("etapa-parada", "ver", CLIENTE=case.customer_id)
            assert seen.code == 0, seen.out
            assert re.search(r"Pending Activities: \d", seen.out)
            assert "send_letters" in seen.out
            listed = await terminal.runs("correio-fora", "ver", CLIENTE=case.customer_id)
            assert case.customer_id in listed.out
            [(step, tried)] = [(one.activity_id, one.attempt) for one in await pending(case)]
            where = f"--workflow-id cancellation-{case.customer_id} --activity-id {step}"
            held = await terminal.types(f"temporal activity pause {where} --reason ensaio")
            assert held.code == 0, held.out
            assert [one.paused for one in await pending(case)] == [True]
            resumed = await terminal.runs("etapa-parada", "retomar", CLIENTE=case.customer_id, PASSO=step)
            assert resumed.code == 0, resumed.out
            assert [one.paused for one in await pending(case)] == [False]
            sooner = await terminal.runs("etapa-parada", "adiantar", CLIENTE=case.customer_id, PASSO=step)
            assert sooner.code == 0, sooner.out
            assert [one.attempt < tried for one in await pending(case)] == [True]  # counted anew
        finally:
            await house.sink.start()
        await case.forward(timedelta(hours=1))
        await case.trailed("attention_cleared")
        await case.quiet()
        checked = await terminal.runs("etapa-parada", "conferir", CLIENTE=case.customer_id)
        assert checked.code == 0, checked.out
        again = await terminal.runs("correio-fora", "reenviar", CLIENTE=case.customer_id)
        assert again.code == 0, again.out
        await case.quiet()
        await house.replays()


async def pending(case: CaseDriver) -> Sequence[PendingActivityInfo]:
    return (await case.handle.describe()).raw_description.pending_activities


@SLOW
@pytest.mark.long
async def test_a_case_of_the_wrong_customer_is_undone_in_every_stage_X20(
    house: Premises, terminal: Terminal
) -> None:
    async with house.worker_process():
        for stage, block, outcome in (
            ("retention", "descartar", "discarded"),
            ("awaiting_formalization", "descartar", "discarded"),
            ("notice", "desistir", "withdrawn"),
        ):
            case = await house.open()
            await case.quiet()
            await brought_to(case, stage)
            seen = await terminal.runs("cliente-errado", "ver", CLIENTE=case.customer_id)
            assert seen.code == 0, seen.out
            done = (
                await terminal.runs("cliente-errado", "descartar", CLIENTE=case.customer_id)
                if block == "descartar"
                else await terminal.runs("cliente-errado", "desistir", CLIENTE=case.customer_id)
            )
            assert done.code == 0, done.out
            assert (await case.result(patience=PATIENCE)).outcome == outcome
            assert await case.crm_status() == "Ativo"
            planned = "select count(*) from billing.end_plans where case_id = $1 and state = 'planned'"
            assert await house.pool.fetchval(planned, await case.case_id()) == 0
        await house.replays()


async def brought_to(case: CaseDriver, stage: str) -> None:
    if stage == "notice":
        await case.to_notice()
    elif stage == "awaiting_formalization":
        await case.decline()
    await case.quiet()


@SLOW
@pytest.mark.long
async def test_keys_are_changed_while_a_case_is_open(everything: Everything, tmp_path: Path) -> None:
    house, _, _ = everything
    keys = tmp_path / "codec_keys"
    old = base64.b64encode(bytes(32)).decode()
    keys.write_text(json.dumps({"current": "1", "keys": {"1": old}}))
    house.settings["CANCELAMENTO_CODEC_KEYS_FILE"] = str(keys)
    terminal = Terminal(house.folder, house.settings)
    seed = new_customer()
    await house.provision(seed)
    client = seed.customer.customer_id
    try:
        async with house.worker_process():
            opened = await terminal.types(f"cancelamento open {client} --channel phone --text Sair")
            assert opened.code == 0, opened.out
        added = await terminal.runs("trocar-chaves", "acrescentar", CHAVES=str(keys), NOVA="2")
        assert added.code == 0, added.out
        assert set(json.loads(keys.read_text())["keys"]) == {"1", "2"}
        async with house.worker_process():
            await terminal.types(f"cancelamento offer {client} training made --text Curso")
        used = await terminal.runs("trocar-chaves", "usar", CHAVES=str(keys), NOVA="2")
        assert used.code == 0, used.out
        assert KeyRing.parse(keys.read_text()).current == "2"
        async with house.worker_process():
            told = await terminal.types(f"cancelamento outcome {client} retained --reason price --text Fica")
            assert told.code == 0, told.out
            checked = await terminal.runs("trocar-chaves", "conferir")
            assert f"cancellation-{client}" not in checked.out
        unknown = await terminal.runs("trocar-chaves", "usar", CHAVES=str(keys), NOVA="3")
        assert unknown.code != 0
        assert KeyRing.parse(keys.read_text()).current == "2"
    finally:
        del house.settings["CANCELAMENTO_CODEC_KEYS_FILE"]


@SLOW
@pytest.mark.long
async def test_what_is_missing_is_said_while_a_server_is_away(
    everything: Everything, terminal: Terminal
) -> None:
    house, temporal, postgres = everything
    async with house.worker_process():
        case = await house.open()
        await case.quiet()
        seen = await terminal.runs("processo-fora", "ver")
        assert seen.code == 0
        assert "worker: Temporal: pronto" in seen.out
        health = await terminal.runs("temporal-fora", "ver")
        assert health.code == 0, health.out
        await temporal.stop()
        assert (await terminal.runs("temporal-fora", "ver")).code == 3
        await temporal.start()
        await postgres.stop()
        assert (await terminal.runs("banco-cheio", "ver")).code == 3
        await postgres.start()
        await house.answers()
        assert (await terminal.runs("banco-cheio", "ver")).code == 0
        restored = await terminal.runs("restaurar", "conferir")
        assert case.customer_id in restored.out
        await case.check("discard", reason="Engano", actor="ana")
        assert (await case.result(patience=PATIENCE)).outcome == "discarded"
        await house.replays()


@SLOW
@pytest.mark.long
async def test_the_list_of_undecided_mail_is_empty_and_then_is_not_X15(
    house: Premises, terminal: Terminal
) -> None:
    empty = await terminal.runs("email-sem-decisao", "ver")
    assert "Nenhum e-mail espera decisão." in empty.out
    async with house.worker_process():
        house.task_queue = INCOMING_MAILS
        try:
            await house.mailed(email_from("1042", "Quero cancelar tudo.", sender="estranho@nenhures.com.br"))
        finally:
            house.task_queue = CANCELLATIONS
        told = await terminal.runs("email-sem-decisao", "ver")
        await house.close()
    assert told.code == 0
    assert "estranho@nenhures.com.br" in told.out


@SLOW
@pytest.mark.long
async def test_a_new_temporal_is_prepared_beside_the_records(
    everything: Everything, tmp_path_factory: pytest.TempPathFactory
) -> None:
    house, _, _ = everything
    folder = tmp_path_factory.mktemp("new")
    async with EmbeddedTemporal(folder, ui_port=0, search_attributes=SEARCH_ATTRIBUTES) as new:
        own = house.settings | {"TEMPORAL_ADDRESS": new.address, "TEMPORAL_NAMESPACE": "provedor"}
        terminal = Terminal(house.folder, own)
        prepared = await terminal.runs("cluster-maior", "preparar")
    assert prepared.code == 0, prepared.out
    assert "worker: Temporal: pronto" in prepared.out
