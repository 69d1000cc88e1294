"""The client that another service imports, against real servers."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus

from cancellation.client import CancellationClient
from cancellation.domain.refusal import Refused
from cancellation.domain.stage import Stage
from cancellation.domain.values import (
    Authentication,
    Channel,
    Outcome,
    Reason,
    ReasonCategory,
)
from cancellation.failures import CaseEnded, CaseFailed, CaseNotFound, ServerUnreachable
from cancellation.messages.facts import (
    DiscardMessage,
    FormalizationMessage,
    RequestMessage,
    RetentionOutcomeMessage,
    WithdrawalMessage,
)
from tests.e2e.running_up import Up, discard, running_up
from workers.verify import replayed_cases

DECLINED = RetentionOutcomeMessage(
    outcome=Outcome.DECLINED, reason=Reason(category=ReasonCategory.PRICE, text="caro")
)


@pytest.fixture(scope="module")
def up(open_folder: Path) -> Iterator[Up]:
    home = open_folder / "client"
    with running_up(home, "--seed") as running:
        yield running
    discard(home)


@pytest.fixture
async def client(up: Up) -> CancellationClient:
    return await CancellationClient.connect(up.home)


async def test_open_or_join_tells_which_it_was_X1(client: CancellationClient) -> None:
    first = await client.open_or_join("1042", RequestMessage(channel=Channel.WHATSAPP))
    second = await client.open_or_join("1042", RequestMessage(channel=Channel.PHONE))
    assert (first.opened, second.opened) == (True, False)
    assert first.protocol == second.protocol
    assert [c.channel for c in (await client.status("1042")).contacts] == [Channel.WHATSAPP, Channel.PHONE]


async def test_the_end_in_figures_is_read_before_it_comes_X25(client: CancellationClient) -> None:
    await client.open_or_join("1043", RequestMessage(channel=Channel.WHATSAPP))
    seen = (await client.status("1043")).messages_seen
    preview = await client.preview("1043")
    assert preview.customer_id == "1043"
    assert preview.lines
    assert preview.total == sum(line.amount for line in preview.lines)
    assert preview == await client.preview((await client.status("1043")).protocol)
    assert (await client.status("1043")).messages_seen == seen
    await client.report("1043", DiscardMessage(reason="engano"))
    await client.result("1043")
    with pytest.raises(CaseEnded, match="já terminou"):
        await client.preview("1043")


async def test_up_tells_what_happens_to_cases_one_line_each(up: Up, client: CancellationClient) -> None:
    request = RequestMessage(channel=Channel.PHONE, text="Falem com ana@casa.com.br")
    protocol = (await client.open_or_join("1045", request)).protocol
    await client.report("1045", DiscardMessage(reason="Engano da Rita"))
    async with asyncio.timeout(30):
        while "Caso descartado" not in up.output:
            await asyncio.sleep(0.05)
    lines = [line for line in up.output.splitlines() if protocol in line]
    told = [line.partition(f"cliente 1045  {protocol}  ")[2] for line in lines]
    assert told[0] == "Solicitação recebida por telefone"
    assert all(told)
    assert not re.search(r"@|Rita|Falem", "".join(told)), told


async def test_fifty_requests_at_once_make_one_case_of_fifty_contacts_X1(client: CancellationClient) -> None:
    requests = [RequestMessage(channel=Channel.CHATBOT, text=f"pedido {n}") for n in range(50)]
    answers = await asyncio.gather(*(client.open_or_join("1050", request) for request in requests))
    assert sum(answer.opened for answer in answers) == 1
    assert len({answer.protocol for answer in answers}) == 1
    assert sorted(c.text for c in (await client.status("1050")).contacts) == sorted(r.text for r in requests)


async def test_case_is_found_by_customer_protocol_and_workflow_id_X12(client: CancellationClient) -> None:
    opened = await client.open_or_join("1043", RequestMessage(channel=Channel.EMAIL))
    for reference in ("1043", opened.protocol, opened.protocol.lower(), "cancellation-1043"):
        assert (await client.status(reference)).customer_id == "1043"


async def test_protocol_means_exactly_that_case_after_a_new_one_was_opened_X1(
    client: CancellationClient,
) -> None:
    first = await client.open_or_join("1044", RequestMessage(channel=Channel.EMAIL))
    await client.report("1044", DiscardMessage(reason="engano"))
    assert (await client.result(first.protocol)).outcome == "discarded"
    second = await client.open_or_join("1044", RequestMessage(channel=Channel.EMAIL))
    assert second.protocol != first.protocol
    assert (await client.status(first.protocol)).stage is Stage.DISCARDED
    assert (await client.status("1044")).stage is Stage.RETENTION
    with pytest.raises(CaseEnded):
        await client.report(first.protocol, DiscardMessage(reason="de novo"))
    listed = [case async for case in client.cases(customer_id="1044")]
    assert {case.protocol for case in listed} == {first.protocol, second.protocol}


async def test_refusal_carries_every_problem_X8(client: CancellationClient) -> None:
    await client.open_or_join("1045", RequestMessage(channel=Channel.EMAIL))
    with pytest.raises(Refused) as refused:
        await client.report("1045", WithdrawalMessage(reason="ficou"))
    assert [problem.field for problem in refused.value.problems] == ["stage"]
    with pytest.raises(Refused) as refused:
        await client.open_or_join("not/a/customer", RequestMessage(channel=Channel.EMAIL))
    assert [problem.field for problem in refused.value.problems] == ["customer_id"]


async def test_signal_is_taken_like_the_update(client: CancellationClient) -> None:
    await client.open_or_join("1046", RequestMessage(channel=Channel.EMAIL))
    await client.tell("1046", DECLINED.model_copy(update={"message_id": "once"}))
    answer = await client.report("1046", DECLINED.model_copy(update={"message_id": "once"}))
    assert (answer.duplicate, answer.stage) == (True, Stage.AWAITING_FORMALIZATION)


async def test_late_formalization_closes_at_once_and_result_tells_what_was_released_P8_P17(
    client: CancellationClient,
) -> None:
    opened = await client.open_or_join("1049", RequestMessage(channel=Channel.PHONE))
    await client.report("1049", DECLINED)
    received = datetime.now(UTC) - timedelta(days=40)
    mail = FormalizationMessage(
        message_id="<late@gmail.com>",
        sender="oficinadoze.mecanica@gmail.com",
        recipients=("financeiro@nuvemjti.com.br", "comercial@nuvemjti.com.br"),
        received_at=received,
        explicit_request=True,
        reason="vou fechar",
        authentication=Authentication.PASS,
    )
    await client.report("1049", mail)
    result = await client.result("1049")
    assert (result.outcome, result.protocol) == ("closed", opened.protocol)
    assert (result.released.extensions, result.released.numbers) == (1, 1)
    assert result.trail_entries == (await client.trail("1049"))[-1].seq
    assert [c.stage async for c in client.cases(customer_id="1049")] == [Stage.CLOSED]


async def test_unknown_case_is_not_found(client: CancellationClient) -> None:
    for reference in ("31337", "CAN-20261122-7F3KQ2"):
        with pytest.raises(CaseNotFound):
            await client.status(reference)
        with pytest.raises(CaseNotFound):
            await client.tell(reference, DECLINED)
        with pytest.raises(CaseNotFound):
            await client.result(reference)


async def test_start_that_cannot_be_read_is_a_failed_case_X8(client: CancellationClient) -> None:
    handle = await client.temporal.start_workflow(
        "Cancellation", {"customer_id": "777"}, id="cancellation-777", task_queue="cancellations"
    )
    with pytest.raises(CaseFailed, match="“request”: campo obrigatório ausente"):
        await client.result("777")
    assert (await handle.describe()).status is WorkflowExecutionStatus.FAILED
    listed = [case async for case in client.cases(customer_id="777")]
    assert [(case.stage, case.execution) for case in listed] == [(None, "failed")]


async def test_unreachable_server_is_told_apart_from_an_unknown_case(
    up: Up, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    with pytest.raises(ServerUnreachable, match=r"127\.0\.0\.1:1"):
        await CancellationClient.connect(tmp_path)


async def test_no_worker_is_told_apart_from_a_server_that_is_down(
    client: CancellationClient,
) -> None:
    impatient = CancellationClient(
        client.temporal, answer_within=timedelta(seconds=1), task_queue="nobody-works-here"
    )
    with pytest.raises(ServerUnreachable, match="worker"):
        await impatient.open_or_join("888", RequestMessage(channel=Channel.EMAIL))
    with pytest.raises(ServerUnreachable, match="worker"):
        await impatient.status("888")


@pytest.mark.long
async def test_stopped_and_started_again_it_goes_on_where_it_was_X7(
    up: Up, client: CancellationClient
) -> None:
    """The last test: it stops what the others used."""
    before = await client.open_or_join("1051", RequestMessage(channel=Channel.PHONE))
    up.process.terminate()
    assert await asyncio.to_thread(up.process.wait, 60) == 0, up.output
    assert not (up.home / "addresses.json").exists()
    with running_up(up.home) as again:
        assert "RELÓGIO VIRTUAL" not in again.output
        anew = await CancellationClient.connect(up.home)
        status = await anew.status("1051")
        assert (status.protocol, status.stage) == (before.protocol, Stage.RETENTION)
        assert (await anew.report("1051", DECLINED)).stage is Stage.AWAITING_FORMALIZATION
        replayed = [one async for one in replayed_cases(anew.temporal, latest_closed=100)]
        assert replayed
        assert [one for one in replayed if one.problem] == []


def test_nobody_else_can_read_a_recording_even_where_the_folder_is_opened(up: Up) -> None:
    kept = [path for path in (up.home / "recordings").rglob("*") if path.is_file()]
    assert kept
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
