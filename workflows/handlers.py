"""The messages that a case takes: facts, each as a signal and as an update that answers (contract.md).

Every handler takes raw input and only puts it into the inbox: nothing that arrives can vanish or wedge the case,
and nothing is decided before everything that came together is known (X8, X22).
"""

from collections.abc import Sequence

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from cancellation.contract import FACTS
from cancellation.messages.status import Answer
from workflows.inbox import Inbox

_SAYS = {fact.name: fact.description for fact in FACTS}
_ANSWERS = {fact.name: f"{fact.description} (com resposta)" for fact in FACTS}


class MessageHandlers:
    """Names and descriptions for the outside; everything ends in the inbox."""

    inbox: Inbox

    @workflow.signal(name="request", description=_SAYS["request"])
    async def on_request(self, message: RawValue) -> None:
        """One more contact of the same customer (P1, X1)."""
        self.inbox.tell("request", message)

    @workflow.signal(name="retention_offer", description=_SAYS["retention_offer"])
    async def on_retention_offer(self, message: RawValue) -> None:
        """An offer and what became of it (P4)."""
        self.inbox.tell("retention_offer", message)

    @workflow.signal(name="retention_outcome", description=_SAYS["retention_outcome"])
    async def on_retention_outcome(self, message: RawValue) -> None:
        """The customer stays or stays with the decision (P3)."""
        self.inbox.tell("retention_outcome", message)

    @workflow.signal(name="formalization", description=_SAYS["formalization"])
    async def on_formalization(self, message: RawValue) -> None:
        """An e-mail that asks for the cancellation (P7)."""
        self.inbox.tell("formalization", message)

    @workflow.signal(name="portability", description=_SAYS["portability"])
    async def on_portability(self, message: RawValue) -> None:
        """What became of a number's portability (P9)."""
        self.inbox.tell("portability", message)

    @workflow.signal(name="recordings_request", description=_SAYS["recordings_request"])
    async def on_recordings_request(self, message: RawValue) -> None:
        """The customer wants the recordings (P10)."""
        self.inbox.tell("recordings_request", message)

    @workflow.signal(name="withdrawal", description=_SAYS["withdrawal"])
    async def on_withdrawal(self, message: RawValue) -> None:
        """The customer gave up leaving (X3)."""
        self.inbox.tell("withdrawal", message)

    @workflow.signal(name="discard", description=_SAYS["discard"])
    async def on_discard(self, message: RawValue) -> None:
        """The case was opened by mistake."""
        self.inbox.tell("discard", message)

    @workflow.signal(name="bounce", description=_SAYS["bounce"])
    async def on_bounce(self, message: RawValue) -> None:
        """A letter of ours came back (X16)."""
        self.inbox.tell("bounce", message)

    @workflow.signal(name="resend", description=_SAYS["resend"])
    async def on_resend(self, message: RawValue) -> None:
        """A letter to the customer goes out again (X16)."""
        self.inbox.tell("resend", message)

    @workflow.signal(dynamic=True)
    async def on_anything_else(self, name: str, messages: Sequence[RawValue]) -> None:
        """A signal of an unknown name is refused and recorded (X8)."""
        self.inbox.tell(name, messages[0] if messages else RawValue(Payload()))

    @workflow.update(name="request_checked", description=_ANSWERS["request"])
    async def check_request(self, message: RawValue) -> Answer:
        """See the signal `request`."""
        return await self.inbox.ask("request", message)

    @workflow.update(name="retention_offer_checked", description=_ANSWERS["retention_offer"])
    async def check_retention_offer(self, message: RawValue) -> Answer:
        """See the signal `retention_offer`."""
        return await self.inbox.ask("retention_offer", message)

    @workflow.update(name="retention_outcome_checked", description=_ANSWERS["retention_outcome"])
    async def check_retention_outcome(self, message: RawValue) -> Answer:
        """See the signal `retention_outcome`."""
        return await self.inbox.ask("retention_outcome", message)

    @workflow.update(name="formalization_checked", description=_ANSWERS["formalization"])
    async def check_formalization(self, message: RawValue) -> Answer:
        """See the signal `formalization`."""
        return await self.inbox.ask("formalization", message)

    @workflow.update(name="portability_checked", description=_ANSWERS["portability"])
    async def check_portability(self, message: RawValue) -> Answer:
        """See the signal `portability`."""
        return await self.inbox.ask("portability", message)

    @workflow.update(name="recordings_request_checked", description=_ANSWERS["recordings_request"])
    async def check_recordings_request(self, message: RawValue) -> Answer:
        """See the signal `recordings_request`."""
        return await self.inbox.ask("recordings_request", message)

    @workflow.update(name="withdrawal_checked", description=_ANSWERS["withdrawal"])
    async def check_withdrawal(self, message: RawValue) -> Answer:
        """See the signal `withdrawal`."""
        return await self.inbox.ask("withdrawal", message)

    @workflow.update(name="discard_checked", description=_ANSWERS["discard"])
    async def check_discard(self, message: RawValue) -> Answer:
        """See the signal `discard`."""
        return await self.inbox.ask("discard", message)

    @workflow.update(name="bounce_checked", description=_ANSWERS["bounce"])
    async def check_bounce(self, message: RawValue) -> Answer:
        """See the signal `bounce`."""
        return await self.inbox.ask("bounce", message)

    @workflow.update(name="resend_checked", description=_ANSWERS["resend"])
    async def check_resend(self, message: RawValue) -> Answer:
        """See the signal `resend`."""
        return await self.inbox.ask("resend", message)

    @workflow.update(dynamic=True)
    async def check_anything_else(self, name: str, messages: Sequence[RawValue]) -> Answer:
        """An update of an unknown name is refused and recorded (X8)."""
        return await self.inbox.ask(name, messages[0] if messages else RawValue(Payload()))
