"""Whole cases on the real server, one for every outcome, with everything each row asks for."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from cancellation import contract as sa
from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.messages.billing import BillingClosure
from cancellation.messages.letter_contents import FinalBilling, RecordingsReady, Script, ShutdownPlan
from cancellation.messages.warrant import Warrant
from tests.durable.customers import EXTENSIONS, LICENCES, TRUNKS, ZONE, own_numbers
from tests.durable.house import POLICY, CaseDriver, House
from tests.durable.office import reminder_moments
from tests.unit.domain.codes import codes_in


async def everything_is_told(case: CaseDriver) -> None:
    """P20: the CRM holds the whole trail, unbroken, when the case has ended."""
    result = await case.result()
    crm: MemoryCrm = case.house.crm.adapter
    held = await crm.trail(result.case_id)
    assert [entry.seq for entry in held] == list(range(1, result.trail_entries + 1))
    assert list(held) == await case.trail()
    assert (await crm.verify_trail(result.case_id)).intact
    said = [entry.detail for entry in held if not entry.problems]
    for task in (await case.tasks()).values():
        said += [task.order.title, _without_command(task.order.text)]
    assert not [(line, codes_in(line)) for line in said if codes_in(line)]


def _without_command(text: str) -> str:
    """A task's text but for the commands and the field that it tells somebody to use."""
    return re.sub(r"`[^`]*`|^cancelamento .*$", "", text, flags=re.MULTILINE)


async def is_untouched(case: CaseDriver) -> None:
    """Nothing of the service was touched and charging goes on (P5)."""
    house = case.house
    inventory = await house.telephony.adapter.inventory(case.customer_id)
    assert len(inventory.resources) == len(case.seed.resources)
    assert len(inventory.numbers) == len(case.seed.numbers)
    assert all(one.active for one in (*inventory.resources, *inventory.numbers))
    for method in ("deactivate", "release"):
        assert house.telephony.attempts[method] == 0
    assert house.billing.attempts["close"] == 0
    assert house.recordings.attempts["purge"] == 0
    later = datetime.now(UTC) + timedelta(days=200)
    assert await house.billing.adapter.charge_month(later.year, later.month) == 1


async def test_commercial_has_task_and_message_before_anything_else_P1_P2(house: House) -> None:
    case = await house.open(channel="chatbot", text="Quero sair", contact={"name": "Rita"})
    await case.quiet()
    first = [house.crm.done[0][0], house.mailer.done[0][1].kind.value]
    assert first == ["open_case", "request_to_commercial"]
    assert house.telephony.done == [("inventory", case.customer_id)]
    task = (await case.tasks())["commercial"]
    assert (task.order.team.value, task.is_open) == ("commercial", True)
    assert "Quero sair" in task.order.text
    assert case.letters()[0].team is not None
    assert await case.crm_status() == "Em retenção"


async def test_closed_after_thirty_days_with_everything_released_and_verified_P8_P20(house: House) -> None:
    case = await house.open()
    await case.quiet()
    received = await case.now()
    status = await case.to_notice()
    last_day = received.astimezone(ZONE).date() + timedelta(days=30)
    assert status.notice is not None
    assert status.notice.last_day == last_day
    await case.pass_notice()
    result = await case.result()

    assert result.outcome == "closed"
    assert result.ended_at >= status.notice.ends_at
    assert result.released.model_dump() == {
        "extensions": EXTENSIONS,
        "trunks": TRUNKS,
        "licences": LICENCES,
        "numbers": len(case.seed.numbers),
    }
    inventory = await house.telephony.adapter.inventory(case.customer_id)
    assert not inventory.resources
    assert not inventory.numbers
    warrant = Warrant(
        case_id=result.case_id,
        customer_id=case.customer_id,
        notice_ends_at=status.notice.ends_at,
        at=status.notice.ends_at,
    )
    reading = await house.billing.adapter.read_back(BillingClosure(warrant=warrant, last_day=last_day))
    assert reading.is_clean
    assert result.voided_charges > 0
    assert await house.recordings.adapter.store.list("recordings").collect_async() == []
    assert await case.crm_status() == "Cancelado"
    assert await case.tasks(open_only=True) == {}
    kinds = [letter.kind.value for letter in case.letters()]
    assert kinds == [
        "request_to_commercial",
        "request_received",
        "script",
        "notice_started",
        "final_billing",
        "shutdown_plan",
        "remind_portability",
        "closed",
        "closed_to_team",
        "closed_to_team",
    ]
    order = [name for name, _ in house.telephony.done if name in ("deactivate", "release")]
    assert order == ["deactivate", "release"]
    await everything_is_told(case)


