"""Each system down for a virtual day in the middle of closing: seen, healed, every effect exactly once (X7)."""

from datetime import timedelta

import pytest

from cancellation.domain.values import Team
from cancellation.messages.letter_contents import ShutdownPlan
from tests.durable.customers import EXTENSIONS, LICENCES, TRUNKS
from tests.durable.house import CaseDriver, House, until
from tests.durable.test_outcomes import everything_is_told

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STUCK = [
    ("crm", "record", "record_case", DAY),
    ("billing", "close", "close_billing", DAY),
    ("mailer", "send", "send_letters", 3 * HOUR),
]
"""System, method that fails, the step that asks for attention, and for how long; the outage matrix has every one."""


async def closed_exactly_once(case: CaseDriver) -> None:
    """The case ended as it should, whatever happened on the way, and nothing counted twice."""
    result = await case.result()
    house = case.house
    assert result.outcome == "closed"
    assert result.released.model_dump() == {
        "extensions": EXTENSIONS,
        "trunks": TRUNKS,
        "licences": LICENCES,
        "numbers": len(case.seed.numbers),
    }
    inventory = await house.telephony.adapter.inventory(case.customer_id)
    assert not inventory.resources
    assert not inventory.numbers
    assert result.voided_charges == 2
    assert len(house.billing.adapter._invoices) == 1
    sent = [mail.message["Message-ID"] for mail in house.mailer.adapter.sent]
    assert len(sent) == len(set(sent))
    kinds = [one.kind.value for one in {letter.key: letter for letter in case.letters()}.values()]
    for kind in ("notice_started", "final_billing", "shutdown_plan", "closed"):
        assert kinds.count(kind) == 1
    assert kinds.count("closed_to_team") == 2
    assert await case.crm_status() == "Cancelado"
    assert await case.tasks(open_only=True) == {}
    assert (await case.status()).attention == ()
    assert await case.attributes_of_attention() == []
    await everything_is_told(case)


@pytest.mark.some(1)
@pytest.mark.parametrize(("system", "method", "step", "span"), STUCK)
async def test_a_system_down_for_hours_or_a_day_is_seen_and_heals_by_itself_X7(
    house: House, system: str, method: str, step: str, span: timedelta
) -> None:
    case = await house.open()
    status = await case.to_notice()
    assert status.notice is not None
    await case.forward_to(status.notice.ends_at - timedelta(seconds=30))
    house.broken[system].goes_down(method)
    await case.forward(timedelta(seconds=40))
    await until(lambda: house.broken[system].attempts[method])
    await case.forward(span)

    status = await case.until(lambda status: status.attention)
    assert step in status.attention
    assert step in await case.attributes_of_attention()
    assert "attention_raised" in await case.kinds()
    if system != "crm" or method != "record":
        asked = [
            task for key, task in (await case.tasks(open_only=True)).items() if f"attention:{step}" in key
        ]
        assert {task.order.team for task in asked} == {Team.SUPPORT}
    if system != "mailer":
        assert {one.team for one in case.letters("attention")} == {Team.SUPPORT}

    house.broken[system].recovers()
    await case.forward(HOUR)
    await case.trailed("attention_cleared")
    await closed_exactly_once(case)


@pytest.mark.long
async def test_everything_down_at_once_for_a_day_heals_too_X7(house: House) -> None:
    case = await house.open()
    status = await case.to_notice()
    assert status.notice is not None
    await case.forward_to(status.notice.ends_at - timedelta(seconds=30))
    for system in house.broken.values():
        system.goes_down()
    await case.forward(6 * HOUR)
    for system in house.broken.values():
        system.recovers()
    await case.forward(HOUR)
    await closed_exactly_once(case)


@pytest.mark.rest
async def test_answers_lost_on_the_way_make_nothing_happen_twice_X7(house: House) -> None:
    """Every write has its effect and its answer never arrives, the first time."""
    house.crm.loses_answers(1, "open_case", "record")
    house.billing.loses_answers(1, "plan_end", "close")
    house.telephony.loses_answers(1, "deactivate", "release", "record_port")
    house.recordings.loses_answers(1, "export", "purge")
    house.mailer.loses_answers(3, "send")
    case = await house.open()
    await case.quiet()
    await case.check("recordings_request", actor="ana")
    await case.to_notice()
    await case.trailed("recordings_ready")
    await case.pass_notice()
    await case.forward(HOUR)
    await closed_exactly_once(case)
    assert house.telephony.count("deactivate") == 2


