import json
import time
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from cancellation.domain.due import due_instants, overdue_reminders
from cancellation.domain.notice import next_business_moment
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.refusal import Refused
from cancellation.messages.envelope import read
from cancellation.messages.facts import CaseStart
from tests.unit.domain.build import OPENED, declined, known

DAY = timedelta(days=1)


def start(policy: dict[str, Any]) -> bytes:
    """A start argument that brings a policy along."""
    return json.dumps({"customer_id": "1", "request": {"channel": "phone"}, "policy": policy}).encode()


def days_off(count: int) -> list[str]:
    """So many days on end on which nobody works."""
    return [(OPENED.date() + number * DAY).isoformat() for number in range(count)]


def test_a_policy_names_at_least_one_mailbox_and_the_refusal_says_so_P7_X8() -> None:
    with pytest.raises(ValidationError):
        CancellationPolicy(mailboxes=())
    with pytest.raises(Refused) as caught:
        read(CaseStart, start({"mailboxes": []}))
    (problem,) = caught.value.problems
    assert (problem.field, problem.problem) == ("policy.mailboxes", "lista com itens de menos")


@pytest.mark.parametrize(("days", "fits"), [(-1, False), (0, True), (30, True), (365, True), (366, False)])
def test_a_notice_may_have_no_days_and_not_more_than_a_year_P8(days: int, fits: bool) -> None:
    if fits:
        assert CancellationPolicy(notice_days=days).notice.days == days
    else:
        with pytest.raises(ValidationError):
            CancellationPolicy(notice_days=days)


CHANGE = "2026-11-01T03:00:00Z"


@pytest.mark.parametrize(
    ("policy", "field", "problem"),
    [
        ({"business_hours": {"closes": "18:00Z"}}, "business_hours.closes", "sem fuso horário"),
        ({"business_hours": {"opens": "09:00-03:00"}}, "business_hours.opens", "sem fuso horário"),
        ({"business_hours": {"opens": "18:00", "closes": "09:00"}}, "business_hours", "depois de opens"),
        ({"business_hours": {"opens": "00:00", "closes": "00:00"}}, "business_hours", "depois de opens"),
        ({"business_hours": {"opens": 9}}, "business_hours.opens", "HH:MM"),
        ({"zone_rules": {"offset_minutes": 10**12}}, "zone_rules.offset_minutes", "menos que 1440"),
        ({"zone_rules": {"offset_minutes": -1440}}, "zone_rules.offset_minutes", "mais que -1440"),
        (
            {"zone_rules": {"offset_minutes": 0, "changes": [{"at": CHANGE, "minutes": 10**15}]}},
            "zone_rules.changes.0.minutes",
            "menos que 1440",
        ),
        (
            {"zone_rules": {"offset_minutes": 0, "changes": [{"at": CHANGE, "minutes": 60}] * 2}},
            "zone_rules.changes",
            "em ordem",
        ),
        ({"holidays": days_off(20_000)}, "holidays", "longa demais"),
        ({"commercial_reminder_hours": [4] * 1000}, "commercial_reminder_hours", "longa demais"),
        ({"formalization_reminder_days": [4] * 1000}, "formalization_reminder_days", "longa demais"),
        ({"mailboxes": ["a@b.c"] * 1000}, "mailboxes", "longa demais"),
    ],
)
def test_terms_that_no_case_could_reckon_with_are_refused_by_name_X8(
    policy: dict[str, Any], field: str, problem: str
) -> None:
    with pytest.raises(Refused) as caught:
        read(CaseStart, start(policy))
    (told,) = caught.value.problems
    assert told.field == f"policy.{field}"
    assert problem in told.problem


def test_the_longest_terms_that_are_taken_cost_a_case_little_X8_X19() -> None:
    terms = {
        "holidays": days_off(400),
        "commercial_reminder_hours": list(range(1, 51)),
        "formalization_reminder_days": list(range(1, 51)),
        "formalization_term_days": 365,
    }
    policy = read(CaseStart, start(terms)).policy
    assert policy is not None
    cases = known(policy=policy), declined(policy=policy)
    began = time.process_time()
    for case in cases:
        assert due_instants(case, OPENED)
        assert overdue_reminders(case, OPENED + 90 * DAY).due == []
    assert time.process_time() - began < 2  # a worker has seconds for all that comes in one workflow task
    assert next_business_moment(OPENED, policy, policy.holidays or ()).date() > OPENED.date() + 399 * DAY
