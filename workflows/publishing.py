"""What operators can search for and see of a case; published once a pass, and written only when it changes."""

from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

from cancellation import contract
from cancellation.application.details import current_details
from cancellation.domain.case import Case


class Publisher:
    """Keeps search attributes and current details in step with the case."""

    def __init__(self) -> None:
        """Nothing written yet."""
        self._written: dict[str, object] = {}

    def publish(self, case: Case, now: datetime) -> None:
        """Show the case as it stands."""
        workflow.set_current_details(current_details(case, now))
        changed = [
            update for update in _attributes(case) if self._written.get(update.key.name) != update.value
        ]
        if changed:
            workflow.upsert_search_attributes(changed)
            self._written.update({update.key.name: update.value for update in changed})


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
