"""No message from outside may wedge a case: whatever arrives reaches a handler as one raw argument (X8).

The SDK calls handlers with as many arguments as were sent, and a count that does not fit raises on every
workflow task. Surplus arguments are not even decoded: see `TolerantPayloadConverter`.
"""

from collections.abc import Sequence
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.worker import (
    ExecuteWorkflowInput,
    HandleQueryInput,
    HandleSignalInput,
    HandleUpdateInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

WRONG_COUNT = b"arguments/"


class OneArgument(Interceptor):
    """Brings every start, signal, update and query to the arguments that handlers take."""

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,
    ) -> type[WorkflowInboundInterceptor]:
        """The inbound interceptor for every workflow of the worker."""
        return _Inbound


class _Inbound(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        input.args = _one(input.args)
        return await super().execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:
        input.args = _one(input.args)
        await super().handle_signal(input)

    def handle_update_validator(self, input: HandleUpdateInput) -> None:
        input.args = _one(input.args)
        super().handle_update_validator(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        input.args = _one(input.args)
        return await super().handle_update_handler(input)

    async def handle_query(self, input: HandleQueryInput) -> Any:
        if not input.query.startswith("__"):
            input.args = []
        return await super().handle_query(input)


class TolerantPayloadConverter(PydanticPayloadConverter):
    """The pydantic converter, except that it does not try to decode arguments that nobody asked for."""

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """Decode; payloads that no handler asked for are kept raw: to be refused, or ignored by a query."""
        if not type_hints:
            return [RawValue(payload) for payload in payloads]
        return super().from_payloads(payloads, type_hints)


def _is_dynamic(args: Sequence[Any]) -> bool:
    """Whether these are the name and values of a signal without a handler of its own."""
    return len(args) == 2 and isinstance(args[0], str) and isinstance(args[1], list)


def _one(args: Sequence[Any]) -> list[Any]:
    if _is_dynamic(args) or (len(args) == 1 and isinstance(args[0], RawValue)):
        return list(args)
    return [RawValue(Payload(metadata={"encoding": WRONG_COUNT + str(len(args)).encode()}))]
