"""What teams read in CRM tasks and operators in the Web UI: Portuguese without codes."""

import re
from datetime import timedelta

import pytest

from cancellation.application.details import current_details
from cancellation.application.intake import Incoming, take
from cancellation.domain.case import Case
from cancellation.domain.refusal import Refused
from cancellation.domain.stage import Stage
from cancellation.domain.values import Channel, Contact, OfferStatus
from cancellation.language import vocabulary
from cancellation.messages.crm import TaskOrder
from cancellation.messages.letters import LetterKind
from cancellation.messages.telephony import Inventory, Number, Resource, ResourceKind
from tests.unit.domain.build import OPENED, OWN_NUMBER, at_stage, in_notice, mail, offer, port, request
from tests.unit.domain.codes import codes_in
from workflows import tasks

NOW = OPENED + timedelta(hours=4)
INVENTORY = Inventory(
    customer_id="1042",
    extensions=(Resource(kind=ResourceKind.EXTENSION, resource_id="1", label="200", active=True),),
    trunks=(Resource(kind=ResourceKind.TRUNK, resource_id="2", label="Matriz", active=True),),
    licences=(Resource(kind=ResourceKind.LICENCE, resource_id="3", label="PABX", active=True),),
    numbers=(Number(number=OWN_NUMBER, customer_owned=True),),
)


def every_task() -> list[TaskOrder]:
    case = in_notice()
    case.offers = [offer(status=OfferStatus.ACCEPTED)]
    asked = [request(channel=channel, contact=Contact(phone="+5511999990000")) for channel in Channel]
    return [
        *(tasks.call_customer("1042", one, case.protocol) for one in asked),
        tasks.follow_formalization(at_stage(Stage.AWAITING_FORMALIZATION)),
        tasks.end_of_notice(case),
        tasks.final_billing(case),
        tasks.plan_shutdown(case, INVENTORY),
        tasks.decide_on_mail(mail(), ("sender", "authentication")),
        *tasks.deliver_offers(case),
        *(tasks.attend_to(step) for step in ("read_inventory", "send_letters")),
        *(tasks.call_about_undelivered(kind.label) for kind in LetterKind),
    ]


def test_tasks_are_read_without_codes_P2_P13_P14() -> None:
    for task in every_task():
        # A command and the field that somebody is told to use are quoted as they are typed.
        text = re.sub(r"`[^`]*`", "", f"{task.title}\n{task.text}")
        assert not codes_in(text), text


def test_the_shutdown_task_lists_what_will_be_released_P13() -> None:
    lines = tasks.plan_shutdown(in_notice(), INVENTORY).text.splitlines()
    assert lines[1:] == ["- ramal 200", "- tronco Matriz", "- licença PABX", "- número +55 (11) 3000-0001"]


def with_everything(stage: Stage) -> Case:
    """A case of which the details have much to show."""
    case = at_stage(stage)
    case.attention = ["read_inventory", "close_billing"]
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
    assert not codes_in(re.sub(r"“[a-z_.]+”:", "", details)), details
