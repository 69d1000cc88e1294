"""What operators can search for and see of a case; written only when it changes."""

from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

from cancellation.domain.case import Case
from workflows import search_attributes as sa
from workflows.details import current_details


class Visibility:
    """Keeps search attributes and current details in step with the case."""

    def __init__(self) -> None:
        """Nothing written yet."""
        self._written: dict[str, object] = {}

    def show(self, case: Case, now: datetime) -> None:
        """Publish the case as it stands."""
        workflow.set_current_details(current_details(case, now))
        changed = [
            update for update in _attributes(case) if self._written.get(update.key.name) != update.value
        ]
        if changed:
            workflow.upsert_search_attributes(changed)
            self._written.update({update.key.name: update.value for update in changed})


def _attributes(case: Case) -> list[SearchAttributeUpdate[Any]]:
    found: list[SearchAttributeUpdate[Any]] = [
        sa.CUSTOMER.value_set(case.customer_id),
        sa.PROTOCOL.value_set(case.protocol),
        sa.CHANNEL.value_set(case.channel.value),
        sa.STAGE.value_set(case.stage.value),
    ]
    if case.reason is not None:
        found.append(sa.REASON.value_set(case.reason.category.value))
    if case.notice is not None:
        found.append(sa.NOTICE_END.value_set(case.notice.ends_at))
    found.append(
        sa.ATTENTION.value_set(list(case.attention)) if case.attention else sa.ATTENTION.value_unset()
    )
    return found
