"""Records the histories that `test_replay.py` replays, and the fingerprint: `python -m tests.replay.record`.

One for every outcome and one open in the middle of the notice, on the real server with memory systems. Record
again only with a release, beside the older ones: an open case of every release must still replay.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from cancellation.adapters.memory.reconciliation import MemoryComparison
from cancellation.contract import SEARCH_ATTRIBUTES
from cancellation.domain.findings import Finding, Rule, Side
from cancellation.messages.mail_in import UNDECIDED_PREFIX
from embedded import temporal_binary
from embedded.temporal import dynamic_config_arguments
from tests.durable.house import CaseDriver, House
from tests.e2e.mail_rig import email_from
from tests.replay.fingerprint import FINGERPRINT, fingerprint

HISTORIES = Path(__file__).parent / "histories"
RELEASE = "0.1"


def id_in(recorded: Any) -> str:
    """The workflow id of a recorded history."""
    return str(recorded["events"][0]["workflowExecutionStartedEventAttributes"]["workflowId"])


async def retained(case: CaseDriver) -> None:
    offer = {"offer_id": "o1", "kind": "training", "description": "Treinamento da equipe", "actor": "ana"}
    await case.check("retention_offer", **offer, status="made")
    await case.check("retention_offer", **offer, status="accepted")
    reason = {"category": "features", "text": "Não usamos todos os recursos"}
    await case.check("retention_outcome", outcome="retained", reason=reason, actor="ana")


async def lapsed(case: CaseDriver) -> None:
    await case.decline()
    await case.forward(timedelta(days=33))


async def discarded(case: CaseDriver) -> None:
    await case.check("discard", reason="Aberto por engano", actor="operador")


async def withdrawn(case: CaseDriver) -> None:
    await case.to_notice()
    await case.check("withdrawal", reason="Resolveu ficar", actor="ana")


async def closed(case: CaseDriver) -> None:
    await case.raw_signal("nonsense")
    await case.to_notice()
    await case.check("recordings_request", actor="ana")
    await case.trailed("recordings_ready")
    await case.pass_notice()


async def closed_after_a_hold(case: CaseDriver) -> None:
    await case.to_notice()
    number = (await case.status()).numbers[0].number
    await case.check("portability", number=number, status="requested", actor="leo")
    await case.pass_notice()
    await case.stage("closing")
    await case.check("portability", number=number, status="completed", actor="leo")


async def stopped(case: CaseDriver) -> None:
    await case.to_notice()
    await case.quiet()
    await case.handle.cancel()


async def read_wrongly(case: CaseDriver) -> None:
    await case.to_notice(unseen=True, request_words=["Solicito o cancelamento."])
    await case.formalize(explicit_request=False, reason=None, refused_by="ana")


async def closed_after_waiting_for_people(case: CaseDriver) -> None:
    await case.to_notice(unseen=True, request_words=["Solicito o cancelamento."])
    await case.formalize(confirmed_by="ana")
    doubtful = {"message_id": "<duvida@cliente>", "explicit_request": False, "doubts": ["Leiam."]}
    await case.formalize(**doubtful)
    await case.pass_notice()
    await case.stage("closing")
    await case.forward(timedelta(days=7))


async def open_in_notice(case: CaseDriver) -> None:
    await case.to_notice()
    await case.forward(timedelta(days=10))
    await case.check("request", channel="phone", text="Como está o meu pedido?", actor="bia")
    await case.quiet()


STORIES: tuple[Callable[[CaseDriver], Awaitable[None]], ...] = (
    retained,
    lapsed,
    discarded,
    withdrawn,
    closed,
    closed_after_a_hold,
    stopped,
    read_wrongly,
    closed_after_waiting_for_people,
    open_in_notice,
)


async def mail_reported(house: House) -> WorkflowHistory:
    """An e-mail that completes the formalization of an open case."""
    case = await house.open()
    await case.quiet()
    await case.decline()
    return await house.mailed(email_from(case.customer_id))


async def mail_for_a_person(house: House) -> WorkflowHistory:
    """An e-mail of somebody whom nobody knows."""
    return await house.mailed(email_from("ninguem"))


async def mail_undecided(house: House) -> WorkflowHistory:
    """What reminds of such an e-mail, until somebody has decided."""
    await house.mailed(email_from("ninguem", "Quero cancelar o contrato, por favor: muito caro."))
    (workflow_id,) = house.undecided
    handle = house.environment.client.get_workflow_handle(workflow_id)
    await house.time.pass_by(handle, timedelta(days=2))
    task = workflow_id.removeprefix(UNDECIDED_PREFIX)
    await house.mail.close_task(task, "ana", await house.time.now(handle))
    await house.time.pass_by(handle, timedelta(days=8))
    await handle.result()
    return await handle.fetch_history()


async def reconciled(house: House) -> WorkflowHistory:
    """A run of reconciliation that has found something."""
    assert isinstance(house.comparison, MemoryComparison)
    left = Side(state="withdrawn")
    house.comparison.wrong = [
        Finding(rule=Rule.BILLING_END_LEFT, subject="case-x", customer_id="1042", case_id="case-x", crm=left)
    ]
    handle = await house.reconcile()
    await handle.result()
    return await handle.fetch_history()


OTHERS: tuple[Callable[[House], Awaitable[WorkflowHistory]], ...] = (
    mail_reported,
    mail_for_a_person,
    mail_undecided,
    reconciled,
)


async def record() -> None:
    """Live through every story and write its history; then what the stories command."""
    attributes = [
        part for name, kind in SEARCH_ATTRIBUTES.items() for part in ("--search-attribute", f"{name}={kind}")
    ]
    HISTORIES.mkdir(exist_ok=True)
    async with await WorkflowEnvironment.start_time_skipping_v2(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(temporal_binary()),
        dev_server_extra_args=[*dynamic_config_arguments(virtual_clock=True), *attributes],
    ) as environment:
        for story in STORIES:
            house = House(environment)
            async with house.worker():
                case = await house.open()
                await case.quiet()
                await story(case)
                if story is not open_in_notice:
                    await case.result()
                history = await case.history()
                await house.close()
            (HISTORIES / f"{RELEASE}-{story.__name__}.json").write_text(history.to_json() + "\n")
        for other in OTHERS:
            house = House(environment)
            async with house.worker():
                history = await other(house)
                await house.close()
            (HISTORIES / f"{RELEASE}-{other.__name__}.json").write_text(history.to_json() + "\n")
        FINGERPRINT.write_text(await fingerprint(environment))


if __name__ == "__main__":
    asyncio.run(record())
