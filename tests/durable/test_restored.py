"""Records that were restored to an earlier instant, behind the cases that went on (P20, X11)."""

from collections.abc import Awaitable, Callable
from itertools import combinations
from typing import Any, Final, cast

import pytest

from activities.guard import Guard
from activities.restoring import RestoreActivities
from cancellation.messages.crm import LostRecords
from tests.durable.customers import new_customer, own_numbers
from tests.durable.house import CaseDriver, House
from tests.durable.rewinding import backup
from tests.durable.test_reset import reset
from tests.turns import WHOLE
from workers.worker import restoring_of

STAYS = {"category": "price", "text": "Fica"}


async def _open(case: CaseDriver) -> None:
    request = {"channel": "whatsapp", "text": "Quero cancelar", "actor": "bot", "message_id": "w1"}
    await case.start({"customer_id": case.customer_id, "request": request, "policy": None}, None)


async def _offer(case: CaseDriver) -> None:
    offer = {"offer_id": "o1", "kind": "training", "description": "Treinamento", "status": "refused"}
    await case.check("retention_offer", **offer, message_id="o1", actor="ana")


async def _decline(case: CaseDriver) -> None:
    await case.decline()


async def _formalize(case: CaseDriver) -> None:
    await case.formalize()


async def _ask_in_notice(case: CaseDriver) -> None:
    first, _ = own_numbers(case.seed)
    await case.check("portability", number=first, status="requested", operator="Vivo", actor="ana")
    await case.signal("recordings_request", from_date=None, to_date=None, actor="ana", message_id="g1")


async def _end_notice(case: CaseDriver) -> None:
    await case.pass_notice()


async def _talk_while_closing(case: CaseDriver) -> None:
    await case.signal("request", channel="phone", text="E o número?", message_id="w2")


async def _end_hold(case: CaseDriver) -> None:
    first, _ = own_numbers(case.seed)
    await case.check("portability", number=first, status="completed", actor="ana")


STORY: Final[list[Callable[[CaseDriver], Awaitable[None]]]] = [
    _open,
    _offer,
    _decline,
    _formalize,
    _ask_in_notice,
    _end_notice,
    _talk_while_closing,
    _end_hold,
]
"""From nothing to the end, by every stage; the last step ends the case."""
EVERY: Final = list(combinations(range(len(STORY)), 2))
"""Before which step the records were copied, and before which they were put back."""
SAMPLE: Final = [(0, 7)]


async def told_whole(case: CaseDriver) -> None:
    """The CRM holds what the case has said, unbroken (P20)."""
    result = await case.result()
    held = await case.house.crm.adapter.trail(result.case_id)
    assert [entry.seq for entry in held] == list(range(1, result.trail_entries + 1))
    remembered = await case.trail()
    assert list(held[-len(remembered) :]) == remembered
    assert (await case.house.crm.adapter.verify_trail(result.case_id)).intact


async def nothing_is_left_undone(case: CaseDriver) -> None:
    """As after any closing: what was lost was done again, and nothing twice."""
    house, case_id = case.house, (await case.result()).case_id
    crm = house.crm.adapter
    formalization = await crm.formalization(case_id)
    assert formalization is not None
    assert formalization.in_force
    assert await case.crm_status() == "Cancelado"
    (summary,) = await crm.list_cases(customer_id=case.customer_id)
    assert (summary.stage, summary.outcome) == ("closed", "closed")
    tasks = {key: task for key, task in (await case.tasks()).items() if not key.startswith("attention")}
    assert tasks.keys() == {"commercial", "formalization", "d30", "final_billing", "shutdown_plan"}
    assert await case.tasks(open_only=True) == {}
    inventory = await house.telephony.adapter.inventory(case.customer_id)
    assert (inventory.resources, inventory.numbers) == ((), ())
    assert len(case.letters("closed")) == 1


