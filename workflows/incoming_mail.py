"""One e-mail that arrived: handled once, for as long as it takes."""

from contextlib import suppress

from temporalio import workflow
from temporalio.common import RawValue, WorkflowIDReusePolicy
from temporalio.exceptions import (
    ApplicationError,
    ApplicationErrorCategory,
    WorkflowAlreadyStartedError,
)

from activities.mail_in import MailInActivities
from cancellation.contract import INCOMING_MAIL, UNDECIDED_MAIL
from cancellation.domain.refusal import Refused
from cancellation.messages.envelope import read
from cancellation.messages.mail_in import UNDECIDED_PREFIX, IncomingMail, MailOutcome
from workflows.policies import MAIL_IN
from workflows.reading import incoming
from workflows.refusals import refused_error


@workflow.defn(name=INCOMING_MAIL)
class IncomingMailWorkflow:
    """Reception started it before it told the sender's server that the e-mail was taken (P11)."""

    @workflow.run
    async def run(self, mail: RawValue) -> MailOutcome:
        """Read, understand and act, tried again without end while a system is down."""
        arrived = incoming("mail", mail)
        if arrived.unreadable is not None:
            raise ApplicationError(
                arrived.unreadable, type="Refused", category=ApplicationErrorCategory.BENIGN
            )
        try:
            given = read(IncomingMail, arrived.data)
        except Refused as refusal:
            raise refused_error(refusal) from None
        outcome = await workflow.execute_activity_method(
            MailInActivities.handle_mail,
            given,
            start_to_close_timeout=MAIL_IN.attempt,
            heartbeat_timeout=MAIL_IN.heartbeat,
            retry_policy=MAIL_IN.retry,
            summary="Ler o e-mail recebido",
        )
        if outcome.task is not None:
            await self._remind_of(outcome.task)
        return outcome

    async def _remind_of(self, task: str) -> None:
        """Somebody has to decide: that goes on when this is done. Of all copies of an e-mail it is begun once."""
        with suppress(WorkflowAlreadyStartedError):
            await workflow.start_child_workflow(
                UNDECIDED_MAIL,
                task,
                id=f"{UNDECIDED_PREFIX}{task}",
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary="E-mail sem caso, à espera do Comercial",
            )
