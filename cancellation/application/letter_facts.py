"""What a letter says that the case does not know itself: the customer as the records have it, the invoice's lines."""

from datetime import date
from typing import Final

from cancellation.language import words
from cancellation.messages.billing import BillingPreview, FinalInvoice
from cancellation.messages.desk import Account
from cancellation.messages.letter_contents import (
    Caller,
    Closed,
    ClosedToTeam,
    EarlierCase,
    EndPreview,
    KnownCustomer,
    NoticeStarted,
    RequestToCommercial,
    Script,
)
from cancellation.messages.letters import Letter

MOST_LINES: Final = 60
"""Lines of an invoice in a letter; the invoice itself has them all."""
_MOST_NAMED: Final = 10


def needs_account(letter: Letter) -> bool:
    """Whether it says who the customer is."""
    return isinstance(letter.content, RequestToCommercial)


def needs_invoice(letter: Letter) -> bool:
    """Whether it says what the final invoice consists of."""
    return isinstance(letter.content, Closed | ClosedToTeam)


def previewed_day(letter: Letter) -> date | None:
    """The last day for which it says the end in figures; None for a letter that does not (X25)."""
    match letter.content:
        case Script():
            return words.days_after(letter.at, letter.content.notice_days)
        case NoticeStarted():
            return letter.content.notice.last_day
        case _:
            return None


def with_preview(letter: Letter, preview: BillingPreview) -> Letter:
    """The letter with the end in figures, where they are sound and few enough to be read."""
    content = letter.content
    told = isinstance(content, Script | NoticeStarted)
    if not told or preview.doubtful_count or not preview.lines or len(preview.lines) > MOST_LINES:
        return letter
    end = EndPreview(last_day=preview.last_day, lines=preview.lines, total=preview.total)
    return letter.model_copy(update={"content": content.model_copy(update={"preview": end})})


def with_account(letter: Letter, account: Account | None) -> Letter:
    """The letter with the customer as the records know it, or that they do not."""
    content = letter.content
    if not isinstance(content, RequestToCommercial):
        return letter
    if account is None:
        return letter.model_copy(update={"content": content.model_copy(update={"unknown": True})})
    earlier = [case for case in account.earlier if case.case_id != letter.case_id]
    known = KnownCustomer(
        name=account.customer.name,
        callers=tuple(
            Caller(name=one.name, email=one.email, phone=one.phone)
            for one in account.customer.contacts[:_MOST_NAMED]
        ),
        plan=account.plan[:_MOST_NAMED],
        monthly=account.monthly,
        since=account.since,
        earlier=tuple(
            EarlierCase(opened_at=case.opened_at, outcome=case.outcome) for case in earlier[:_MOST_NAMED]
        ),
    )
    return letter.model_copy(
        update={
            "content": content.model_copy(update={"known": known}),
            "customer_name": account.customer.name,
        }
    )


def with_invoice(letter: Letter, invoice: FinalInvoice | None) -> Letter:
    """The letter with the lines of the invoice, where they make up the total that it tells."""
    content = letter.content
    if invoice is None or not isinstance(content, Closed | ClosedToTeam):
        return letter
    if invoice.total != content.invoice_total or len(invoice.lines) > MOST_LINES:
        return letter
    return letter.model_copy(update={"content": content.model_copy(update={"invoice": invoice.lines})})