async def test_nothing_happens_one_second_before_the_end_P15_P9(house: House) -> None:
    case = await house.open()
    status = await case.to_notice()
    assert status.notice is not None
    await case.forward_to(status.notice.ends_at - timedelta(seconds=2))
    assert (await case.quiet()).stage.value == "notice"
    await is_untouched_service(case)
    await case.forward(timedelta(seconds=5))
    assert (await case.result()).outcome == "closed"
    shutdown = next(order for name, order in house.telephony.done if name == "deactivate")
    assert shutdown.warrant.at >= status.notice.ends_at


async def is_untouched_service(case: CaseDriver) -> None:
    inventory = await case.house.telephony.adapter.inventory(case.customer_id)
    assert all(one.active for one in (*inventory.resources, *inventory.numbers))
    assert len(inventory.numbers) == len(case.seed.numbers)
    assert case.house.telephony.attempts["deactivate"] == 0


async def test_the_notice_is_registered_told_and_dated_P11_P12_P13_P14(house: House) -> None:
    case = await house.open()
    status = await case.to_notice(original_sha256="a" * 64, original_ref="crm:original/a")
    assert status.notice is not None
    record = house.crm.adapter._cases[status.case_id].formalization
    assert record.completing.message_id == "<formalizacao@cliente>"
    assert record.completing.original_sha256 == "a" * 64
    assert record.reason == "Ficou caro"
    assert record.notice == status.notice
    assert await case.crm_status() == "Cancelamento em andamento"
    tasks = await case.tasks(open_only=True)
    assert set(tasks) == {"d30", "final_billing", "shutdown_plan"}
    assert tasks["d30"].order.due_on == status.notice.last_day
    assert {due.what: due.at for due in status.due}["notice_end"] == status.notice.ends_at
    plan = case.said(ShutdownPlan)[0]
    assert plan.inventory is not None
    assert len(plan.inventory.resources) == EXTENSIONS + TRUNKS + LICENCES
    assert case.said(FinalBilling)[0].notice == status.notice
    assert case.letters("notice_started")[0].in_reply_to == "<formalizacao@cliente>"
    attributes = await case.attributes()
    assert attributes[sa.STAGE] == "notice"
    assert attributes[sa.NOTICE_END] == status.notice.ends_at
    assert attributes[sa.REASON] == "price"
    assert attributes[sa.PROTOCOL] == status.protocol


async def test_the_script_goes_to_a_customer_who_stays_with_the_decision_P3_P6(house: House) -> None:
    case = await house.open()
    await case.quiet()
    await case.decline()
    status = await case.quiet()
    assert status.stage.value == "awaiting_formalization"
    script = case.letters("script")
    assert len(script) == 1
    content = script[0].content
    assert isinstance(content, Script)
    assert script[0].mailboxes == ("financeiro@nuvemjti.com.br", "comercial@nuvemjti.com.br")
    assert (content.notice_days, content.clause) == (30, "8.2")
    assert content.numbers == own_numbers(case.seed)
    assert script[0].protocol == status.protocol
    assert await case.crm_status() == "Aguardando formalização"
    assert not (await case.tasks())["commercial"].is_open
    assert (await case.tasks())["formalization"].is_open


async def test_retained_by_an_accepted_offer_which_becomes_a_task_P4_P5(house: House) -> None:
    case = await house.open()
    await case.quiet()
    offer = {"offer_id": "o1", "kind": "technical_fix", "description": "Trocar o roteador", "actor": "ana"}
    await case.check("retention_offer", **offer, status="made")
    await case.check("retention_offer", **offer, status="accepted")
    await case.check("retention_offer", **offer | {"offer_id": "o2", "kind": "training"}, status="refused")
    reason = {"category": "technical", "text": "Ligações caindo"}
    await case.check("retention_outcome", outcome="retained", reason=reason, actor="ana")
    result = await case.result()
    assert (result.outcome, result.notice, result.voided_charges) == ("retained", None, 0)
    tasks = await case.tasks(open_only=True)
    assert {key: task.order.team.value for key, task in tasks.items()} == {"offer:o1": "support"}
    assert [letter.kind.value for letter in case.letters()][-1] == "retained"
    assert await case.crm_status() == "Ativo"
    await is_untouched(case)
    await everything_is_told(case)


async def test_withdrawn_during_the_notice_undoes_everything_X3(house: House) -> None:
    case = await house.open()
    await case.check("recordings_request", actor="ana")
    await case.to_notice()
    await case.trailed("recordings_ready")
    archive = case.said(RecordingsReady)[0].archive
    assert archive is not None
    await case.forward(timedelta(days=12))
    await case.check("withdrawal", reason="Renegociou", actor="ana")
    result = await case.result()
    assert (result.outcome, result.released.extensions) == ("withdrawn", 0)
    assert await case.crm_status() == "Ativo"
    assert await case.tasks(open_only=True) == {}
    state = await house.crm.adapter.formalization(result.case_id)
    assert not state.in_force
    link = await house.recordings.adapter.ledger.link(archive.link_id)
    assert link.revoked_at is not None
    told = [(one.kind.value, one.team.value if one.team else "customer") for one in case.letters()[-3:]]
    assert sorted(told) == [
        ("withdrawn", "customer"),
        ("withdrawn_to_team", "finance"),
        ("withdrawn_to_team", "support"),
    ]
    await is_untouched(case)
    await everything_is_told(case)


