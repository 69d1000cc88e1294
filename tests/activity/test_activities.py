import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

import activities.crm
from activities.billing import MOST_LINES, BillingActivities
from activities.crm import CrmActivities
from activities.mail import MailActivities
from activities.mail_in import MailInActivities
from activities.recordings import RecordingActivities
from activities.telephony import TelephonyActivities
from activities.terms import Terms, TermsActivities
from cancellation.adapters.mailing import MailNotTaken
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.values import PortStatus, Team
from cancellation.messages.billing import BillingClosure, BillingEndPlan, BillingReading
from cancellation.messages.letter_contents import Attention, Lapsed, LetterContent
from cancellation.messages.letters import Letter, LetterBatch
from cancellation.messages.mail_in import IncomingMail, MailFate, MailOutcome
from cancellation.messages.recordings import ExportOrder, LinkRevocation, PurgeOrder
from cancellation.messages.telephony import InventoryQuery, PortRecord
from tests.activity.conftest import Rig, shutdown
from tests.contract import cases
from tests.durable.customers import EXTENSIONS, LICENCES, TRUNKS, own_numbers

NOW = datetime.now(UTC)


def crm(rig: Rig) -> CrmActivities:
    return CrmActivities(rig.crm, rig.telephony)


def billing(rig: Rig) -> BillingActivities:
    return BillingActivities(rig.billing, rig.guard)


def telephony(rig: Rig) -> TelephonyActivities:
    return TelephonyActivities(rig.telephony, rig.guard)


def recordings(rig: Rig) -> RecordingActivities:
    return RecordingActivities(rig.recordings, rig.guard)


def mail(rig: Rig) -> MailActivities:
    return MailActivities(rig.mailer)


# ---------------------------------------------------------------- CRM


async def test_opening_records_the_case_and_commercials_task_and_answers_the_customer_P2(rig: Rig) -> None:
    opening = cases.opening(rig.customer_id, "case-1")
    for _ in range(2):
        opened = await rig.run(crm(rig).open_case, opening)
    assert opened.customer.name == rig.seed.customer.name
    assert len(await rig.crm.adapter.tasks(case_id="case-1")) == 1


async def test_the_opening_answers_with_what_the_customer_occupies_P9(rig: Rig) -> None:
    opened = await rig.run(crm(rig).open_case, cases.opening(rig.customer_id, "case-1"))
    assert opened.inventory == (await rig.telephony.adapter.inventory(rig.customer_id)).told()


@pytest.mark.parametrize("trouble", ["is_down", "refuses", "says_nothing"])
async def test_a_telephony_in_trouble_holds_up_no_opening_X17_P2(
    rig: Rig, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activities.crm, "_AT_ONCE", 0.05)
    match trouble:
        case "is_down":
            rig.telephony.goes_down()
        case "refuses":
            rig.telephony.refuses()
        case _:
            rig.telephony.pauses("inventory")
    opened = await rig.run(crm(rig).open_case, cases.opening(rig.customer_id, "case-1"))
    assert (opened.customer.name, opened.inventory) == (rig.seed.customer.name, None)


async def test_an_unknown_customer_is_an_answer_and_no_error(rig: Rig) -> None:
    opened = await rig.run(crm(rig).open_case, cases.opening("nobody", "case-1"))
    assert opened.customer is None


async def test_a_second_open_case_is_refused_for_good_X1(rig: Rig) -> None:
    await rig.run(crm(rig).open_case, cases.opening(rig.customer_id, "case-1"))
    with pytest.raises(ApplicationError) as caught:
        await rig.run(crm(rig).open_case, cases.opening(rig.customer_id, "case-2"))
    assert (caught.value.type, caught.value.non_retryable) == ("PermanentRefusal", True)


async def test_a_record_counts_once_and_says_how_far_the_trail_is_held_P20(rig: Rig) -> None:
    await rig.run(crm(rig).open_case, cases.opening(rig.customer_id, "case-1", trail=cases.trail(1, 2)))
    record = cases.record(case_id="case-1", customer_id=rig.customer_id, trail=cases.trail(2, 4))
    for _ in range(2):
        receipt = await rig.run(crm(rig).record_case, record)
        assert receipt.recorded_seq == 4
    assert [entry.seq for entry in await rig.crm.adapter.trail("case-1")] == [1, 2, 3, 4]


