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
from tests.unit.domain.build import OPENED, at_stage, mail, port
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
