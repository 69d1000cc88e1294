"""An e-mail of no case that waits for a person: Commercial is written to, and reminded until somebody decides (X15)."""

from datetime import timedelta

from pydantic_core import from_json
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.mail_in import MailInActivities
from cancellation.contract import ATTENTION, UNDECIDED_MAIL
from cancellation.messages.mail_in import MailReminder
from workflows.policies import MAIL
from workflows.reading import incoming

_NOBODY_ACTS = ["mail"]


@workflow.defn(name=UNDECIDED_MAIL)
class UndecidedMailWorkflow:
    """Started by the handling of the e-mail, with the hash of its original; it outlives that."""

    @workflow.run
    async def run(self, task: RawValue) -> int:
        """Write at once and by the policy, without end; how often it took."""
        arrived = incoming("task", task)
        if arrived.unreadable is not None:
            raise _refused(arrived.unreadable)
        try:
            first = MailReminder(task=from_json(arrived.data), count=0, at=workflow.now())
        except ValueError:
            raise _refused("esperado o resumo SHA-256 de um e-mail, um texto JSON") from None
        count = 0
        while True:
            now = workflow.now()
            told = await workflow.execute_activity_method(
                MailInActivities.tell_of_mail,
                first.model_copy(update={"count": count, "at": now}),
                start_to_close_timeout=MAIL.attempt,
                retry_policy=MAIL.retry,
                summary="Avisar o Comercial de um e-mail sem caso",
            )
            if told.next_at is None:
                return count
            if told.silent:
                workflow.upsert_search_attributes([ATTENTION.value_set(_NOBODY_ACTS)])
            count += 1
            await workflow.sleep(
                max(told.next_at - workflow.now(), timedelta(seconds=1)), summary="Próximo lembrete"
            )


def _refused(why: str) -> ApplicationError:
    return ApplicationError(why, type="Refused", category=ApplicationErrorCategory.BENIGN)
