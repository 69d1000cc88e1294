"""What a colleague is told to do about a case now, and how it ended (X24)."""

from datetime import timedelta

import pytest

from cancellation.application.views import status_of
from cancellation.domain.case import Case
from cancellation.domain.stage import Stage
from cancellation.language import vocabulary
from cancellation.messages.crm import CaseSummary
from cancellation.messages.desk import Dossier
from starters.desk import advice
from tests.unit.domain.build import OPENED, at_stage, declined, mail, request

NOW = OPENED + timedelta(hours=4)


def waiting_for_a_look() -> Case:
    """A case whose notice is over and whose closing waits for somebody to look at the e-mail that it rests on."""
    case = declined()
    case.receive_formalization(mail(unseen=True, request_words=("Cancelem.",)), "inbox", NOW)
    case.announce_notice(NOW)
    assert case.notice is not None
    case.end_notice(case.notice.ends_at)
    assert case.stage is Stage.CLOSING
    return case


def dossier(case: Case) -> Dossier:
    summary = CaseSummary(
        case_id=case.case_id, customer_id="1042", workflow_id="cancellation-1042", protocol=case.protocol,
        stage=case.stage.value, opened_at=OPENED, outcome=None, ended_at=case.ended_at,
    )  # fmt: skip
    return Dossier(
        summary=summary, since=OPENED, request=request(), reason=case.reason, decided_by=None, decided_at=None,
        offers=(), assigned_to=None, letters=(), acts=(),
    )  # fmt: skip


def test_while_closing_waits_for_people_the_customer_may_still_stay_X3_X15() -> None:
    waits = status_of(waiting_for_a_look(), OPENED + timedelta(days=31))
    assert advice.may_be_withdrawn(waits)
    told = " ".join(advice.to_do(waits, OPENED + timedelta(days=31)))
    assert "o cliente ainda pode desistir" in told
    assert "não volta atrás" not in told


@pytest.mark.parametrize("stage", [stage for stage in Stage if not stage.is_terminal])
def test_work_that_fails_is_told_in_words_from_its_first_failure_on_X7(stage: Stage) -> None:
    case = at_stage(stage)
    owed = next(iter(case.pending.lanes().values()))[0]
    case.note_failing(owed.key, OPENED, NOW)
    told = " ".join(advice.to_do(status_of(case, NOW), NOW))
    assert vocabulary.step(owed.step).lower() in told


def test_an_end_says_why_and_what_it_brought_X24() -> None:
    discarded = at_stage(Stage.DISCARDED)
    assert advice.what_the_end_brought(dossier(discarded), status_of(discarded, NOW)) == ["Por quê: engano"]
    retained = at_stage(Stage.RETAINED)
    # The reason stands on the page already.
    assert advice.what_the_end_brought(dossier(retained), status_of(retained, NOW)) == []


@pytest.mark.parametrize("stage", [Stage.RETENTION, Stage.AWAITING_FORMALIZATION])
def test_a_discard_says_that_the_customer_hears_of_it_X18(stage: Stage) -> None:
    told = " ".join(advice.brings_discard(status_of(at_stage(stage), NOW)))
    assert "o cliente é avisado" in told.lower() or "O cliente recebe um e-mail" in told