async def test_a_system_that_is_down_is_tried_again(rig: Rig) -> None:
    rig.crm.goes_down()
    with pytest.raises(ConnectionError):
        await rig.run(crm(rig).open_case, cases.opening(rig.customer_id, "case-1"))


# ---------------------------------------------------------------- billing


def closure_of(warrant: Any) -> BillingClosure:
    return BillingClosure(warrant=warrant, last_day=(warrant.notice_ends_at - timedelta(hours=12)).date())


async def test_closing_billing_reads_it_back_before_it_answers_P16(rig: Rig) -> None:
    closure = closure_of(await rig.formalized())
    first = await rig.run(billing(rig).close_billing, closure)
    again = await rig.run(billing(rig).close_billing, closure)
    assert first == again
    assert rig.billing.count("read_back") == 2
    assert (await rig.billing.adapter.read_back(closure)).is_clean


@pytest.mark.parametrize(
    "dirty",
    [
        {"recurring_active": ("s1",)},
        {"charges_after_end": ("c1",)},
        {"days_invoiced": 9},
        {"days_invoiced": 11},
    ],
)
async def test_a_reading_that_is_not_clean_is_tried_again_and_never_confirmed_P16(
    rig: Rig, dirty: dict[str, Any]
) -> None:
    clean = {"recurring_active": (), "charges_after_end": (), "days_due": 10, "days_invoiced": 10}

    async def read_back(closure: BillingClosure) -> BillingReading:
        return BillingReading.model_validate(clean | dirty)

    closure = closure_of(await rig.formalized())
    rig.billing.adapter.read_back = read_back
    with pytest.raises(ApplicationError) as caught:
        await rig.run(billing(rig).close_billing, closure)
    assert (caught.value.type, caught.value.non_retryable) == ("UndueBilling", False)


async def test_of_an_invoice_without_end_a_case_is_told_the_total_and_the_first_lines_P16(rig: Rig) -> None:
    (one,) = rig.seed.subscriptions
    many = tuple(
        one.model_copy(
            update={
                "subscription_id": f"s{n}",
                "description": "x" * 5_000,
                "started_on": NOW.date() - timedelta(days=200),
                "billed_through": None,
            }
        )
        for n in range(300)
    )
    await rig.billing.adapter.provision(rig.seed.model_copy(update={"subscriptions": many, "charges": ()}))
    closure = closure_of(await rig.formalized())
    closed = await rig.run(billing(rig).close_billing, closure)
    whole = await rig.billing.adapter.close(closure)
    assert closed.invoice.total == whole.invoice.total
    assert closed.invoice.lines == whole.invoice.lines[:MOST_LINES]
    assert len(whole.invoice.lines) > 1_000
    assert len(closed.model_dump_json()) < 100_000


async def test_the_end_is_planned_and_lifted_P16_X3(rig: Rig) -> None:
    plan = BillingEndPlan(case_id="case-1", customer_id=rig.customer_id, last_day=NOW.date(), at=NOW)
    await rig.run(billing(rig).plan_billing_end, plan)
    later = NOW + timedelta(days=150)
    assert await rig.billing.adapter.charge_month(later.year, later.month) == 0
    await rig.run(billing(rig).lift_billing_end, "case-1")
    assert await rig.billing.adapter.charge_month(later.year, later.month) == 1


# ---------------------------------------------------------------- telephony


async def test_deactivation_and_release_end_with_an_empty_inventory_P15_P17(rig: Rig) -> None:
    warrant = await rig.formalized()
    await rig.run(telephony(rig).deactivate_services, shutdown(warrant))
    query = InventoryQuery(customer_id=rig.customer_id)
    inventory = await rig.run(telephony(rig).read_inventory, query)
    assert not any(one.active for one in (*inventory.resources, *inventory.numbers))
    for _ in range(2):
        report = await rig.run(telephony(rig).release_resources, shutdown(warrant))
        assert report.released.model_dump() == {
            "extensions": EXTENSIONS,
            "trunks": TRUNKS,
            "licences": LICENCES,
            "numbers": len(rig.seed.numbers),
        }
    left = await rig.run(telephony(rig).read_inventory, query)
    assert not left.resources
    assert not left.numbers