@pytest.mark.some(1)
@pytest.mark.parametrize(
    ("system", "method"),
    [("telephony", "release"), ("billing", "close"), ("recordings", "purge"), ("crm", "record")],
)
async def test_a_refusal_for_good_is_seen_at_once_and_heals_when_it_is_taken_back_X7(
    house: House, system: str, method: str
) -> None:
    case = await house.open()
    status = await case.to_notice()
    assert status.notice is not None
    await case.forward_to(status.notice.ends_at - timedelta(seconds=30))
    house.broken[system].refuses(method)
    await case.forward(timedelta(minutes=2))
    await case.until(lambda status: status.attention)
    await case.forward(HOUR)
    house.broken[system].recovers()
    await case.forward(HOUR)
    await closed_exactly_once(case)


async def test_attention_comes_after_the_policys_time_and_not_before_X7(house: House) -> None:
    case = await house.open(policy={"attention_after_minutes": 30})
    await case.to_notice()
    house.telephony.goes_down("deactivate")
    await case.pass_notice()
    await until(lambda: house.telephony.attempts["deactivate"])
    await case.forward(timedelta(minutes=20))
    assert (await case.status()).attention == ()
    await case.forward(timedelta(minutes=15))
    assert (await case.until(lambda status: status.attention)).attention == ("deactivate_services",)
    house.telephony.recovers()
    await case.forward(HOUR)
    assert (await case.result()).outcome == "closed"


async def test_mail_that_is_down_holds_up_no_step_of_the_procedure_X7(house: House) -> None:
    house.mailer.goes_down()
    case = await house.open()
    await case.quiet_but("send_letters")
    await case.decline()
    await case.formalize()
    await until(lambda: house.billing.count("plan_end"))

    async def the_crm_knows() -> bool:
        return await case.crm_status() == "Cancelamento em andamento"

    await until(the_crm_knows)
    house.mailer.recovers()
    await case.forward(HOUR)
    await until(lambda: case.letters("notice_started"))


async def test_commercial_is_told_by_mail_even_while_the_crm_is_down_P2(house: House) -> None:
    house.crm.goes_down()
    case = await house.open()
    await until(lambda: case.letters("request_to_commercial"))
    assert house.crm.count("open_case") == 0


async def test_an_address_that_refuses_for_good_becomes_commercials_task(house: House) -> None:
    case = await house.open()
    house.mailer.adapter.refuse(case.seed.customer.contacts[0].email)
    await case.quiet()
    await case.decline()
    await case.quiet()
    await case.trailed("letter_undelivered", 2)
    tasks = await case.tasks(open_only=True)
    undelivered = [task for key, task in tasks.items() if key.startswith("undelivered:")]
    assert {task.order.team for task in undelivered} == {Team.COMMERCIAL}
    assert len(undelivered) == 2
    assert len(case.letters("undelivered")) == 2
    assert (await case.status()).attention == ()


async def test_a_customer_without_contacts_is_commercials_to_call(house: House) -> None:
    from tests.durable.customers import new_customer

    case = await house.open(new_customer(contacts=False))
    await case.quiet()
    await case.trailed("letter_undelivered")
    await case.quiet()
    assert any(key.startswith("undelivered:") for key in await case.tasks(open_only=True))
    await case.check("discard", reason="Engano")
    assert (await case.result()).outcome == "discarded"


async def test_support_hears_what_will_be_released_as_soon_as_telephony_tells_P13(house: House) -> None:
    house.telephony.goes_down()
    case = await house.open()
    await until(lambda: house.telephony.attempts["inventory"])
    await case.decline()
    await case.formalize()
    await until(lambda: case.letters("notice_started"))
    assert case.letters("shutdown_plan") == []
    assert "shutdown_plan" not in await case.tasks()
    house.telephony.recovers()
    await case.forward(HOUR)
    await until(lambda: case.letters("shutdown_plan"))
    plan = case.said(ShutdownPlan)[0]
    assert plan.inventory is not None
    assert len(plan.inventory.resources) == EXTENSIONS + TRUNKS + LICENCES
    assert "ramal" in (await case.tasks())["shutdown_plan"].order.text.lower()
