"""A worker that catches up sees some workflow tasks as one: what was decided in them stays what it was (X22, P20).

The engine merges a workflow task that had no command with the next one, where the one before had none either and an
update comes next.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio import activity
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.testing import WorkflowEnvironment

from activities.terms import Terms, TermsActivities
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.trail import TrailEntry
from cancellation.messages.telephony import PortRecord
from cancellation.ports import PermanentRefusal
from tests.durable.customers import own_numbers
from tests.durable.house import CaseDriver, House, until
from workflows.plugin import Undisturbed

GAP = 3.0
"""Real seconds between one worker and the next, by which instants could be mistaken."""
SLOWER = 1.0
"""Real seconds: the CRM answers within them."""


@pytest.mark.rest
async def test_a_letter_was_sent_when_it_was_sent_whoever_looks_P20_X22(
    temporal_env: WorkflowEnvironment,
) -> None:
    house = House(temporal_env)
    async with house.worker():
        case = await house.open()
        await case.quiet()
        first = sent(await case.trail())
    await asyncio.sleep(GAP)
    async with house.worker():
        await case.decline()
        await case.quiet()
    async with house.worker():
        assert sent(await case.trail())[: len(first)] == first
        await case.check("discard", reason="Engano", actor="ana")
        await case.result()
        assert sent(await case.crm_trail())[: len(first)] == first
        assert await case.crm_trail() == await case.trail()
        await house.replays()
        await house.close()


def sent(trail: Sequence[TrailEntry]) -> list[TrailEntry]:
    return [entry for entry in trail if entry.kind == "letter_sent"]


@pytest.mark.rest
async def test_what_was_refused_when_it_came_stays_refused_X22_X8(temporal_env: WorkflowEnvironment) -> None:
    """An e-mail dated a minute ahead, refused while the CRM is down; with the next worker it is none any more."""
    house = House(temporal_env)
    async with house.worker():
        case = await house.open()
        await case.quiet()
        await case.decline()
        await case.quiet()
        house.crm.goes_down("record")
        await case.check("request", channel="phone", text="E aí?")
        await until(lambda: house.crm.attempts["record"] > 2)
        await case.signal("cancelar", reason="x")
        await case.trailed("message_refused")
        ahead = await case.now() + timedelta(seconds=60 + GAP)
        await case.signal("formalization", **await case.email(received_at=ahead))
        await case.trailed("message_refused", 2)
    await asyncio.sleep(GAP + 1)
    async with house.worker():
        await case.check("request", channel="phone", text="E agora?")
        assert (await case.status()).stage.value == "awaiting_formalization"
        assert (await case.kinds()).count("message_refused") == 2
        house.crm.recovers()
        await recorded(case)
        await house.replays()
        await house.close()


async def test_a_timer_that_comes_with_an_earlier_time_has_rung_all_the_same_X22(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the engine gives it to a cold worker that was asked something first; a replay has the right time."""
    activate, times = Undisturbed.activate, dict[str, Timestamp]()

    def late(workflow: Undisturbed, act: WorkflowActivation) -> Any:
        if any(job.HasField("fire_timer") for job in act.jobs) and act.run_id in times:
            act.timestamp.CopyFrom(times[act.run_id])
        if act.HasField("timestamp"):
            times[act.run_id] = act.timestamp
        return activate(workflow, act)

    with monkeypatch.context() as patch:
        patch.setattr(Undisturbed, "activate", late)
        case = await house.open(policy={"formalization_reminder_days": [7]})
        await case.to_notice()
        await case.pass_notice()
        assert (await case.result()).outcome == "closed"
    assert (await case.kinds()).count("reminded") == 1  # of the last safe day for a port
    await house.replays()


@pytest.mark.long
async def test_a_pause_after_a_refusal_begins_when_it_came_whoever_looks_X22_X7(
    temporal_env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause is longer than the notice, whose timer stays: a refusal of which nothing follows at once.

    Nor does anything of the CRM's answer just before it, so that a cold worker sees the refusal with the next update.
    """
    house = House(temporal_env)

    async def refuse(_: PortRecord) -> None:
        await asyncio.sleep(SLOWER)
        raise PermanentRefusal("não")

    monkeypatch.setattr(house.telephony.adapter, "record_port", refuse)
    async with house.worker():
        case = await house.open(policy={"notice_days": 1, "holidays": []})
        notice = (await case.to_notice()).notice
        assert notice is not None
        number = own_numbers(case.seed)[0]
        await case.check("portability", number=number, status="requested", actor="ana")
        refused_at, pause = await refusal(case), timedelta(minutes=10)
        while refused_at + pause < notice.ends_at:
            await case.forward_to(refused_at + pause + timedelta(seconds=SLOWER / 4))
            await case.check("request", channel="phone", text="E aí?")
            refused_at, pause = await refusal(case), pause * 2
    await asyncio.sleep(GAP)
    async with house.worker():
        await case.check("request", channel="phone", text="E agora?")
        await case.forward_to(refused_at + min(pause, timedelta(days=1)) + timedelta(seconds=GAP / 2))
        await case.check("request", channel="phone", text="E então?")
        await house.replays()
        await house.close()


async def refusal(case: CaseDriver) -> datetime:
    """When the step that is being tried was refused."""
    await case.quiet()
    return await case.now()


async def recorded(case: CaseDriver) -> None:
    await case.forward(timedelta(minutes=15))
    await case.quiet()
    assert list(await case.crm_trail()) == await case.trail()


async def test_what_comes_while_the_policy_is_frozen_happened_when_it_happened_whoever_looks_P20_X22(
    temporal_env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is asked something meanwhile goes on in a workflow task of its own; a replay goes on at once."""
    freeze = TermsActivities.freeze_policy

    @activity.defn(name="freeze_policy")
    async def slowly(self, terms: Terms) -> CancellationPolicy:  # type: ignore[no-untyped-def]
        await asyncio.sleep(0.4)
        return await freeze(self, terms)

    monkeypatch.setattr(TermsActivities, "freeze_policy", slowly)
    house = House(temporal_env)
    async with house.worker():
        case = await house.open(signal=("request", {"channel": "phone", "text": "E aí?", "actor": "bia"}))
        await case.trail()
        await case.signal("request", channel="phone", text="Alguém aí?", actor="bia")
        await case.quiet()
        seen = await case.trail()
    async with house.worker():
        assert await case.trail() == seen
        await house.replays()
        await house.close()
