"""The end in figures over whole cases: what the customer was told is what is billed, or it is said why (X25)."""

from decimal import Decimal

from cancellation.messages import letter_contents as say
from tests.durable.house import CaseDriver, House


def told_in(case: CaseDriver, house: House, kind: str) -> str:
    """The plain text of a letter as the customer got it."""
    found = [mail.message for mail in house.mailer.adapter.sent if mail.message["Message-ID"]]
    drafts = [one for one in house.mailer.adapter.outbox.drafts.values() if one.kind == kind]
    (draft,) = [one for one in drafts if one.audience == "customer"]
    message = next(one for one in found if one["Message-ID"] == draft.message_id)
    body = message.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).replace("\u00a0", " ").split())


async def test_the_final_invoice_is_the_one_that_was_told_and_the_trail_has_its_hash_X25(
    telling: House,
) -> None:
    case = await telling.open()
    await case.to_notice()
    (started,) = case.said(say.NoticeStarted)
    assert started.preview is not None
    sent = [entry.detail for entry in await case.trail() if entry.kind == "letter_sent"]
    assert any(started.preview.told.sha256 in detail for detail in sent)
    assert "PRÉVIA DA FATURA FINAL" in told_in(case, telling, "notice_started")
    await case.pass_notice()
    assert (await case.result()).outcome == "closed"
    (closed,) = case.said(say.Closed)
    assert (closed.told, closed.invoice_total) == (started.preview.told, started.preview.total)
    assert "O total é o mesmo da prévia que enviamos." in told_in(case, telling, "closed")
    await telling.replays()


async def test_an_invoice_that_came_out_otherwise_says_what_changed_X25(telling: House) -> None:
    case = await telling.open()
    await case.to_notice()
    extra = case.seed.subscriptions[0].model_copy(
        update={
            "subscription_id": f"{case.customer_id}-extra",
            "description": "Gravação de chamadas",
            "monthly": Decimal("62.00"),
        }
    )
    await telling.billing.adapter.provision(
        case.seed.model_copy(update={"subscriptions": (extra,), "charges": ()})
    )
    await case.pass_notice()
    assert (await case.result()).outcome == "closed"
    (closed,) = case.said(say.Closed)
    (change,) = closed.changes
    assert (change.description, change.told) == ("Gravação de chamadas", None)
    text = told_in(case, telling, "closed")
    assert "O que mudou desde então" in text
    assert "Gravação de chamadas: R$" in text
    assert "que a prévia não tinha" in text