async def test_never_formalised_lapses_after_the_term_with_reminders_X4_X5(house: House) -> None:
    case = await house.open()
    await case.quiet()
    await case.decline()
    status = await case.quiet()
    lapse = next(due.at for due in status.due if due.what == "lapse")
    assert lapse.astimezone(ZONE).date() == (await case.now()).astimezone(ZONE).date() + timedelta(days=32)
    await case.forward_to(lapse - timedelta(minutes=1))
    assert (await case.status()).stage.value == "awaiting_formalization"
    assert len(case.letters("remind_formalization")) == 3
    await case.forward(timedelta(minutes=2))
    result = await case.result()
    assert (result.outcome, result.notice) == ("lapsed", None)
    assert result.ended_at >= lapse
    assert [letter.kind.value for letter in case.letters()][-2:] == ["lapsed", "lapsed_to_commercial"]
    assert await case.crm_status() == "Ativo"
    await is_untouched(case)
    await everything_is_told(case)


@pytest.mark.parametrize("declined", [False, True])
async def test_discarded_by_an_operator_from_the_first_two_stages(house: House, declined: bool) -> None:
    case = await house.open()
    await case.quiet()
    if declined:
        await case.decline()
    await case.check("discard", reason="Cliente errado", actor="ana")
    result = await case.result()
    assert result.outcome == "discarded"
    assert await case.crm_status() == "Ativo"
    assert await case.tasks(open_only=True) == {}
    told = {letter.kind.value for letter in case.letters()}
    assert told >= {"discarded", "discarded_to_commercial"}
    await is_untouched(case)
    await everything_is_told(case)


async def test_a_new_case_may_open_after_the_last_one_ended_X1_X12(house: House) -> None:
    first = await house.open()
    await first.quiet()
    await first.check("discard", reason="Engano", actor="ana")
    ended = await first.result()
    second = await house.open(first.seed, known=False)
    status = await second.quiet()
    assert (status.stage.value, status.case_id != ended.case_id) == ("retention", True)
    assert status.protocol != ended.protocol
    assert await second.crm_status() == "Em retenção"


async def test_commercial_is_reminded_until_it_acts_X4(house: House) -> None:
    case = await house.open()
    opened = (await case.quiet()).opened_at
    await case.forward(timedelta(days=20))
    # The policy's, and weekly after them (X19).
    hours = (*POLICY.commercial_reminder_hours, 2 * POLICY.awake_interval_hours)
    assert len(case.letters("remind_commercial")) == len(reminder_moments(opened, hours))
    for letter in case.letters("remind_commercial"):
        local = letter.at.astimezone(ZONE)
        assert local.weekday() < 5
        assert 9 <= local.hour < 18
    assert (await case.status()).stage.value == "retention"


async def test_every_letter_carries_the_protocol_X12(house: House) -> None:
    case = await house.open()
    await case.to_notice()
    protocol = (await case.status()).protocol
    sent = [mail.message for mail in house.mailer.adapter.sent]
    assert len(sent) >= 6
    to_customer = [m for m in sent if case.seed.customer.contacts[0].email in str(m["To"])]
    assert to_customer
    assert all(protocol in str(m["Subject"]) for m in to_customer)


async def test_the_cases_own_policy_counts_and_not_the_workers_P8(house: House) -> None:
    case = await house.open(policy={"notice_days": 10, "clause": "9.1", "commercial_reminder_hours": []})
    await case.quiet()
    status = await case.to_notice()
    assert status.notice is not None
    days = status.notice.last_day - status.notice.starts_at.astimezone(ZONE).date()
    assert (days, status.notice.clause) == (timedelta(days=10), "9.1")
    assert isinstance(status.notice.last_day, date)


async def test_a_late_formalization_is_registered_before_anything_is_shut_down_P8_P19(house: House) -> None:
    """Its notice is over when it is known: the guard must find it in the CRM, and nothing is refused on the way."""
    case = await house.open()
    await case.quiet()
    await case.decline()
    await case.quiet()
    await case.formalize(received_at=await case.now() - timedelta(days=40))
    result = await case.result()
    assert result.outcome == "closed"
    assert "attention_raised" not in await case.kinds()
    assert house.telephony.count("deactivate") == house.billing.count("close") == 1
