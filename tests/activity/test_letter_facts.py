"""What the records add to a letter when it is sent, and that nothing waits for them (P2, X17)."""

import asyncio
from datetime import date

import pytest
from temporalio.testing import ActivityEnvironment

import activities.mail
from activities.mail import MailActivities
from cancellation.adapters.memory.mailer import MemoryMailer
from cancellation.domain.letter_kinds import LetterKind
from cancellation.messages.billing import BillingPreview, FinalInvoice
from cancellation.messages.desk import Account
from cancellation.messages.letter_contents import EndPreview
from cancellation.messages.letters import LetterBatch
from tests.unit.letters.examples import example
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
