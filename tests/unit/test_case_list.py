"""The filters of the list of cases, as Temporal's own list is asked."""

from datetime import UTC, datetime

from cancellation.case_list import Wanted, case_query
from cancellation.domain.stage import Stage
from cancellation.domain.values import Channel, ReasonCategory


def test_every_filter_is_asked_of_temporals_list() -> None:
    wanted = Wanted(
        stage=Stage.NOTICE,
        attention=True,
        customer_id="1042'",
        reason=ReasonCategory.PRICE,
        channel=Channel.PHONE,
        opened_from=datetime(2026, 11, 1, 3, tzinfo=UTC),
        opened_before=datetime(2026, 12, 1, 3, tzinfo=UTC),
        open_only=True,
    )
    query = case_query(wanted)
    for part in (
        "CancellationStage = 'notice'", "CancellationReason = 'price'", "CancellationChannel = 'phone'",
        "CancellationAttention IS NOT NULL", "WorkflowId = 'cancellation-1042\\''", "ExecutionStatus = 'Running'",
        "StartTime >= '2026-11-01T03:00:00+00:00'", "StartTime < '2026-12-01T03:00:00+00:00'",
    ):  # fmt: skip
        assert part in query
    assert case_query(Wanted()) == "WorkflowType = 'Cancellation' AND ExecutionStatus != 'ContinuedAsNew'"
