"""What PostgreSQL's constraints hold of formalizations and destructive rows, for adapters that live in memory (P19)."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta

from cancellation.adapters.crm_rules import with_local_days
from cancellation.domain.values import Authentication
from cancellation.messages.crm import FormalizationRecord, FormalizationState
from cancellation.messages.warrant import Warrant
from cancellation.ports import DestructionForbidden


async def must_be_formalized(
    warrant: Warrant, formalization: Callable[[str], Awaitable[FormalizationState | None]]
) -> FormalizationState:
    """Let a destructive act pass only under a complete formalization in force whose notice has ended.

    Raises:
        DestructionForbidden: there is none, it is another customer's or another end, or the act is too early.
    """
    held = await formalization(warrant.case_id)
    if held is None or not held.in_force:
        raise DestructionForbidden("no complete formalization in force")
    if (held.customer_id, held.notice_ends_at) != (warrant.customer_id, warrant.notice_ends_at):
        raise DestructionForbidden("the warrant does not name the case's own formalization")
    if warrant.at < warrant.notice_ends_at:
        raise DestructionForbidden("the notice has not ended at the instant of the act")
    return held


def incomplete(formalization: FormalizationRecord) -> str | None:
    """What a formalization lacks of what PostgreSQL's constraints want; None when complete (P7, P8)."""
    mails = formalization.mails
    reached = {address for mail in mails for address in mail.recipients}
    received_at = formalization.completing.received_at.astimezone(UTC)
    whole = with_local_days(formalization)
    notice, received_on, offset = whole.notice, whole.received_on, whole.end_offset_minutes
    assert received_on is not None
    assert offset is not None
    midnight = datetime.combine(notice.last_day + timedelta(days=1), time(0), tzinfo=UTC)
    lacks = {
        "mails": mails[-1:] != (formalization.completing,),
        "required_mailboxes": not formalization.required_mailboxes,
        "all_mailboxes_reached_p7": not set(formalization.required_mailboxes) <= reached,
        "explicit_request": not any(mail.explicit_request for mail in mails),
        "reason": not formalization.reason.strip(),
        "trusted_x9": any(
            mail.authentication is not Authentication.PASS and not (mail.confirmed_by or "").strip()
            for mail in (*mails, formalization.completing)
        ),
        "notice_days": formalization.notice_days < 0,
        "counts_from_receipt_p8": notice.starts_at != received_at,
        "received_on_p8": abs(received_on - received_at.astimezone(UTC).date()) > timedelta(days=1),
        "last_day_p8": notice.last_day != received_on + timedelta(days=formalization.notice_days),
        "ends_with_the_last_day_p8": abs(offset) > 14 * 60
        or notice.ends_at != midnight - timedelta(minutes=offset),
        "ends_after_receipt_p8": notice.ends_at <= received_at,
    }
    return next((name for name, lacking in lacks.items() if lacking), None)
