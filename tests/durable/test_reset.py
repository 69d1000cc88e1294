"""An operator resets an execution: nothing that happened is lost unseen, and what has ended stays ended (P20, X11)."""

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, ResetReapplyExcludeType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from tests.durable.house import CaseDriver, House, until

OPENED = "opened"
REASON = {"category": "price", "text": "Fica"}


async def reset(case: CaseDriver, before: str) -> None:
    """As `temporal workflow reset` does, to the workflow task before that signal; no message is given again.

    Before `opened`: to the very first.
    """
    client = case.house.environment.client
    history = await case.history()
    tasks = [
        event.event_id
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    ]
    signals = [
        event.event_id
        for event in history.events
        if event.workflow_execution_signaled_event_attributes.signal_name == before
    ]
    place = tasks[0] if before == OPENED else max(task for task in tasks if task < signals[0])
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=case.handle.id),
            reason="wrong button",
            request_id=before,
            workflow_task_finish_event_id=place,
            reset_reapply_exclude_types=[
                ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL,
                ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE,
            ],
        )
    )


async def test_what_follows_a_reset_is_in_the_trail_beside_what_was_there_P20(house: House) -> None:
    case = await house.open()
    await case.quiet()
    for number in range(2):
        await case.signal("request", channel="phone", text=f"Contato {number}", message_id=f"r{number}")
        await case.quiet()
    held = await case.crm_trail()
    await reset(case, "request")
    await case.trailed("execution_reset")
    offer = {"offer_id": "o1", "kind": "training", "description": "Treinamento", "status": "accepted"}
    answer = await case.check("retention_offer", **offer, message_id="o1", actor="ana")
    assert answer["accepted"]
    await case.check("retention_outcome", outcome="retained", reason=REASON, message_id="fica", actor="ana")
    result = await case.result()

    trail = await case.crm_trail()
    assert list(trail[: len(held)]) == list(held)
    assert [entry.seq for entry in trail] == list(range(1, result.trail_entries + 1))
    kinds = [entry.kind for entry in trail[len(held) :]]
    assert {"branch_made_anew", "execution_reset", "offer_accepted", "retained"} <= set(kinds)
    assert (await case.house.crm.adapter.verify_trail(result.case_id)).intact
    await house.replays()


async def test_a_withdrawn_case_that_is_reset_into_its_notice_ends_at_once_P20_X3(house: House) -> None:
    case = await house.open()
    await case.to_notice()
    await case.signal("withdrawal", reason="Fica", actor="ana", message_id="w")
    await case.result()
    letters = len(case.letters())
    await reset(case, "withdrawal")
    result = await case.result()
    assert result.outcome == "withdrawn"
    assert "followed_crm" in await case.kinds()
    assert len(case.letters()) == letters
    assert await case.crm_status() == "Ativo"
    await until(lambda: house.telephony.attempts["deactivate"] == 0)
    await house.replays()


@pytest.mark.parametrize("ending", ["withdrawn", "closed"])
async def test_an_ended_case_that_is_reset_to_its_beginning_ends_as_it_had_P20_X11(
    house: House, ending: str
) -> None:
    case = await house.open()
    await case.to_notice()
    if ending == "withdrawn":
        await case.check("withdrawal", reason="Fica", actor="ana")
    else:
        await case.pass_notice()
    assert (await case.result()).outcome == ending
    status, letters, tasks = await case.crm_status(), len(case.letters()), await case.tasks(open_only=True)
    await reset(case, OPENED)
    result = await case.result()
    assert result.outcome == ending
    assert "followed_crm" in await case.kinds()
    assert await case.crm_status() == status
    assert len(case.letters()) == letters
    assert (await case.tasks(open_only=True)).keys() == tasks.keys()
    assert (await house.crm.adapter.verify_trail(result.case_id)).intact
    await house.replays()


async def test_an_open_case_that_is_reset_to_its_beginning_goes_on_from_there_P20(house: House) -> None:
    case = await house.open()
    await case.to_notice()
    held = await case.crm_trail()
    await reset(case, OPENED)
    await case.trailed("execution_reset")
    status = await case.quiet()
    assert status.stage.value == "retention"
    trail = await case.crm_trail()
    assert list(trail[: len(held)]) == list(held)
    assert {"execution_reset", "branch_made_anew"} <= {entry.kind for entry in trail[len(held) :]}
    await case.check("discard", reason="Engano", actor="ana", message_id="d")
    result = await case.result()
    assert (await house.crm.adapter.verify_trail(result.case_id)).intact
    await house.replays()
