"""When things happen: receipt counts, not processing; not one second too early (P8, P15, X2, X3)."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError

from cancellation.messages.letter_contents import WhatIsMissing
from tests.durable.customers import ZONE
from tests.durable.house import House

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


async def test_a_formalization_before_the_outcome_counts_from_its_own_date_X2_P8(house: House) -> None:
    case = await house.open()
    await case.quiet()
    received = await case.now()
    await case.formalize(received_at=received)
    assert (await case.quiet()).stage.value == "retention"
    assert case.letters("notice_started") == []
    await case.forward(5 * DAY)
    await case.decline()
    status = await case.stage("notice")
    assert status.notice is not None
    assert status.notice.starts_at == received
    assert status.notice.last_day == received.astimezone(ZONE).date() + 30 * DAY
    assert status.formalization is not None


async def test_two_halves_before_the_outcome_are_complete_and_nothing_is_called_missing_X2_P7(
    house: House,
) -> None:
    case = await house.open()
    await case.quiet()
    await case.formalize(message_id="<1@x>", recipients=["financeiro@nuvemjti.com.br"])
    await case.formalize(message_id="<2@x>", recipients=["comercial@nuvemjti.com.br"])
    await case.decline()
    await case.stage("notice")
    await case.quiet()
    assert case.letters("what_is_missing") == []
    assert len(case.letters("notice_started")) == 1


async def test_an_incomplete_email_is_answered_in_its_thread_and_the_second_completes_it_P7(
    house: House,
) -> None:
    case = await house.open()
    await case.quiet()
    await case.decline()
    await case.formalize(message_id="<1@x>", recipients=["financeiro@nuvemjti.com.br"], reason=None)
    status = await case.quiet()
    assert status.stage.value == "awaiting_formalization"
    assert status.missing == ("recipient:comercial@nuvemjti.com.br", "reason")
    assert [one.in_reply_to for one in case.letters("what_is_missing")] == ["<1@x>"]
    assert [one.missing for one in case.said(WhatIsMissing)] == [status.missing]
    second = await case.now()
    await case.formalize(message_id="<2@x>", recipients=["comercial@nuvemjti.com.br"], received_at=second)
    status = await case.quiet()
    assert status.notice is not None
    assert status.notice.starts_at == second
    assert status.missing == ()


async def test_the_same_email_through_both_mailboxes_is_registered_once_P7_X2(house: House) -> None:
    case = await house.open()
    await case.quiet()
    await case.decline()
    for mailbox in ("financeiro@nuvemjti.com.br", "comercial@nuvemjti.com.br", "financeiro@nuvemjti.com.br"):
        await case.formalize(message_id="<1@x>", recipients=[mailbox])
    status = await case.quiet()
    assert status.stage.value == "notice"
    assert len(case.letters("notice_started")) == 1
    record = house.crm.adapter._cases[status.case_id].formalization
    assert {mail.message_id for mail in record.mails} == {"<1@x>"}


async def test_processed_ten_days_late_the_notice_is_ten_days_shorter_P8(house: House) -> None:
    case = await house.open()
    await case.quiet()
    await case.decline()
    received = await case.now()
    await case.forward(10 * DAY)
    await case.formalize(received_at=received)
    status = await case.quiet()
    assert status.notice is not None
    left = status.notice.ends_at - await case.now()
    assert 19 * DAY < left <= 21 * DAY
    await case.pass_notice()
    assert (await case.result()).outcome == "closed"


async def test_processed_forty_days_late_nothing_is_left_to_wait_for_P8(house: House) -> None:
    case = await house.open(policy={"formalization_term_days": 90})
    await case.quiet()
    await case.decline()
    received = await case.now()
    await case.forward(40 * DAY)
    await case.formalize(received_at=received)
    result = await case.result()
    assert result.outcome == "closed"
    assert result.notice is not None
    assert result.notice.starts_at == received
    assert len(case.letters("notice_started")) == 1
    assert len(case.letters("final_billing")) == 1
    assert house.crm.adapter._cases[result.case_id].formalization is not None


async def test_an_email_dated_in_the_future_is_refused_P8(house: House) -> None:
    case = await house.open()
    await case.quiet()
    await case.decline()
    with pytest.raises(WorkflowUpdateFailedError):
        await case.formalize(received_at=await case.now() + timedelta(minutes=5))
    assert (await case.status()).stage.value == "awaiting_formalization"


async def test_withdrawal_one_second_before_the_end_keeps_the_customer_X3(house: House) -> None:
    case = await house.open()
    status = await case.to_notice()
    assert status.notice is not None
    await case.forward_to(status.notice.ends_at - 3 * SECOND)
    await case.check("withdrawal", reason="Renegociou", actor="ana")
    result = await case.result()
    assert result.outcome == "withdrawn"
    assert result.ended_at < status.notice.ends_at
    assert house.telephony.attempts["deactivate"] == 0


async def test_withdrawal_one_second_after_the_end_is_refused_and_recorded_X3_P15(house: House) -> None:
    case = await house.open()
    status = await case.to_notice()
    assert status.notice is not None
    house.telephony.goes_down("deactivate")  # so that closing is still at its very beginning
    await case.forward_to(status.notice.ends_at + SECOND)
    await case.stage("closing")
    with pytest.raises(WorkflowUpdateFailedError):
        await case.check("withdrawal", reason="Renegociou", actor="ana")
    house.telephony.recovers()
    result = await case.result()
    assert result.outcome == "closed"
    assert "message_refused" in await case.kinds()


async def test_a_message_while_the_case_is_finishing_is_recorded_with_the_case_X2_P20(house: House) -> None:
    case = await house.open()
    await case.quiet()
    house.crm.goes_down("record")
    await case.check("discard", reason="Engano", actor="ana")
    await case.stage("discarded")
    await case.signal("request", channel="phone", text="Oi?")
    await case.signal("withdrawal", reason="x")
    await case.trailed("message_refused", 2)
    house.crm.recovers()
    result = await case.result()
    held = await house.crm.adapter.trail(result.case_id)
    assert [entry.kind for entry in held].count("message_refused") == 2
    assert len(held) == result.trail_entries


async def test_everything_is_in_the_crm_even_if_mail_comes_back_last_P20(house: House) -> None:
    """The end's own record is stuck, its alarm waits for the mail server, and that recovers last."""
    case = await house.open()
    await case.quiet()
    house.crm.goes_down("record")
    await case.check("discard", reason="Engano", actor="ana")
    await case.stage("discarded")
    house.mailer.goes_down()
    await case.forward(timedelta(hours=2))
    house.crm.recovers()
    await case.forward(timedelta(hours=1))
    house.mailer.recovers()
    await case.forward(timedelta(hours=1))
    result = await case.result()
    held = await house.crm.adapter.trail(result.case_id)
    assert [entry.seq for entry in held] == list(range(1, result.trail_entries + 1))
    assert (await case.status()).attention == ()
    assert await case.tasks(open_only=True) == {}