@pytest.mark.sampled
@pytest.mark.parametrize(("kept", "restored"), EVERY if WHOLE else SAMPLE)
async def test_a_case_whose_records_were_restored_to_an_earlier_instant_ends_as_any_other_P20_X11(
    any_house: House, kept: int, restored: int
) -> None:
    house = any_house
    case = CaseDriver(house, new_customer())
    await house.provision(case.seed)
    copy = None
    for place, step in enumerate(STORY):
        if place == kept:
            copy = await backup(house)
        if place == restored:
            assert copy is not None
            await copy.restore()
        await step(case)
        if step is not STORY[-1]:
            await case.quiet()
    assert (await case.result()).outcome == "closed"
    assert (await case.kinds()).count("records_restored") == 1
    await told_whole(case)
    await nothing_is_left_undone(case)
    await house.replays()


def by_hand(house: House) -> RestoreActivities:
    """What `cancelamento recover` works with."""
    return restoring_of(house.systems, Guard(cast(Any, house.crm), None), lambda: house.environment.client)


@pytest.mark.rest
@pytest.mark.parametrize(
    "kept", [0, pytest.param(4, marks=pytest.mark.long), pytest.param(5, marks=pytest.mark.long)]
)
async def test_what_was_lost_of_an_ended_case_is_shown_and_done_again_by_hand_P20_X11(
    any_house: House, kept: int
) -> None:
    house = any_house
    case = CaseDriver(house, new_customer())
    await house.provision(case.seed)
    copy = None
    for place, step in enumerate(STORY):
        if place == kept:
            copy = await backup(house)
        await step(case)
        if step is not STORY[-1]:
            await case.quiet()
    result = await case.result()
    restoring, letters = by_hand(house), len(case.letters())
    assert (await restoring.look(case.customer_id)).steps == []
    assert copy is not None
    await copy.restore()
    lost = await restoring.look(case.customer_id)
    assert lost.remembered == {result.case_id: result.trail_entries}
    assert lost.held[result.case_id] < result.trail_entries
    order = LostRecords(case_id=result.case_id, customer_id=case.customer_id)
    restored = await restoring.restore_records(order)
    assert restored.recorded_seq == result.trail_entries
    assert (await restoring.look(case.customer_id)).steps == []
    await told_whole(case)
    await nothing_is_left_undone(case)
    assert len(case.letters()) == letters
    await house.replays()


@pytest.mark.rest
async def test_what_was_lost_of_several_cases_of_a_customer_is_done_again_in_their_order_X20_X11(
    any_house: House,
) -> None:
    """A withdrawn case, a terminated one that the next undoes, one that is reset; and nothing of it is held."""
    house = any_house
    seed = new_customer()
    await house.provision(seed)
    copy = await backup(house)
    first = await house.open(seed, known=False)
    await first.to_notice()
    await first.check("withdrawal", reason="Fica", actor="ana", message_id="w")
    withdrawn = await first.result()
    second = await house.open(seed, known=False, message_id="w2")
    await second.to_notice(message_id="<2@cliente>")
    terminated = await second.case_id()
    await second.handle.terminate("wrong button")
    third = await house.open(seed, known=False, message_id="w3")
    await third.quiet()
    await third.signal("request", channel="phone", text="E então?", message_id="w4")
    await third.quiet()
    await reset(third, "request")
    await third.trailed("execution_reset")
    await third.quiet()
    crm = house.crm.adapter
    before = {one.case_id: (one.stage, one.outcome) for one in await crm.list_cases()}
    trails = {case_id: list(await crm.trail(case_id)) for case_id in before}
    assert len(before) == 3
    await copy.restore()
    assert await crm.list_cases() == []

    await third.check("retention_outcome", outcome="retained", reason=STAYS, message_id="fica", actor="ana")
    ended = await third.result()
    after = {one.case_id: (one.stage, one.outcome) for one in await crm.list_cases()}
    assert after == before | {ended.case_id: ("retained", "retained")}
    assert after[withdrawn.case_id] == ("withdrawn", "withdrawn")
    assert after[terminated] == ("discarded", "discarded")
    for case_id, trail in trails.items():
        assert list(await crm.trail(case_id))[: len(trail)] == trail
        assert (await crm.verify_trail(case_id)).intact
    await told_whole(third)
    assert await third.crm_status() == "Ativo"
    await house.replays()
