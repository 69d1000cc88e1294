"""A letter that did not arrive goes out once more, to the contact's corrected address (X16)."""

from tests.durable.customers import address_of
from tests.durable.house import House


async def test_what_came_back_reaches_the_corrected_contact_and_the_task_is_done_X16_X9(house: House) -> None:
    case = await house.open()
    await case.to_notice()
    drafts = house.mailer.adapter.outbox.drafts.values()
    started = next(draft for draft in drafts if draft.kind == "notice_started")
    await case.check("bounce", letter=started.message_id, status="5.1.1 User unknown", actor="inbox")
    await case.quiet()
    (task,) = [key for key in await case.tasks(open_only=True) if key.startswith("undelivered:")]
    wrong, right = address_of(case.customer_id), f"novo@{case.customer_id}.com.br"
    await case.check("resend", letter="notice_started", wrong_address=wrong, right_address=right, actor="ana")
    await case.quiet()
    assert [letter.to for letter in case.letters("notice_started")] == [(wrong,), (right,)]
    assert task not in await case.tasks(open_only=True)
    customer = await house.crm.adapter.customer(case.customer_id)
    assert [contact.email for contact in customer.contacts] == [right]
    await case.check("withdrawal", reason="Fica", actor="ana")
    assert (await case.result()).outcome == "withdrawn"
    assert case.letters("withdrawn")[0].to == (right,)
    await house.replays()
