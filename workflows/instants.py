"""When an outside system answered, told by the answer itself (P20, X22).

A worker that catches up may see several workflow tasks as one, and then takes at a later instant what an earlier
worker took at once. An answer that says how long it was under way has its own instant, whoever looks at it.
"""

import time
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from temporalio import activity, workflow
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from cancellation.contract import CANCELLATION

Answer = TypeVar("Answer")
_MILLISECONDS: Final = 1000


class Answered(BaseModel, Generic[Answer]):
    """An activity's answer, as a case gets it."""

    model_config = ConfigDict(frozen=True)

    after: int
    """Milliseconds from when the case asked until the answer was there, over all attempts."""
    answer: Answer


class OwnInstants(Interceptor):
    """Activities of a case answer with how long it took."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Around every activity of the worker."""
        return _Timed(next)

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        """For every workflow of the worker."""
        return _Inbound


class _Timed(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        begun = time.monotonic()
        answer = await super().execute_activity(input)
        info = activity.info()
        if info.is_local or info.workflow_type != CANCELLATION:
            return answer
        # Of one clock, the server's; of this machine's only how long the last attempt took.
        earlier = (info.current_attempt_scheduled_time - info.scheduled_time).total_seconds()
        took = earlier + time.monotonic() - begun
        return Answered(after=round(took * _MILLISECONDS), answer=answer)


class _Inbound(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_Outbound(outbound))


class _Outbound(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput) -> "workflow.ActivityHandle[Any]":
        if workflow.info().workflow_type == CANCELLATION:
            input.ret_type = Answered[input.ret_type]  # type: ignore[name-defined]
        return super().start_activity(input)
