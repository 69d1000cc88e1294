"""Figures of cases: what counts as a save, and how sure a rate is (X26)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cancellation.application.figures import (
    STANDS,
    Dimension,
    Side,
    Standing,
    answered_cases,
    cases_of,
    cases_of_month,
    cases_of_stage,
    figures_of,
    standing,
    wilson,
)
from cancellation.domain.stage import Stage
from cancellation.language import figures as told
from cancellation.messages.desk import CaseFigure, MailFigures
from starters.figures import as_csv

OPENED = datetime(2026, 9, 1, 12, tzinfo=UTC)
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
NO_MAIL = MailFigures(0, 0)


def case(**changes: Any) -> CaseFigure:
    fields: dict[str, Any] = {
        "case_id": "case-a",
        "protocol": "CAN-20260901-AAAAAA",
        "company": "Acme",
        "channel": "phone",
        "opened_at": OPENED,
        "ended_at": None,
        "outcome": None,
        "reason": None,
        "decision": None,
        "decided_by": None,
        "decided_at": None,
        "offers": (),
        "accepted": (),
        "declined_at": None,
        "notice_at": None,
        "closing_at": None,
        "monthly": Decimal("100.00"),
        "back_at": None,
    }
    return CaseFigure(**fields | changes)


def ended(outcome: str, at: datetime = OPENED + timedelta(days=1), **changes: Any) -> CaseFigure:
    return case(outcome=outcome, ended_at=at, **changes)


@pytest.mark.parametrize("outcome", ["retained", "withdrawn"])
def test_a_save_counts_once_it_has_stood_for_thirty_days_X26(outcome: str) -> None:
    saved = ended(outcome)
    assert saved.ended_at is not None
    assert standing(saved, saved.ended_at + STANDS - timedelta(seconds=1)) is Standing.FRESH
    assert standing(saved, saved.ended_at + STANDS) is Standing.STOOD


def test_a_customer_who_asks_again_within_thirty_days_was_not_saved_X26() -> None:
    again = ended("retained", back_at=OPENED + timedelta(days=20))
    later = ended("retained", back_at=OPENED + timedelta(days=40))
    assert (standing(again, NOW), standing(later, NOW)) == (Standing.BACK, Standing.STOOD)


def test_open_fresh_and_discarded_cases_are_in_no_rate_X26() -> None:
    cases = [case(), ended("retained", NOW - timedelta(days=1)), ended("discarded"), ended("closed")]
    (rate,) = figures_of(cases, NO_MAIL, OPENED, NOW, NOW).saves[Dimension.ALL]
    assert (rate.count, rate.of) == (0, 1)


def test_a_figure_opens_to_the_very_cases_that_it_counts_X26() -> None:
    cases = [
        ended("retained", reason="price", offers=("training", "plan_adjustment")),
        ended("closed", reason="price", offers=("training",)),
        ended("closed", reason="support"),
        case(reason="price"),
    ]
    figures = figures_of(cases, NO_MAIL, OPENED, NOW, NOW)
    for dimension, rates in figures.saves.items():
        for rate in rates:
            assert len(cases_of(cases, dimension, rate.code, NOW)) == rate.of
            assert len(cases_of(cases, dimension, rate.code, NOW, saved_only=True)) == rate.count


def test_times_answers_and_money_open_to_their_cases_too_X26() -> None:
    cases = [
        ended("closed", decided_at=OPENED + timedelta(hours=3), decision="declined"),
        ended("lapsed", declined_at=OPENED + timedelta(days=9), decision="declined"),
        ended("discarded", OPENED + timedelta(days=9)),
        ended("retained", decided_at=OPENED + timedelta(days=1), decision="retained", monthly=Decimal("70")),
        case(opened_at=OPENED + timedelta(days=40)),
    ]
    figures = figures_of(cases, NO_MAIL, OPENED, NOW, NOW)
    answered = [len(answered_cases(cases, NOW, in_time=in_time)) for in_time in (True, False)]
    assert answered == [figures.answered.count, figures.answered.of - figures.answered.count]
    for stage in Stage:
        told_of = {one.stage: one.cases for one in figures.stages}
        assert len(cases_of_stage(cases, stage)) == told_of.get(stage, 0)
    for month in figures.months:
        for side in Side:
            behind = cases_of_month(cases, month.first_day, side, NOW)
            assert sum((one.monthly for one in behind), Decimal(0)) == getattr(month, side.value)


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_interval_holds_the_rate_and_narrows_with_more_cases_X26(count: int, more: int) -> None:
    of = count + more
    low, high = wilson(count, of)
    assert 0 <= low <= count / of <= high <= 1
    wide_low, wide_high = low, high
    low, high = wilson(count * 4, of * 4)
    assert high - low < wide_high - wide_low


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0)],
)
def test_wilsons_interval_by_the_book_X26(count: int, of: int, low: float, high: float) -> None:
    assert wilson(count, of) == pytest.approx((low, high), abs=5e-5)


def test_money_is_kept_lost_or_not_known_yet_by_the_month_of_the_request_X26() -> None:
    cases = [
        ended("retained"),
        ended("lapsed"),
        ended("closed", monthly=Decimal("250.50")),
        case(),
        ended("discarded"),
        ended("retained", back_at=OPENED + timedelta(days=5)),
        ended("closed", opened_at=datetime(2026, 10, 1, 2, 59, tzinfo=UTC)),
    ]
    months = figures_of(cases, NO_MAIL, OPENED, NOW, NOW).months
    assert [(told.month(m.first_day), m.kept, m.lost, m.undecided) for m in months] == [
        ("09/2026", Decimal("200.00"), Decimal("350.50"), Decimal("100.00"))
    ]


def test_time_in_a_stage_counts_cases_that_have_left_it_X26() -> None:
    declined = OPENED + timedelta(hours=4)
    notice = declined + timedelta(days=2)
    cases = [
        ended("closed", notice + timedelta(days=31), declined_at=declined, notice_at=notice),
        ended("retained", OPENED + timedelta(hours=8)),
        case(declined_at=OPENED + timedelta(hours=6)),
    ]
    stages = {one.stage.value: one for one in figures_of(cases, NO_MAIL, OPENED, NOW, NOW).stages}
    assert (stages["retention"].cases, stages["retention"].median_hours) == (3, 6.0)
    assert (stages["awaiting_formalization"].cases, stages["awaiting_formalization"].median_hours) == (
        1,
        48.0,
    )
    assert stages["notice"].median_hours == 31 * 24
    assert "closing" not in stages


def test_an_answer_counts_within_seven_days_of_those_that_could_have_one_X26() -> None:
    answered = case(decided_at=OPENED + timedelta(days=7), decision="declined")
    late = case(decided_at=OPENED + timedelta(days=7, seconds=1), decision="declined")
    young = case(opened_at=NOW - timedelta(days=2))
    rate = figures_of([answered, late, young, ended("discarded")], NO_MAIL, OPENED, NOW, NOW).answered
    assert (rate.count, rate.of) == (1, 2)


def test_a_customer_who_changes_their_mind_was_answered_all_the_same_X26() -> None:
    declined = OPENED + timedelta(days=2)
    changed = ended("retained", declined_at=declined, decided_at=OPENED + timedelta(days=20))
    rate = figures_of([changed], NO_MAIL, OPENED, NOW, NOW).answered
    assert (rate.count, rate.of) == (1, 1)


def test_a_case_whose_formalization_was_there_already_was_in_retention_until_the_outcome_X26() -> None:
    notice = OPENED + timedelta(hours=5)
    early = ended("closed", notice + timedelta(days=30), notice_at=notice)
    stages = {one.stage: one.median_hours for one in figures_of([early], NO_MAIL, OPENED, NOW, NOW).stages}
    assert stages == {Stage.RETENTION: 5.0, Stage.NOTICE: 30 * 24}


def test_figures_of_no_case_can_be_told_X26() -> None:
    figures = figures_of([], MailFigures(3, 1), OPENED, NOW, NOW)
    assert figures.saves[Dimension.ALL] == ()
    assert (figures.stages, figures.months, figures.answered.share) == ((), (), None)
    assert "e-mails recebidos,,,3" in as_csv(figures)


@pytest.mark.parametrize("name", ["=1+1", "+55", "-x", "@sum", "\tx"])
def test_a_persons_name_is_no_formula_in_a_spreadsheet_X26(name: str) -> None:
    table = as_csv(figures_of([ended("closed", decided_by=name)], NO_MAIL, OPENED, NOW, NOW))
    assert f",'{name}," in table or f',"\'{name}",' in table
    assert f",{name}," not in table
