"""What a letter says that the case does not know itself: the customer as the records have it, the invoice's lines."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from cancellation.language import words
from cancellation.messages.billing import CREDIT, BillingPreview, FinalInvoice, InvoiceLine
from cancellation.messages.desk import Account
from cancellation.messages.letter_contents import (
    Caller,
    Closed,
    ClosedToTeam,
    EarlierCase,
    EndChange,
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
    says_nothing = not preview.lines and not preview.debts
    if not told or preview.doubtful_count or says_nothing or len(preview.lines) > MOST_LINES:
        return letter
    end = EndPreview(
        last_day=preview.last_day,
        lines=preview.lines,
        total=preview.total,
        debts=preview.debts if len(preview.debts) <= MOST_LINES else (),
        debts_total=preview.debts_total or None,
    )
    return letter.model_copy(update={"content": content.model_copy(update={"preview": end})})


def with_account(letter: Letter, account: Account | None) -> Letter:
    """The letter with the customer as the records know it, or that they do not."""
    content = letter.content
    if not isinstance(content, RequestToCommercial):
        return letter
    if account is None:
        return letter.model_copy(update={"content": content.model_copy(update={"unknown": True})})
    return letter.model_copy(
        update={
            "content": content.model_copy(update={"known": known_customer(account, letter.case_id)}),
            "customer_name": account.customer.name,
        }
    )


def known_customer(account: Account, case_id: str) -> KnownCustomer:
    """What people read of an account about a case of it."""
    earlier = [case for case in account.earlier if case.case_id != case_id]
    return KnownCustomer(
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


def with_invoice(letter: Letter, invoice: FinalInvoice | None) -> Letter:
    """The letter with the lines of the invoice, where they make up the total that it tells."""
    content = letter.content
    if invoice is None or not isinstance(content, Closed | ClosedToTeam):
        return letter
    if invoice.total != content.invoice_total or len(invoice.lines) > MOST_LINES:
        return letter
    return letter.model_copy(
        update={"content": content.model_copy(update={"invoice": invoice.lines, "due_on": invoice.due_on})}
    )


def told_to_compare(letter: Letter) -> str | None:
    """The hash of the end that the customer was told, where the invoice of the letter is another one (X25)."""
    content = letter.content
    if not isinstance(content, Closed | ClosedToTeam) or content.told is None or not content.invoice:
        return None
    if content.told.last_day != content.notice.last_day:
        return None  # The letter says so: every line follows from it.
    billed = EndPreview(
        last_day=content.notice.last_day, lines=content.invoice, total=content.invoice_total
    ).told
    return content.told.sha256 if billed != content.told else None


def with_changes(letter: Letter, told: EndPreview | None) -> Letter:
    """The letter with what its invoice bills otherwise than the customer was told (X25)."""
    content = letter.content
    if told is None or not isinstance(content, Closed | ClosedToTeam):
        return letter
    changes = changes_between(told.lines, content.invoice)
    return letter.model_copy(update={"content": content.model_copy(update={"changes": changes})})


def changes_between(told: Sequence[InvoiceLine], billed: Sequence[InvoiceLine]) -> tuple[EndChange, ...]:
    """What is billed otherwise than told, one change a subscription, in the order in which people read them."""
    before, after = _by_subscription(told), _by_subscription(billed)
    changes = []
    for subscription_id in {**before, **after}:
        was, now = before.get(subscription_id, []), after.get(subscription_id, [])
        if _what_is_billed(was) == _what_is_billed(now):
            continue
        changes.append(
            EndChange(
                description=(now or was)[0].description.removeprefix(CREDIT),
                told=sum((line.amount for line in was), Decimal(0)) if was else None,
                billed=sum((line.amount for line in now), Decimal(0)) if now else None,
                other_days=_days(was) != _days(now),
            )
        )
    return tuple(changes)


def _by_subscription(lines: Sequence[InvoiceLine]) -> dict[str, list[InvoiceLine]]:
    found: dict[str, list[InvoiceLine]] = {}
    for line in lines:
        found.setdefault(line.subscription_id, []).append(line)
    return found


def _what_is_billed(lines: Sequence[InvoiceLine]) -> list[tuple[date, date, Decimal]]:
    return sorted((line.first_day, line.last_day, line.amount) for line in lines)


def _days(lines: Sequence[InvoiceLine]) -> list[tuple[date, date, bool]]:
    return sorted((line.first_day, line.last_day, line.amount < 0) for line in lines)
