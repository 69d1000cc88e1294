"""What PostgreSQL's constraints hold for destructive rows, for adapters that live in memory (P19)."""

from collections.abc import Awaitable, Callable

from cancellation.messages.crm import FormalizationState
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
