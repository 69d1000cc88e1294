"""What a person decides about an e-mail that is no request: told to its case, its task closed, kept (X14, X15)."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from cancellation.domain.values import Authentication
from cancellation.failures import CaseNotFound
from cancellation.messages.crm import MailDecision
from cancellation.messages.envelope import Message
from cancellation.messages.facts import FormalizationMessage
from cancellation.ports import MailLedger

if TYPE_CHECKING:
    from cancellation.messages.status import Answer
    from cancellation.understanding import MailReading

_NOBODY: Final = "desconhecido@example.invalid"


class Reports(Protocol):
    """The part of `CancellationClient` that a decision needs."""

    async def report(self, case: str, message: Message) -> "Answer":
        """Report a fact and hear the answer.

        Raises:
            Refused: the case did not take it.
            CaseNotFound: there is no open case.
        """


@dataclass(frozen=True)
class MailDecisions:
    """Refuses e-mails under a person's name."""

    ledger: MailLedger
    cases: Reports

    async def refuse(
        self, reading: "MailReading", by: str, now: datetime, customer_id: str | None = None
    ) -> bool:
        """A person read it: it is no request to count, or has been dealt with.

        Args:
            reading: the e-mail as it was read.
            by: who read it.
            now: the machine's clock, aware.
            customer_id: whose it is, where the ledger does not say.

        Returns:
            Whether a case heard of it, or a task of the ledger was closed; False where nothing waited.

        Raises:
            Refused: what follows from it cannot be undone any more.
        """
        copies, task = await self.ledger.copies(reading.sha256), await self.ledger.task(reading.sha256)
        whose = (
            (copies.customer_id if copies else None) or (task.customer_id if task else None) or customer_id
        )
        reported_as = copies.reported_as if copies else reading.message_id
        received_at = copies.received_at if copies else reading.received_at
        told = False
        if whose is not None and received_at is not None:
            try:
                await self.cases.report(whose, _refusal(reading, reported_as, received_at, by))
                told = True
            except CaseNotFound:
                pass
        closed = await self.ledger.close_task(reading.sha256, by, now)
        if closed and not told:
            await self.ledger.keep_decision(
                MailDecision(
                    message_id=reported_as,
                    original_sha256=reading.sha256,
                    customer_id=whose,
                    is_request=False,
                    decided_by=by,
                    decided_at=now,
                )
            )
        return told or closed


def _refusal(
    reading: "MailReading", reported_as: str, received_at: datetime, by: str
) -> FormalizationMessage:
    given: dict[str, Any] = {
        "message_id": reported_as,
        "actor": by,
        "sender": reading.sender or _NOBODY,
        "recipients": [],
        "received_at": received_at,
        "subject": reading.subject[:1000],
        "explicit_request": False,
        "authentication": Authentication.NONE,
        "original_sha256": reading.sha256,
        "original_ref": f"crm:original/{reading.sha256}",
        "refused_by": by,
    }
    return FormalizationMessage.model_validate(given)
