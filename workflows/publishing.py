"""What operators can search for and see of a case; published once a pass, and written only when it changes."""

from datetime import datetime
from typing import Any, Final

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

from cancellation import contract
from cancellation.application.details import current_details
from cancellation.domain.case import Case

_MARK: Final = "mensagens"
"""How many messages the case has taken; in the memo."""


class Publisher:
    """Keeps search attributes and current details in step with the case."""

    def __init__(self) -> None:
        """Nothing written yet."""
        self._written: dict[str, object] = {}

    def publish(self, case: Case, now: datetime) -> bool:
        """Show the case as it stands; whether that took a command."""
        workflow.set_current_details(current_details(case, now))
        changed = [
            update for update in _attributes(case) if self._written.get(update.key.name) != update.value
        ]
        if changed:
            workflow.upsert_search_attributes(changed)
            self._written.update({update.key.name: update.value for update in changed})
        return bool(changed)

    def leave_mark(self, case: Case) -> None:
        """A command for a pass that has taken a message and made none.

        The engine may merge a workflow task without commands with a later one, and a worker that catches up would
        judge the message at another instant than the first one did (X22).
        """
        workflow.upsert_memo({_MARK: case.messages_seen})


def _attributes(case: Case) -> list[SearchAttributeUpdate[Any]]:
    found: list[SearchAttributeUpdate[Any]] = [
        contract.CUSTOMER.value_set(case.customer_id),
        contract.PROTOCOL.value_set(case.protocol),
        contract.CHANNEL.value_set(case.channel.value),
        contract.STAGE.value_set(case.stage.value),
    ]
    if case.reason is not None:
        found.append(contract.REASON.value_set(case.reason.category.value))
    if case.notice is not None:
        found.append(contract.NOTICE_END.value_set(case.notice.ends_at))
    attention = contract.ATTENTION
    found.append(attention.value_set(case.attention) if case.attention else attention.value_unset())
    return found
