"""What the records add to a letter when it is sent, and that nothing waits for them (P2, X17)."""

import asyncio
from datetime import date

import pytest
from temporalio.testing import ActivityEnvironment

import activities.crm
import activities.mail
from activities.crm import CrmActivities
from activities.mail import MailActivities
from cancellation.adapters.memory.mailer import MemoryMailer
from cancellation.domain.letter_kinds import LetterKind
from cancellation.messages.billing import BillingPreview, FinalInvoice
from cancellation.messages.desk import Account
from cancellation.messages.letter_contents import EndPreview
from cancellation.messages.letters import LetterBatch
from tests.activity.conftest import Rig
from tests.contract import cases
from tests.unit.letters.examples import example
from tests.unit.letters.test_task_facts import TASK
from tests.unit.letters.test_told import ACCOUNT


class Records:
    """Records that answer, fail or say nothing."""

    def __init__(self, how: str) -> None:
        self._how = how

    async def account(self, customer_id: str) -> Account | None:
        if self._how == "silent":
            await asyncio.sleep(60)
        if self._how == "failing":
            raise ConnectionError
        return ACCOUNT

    async def preview(self, customer_id: str, last_day: date) -> BillingPreview:
        raise ConnectionError

    async def told_end(self, case_id: str, sha256: str) -> EndPreview | None:
        raise ConnectionError

    async def issued_invoice(self, case_id: str) -> FinalInvoice | None:
        raise ConnectionError


@pytest.mark.parametrize(("how", "told"), [("answering", True), ("failing", False), ("silent", False)])
async def test_a_letter_says_what_the_records_add_and_never_waits_for_them_P2_X17(
    monkeypatch: pytest.MonkeyPatch, how: str, told: bool
) -> None:
    monkeypatch.setattr(activities.mail, "_FACTS_WITHIN", 0.05)
    mailer = MemoryMailer()
    letter = example(LetterKind.REQUEST_TO_COMMERCIAL)
    mail = MailActivities(mailer, Records(how))
    report = await ActivityEnvironment().run(mail.send_letters, LetterBatch(letters=(letter,)))
    assert [one.refused for one in report.deliveries] == [None]
    (sent,) = mailer.sent
    assert (b"859,00" in sent.content) is told


@pytest.mark.parametrize("kind", [LetterKind.SCRIPT, LetterKind.NOTICE_STARTED, LetterKind.CLOSED])
async def test_a_letter_goes_out_while_billing_does_not_answer_X17(kind: LetterKind) -> None:
    mailer = MemoryMailer()
    mail = MailActivities(mailer, Records("failing"))
    await ActivityEnvironment().run(mail.send_letters, LetterBatch(letters=(example(kind),)))
    assert len(mailer.sent) == 1


@pytest.mark.parametrize(("how", "told"), [("answering", True), ("failing", False), ("silent", False)])
async def test_commercials_task_says_what_the_records_add_and_never_waits_for_them_P2_X17(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, how: str, told: bool
) -> None:
    monkeypatch.setattr(activities.crm, "_FACTS_WITHIN", 0.05)
    crm = CrmActivities(rig.crm, rig.telephony, Records(how), "https://mesa")
    opening = cases.opening(rig.customer_id, "case-1")
    await rig.run(crm.open_case, opening)
    (task,) = await rig.crm.adapter.tasks(case_id="case-1")
    assert ("859,00" in task.order.text) is told
    assert f"https://mesa/caso/{opening.protocol}" in task.order.text


async def test_every_task_of_a_record_leads_to_its_case_X24(rig: Rig) -> None:
    crm = CrmActivities(rig.crm, rig.telephony, desk_url="https://mesa")
    await rig.run(crm.open_case, cases.opening(rig.customer_id, "case-1"))
    record = cases.record(
        case_id="case-1", customer_id=rig.customer_id, open_tasks=(TASK.model_copy(update={"key": "d30"}),)
    )
    await rig.run(crm.record_case, record)
    texts = [task.order.text for task in await rig.crm.adapter.tasks(case_id="case-1")]
    assert all("https://mesa/caso/" in text for text in texts)
    assert any(text.endswith("https://mesa/caso/case-1") for text in texts)
