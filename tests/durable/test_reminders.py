"""Reminders: to whom, when, and above all when not (X4)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from temporalio.testing import WorkflowEnvironment

from cancellation.messages.letter_contents import (
    NoticeStarted,
    RemindFormalization,
    RemindLink,
    RemindPortability,
)
from cancellation.messages.letters import Letter
from cancellation.messages.status import CaseStatus
from tests.durable.customers import ZONE, address_of, own_numbers
from tests.durable.house import CaseDriver, House
from tests.durable.office import OPENS, office_moment

MONDAY = 0
QUIET: dict[str, Any] = {"commercial_reminder_hours": [], "formalization_reminder_days": []}
"""A policy under which only the notice reminds."""


def sent_at(letters: Sequence[Letter]) -> list[datetime]:
    """When they were written, on the clock of São Paulo, to the second."""
    return [letter.at.astimezone(ZONE).replace(microsecond=0) for letter in letters]


def close_to(moments: Sequence[datetime]) -> list[Any]:
    """The same moments; a timer rings a little late."""
    return [Around(moment) for moment in moments]


class Around:
    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __eq__(self, other: object) -> bool:
        return isinstance(other, datetime) and abs(other - self.moment) < timedelta(seconds=20)

    def __repr__(self) -> str:
        return f"about {self.moment}"

    __hash__ = None  # type: ignore[assignment]


async def in_notice_until_a_monday(house: House, holidays: Sequence[date] = ()) -> tuple[CaseDriver, date]:
    """A case whose notice has a Monday as its last day: the e-mail came some days ago. With that day."""
    case = await house.open(policy=QUIET | {"holidays": [day.isoformat() for day in holidays]})
    await case.quiet()
    received, last_day = a_receipt_for_monday(await case.now())
    status = await case.to_notice(received_at=received)
    assert status.notice is not None
    assert status.notice.last_day == last_day
    assert last_day.weekday() == MONDAY
    return case, last_day


def a_receipt_for_monday(now: datetime) -> tuple[datetime, date]:
    """An instant of the last seven days from which thirty days lead to a Monday, and that Monday."""
    today = now.astimezone(ZONE).date()
    ago = (today + timedelta(days=30)).weekday()
    return now - timedelta(days=ago), today + timedelta(days=30 - ago)


def at_opening(day: date) -> datetime:
    return datetime.combine(day, OPENS, tzinfo=ZONE)


# -------------------------------------------------------------------- Commercial


async def test_commercial_is_reminded_in_office_hours_alone_and_once_of_what_came_due_overnight_X4(
    house: House,
) -> None:
    hours = list(range(1, 97, 3))
    today = datetime.now(ZONE).date()
    holiday = office_moment(at_opening(today + timedelta(days=1))).date()
    case = await house.open(policy=QUIET | {"commercial_reminder_hours": hours, "holidays": [str(holiday)]})
    opened = (await case.quiet()).opened_at
    await case.forward(timedelta(days=9))
    expected = sorted({office_moment(opened + timedelta(hours=one), [holiday]) for one in hours})
    assert len(expected) < len(hours)
    reminders = case.letters("remind_commercial")
    assert sent_at(reminders) == close_to(expected)
    assert {letter.team.value for letter in reminders if letter.team} == {"commercial"}
    assert holiday not in {moment.date() for moment in sent_at(reminders)}


async def test_commercial_is_left_alone_once_it_has_acted_X4(house: House) -> None:
    case = await house.open(policy=QUIET | {"commercial_reminder_hours": [100, 200]})
    await case.quiet()
    await case.forward(timedelta(hours=90))
    await case.decline()
    await case.forward(timedelta(days=20))
    assert case.letters("remind_commercial") == []


# -------------------------------------------------------------------- the formalization


async def test_customer_is_reminded_of_the_missing_formalization_until_it_comes_X4(house: House) -> None:
    case = await house.open(policy={"commercial_reminder_hours": [], "holidays": []})
    await case.quiet()
    declined = await case.now()
    await case.decline()
    await case.forward(timedelta(days=23))
    reminders = case.letters("remind_formalization")
    due = [declined + timedelta(days=days) for days in (7, 20)]
    assert sent_at(reminders) == close_to([office_moment(instant) for instant in due])
    assert {letter.to for letter in reminders} == {(address_of(case.customer_id),)}
    await case.formalize()
    await case.forward(timedelta(days=10))
    assert len(case.letters("remind_formalization")) == 2


async def test_reminder_names_what_an_incomplete_formalization_lacks_X4_P7(house: House) -> None:
    case = await house.open(policy=QUIET | {"formalization_reminder_days": [3]})
    await case.quiet()
    await case.decline()
    await case.formalize(recipients=["comercial@nuvemjti.com.br"])
    await case.forward(timedelta(days=8))
    (reminder,) = case.said(RemindFormalization)
    assert reminder.missing == ("recipient:financeiro@nuvemjti.com.br",)


# -------------------------------------------------------------------- portability


async def test_portability_is_recalled_before_the_last_safe_day_over_holidays_and_a_weekend_X4(
    house: House,
) -> None:
    _, last_day = a_receipt_for_monday(datetime.now(ZONE))
    friday, thursday_before = last_day - timedelta(days=3), last_day - timedelta(days=11)
    case, _ = await in_notice_until_a_monday(house, [friday, thursday_before])
    await case.pass_notice()
    await case.result()
    (reminder,) = case.letters("remind_portability")
    # Three business days back from Monday, over the weekend and the holiday on Friday, end before Wednesday.
    (said,) = case.said(RemindPortability)
    assert said.port_until == last_day - timedelta(days=6)
    # Five days before that Tuesday is a holiday as well, so the customer hears of it on the day after.
    assert sent_at([reminder]) == close_to([at_opening(last_day - timedelta(days=10))])
    assert said.numbers == own_numbers(case.seed)
    assert reminder.to == (address_of(case.customer_id),)


async def test_portability_is_not_recalled_when_every_number_was_asked_for_X4(house: House) -> None:
    case, _ = await in_notice_until_a_monday(house)
    for number in own_numbers(case.seed):
        await case.check("portability", number=number, status="requested", actor="ana")
    await case.pass_notice()
    await case.stage("closing")
    assert case.letters("remind_portability") == []


async def test_portability_is_not_recalled_when_it_can_no_longer_finish_X4_P8(house: House) -> None:
    case = await house.open(policy=QUIET | {"port_business_days": 10})
    await case.quiet()
    await case.to_notice(received_at=await case.now() - timedelta(days=20))
    await case.pass_notice()
    await case.result()
    assert case.letters("remind_portability") == []


# -------------------------------------------------------------------- the download link


async def with_recordings(case: CaseDriver) -> CaseStatus:
    await case.check("recordings_request", actor="ana")
    await case.trailed("recordings_ready")
    return await case.quiet()


async def test_the_link_is_recalled_before_it_dies_over_a_holiday_and_a_weekend_X4(house: House) -> None:
    _, last_day = a_receipt_for_monday(datetime.now(ZONE))
    case, _ = await in_notice_until_a_monday(house, [last_day - timedelta(days=3)])
    await with_recordings(case)
    await case.pass_notice()
    await case.result()
    (reminder,) = case.letters("remind_link")
    assert sent_at([reminder]) == close_to([at_opening(last_day)])
    (said,) = case.said(RemindLink)
    assert said.archive.expires_at == case.said(NoticeStarted)[0].notice.ends_at


async def test_the_link_is_not_recalled_when_nobody_works_before_it_dies_X4(house: House) -> None:
    _, last_day = a_receipt_for_monday(datetime.now(ZONE))
    case, _ = await in_notice_until_a_monday(house, [last_day - timedelta(days=3), last_day])
    await with_recordings(case)
    await case.pass_notice()
    await case.result()
    assert case.letters("remind_link") == []


async def test_there_is_no_link_to_recall_where_no_recordings_were_asked_for_X4(house: House) -> None:
    case, _ = await in_notice_until_a_monday(house)
    await case.pass_notice()
    await case.result()
    assert case.letters("remind_link") == []


# -------------------------------------------------------------------- once, whatever happens


async def test_a_restarted_worker_reminds_nobody_twice_X4(temporal_env: WorkflowEnvironment) -> None:
    house = House(temporal_env)
    async with house.worker():
        case = await house.open(policy={"commercial_reminder_hours": [], "holidays": []})
        await case.quiet()
        await case.decline()
        await case.forward(timedelta(days=12))
        assert len(case.letters("remind_formalization")) == 1
    # The next one knows nothing and keeps nothing: every task replays the whole history.
    async with house.worker(max_cached_workflows=0):
        assert (await case.status()).stage.value == "awaiting_formalization"
        await case.forward(timedelta(days=6))
        assert len(case.letters("remind_formalization")) == 1
        await case.forward(timedelta(days=20))
        assert (await case.result()).outcome == "lapsed"
        keys = [letter.key for letter in case.letters("remind_formalization")]
        assert len(keys) == len(set(keys)) == 3
        assert (await case.kinds()).count("reminded") == 3
        await house.replays()
