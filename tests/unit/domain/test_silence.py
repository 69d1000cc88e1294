"""While a case waits for Commercial it never falls silent (X19)."""

from datetime import datetime, timedelta

import pytest

from cancellation.application import payloads
from cancellation.application.views import status_of
from cancellation.domain.case import Case
from cancellation.domain.commands import CloseTask, OpenTask, TaskKind
from cancellation.domain.due import due_instants, is_pointless, next_wake, overdue_reminders
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.values import Outcome, Team
from tests.unit.domain.build import (
    OPENED,
    REASON,
    declined,
    kinds,
    known,
    letter_keys,
    letters,
    local,
    mail,
    owed,
    tasks,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = 7 * DAY
AFTER_THE_LIST = 168
"""Hours from the opening to the last reminder of the policy's list."""


def look(case: Case, now: datetime) -> None:
    """What the case does by itself when it wakes."""
    case.meet_deadlines(now)
    overdue = overdue_reminders(case, now)
    case.remind(overdue.due, overdue.pointless, now)


def wakes(case: Case, count: int) -> list[datetime]:
    """Let the case sleep to its next instant, so many times."""
    now, found = case.opened_at, []
    for _ in range(count):
        coming = next_wake(case, now)
        assert coming is not None
        now = coming.at
        found.append(now)
        look(case, now)
    return found


def silent() -> Case:
    """A case in which Commercial has not acted after the last reminder of the policy."""
    case = known()
    wakes(case, 4)
    return case


def test_the_last_reminder_of_the_policy_raises_attention_and_none_before_X19() -> None:
    case = known()
    for count in range(1, 5):
        wakes_before = len(letters(case, LetterKind.REMIND_COMMERCIAL))
        wakes(case, 1)
        assert len(letters(case, LetterKind.REMIND_COMMERCIAL)) == wakes_before + 1
        assert case.attention == (["waiting"] if count == 4 else [])
    assert kinds(case).count("silence_noticed") == 1
    assert tasks(case, TaskKind.SILENCE) == [OpenTask(task=TaskKind.SILENCE)]
    assert "waiting" in status_of(case, OPENED + WEEK).attention


def test_reminders_go_on_every_week_without_end_X19() -> None:
    case = known()
    found = wakes(case, 4 + 60)
    assert found[3:] == [local(2026, 11, 23, 10, 15) + number * WEEK for number in range(61)]
    assert len(letters(case, LetterKind.REMIND_COMMERCIAL)) == 64
    assert {letter.team for letter in letters(case, LetterKind.REMIND_COMMERCIAL)} == {Team.COMMERCIAL}
    assert case.attention == ["waiting"]
    assert kinds(case).count("silence_noticed") == 1
    assert len(tasks(case, TaskKind.SILENCE)) == 1


@pytest.mark.parametrize("interval", [1, 24, 200])
def test_the_interval_is_the_policys_X19(interval: int) -> None:
    policy = CancellationPolicy(commercial_reminder_hours=(4, 24), awake_interval_hours=interval)
    case = known(policy=policy)
    case.reminded += ["remind_commercial:4", "remind_commercial:24"]
    names = [due.what for due in due_instants(case, OPENED)]
    assert names == [f"remind_commercial:{24 + interval}"]


def test_a_policy_without_reminders_reminds_at_its_interval_all_the_same_X19() -> None:
    case = known(policy=CancellationPolicy(commercial_reminder_hours=()))
    assert wakes(case, 3) == [OPENED + number * WEEK for number in (1, 2, 3)]
    assert case.attention == ["waiting"]


def test_a_case_that_slept_through_its_reminders_sends_the_last_and_raises_attention_X19() -> None:
    case = known()
    look(case, OPENED + 9 * DAY)
    assert [letter.ordinal for letter in letters(case, LetterKind.REMIND_COMMERCIAL)] == [
        "remind_commercial:168"
    ]
    assert case.attention == ["waiting"]


def test_no_reminder_that_is_owed_is_taken_for_pointless_X19() -> None:
    case = known()
    now = OPENED
    for count in range(1, 10):
        (now, *_) = wakes_from(case, now)
        key = letter_keys(case, LetterKind.REMIND_COMMERCIAL)[-1]
        letter = case.pending.find(key)
        assert letter is not None
        queue = case.pending.lanes()["mail:commercial"]
        assert not payloads.is_superfluous(case, letter, queue, now), count
        case.note_letter(key, f"<{count}@x>", None, None, now)


def wakes_from(case: Case, now: datetime) -> list[datetime]:
    coming = next_wake(case, now)
    assert coming is not None
    look(case, coming.at)
    return [coming.at]


def test_attention_ends_when_commercial_records_an_outcome_X19() -> None:
    for outcome in Outcome:
        case = silent()
        case.record_outcome(outcome, REASON, None, "ana", OPENED + 8 * DAY)
        assert case.attention == []
        assert not [due for due in due_instants(case, OPENED + 8 * DAY) if "commercial" in due.what]


def test_attention_ends_when_the_case_is_discarded_stopped_or_followed_to_its_end_X19() -> None:
    now = OPENED + 8 * DAY
    discarded, stopped, followed = silent(), silent(), silent()
    discarded.discard("engano", "ana", now)
    stopped.stop("operador", now)
    followed.follow_crm("discarded", now)
    assert [case.attention for case in (discarded, stopped, followed)] == [[], [], []]


def test_the_task_about_the_silence_is_closed_by_the_outcome_X19() -> None:
    case = silent()
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", OPENED + 8 * DAY)
    case.send_script(OPENED + 8 * DAY)
    assert owed(case, CloseTask)[-1] == CloseTask(key="silence")


def test_the_task_about_the_silence_is_closed_where_the_notice_begins_at_once_X18_X19() -> None:
    case = silent()
    now = OPENED + 8 * DAY
    case.receive_formalization(mail(), "inbox", now)
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", now)
    case.announce_notice(now)
    assert CloseTask(key="silence") in owed(case, CloseTask)


def test_no_task_about_a_silence_that_never_was_is_closed_X19() -> None:
    case = declined()
    case.send_script(OPENED + 2 * HOUR)
    assert CloseTask(key="silence") not in owed(case, CloseTask)


def test_a_reminder_that_was_given_is_planned_no_more_than_once_X4_X19() -> None:
    case = silent()
    assert not is_pointless(case, f"remind_commercial:{AFTER_THE_LIST}", OPENED + WEEK)
    assert is_pointless(case, "remind_portability", OPENED + WEEK)
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", OPENED + 8 * DAY)
    assert is_pointless(case, f"remind_commercial:{AFTER_THE_LIST}", OPENED + 8 * DAY)


@pytest.mark.parametrize(
    ("term", "listed", "expected"),
    [
        (30, (7, 20, 27), []),
        (90, (7, 20, 27), [34, 41, 48, 55, 62, 69, 76, 83]),
        (35, (7, 20, 27), []),
        (41, (7, 20, 27), [34]),
        (30, (), [7, 14, 21]),
    ],
)
def test_a_long_term_for_the_formalization_has_reminders_to_its_end_X19(
    term: int, listed: tuple[int, ...], expected: list[int]
) -> None:
    policy = CancellationPolicy(formalization_term_days=term, formalization_reminder_days=listed)
    case = declined(policy=policy)
    names = [due.what for due in due_instants(case, OPENED) if due.what.startswith("remind_")]
    assert names == [f"remind_formalization:{days}" for days in [*listed, *expected]]
