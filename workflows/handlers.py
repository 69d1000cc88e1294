"""The messages that a case takes: eight facts, each as a signal and as an update that answers (contract.md).

Every handler takes raw input and validates inside, so that nothing that arrives can vanish or wedge the case.
"""

from collections.abc import Sequence

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from cancellation.messages.status import Answer


class MessageHandlers:
    """Names and descriptions for the outside; all end in `receive`."""

    async def receive(self, name: str, message: RawValue) -> Answer:
        """Take one message.

        Raises:
            ApplicationError: type `Refused`.
        """
        raise NotImplementedError

    async def receive_quietly(self, name: str, message: RawValue) -> None:
        """Take one message from a sender that hears no answer; a refusal is in the trail."""
        raise NotImplementedError

    @workflow.signal(name="request", description="Novo contato do cliente que pede o cancelamento")
    async def on_request(self, message: RawValue) -> None:
        """One more contact of the same customer (P1, X1)."""
        await self.receive_quietly("request", message)

    @workflow.signal(name="retention_offer", description="Oferta de retenção feita, aceita ou recusada")
    async def on_retention_offer(self, message: RawValue) -> None:
        """An offer and what became of it (P4)."""
        await self.receive_quietly("retention_offer", message)

    @workflow.signal(name="retention_outcome", description="Resultado da retenção, com o motivo")
    async def on_retention_outcome(self, message: RawValue) -> None:
        """The customer stays or stays with the decision (P3)."""
        await self.receive_quietly("retention_outcome", message)

    @workflow.signal(name="formalization", description="E-mail de formalização recebido")
    async def on_formalization(self, message: RawValue) -> None:
        """An e-mail that asks for the cancellation (P7)."""
        await self.receive_quietly("formalization", message)

    @workflow.signal(name="portability", description="Portabilidade de um número")
    async def on_portability(self, message: RawValue) -> None:
        """What became of a number's portability (P9)."""
        await self.receive_quietly("portability", message)

    @workflow.signal(name="recordings_request", description="Cliente pediu as gravações")
    async def on_recordings_request(self, message: RawValue) -> None:
        """The customer wants the recordings (P10)."""
        await self.receive_quietly("recordings_request", message)

    @workflow.signal(name="withdrawal", description="Cliente desistiu do cancelamento durante o aviso prévio")
    async def on_withdrawal(self, message: RawValue) -> None:
        """The customer gave up leaving (X3)."""
        await self.receive_quietly("withdrawal", message)

    @workflow.signal(name="discard", description="Descartar um caso aberto por engano")
    async def on_discard(self, message: RawValue) -> None:
        """The case was opened by mistake."""
        await self.receive_quietly("discard", message)

    @workflow.signal(dynamic=True)
    async def on_anything_else(self, name: str, messages: Sequence[RawValue]) -> None:
        """A signal of an unknown name is refused and recorded (X8)."""
        await self.receive_quietly(name, messages[0] if messages else RawValue(Payload()))

    @workflow.update(name="request_checked", description="Novo contato do cliente, com resposta")
    async def check_request(self, message: RawValue) -> Answer:
        """See the signal `request`."""
        return await self.receive("request", message)

    @workflow.update(name="retention_offer_checked", description="Oferta de retenção, com resposta")
    async def check_retention_offer(self, message: RawValue) -> Answer:
        """See the signal `retention_offer`."""
        return await self.receive("retention_offer", message)

    @workflow.update(name="retention_outcome_checked", description="Resultado da retenção, com resposta")
    async def check_retention_outcome(self, message: RawValue) -> Answer:
        """See the signal `retention_outcome`."""
        return await self.receive("retention_outcome", message)

    @workflow.update(name="formalization_checked", description="E-mail de formalização, com resposta")
    async def check_formalization(self, message: RawValue) -> Answer:
        """See the signal `formalization`."""
        return await self.receive("formalization", message)

    @workflow.update(name="portability_checked", description="Portabilidade de um número, com resposta")
    async def check_portability(self, message: RawValue) -> Answer:
        """See the signal `portability`."""
        return await self.receive("portability", message)

    @workflow.update(name="recordings_request_checked", description="Pedido de gravações, com resposta")
    async def check_recordings_request(self, message: RawValue) -> Answer:
        """See the signal `recordings_request`."""
        return await self.receive("recordings_request", message)

    @workflow.update(name="withdrawal_checked", description="Desistência do cancelamento, com resposta")
    async def check_withdrawal(self, message: RawValue) -> Answer:
        """See the signal `withdrawal`."""
        return await self.receive("withdrawal", message)

    @workflow.update(name="discard_checked", description="Descarte do caso, com resposta")
    async def check_discard(self, message: RawValue) -> Answer:
        """See the signal `discard`."""
        return await self.receive("discard", message)

    @workflow.update(dynamic=True)
    async def check_anything_else(self, name: str, messages: Sequence[RawValue]) -> Answer:
        """An update of an unknown name is refused and recorded (X8)."""
        return await self.receive(name, messages[0] if messages else RawValue(Payload()))