async def test_a_held_number_and_what_it_needs_stay_X6(rig: Rig) -> None:
    number = own_numbers(rig.seed)[0]
    warrant = await rig.formalized()
    await rig.run(telephony(rig).deactivate_services, shutdown(warrant, number))
    report = await rig.run(telephony(rig).release_resources, shutdown(warrant, number))
    assert [n.number for n in report.remaining.numbers] == [number]
    assert [r.kind.value for r in report.remaining.resources] == ["trunk"]
    assert all(one.active for one in (*report.remaining.numbers, *report.remaining.resources))


@pytest.mark.parametrize("left", ["numbers", "extensions", "licences"])
async def test_a_release_that_leaves_something_is_tried_again_and_never_confirmed_P17(
    rig: Rig, left: str
) -> None:
    warrant = await rig.formalized()
    before = await rig.telephony.adapter.inventory(rig.customer_id)
    release = rig.telephony.adapter.release

    async def forgetful(order: Any) -> Any:
        report = await release(order)
        forgotten = report.remaining.model_copy(update={left: getattr(before, left)[-1:]})
        return report.model_copy(update={"remaining": forgotten})

    rig.telephony.adapter.release = forgetful
    with pytest.raises(ApplicationError) as caught:
        await rig.run(telephony(rig).release_resources, shutdown(warrant))
    assert (caught.value.type, caught.value.non_retryable) == ("NotReleased", False)


async def test_the_port_of_a_strange_number_is_refused_for_good_P9(rig: Rig) -> None:
    port = PortRecord(
        case_id="case-1",
        customer_id=rig.customer_id,
        number="+551133334444",
        status=PortStatus.REQUESTED,
        at=NOW,
    )
    with pytest.raises(ApplicationError) as caught:
        await rig.run(telephony(rig).record_port, port)
    assert caught.value.non_retryable
    own = port.model_copy(update={"number": own_numbers(rig.seed)[0]})
    await rig.run(telephony(rig).record_port, own)


# ---------------------------------------------------------------- recordings


def export_order(rig: Rig, **changes: Any) -> ExportOrder:
    fields: dict[str, Any] = {
        "case_id": "case-1",
        "customer_id": rig.customer_id,
        "ordinal": 1,
        "link_expires_at": NOW + timedelta(days=30),
        "at": NOW,
    }
    return ExportOrder(**fields | changes)


async def test_an_export_makes_an_archive_and_tells_how_far_it_is_P10(rig: Rig) -> None:
    beats: list[Any] = []
    rig.environment.on_heartbeat = lambda *details: beats.append(details)
    archive = await rig.run(recordings(rig).export_recordings, export_order(rig))
    assert archive.files == 2
    assert beats


async def test_nothing_in_the_period_is_an_answer_P10(rig: Rig) -> None:
    order = export_order(rig, from_date=date(2001, 1, 1), to_date=date(2001, 1, 2))
    assert await rig.run(recordings(rig).export_recordings, order) is None


async def test_an_export_after_a_kill_resumes_from_its_heartbeat_P10(rig: Rig) -> None:
    seen: list[Any] = []

    async def export(order: ExportOrder, heartbeat: Any, resume_from: str | None) -> None:
        seen.append(resume_from)

    rig.recordings.adapter.export = export
    await rig.run(recordings(rig).export_recordings, export_order(rig))
    resumed = ActivityEnvironment()
    resumed.info = replace(resumed.info, heartbeat_details=["piece 7"])
    await resumed.run(recordings(rig).export_recordings, export_order(rig))
    assert seen == [None, "piece 7"]


async def test_links_die_and_an_export_that_comes_late_makes_none_P10_X3(rig: Rig) -> None:
    archive = await rig.run(recordings(rig).export_recordings, export_order(rig))
    await rig.run(recordings(rig).revoke_links, LinkRevocation(case_id="case-1", at=NOW))
    link = await rig.recordings.adapter.ledger.link(archive.link_id)
    assert link.revoked_at is not None
    with pytest.raises(ApplicationError) as caught:
        await rig.run(recordings(rig).export_recordings, export_order(rig, ordinal=2))
    assert caught.value.non_retryable


