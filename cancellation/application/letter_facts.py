"""What a letter says that the case does not know itself: the customer as the records have it, the invoice's lines."""

from typing import Final

from cancellation.messages.billing import FinalInvoice
from cancellation.messages.desk import Account
from cancellation.messages.letter_contents import (
    Caller,
    Closed,
    ClosedToTeam,
    EarlierCase,
    KnownCustomer,
    RequestToCommercial,
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
