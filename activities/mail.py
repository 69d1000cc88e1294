"""What cases send by e-mail."""

from dataclasses import dataclass

from temporalio import activity

from activities.failures import refusals_are_final
from cancellation.messages.letters import Delivery, DeliveryReport, LetterBatch
from cancellation.ports import Mailer


@dataclass(frozen=True)
class MailActivities:
    """Outgoing e-mail of a case."""

    mailer: Mailer

    @activity.defn
    async def send_letters(self, batch: LetterBatch) -> DeliveryReport:
        """Send every letter of a batch; one that cannot go now does not hold up the others.

        Raises:
            Exception: the first passing failure, after all letters were tried; those already sent stay sent.
        """
        deliveries: list[Delivery] = []
        failure: Exception | None = None
        for letter in batch.letters:
            try:
                with refusals_are_final():
                    deliveries.append(await self.mailer.send(letter))
            except Exception as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return DeliveryReport(deliveries=tuple(deliveries))