async def test_a_purge_removes_recordings_and_archives_and_says_what_P10(rig: Rig) -> None:
    warrant = await rig.formalized()
    await rig.run(recordings(rig).export_recordings, export_order(rig))
    for _ in range(2):
        ended = await rig.run(recordings(rig).purge_recordings, PurgeOrder(warrant=warrant))
        assert (ended.purged.recordings, ended.purged.archives) == (2, 1)
    assert await rig.recordings.adapter.store.list().collect_async() == []


# ---------------------------------------------------------------- mail

ATTENTION = Attention(step="read_inventory", since=NOW)


def letter(rig: Rig, content: LetterContent, team: Team | None = Team.COMMERCIAL) -> Letter:
    return Letter(
        key=f"case-1:{content.kind.value}:{team}",
        case_id="case-1",
        customer_id=rig.customer_id,
        customer_name="Acme",
        protocol="CAN-20261122-7F3KQ2",
        at=NOW,
        mailboxes=CancellationPolicy().mailboxes,
        team=team,
        to=() if team else (rig.seed.customer.contacts[0].email,),
        content=content,
    )


async def test_letters_of_a_batch_go_out_once_whatever_the_attempts_P2(rig: Rig) -> None:
    batch = LetterBatch(letters=(letter(rig, ATTENTION), letter(rig, ATTENTION, Team.SUPPORT)))
    for _ in range(3):
        report = await rig.run(mail(rig).send_letters, batch)
    assert [d.key for d in report.deliveries] == [one.key for one in batch.letters]
    assert len(rig.mailer.adapter.sent) == 2


async def test_a_letter_that_cannot_go_now_holds_up_no_other(rig: Rig) -> None:
    first, second = letter(rig, ATTENTION), letter(rig, ATTENTION, Team.SUPPORT)
    commercial = "comercial@nuvemjti.com.br"
    rig.mailer.adapter.delay(commercial)
    report = await rig.run(mail(rig).send_letters, LetterBatch(letters=(first, second)))
    assert [one.put_off for one in report.deliveries] == [True, False]
    with pytest.raises(MailNotTaken):  # alone it is tried again by the engine
        await rig.run(mail(rig).send_letters, LetterBatch(letters=(first,)))
    assert len(rig.mailer.adapter.sent) == 1
    assert commercial not in rig.mailer.adapter.sent[0].recipients
    rig.mailer.adapter.recover()
    await rig.run(mail(rig).send_letters, LetterBatch(letters=(first,)))
    assert len(rig.mailer.adapter.sent) == 2


async def test_a_letter_refused_for_good_is_an_answer(rig: Rig) -> None:
    to = rig.seed.customer.contacts[0].email
    rig.mailer.adapter.refuse(to)
    batch = LetterBatch(letters=(letter(rig, Lapsed(formalization_until=NOW.date()), None),))
    report = await rig.run(mail(rig).send_letters, batch)
    assert report.deliveries[0].refused
    assert to not in report.deliveries[0].refused


# ---------------------------------------------------------------- terms


async def test_the_cases_own_policy_comes_before_the_workers() -> None:
    activities = TermsActivities(CancellationPolicy(notice_days=45), lambda day: (date(day.year, 12, 25),))
    environment = ActivityEnvironment()
    run = environment.run
    opened_at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    configured = await run(activities.freeze_policy, Terms(policy=None, opened_at=opened_at))
    assert (configured.notice_days, configured.holidays) == (45, (date(2026, 12, 25),))
    own = await run(
        activities.freeze_policy, Terms(policy=CancellationPolicy(notice_days=60), opened_at=opened_at)
    )
    assert (own.notice_days, own.holidays) == (60, (date(2026, 12, 25),))
    free = CancellationPolicy(holidays=())
    kept = await run(activities.freeze_policy, Terms(policy=free, opened_at=opened_at))
    assert kept.holidays == ()


async def test_whoever_handles_an_email_shows_that_it_lives_for_as_long_as_that_takes_X7(rig: Rig) -> None:
    lives = asyncio.Event()
    handled = MailOutcome(fate=MailFate.RECORDED, action="ignore")

    class Slow:
        async def handle(self, _: IncomingMail, *, patient: bool) -> MailOutcome:
            await lives.wait()
            return handled

    rig.environment.on_heartbeat = lambda *_: lives.set()
    room: Any = Slow()
    async with asyncio.timeout(5):
        done = await rig.environment.run(MailInActivities(room, room).handle_mail, cast(Any, None))
    assert done == handled
