"""What operators read in the Web UI: Portuguese without codes."""

import re
from datetime import timedelta

import pytest

from cancellation.application.details import current_details
from cancellation.application.intake import Incoming, take
from cancellation.domain.case import Case
from cancellation.domain.refusal import Refused
from cancellation.domain.stage import Stage
from cancellation.language import vocabulary
from tests.unit.domain.build import INVENTORY, OPENED, RITA, at_stage, known, mail, opened, port
from tests.unit.domain.codes import codes_in

NOW = OPENED + timedelta(hours=4)


def with_everything(stage: Stage) -> Case:
    """A case of which the details have much to show."""
    case = at_stage(stage)
    for queue in case.pending.lanes().values():
        case.note_failing(queue[0].key, OPENED, NOW)
    if stage is Stage.NOTICE:
        case.record_port(port(), NOW)
    if not stage.is_terminal:
        case.receive_formalization(mail("<2@a.b>", sender="x@y.z", recipients=()), "inbox", NOW)
    with pytest.raises(Refused):
        take(case, Incoming(name="retention_offer", data=b"{}"), NOW, "auto-1")
    return case


@pytest.mark.parametrize("stage", Stage)
def test_details_in_the_web_ui_are_read_without_codes(stage: Stage) -> None:
    details = current_details(with_everything(stage), NOW)
    assert vocabulary.stage(stage) in details
    assert "oferta de retenção" in details
    assert "Precisa de atenção" in details
    assert vocabulary.step("send_letters") in details
    assert not codes_in(re.sub(r"“[a-z_.]+”:", "", details)), details


def test_a_formalization_that_came_early_is_shown_with_what_will_count_from_it_X18() -> None:
    case = known()
    case.receive_formalization(mail(received_at=OPENED + timedelta(hours=1)), "inbox", NOW)
    (line,) = [line for line in current_details(case, NOW).splitlines() if "antecipada" in line]
    assert "completa desde 16/11/2026 11h15" in line
    assert "até 16/12/2026, inclusive" in line
    assert "se a decisão for mantida" in line


def test_what_is_owed_is_shown_since_when_and_what_fails_apart_X17() -> None:
    case = opened()
    assert f"- {vocabulary.step('open_case')}, desde 16/11/2026 10h15" in current_details(case, NOW)
    case.note_failing(next(iter(case.pending.owed)).key, OPENED, NOW)
    under_way = current_details(case, NOW).partition("### Em andamento")[2].partition("###")[0]
    assert vocabulary.step("send_letters") in under_way
    assert vocabulary.step("open_case") not in under_way


def test_the_status_of_a_customer_who_did_not_leave_is_the_one_of_before_X20() -> None:
    case = opened()
    case.learn_customer("Acme", [RITA], NOW, status="Suspenso", status_before="Suspenso", inventory=INVENTORY)
    case.discard("engano", "ana", NOW)
    assert "- **Status no CRM:** Suspenso" in current_details(case, NOW)
